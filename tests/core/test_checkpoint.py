import contextlib
import errno
import os
import pickle
import random
import sys
import zipfile
from functools import partial

import numpy as np
import pytest
import torch

from core import checkpoint as module
from core.checkpoint import (
    FORMAT,
    VERSION,
    Checkpoint,
    content_digest,
    load_checkpoint,
    load_tensors,
    save_checkpoint,
    write_atomically,
)
from core.errors import CheckpointError
from core.model import ModelConfig, SketchVAE
from tests.core.conftest import TINY, make_model
from tests.core.test_readers import Call
from tests.hostile import assert_sentence

HISTORY = [{"epoch": 1, "valid_L_R": 0.5, "valid_L_KL": float("inf")}, {"epoch": 2, "valid_L_R": 0.25}]


def make_checkpoint(atlas=None, seed=0, **changes):
    model = make_model(seed)
    fields = {
        "model_config": TINY,
        "weights": model.state_dict(),
        "scale": 41.5,
        "max_points": 48,
        "categories": ("cat", "hot dog"),
        "training": {"epochs": 3, "minutes": None, "device": "cpu"},
        "history": HISTORY,
        "figures": {"L_R": -0.5, "n": 12},
        "atlas": atlas,
    }
    return Checkpoint(**{**fields, **changes})


@pytest.fixture
def path(tmp_path):
    """A checkpoint without an atlas."""
    path = tmp_path / "owl.pt"
    save_checkpoint(make_checkpoint(), path)
    return path


def refused(path, load=load_checkpoint):
    """What is said of a file that cannot be used, checked to be one sentence that names it."""
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert_sentence(caught.value, path)
    return str(caught.value)


# -- there and back ----------------------------------------------------------------------------


@pytest.mark.parametrize("with_atlas", [False, True])
def test_a_checkpoint_survives_as_a_file(tmp_path, atlas, with_atlas):
    written = make_checkpoint(atlas if with_atlas else None)
    digest = save_checkpoint(written, tmp_path / "owl.pt")
    read = load_checkpoint(tmp_path / "owl.pt")
    for field in ("model_config", "scale", "max_points", "categories", "training", "history", "figures"):
        assert getattr(read, field) == getattr(written, field)
    assert read.digest == digest
    assert len(digest) == 64
    assert set(read.weights) == set(written.weights)
    for name, tensor in written.weights.items():
        assert read.weights[name].dtype == torch.float32
        torch.testing.assert_close(read.weights[name], tensor, rtol=2**-11, atol=2**-25)  # half a step of float16
    if not with_atlas:
        assert read.atlas is None
        return
    for field in ("quantised", "low", "step", "positions", "labels", "splits", "rows", "losses", "point_counts"):
        np.testing.assert_array_equal(getattr(read.atlas, field), getattr(atlas, field))
        assert getattr(read.atlas, field).dtype == getattr(atlas, field).dtype
    assert read.atlas.categories == atlas.categories
    assert read.atlas.sources == atlas.sources


def test_the_model_of_a_checkpoint_computes_what_the_saved_one_did(path):
    read = load_checkpoint(path)
    model, saved = read.build_model(), make_model()
    z, inputs = torch.randn(2, TINY.latent), torch.randn(2, 9, 5)
    with torch.inference_mode():
        torch.testing.assert_close(model.decoder(z, inputs), saved.decoder(z, inputs), rtol=0.01, atol=0.01)
        lengths = torch.tensor([9, 4])
        for one, other in zip(model.encoder(inputs, lengths), saved.encoder(inputs, lengths), strict=True):
            torch.testing.assert_close(one, other, rtol=0.01, atol=0.01)
    assert not model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_built_model_can_be_trained_without_harm_to_the_checkpoint(path):
    read = load_checkpoint(path)
    model = read.build_model()
    model.decoder(torch.randn(2, TINY.latent), torch.randn(2, 9, 5)).sum().backward()
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            assert parameter.grad is not None
            parameter.add_(1)
    assert not torch.equal(model.state_dict()["decoder.output.bias"], read.weights["decoder.output.bias"])
    assert torch.equal(read.build_model().state_dict()["decoder.output.bias"], read.weights["decoder.output.bias"])


def test_weights_of_another_size_do_not_build(path):
    read = load_checkpoint(path)
    other = Checkpoint(ModelConfig(latent=4), read.weights, 1.0, 48, ("cat",))
    with pytest.raises(CheckpointError, match="do not fit"):
        other.build_model()


