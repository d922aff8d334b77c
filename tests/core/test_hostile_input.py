"""Under hypothesis: whatever a file holds, it ends in a value or in one sentence; and what is written is read again."""

import io
import pickle
import zipfile
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.checkpoint import content_digest, load_checkpoint, save_checkpoint
from core.dataset import load_dataset
from core.drawing_files import WRITERS, Drawing
from core.errors import CheckpointError, DataError, SketchExplorerError
from core.readers import open_sketches
from core.readers.prepared_npz import COLUMNS, columns_digest, read_prepared, write_prepared
from core.store import save_dataset
from tests.core.conftest import make_atlas_of
from tests.core.test_checkpoint import make_checkpoint
from tests.core.test_formats import SAMPLES
from tests.core.test_readers import archive, npy_of_objects
from tests.hostile import ODD, assert_sentence, mutated, places
from tests.parametric import drawings, object_array, write_npz

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


def read_drawings(path):
    """Whether the drawings of a file are read; if not, that is said in one sentence."""
    try:
        for record in open_sketches(path):
            assert record.stroke3.dtype == np.int16
            assert record.stroke3.shape[1:] == (3,)
    except DataError as error:
        assert_sentence(error, path)
        return False
    return True


# -- readers -----------------------------------------------------------------------------------

MARKS = (b"", b"PK\x03\x04", b"{", b"[", b"<svg ", b"\x1f\x8b", b"\x93NUMPY")
STARTS = (*MARKS, *(each[:40] for each in SAMPLES.values()))


@QUICK
@given(st.sampled_from(STARTS), st.binary(max_size=200))
def test_any_bytes_are_drawings_or_refused(folder, start, rest):
    path = folder / "any"
    path.write_bytes(start + rest)
    read_drawings(path)


@cache
def npz_member():
    """The pickled member of a sketch-rnn file."""
    body = pickle.dumps(object_array(drawings("face", 2)), protocol=4)
    return npy_of_objects(body, 2)


@QUICK
@given(mutated(npz_member()))
def test_a_changed_npz_under_a_right_checksum(folder, member):
    read_drawings(archive(folder / "a.npz", member))


@QUICK
@given(st.text(min_size=1, max_size=60), st.text(max_size=60), st.booleans())
def test_names_that_an_npz_brings_are_quoted_in_one_line(folder, module, name, in_pickle):
    if in_pickle:  # a global by two strings, as protocol 4 has it
        parts = [b"X" + len(text).to_bytes(4, "little") + text for text in map(_encoded, (module, name))]
        member = npy_of_objects(b"\x80\x04" + b"".join(parts) + b"\x93.", 1)
        path = archive(folder / "a.npz", member)
    else:
        path = archive(folder / "a.npz", b"no array", f"{module.replace('/', '')}/train.npy")
    assert not read_drawings(path)


def _encoded(text):
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def prepared(folder):
    faces = drawings("face", 4)
    file = write_npz(folder / "few.npz", train=faces[:3], valid=drawings("house", 2), test=faces[3:])
    save_dataset(load_dataset([file]), folder / "prepared.npz")
    return folder / "prepared.npz"


@QUICK
@given(data=st.data())
def test_a_changed_prepared_file(folder, prepared, data):
    path = folder / "changed.npz"
    path.write_bytes(data.draw(mutated(prepared.read_bytes())))
    read_drawings(path)


@QUICK
@given(data=st.data())
def test_a_prepared_file_of_other_numbers_under_a_right_digest(folder, prepared, data):
    path, columns = folder / "other.npz", dict(read_prepared(prepared))
    name = data.draw(st.sampled_from(sorted(COLUMNS)))
    column = np.array(columns[name])
    limits = np.iinfo(column.dtype)
    column.reshape(-1)[data.draw(st.integers(0, column.size - 1))] = data.draw(st.integers(limits.min, limits.max))
    columns[name] = column[: data.draw(st.integers(1, len(column)))] if data.draw(st.booleans()) else column
    columns["digest"] = columns_digest(columns)
    write_prepared(path, columns)
    read_drawings(path)