def test_what_numpy_and_torch_call_numbers_and_text_is_read_again(tmp_path):
    figures = {"L_R": np.float64(0.5), "n": np.int64(3), "L_KL": np.float32(0.25)}
    written = make_checkpoint(figures=figures, training={"torch": torch.__version__, "rates": (np.float64(1), 2)})
    save_checkpoint(written, tmp_path / "owl.pt")
    read = load_checkpoint(tmp_path / "owl.pt")
    assert read.figures == {"L_R": 0.5, "n": 3, "L_KL": 0.25}
    assert read.training == {"torch": str(torch.__version__), "rates": [1, 2]}


def test_the_digest_is_of_the_contents_and_of_nothing_else(tmp_path):
    first, again = (save_checkpoint(make_checkpoint(), tmp_path / name) for name in ("a.pt", "b.pt"))
    assert first == again
    assert save_checkpoint(make_checkpoint(scale=41.6), tmp_path / "c.pt") != first
    assert save_checkpoint(make_checkpoint(seed=1), tmp_path / "c.pt") != first
    assert content_digest({"a": 1, "b": [2]}) == content_digest({"b": [2], "a": 1})
    different = [1, 1.0, True, "1", None, [1], [[1]], ["1"], {"1": 1}, torch.tensor(1), torch.tensor([1]), [1, 1]]
    assert len({content_digest(value) for value in different}) == len(different)
    assert content_digest(["ab", "c"]) != content_digest(["a", "bc"])
    with pytest.raises(TypeError, match="cannot hold"):
        content_digest({"a": {1, 2}})


# -- damage ------------------------------------------------------------------------------------


def test_flipped_bits_are_noticed_or_harmless(path):
    content, digest, chance = path.read_bytes(), load_checkpoint(path).digest, random.Random(0)
    noticed = 0
    for _ in range(100):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        try:
            assert load_checkpoint(path).digest == digest
        except CheckpointError:
            noticed += 1
    assert noticed > 30


def test_flipped_bits_among_the_names_and_numbers_are_noticed_or_harmless(path):
    """Where the pickle is: most of the file is weights, so that chance seldom comes here."""
    content, digest, chance = path.read_bytes(), load_checkpoint(path).digest, random.Random(1)
    with zipfile.ZipFile(path) as archive:
        info = next(info for info in archive.infolist() if info.filename.endswith("data.pkl"))
    start = content.index(b"\x80\x02}", info.header_offset)
    for _ in range(100):
        damaged = bytearray(content)
        damaged[start + chance.randrange(info.file_size)] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with contextlib.suppress(CheckpointError):
            assert load_checkpoint(path).digest == digest


def test_a_file_cut_short_is_refused(path):
    content = path.read_bytes()
    for end in [0, 1, 4, *range(50, len(content), len(content) // 25)]:
        path.write_bytes(content[:end])
        refused(path)


def test_files_that_are_something_else_are_refused(tmp_path):
    path = tmp_path / "owl.pt"
    assert "does not exist" in refused(path)
    assert "cannot be read" in refused(tmp_path)
    for content in (b"", b"hello", b"PK\x03\x04", pickle.dumps({"format": FORMAT})):
        path.write_bytes(content)
        refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", b"\x80\x02}.")
    refused(path)
    for payload in (3, [1], torch.zeros(3), {}, {"format": "something else"}):
        torch.save(payload, path)
        assert "not a Sketch Explorer checkpoint" in refused(path)


# -- payloads ----------------------------------------------------------------------------------


@pytest.mark.parametrize("new_format", [True, False])
def test_payloads_do_not_run(tmp_path, new_format):
    marker, path = tmp_path / "ran", tmp_path / "owl.pt"
    for call in (
        Call(os.system, f"echo > {marker}"),
        Call(eval, f"open({str(marker)!r}, 'w')"),
        Call(open, str(marker), "w"),
        Call(torch.load, str(marker)),
    ):
        for payload in (call, {"format": FORMAT, "version": VERSION, "sha256": "", "content": {"weights": call}}):
            torch.save(payload, path, _use_new_zipfile_serialization=new_format)
            refused(path)
            path.write_bytes(pickle.dumps(payload))
            refused(path)
    assert not marker.exists()


# -- contents with a right digest that cannot be used ------------------------------------------


def rewrite(path, change):
    """Change the contents of a checkpoint and give it the digest of what it then holds."""
    payload = torch.load(path, weights_only=True)
    change(payload["content"])
    payload["sha256"] = content_digest(payload["content"])
    torch.save(payload, path)


def setting(*names, to):
    def change(content):
        *parents, last = names
        for name in parents:
            content = content[name]
        content[last] = to

    return change


def without(*names):
    def change(content):
        *parents, last = names
        for name in parents:
            content = content[name]
        del content[last]

    return change


BIAS = "decoder.output.bias"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("model_config"), "no usable model config"),
        (setting("categories", to=["cat", "\ud800"]), "names no categories"),
        (setting("model_config", "latent", to=torch.eye(40)), "not tensor("),
        (setting("model_config", to=[]), "no usable model config"),
        (setting("model_config", "latent", to=0), "latent must be a whole number"),
        (setting("model_config", "latent", to=16), "do not fit"),
        (setting("model_config", "latent", to=1e9), "latent must be a whole number"),
        (setting("model_config", "layers", to=2), "Unknown model settings: ['layers']"),
        (setting("model_config", "attention", to=False), "do not fit"),
        (without("weights"), "no usable weights"),
        (without("weights", BIAS), "do not fit"),
        (setting("weights", "more", to=torch.zeros(1)), "do not fit"),
        (setting("weights", BIAS, to=torch.zeros(3)), "do not fit"),
        (setting("weights", BIAS, to=[0.0] * 27), "do not fit"),
        (setting("weights", BIAS, to=torch.full((27,), torch.nan)), "not finite"),
        (setting("weights", BIAS, to=torch.full((27,), torch.inf)), "not finite"),
        (setting("weights", BIAS, to=torch.zeros(27, dtype=torch.int32)), "not finite numbers"),
        (without("scale"), "no usable scale"),
        (setting("scale", to="1"), "no usable scale"),
        (setting("scale", to=0.0), "scale factor is 0"),
        (setting("scale", to=-1.0), "scale factor is -1"),
        (setting("scale", to=float("nan")), "scale factor is nan"),
        (setting("scale", to=float("inf")), "scale factor is inf"),
        (setting("max_points", to=0), "N_max is 0"),
        (setting("max_points", to=10**9), "N_max is 1000000000"),
        (setting("max_points", to=True), "no usable max points"),
        (setting("max_points", to=48.0), "no usable max points"),
        (setting("categories", to=[]), "names no categories"),
        (setting("categories", to=[1]), "names no categories"),
        (setting("categories", to="cat"), "no usable categories"),
        (without("training"), "no usable training"),
        (setting("history", to={}), "no usable history"),
        (setting("history", to=[3]), "not numbers"),
        (setting("history", 0, "epoch", to="one"), "not numbers"),
        (setting("figures", to=[]), "no usable figures"),
        (setting("figures", "L_R", to=[1]), "not numbers"),
        (setting("atlas", to=[]), "no usable atlas"),
        (setting("atlas", to={}), "atlas lacks a part"),
    ],
)
def test_contents_that_cannot_be_used_are_refused(path, change, words):
    rewrite(path, change)
    message = refused(path)
    assert "cannot be used" in message
    assert words in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 2}, "another version"),
        ({"version": None}, "another version"),
        ({"format": None}, "not a Sketch Explorer checkpoint"),
        ({"sha256": "0" * 64}, "damaged"),
        ({"sha256": None}, "damaged"),
        ({"content": None}, "damaged"),
        ({"content": {"weights": torch.zeros(2, dtype=torch.bfloat16)}, "sha256": None}, "damaged"),
        ({"content": {"weights": torch.eye(3).to_sparse()}, "sha256": None}, "damaged"),
        ({"content": {1: 2, "a": 3}, "sha256": None}, "damaged"),
    ],
)
def test_other_envelopes_are_refused(path, change, words):
    torch.save({**torch.load(path, weights_only=True), **change}, path)
    assert words in refused(path)


# -- memory ------------------------------------------------------------------------------------


def peak_megabytes():
    resource = pytest.importorskip("resource", reason="this system does not tell how much memory was used")
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 * 1024 if sys.platform == "darwin" else 1024)


LARGE = ModelConfig(latent=1024, encoder_hidden=4096, decoder_hidden=4096, mixtures=100, attention_dim=1024)