offsets = hnp.arrays(np.int16, st.tuples(st.integers(1, 30), st.just(3)), elements=st.integers(-900, 900))
some = st.lists(offsets.map(lambda array: np.column_stack([array[:, :2], array[:, 2] & 1])), min_size=1, max_size=4)


@QUICK
@given(some)
def test_drawings_come_back_from_both_kinds_of_npz(folder, items):
    whole = write_npz(folder / "there.npz", train=items)
    np.testing.assert_equal([record.stroke3 for record in open_sketches(whole)], items)
    save_dataset(load_dataset([whole], max_points=30), folder / "back.npz")
    np.testing.assert_equal([record.stroke3 for record in open_sketches(folder / "back.npz")], items)


@QUICK
@given(some)
def test_an_export_as_npz_is_read_again(folder, items):
    atlas = make_atlas_of(np.eye(len(items), 4, dtype=np.float32), categories=("cat",))
    path = folder / "export.npz"
    path.write_bytes(
        WRITERS[".npz"](atlas, [Drawing(i, item.astype(np.float32), decoded=False) for i, item in enumerate(items)])
    )
    np.testing.assert_equal([record.stroke3 for record in open_sketches(path)], items)


# -- checkpoints -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(folder, atlas):
    save_checkpoint(make_checkpoint(atlas), folder / "owl.pt")
    return folder / "owl.pt"


def read_checkpoint(path):
    """Whether a checkpoint is read, and its model can be built; if not, that is said in one sentence."""
    try:
        checkpoint = load_checkpoint(path)
        checkpoint.build_model()
    except CheckpointError as error:
        assert_sentence(error)
        return False
    assert checkpoint.atlas is None or np.isfinite(checkpoint.atlas.latents).all()
    return True


def pickled_part(content):
    """(start, end) of the pickle in a file of torch.save: most of the rest is weights."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        info = next(info for info in file.infolist() if info.filename.endswith("data.pkl"))
    start = content.index(b"\x80\x02}", info.header_offset)
    return start, start + info.file_size


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")  # pytest has filters of its own
@QUICK
@given(data=st.data())
def test_a_changed_checkpoint(folder, whole, data):
    content, path = whole.read_bytes(), folder / "changed.pt"
    start, end = pickled_part(content)
    part = data.draw(mutated(content[start:end]))
    path.write_bytes(content[:start] + part + content[end:])
    read_checkpoint(path)
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert not read_checkpoint(path)


odd_tensors = st.sampled_from(
    [
        torch.zeros(0),
        torch.full((3, 4), float("nan")),
        torch.zeros(8, dtype=torch.complex64),
        torch.zeros(8, dtype=torch.bfloat16),
        torch.ones(60, dtype=torch.bool),
        torch.eye(4).to_sparse(),
    ]
)


@QUICK
@given(data=st.data())
def test_a_checkpoint_of_other_values_under_a_right_digest(folder, whole, data):
    payload, path = torch.load(whole, weights_only=True), folder / "other.pt"
    for _ in range(data.draw(st.integers(1, 2))):
        container, key = data.draw(st.sampled_from(places(payload["content"])))
        if data.draw(st.booleans()) and isinstance(container, dict):
            del container[key]
            container[data.draw(st.text(max_size=900))] = 0
        else:
            container[key] = data.draw(st.one_of(st.sampled_from(ODD), odd_tensors, st.integers(), st.text()))
    try:
        payload["sha256"] = content_digest(payload["content"])
    except (TypeError, RuntimeError):  # no checkpoint holds that
        payload["sha256"] = "0" * 64
    torch.save(payload, path)
    read_checkpoint(path)


@given(st.text())
def test_an_error_is_one_line_whatever_it_quotes(text):
    error = SketchExplorerError(f"There is no {text[:40]!s} here.")
    assert_sentence(error)
    assert str(error).encode()