def test_a_large_model_that_is_only_claimed_takes_no_memory(path):
    """Every size at its limit, but each weight a single number repeated by a stride of 0."""
    before = peak_megabytes()
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in SketchVAE(LARGE).state_dict().items()}
    weights = {name: torch.zeros(1, dtype=torch.half).expand(shape) for name, shape in shapes.items()}
    payload = torch.load(path, weights_only=True)
    payload["content"].update(weights=weights, model_config=LARGE.to_dict())
    torch.save(payload, path)
    assert path.stat().st_size < 100_000
    assert "more memory" in refused(path)
    assert peak_megabytes() - before < 100


def test_a_large_model_without_its_weights_takes_no_memory(path):
    before = peak_megabytes()
    rewrite(path, setting("model_config", to=LARGE.to_dict()))
    assert "do not fit" in refused(path)
    assert peak_megabytes() - before < 100


def test_a_packed_archive_is_not_unpacked(tmp_path):
    torch.save({"zeros": torch.zeros(10_000_000)}, tmp_path / "loose.pt")
    with (
        zipfile.ZipFile(tmp_path / "loose.pt") as loose,
        zipfile.ZipFile(tmp_path / "owl.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in loose.namelist():
            packed.writestr(name, loose.read(name))
    assert "more memory" in refused(tmp_path / "owl.pt", load_tensors)


def test_lists_within_lists_are_not_followed_for_ever(tmp_path):
    laughs = ["ha"]
    for _ in range(60):
        laughs = [laughs] * 10
    torch.save({"laughs": laughs}, tmp_path / "owl.pt")
    assert "more memory" in refused(tmp_path / "owl.pt", load_tensors)
    ring = []
    ring.append(ring)
    torch.save({"ring": ring}, tmp_path / "owl.pt")
    assert "more memory" in refused(tmp_path / "owl.pt", load_tensors)


# -- writing -----------------------------------------------------------------------------------


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(),
        RuntimeError("unexpected pos 64 vs 0"),
        RuntimeError(),
    ],
    ids=repr,
)
def test_a_failed_save_leaves_the_old_file_and_nothing_else(path, monkeypatch, failure):
    content = path.read_bytes()

    def save(payload, temporary):
        temporary.write_bytes(b"half of it")
        raise failure

    monkeypatch.setattr(module.torch, "save", save)
    message = refused(path, partial(save_checkpoint, make_checkpoint(seed=1)))
    assert "unchanged" in message
    assert path.read_bytes() == content
    assert names(path.parent) == ["owl.pt"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_failure_at_the_end_leaves_the_old_file_and_nothing_else(path, monkeypatch, function):
    content = path.read_bytes()

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(*((module.os, "fsync") if function == "fsync" else (module.Path, "replace")), fail)
    assert "Input/output error" in refused(path, partial(save_checkpoint, make_checkpoint(seed=1)))
    assert path.read_bytes() == content
    assert names(path.parent) == ["owl.pt"]


def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(path):
    content = path.read_bytes()

    def write(temporary):
        temporary.write_bytes(b"half of it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, write)
    assert path.read_bytes() == content
    assert names(path.parent) == ["owl.pt"]


def test_a_save_replaces_the_old_file_and_leaves_nothing_else(path):
    digest = save_checkpoint(make_checkpoint(seed=1), path)
    assert load_checkpoint(path).digest == digest
    assert names(path.parent) == ["owl.pt"]


def test_a_save_makes_its_folder(tmp_path):
    save_checkpoint(make_checkpoint(), tmp_path / "new" / "folder" / "owl.pt")
    assert names(tmp_path / "new" / "folder") == ["owl.pt"]


def test_a_save_that_cannot_be_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file" / "owl.pt", partial(save_checkpoint, make_checkpoint()))
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", partial(save_checkpoint, make_checkpoint()))
    assert names(tmp_path) == ["file", "folder"]


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    for value in (torch.nan, torch.inf, 1e5):  # the last is beyond half precision
        bad = make_checkpoint()
        bad.weights[BIAS][0] = value
        refused(tmp_path / "owl.pt", partial(save_checkpoint, bad))
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [{"scale": float("nan")}, {"max_points": 0}, {"categories": ()}, {"figures": {"L_R": None}}, {"weights": {}}],
)
def test_what_could_not_be_read_again_is_not_written(tmp_path, change):
    assert "was not written" in refused(tmp_path / "owl.pt", partial(save_checkpoint, make_checkpoint(**change)))
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="files have no such permissions here")
def test_others_may_read_a_checkpoint_as_they_may_any_new_file(path):
    ordinary = path.parent / "ordinary"
    ordinary.write_text("")
    assert path.stat().st_mode == ordinary.stat().st_mode
