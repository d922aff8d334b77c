"""Files of drawings: those that are read, and those that are refused without harm."""

import io
import os
import pickle
import random
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from core.errors import DataError
from core.readers import open_sketches
from core.readers.inert_pickle import load_object_array
from tests.hostile import assert_sentence
from tests.parametric import drawings, object_array, write_npz

RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY = b"cnumpy\nndarray\n"
DTYPE = b"cnumpy\ndtype\n"
MINUS_ONE = b"J\xff\xff\xff\xff"


def read(path):
    return [(record.split, record.row, record.stroke3) for record in open_sketches(path)]


def assert_same(records, **splits):
    expected = [(name, row, item) for name, items in splits.items() for row, item in enumerate(items)]
    assert [record[:2] for record in records] == [item[:2] for item in expected]
    for (*_, stroke3), (*_, item) in zip(records, expected, strict=True):
        assert stroke3.dtype == np.int16
        np.testing.assert_array_equal(stroke3, item)


def archive(path, member, name="train.npy"):
    """A zip file of one member, with a checksum that is right."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, member)
    return path


def npy_of_objects(body, count, version=(1, 0)):
    """The bytes of an .npy file whose object array is the pickle `body`."""
    stream = io.BytesIO()
    header = {"descr": "|O", "fortran_order": False, "shape": (count,)}
    write = np.lib.format.write_array_header_1_0 if version == (1, 0) else np.lib.format.write_array_header_2_0
    write(stream, header)
    return stream.getvalue() + body


def npy_of(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


# -- pickles by hand, as Python 2 wrote them ---------------------------------------------------


def whole(number):
    return b"M" + struct.pack("<H", number)


def text(data):
    """A Python 2 str, which holds bytes."""
    return b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + struct.pack("<i", len(data)) + data


def dtype(code, order):
    return (DTYPE + text(code) + b"K\x00K\x01\x87R") + (
        b"(K\x03" + text(order) + b"NNN" + MINUS_ONE + MINUS_ONE + b"K\x00tb"
    )


def array(shape, code, order, data):
    """An array: made empty by _reconstruct, then given its state."""
    made = RECONSTRUCT + NDARRAY + b"K\x00\x85" + text(b"b") + b"\x87R"
    return made + b"(K\x01(" + b"".join(map(whole, shape)) + b"t" + dtype(code, order) + b"\x89" + data + b"tb"


def drawing(item, order="<"):
    return array(item.shape, b"i2", order.encode(), text(item.astype(f"{order}i2").tobytes()))


def python2(*items):
    """The pickle of an object array of pickled items."""
    return b"\x80\x02" + array((len(items),), b"O8", b"|", b"](" + b"".join(items) + b"e") + b"."


def test_files_of_savez_are_read(tmp_path):
    cats, pigs = drawings("face", 5), drawings("house", 3, seed=1)
    path = write_npz(tmp_path / "cat.npz", train=cats, valid=pigs[:1], test=pigs)
    assert_same(read(path), train=cats, valid=pigs[:1], test=pigs)


def test_splits_come_in_their_order_and_others_are_ignored(tmp_path):
    items = drawings("face", 4)
    path = write_npz(tmp_path / "cat.npz", test=items[2:], std_dev=[items[0]], train=items[:2])
    assert_same(read(path), train=items[:2], test=items[2:])


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<i4", "<i8", "<f4", "<f8", "<u2", "|i1"])
def test_all_number_types_and_protocols_are_read_or_refused_in_words(tmp_path, protocol, dtype):
    items = [np.array([[1, 2, 0], [3, 100, 1]]), np.array([[7, 0, 1]])]
    body = pickle.dumps(object_array([item.astype(dtype) for item in items]), protocol=protocol)
    path = archive(tmp_path / "cat.npz", npy_of_objects(body, 2))
    if protocol in (3, 4):  # those that NumPy writes
        assert_same(read(path), train=items)
    else:
        with pytest.raises(DataError):
            read(path)


def test_files_of_python_2_are_read(tmp_path):
    long = np.random.default_rng(0).integers(-999, 999, (90, 3)) * (1, 1, 0)
    items = [*drawings("face", 3), long.astype(np.int16)]  # both kinds of string
    path = archive(tmp_path / "cat.npz", npy_of_objects(python2(*map(drawing, items)), len(items)))
    assert_same(read(path), train=items)
    big_endian = python2(*(drawing(item, ">") for item in items))
    assert_same(read(archive(tmp_path / "pig.npz", npy_of_objects(big_endian, 4, (2, 0)))), train=items)


def test_drawings_of_equal_length_in_one_plain_array_are_read(tmp_path):
    items = np.array(drawings("face", 4))
    assert items.ndim == 3
    np.savez(tmp_path / "cat.npz", train=items, valid=items[:1].astype(float))
    assert_same(read(tmp_path / "cat.npz"), train=items, valid=items[:1])


def test_fortran_order_is_kept(tmp_path):
    item = np.asfortranarray(drawings("face", 1)[0])
    assert_same(read(write_npz(tmp_path / "cat.npz", train=[item, item])), train=[item, item])


def test_empty_drawings_are_yielded(tmp_path):
    empty = np.zeros((0, 3), dtype=np.int16)
    assert_same(read(write_npz(tmp_path / "cat.npz", train=[empty, empty[:0]])), train=[empty, empty])


# -- refusals ----------------------------------------------------------------------------------


def refused(path):
    """What the reader says to a file, checked to be one sentence that names it."""
    with pytest.raises(DataError) as caught:
        read(path)
    assert_sentence(caught.value, path)
    return str(caught.value)


ONE = np.array([[1, 2, 1]])


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ([ONE[:, :2]], "not N×3"),
        ([ONE[0]], "not N×3"),
        ([ONE.astype(float) * np.nan], "beyond 32,767"),
        ([ONE * np.inf], "beyond 32,767"),
        ([ONE * 32_768], "beyond 32,767"),
        ([ONE, ONE.astype(np.uint64) << 62], "beyond 32,767"),
        ([ONE * (1, 1, 2)], "pen state"),
        ([ONE * (1, 1, -1)], "pen state"),
        ([ONE.astype(str)], "not an array of numbers"),
        ([ONE.astype(complex)], "not an array of numbers"),
        ([ONE > 0], "not an array of numbers"),
        ([ONE.astype("datetime64[s]")], "not an array of numbers"),
        ([[[1, 2, 1]]], "not an array"),
        ([None], "not an array"),
        (["owl"], "not an array"),
        ([object_array([ONE])], "not an array of numbers"),
        ([ONE[None]], "no valid shape"),
    ],
)
def test_what_is_no_drawing_is_refused(tmp_path, items, words):
    assert words in refused(write_npz(tmp_path / "cat.npz", train=items))


@pytest.mark.parametrize(
    ("shape", "kind"), [((4,), "i2"), ((4, 3), "i2"), ((2, 4, 2), "i2"), ((2, 4, 3), "S1"), ((), "i2")]
)
def test_plain_arrays_of_other_shapes_are_refused(tmp_path, shape, kind):
    np.savez(tmp_path / "cat.npz", train=np.zeros(shape, dtype=kind))
    refused(tmp_path / "cat.npz")


def test_files_that_are_something_else_are_refused(tmp_path):
    path = tmp_path / "cat.npz"
    assert "cannot be read" in refused(path)
    assert "cannot be read" in refused(tmp_path)
    assert "cannot be read" in refused(tmp_path / f"{'a' * 300}.npz")
    for content in (b"", b"PK", b"PK\x03\x04", b"PK\x03\x04 and more", b"\x93NUMPY", b"{}"):
        path.write_bytes(content)
        refused(path)
    np.savez(path, drawings=np.zeros((2, 3, 3)))
    assert "no train, valid or test" in refused(path)
    assert "not a NumPy array" in refused(archive(path, b"no header"))
    assert "not a NumPy array" in refused(archive(path, npy_of(np.zeros((1, 2, 3)))[:20]))


def test_a_plain_array_that_claims_more_than_there_is_is_refused(tmp_path):
    stream = io.BytesIO()
    header = {"descr": "<i2", "fortran_order": False, "shape": (1 << 40, 1 << 20, 3)}
    np.lib.format.write_array_header_1_0(stream, header)
    refused(archive(tmp_path / "cat.npz", stream.getvalue()))


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    zeros = npy_of(np.zeros((1, 2_000_000, 3), dtype=np.int16))
    path = archive(tmp_path / "cat.npz", zeros)
    assert path.stat().st_size < 1 << 17 < len(zeros)
    del zeros
    tracemalloc.start()
    try:
        assert "unreasonable size" in refused(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 22
    finally:
        tracemalloc.stop()


# -- pickles that would run something ----------------------------------------------------------


class Call:
    """Pickled as a call of `function` with `arguments`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def payloads(marker):
    """Objects whose unpickling would create the file `marker`, alone and inside others."""
    calls = [
        Call(os.system, f"echo > {marker}"),
        Call(eval, f"open({str(marker)!r}, 'w')"),
        Call(exec, f"open({str(marker)!r}, 'w')"),
        Call(open, str(marker), "w"),
        Call(__import__, "this"),
        Call(np.memmap, str(marker), "u1", "w+", 0, (1,)),
    ]
    for call in calls:
        yield call
        yield [ONE, call]
        yield object_array([ONE, call])
        yield object_array([object_array([call])])
        yield {"state": (1, (1,), np.dtype("O"), False, [call])}


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_payloads_do_not_run(tmp_path, protocol):
    marker = tmp_path / "ran"
    for payload in payloads(marker):
        body = pickle.dumps(payload, protocol=protocol)
        message = refused(archive(tmp_path / "cat.npz", npy_of_objects(body, 1)))
        assert "asks to run" in message or "more than arrays of numbers" in message
        assert not marker.exists()


SYSTEM = b"cos\nsystem\n" + text(b"exit 1") + b"\x85R"


@pytest.mark.parametrize(
    "body",
    {
        "call in a dtype's state": b"\x80\x02" + DTYPE + text(b"i2") + b"\x85R(K\x03" + SYSTEM + b"tb.",
        "call in an array's state": b"\x80\x02" + array((1,), b"O8", b"|", b"](" + SYSTEM + b"e") + b".",
        "call in an array's shape": b"\x80\x02" + array((1,), b"O8", b"|", b"]").replace(b"M\x01\x00", SYSTEM) + b".",
        "ndarray of a huge shape": b"\x80\x02" + NDARRAY + b"J\xff\xff\xff\x7f\x85\x85R.",
        "ndarray made without a call": b"\x80\x02" + NDARRAY + b")\x81.",
        "array without a state": python2(RECONSTRUCT + b")R"),
        "array made without a call": python2(RECONSTRUCT + b")\x81"),
        "array that is no array": python2(RECONSTRUCT),
        "dtype made without a call": python2(
            array((1,), b"i2", b"<", text(b"ab"))
            .replace(text(b"i2"), b"")
            .replace(b"K\x00K\x01\x87R(K\x03", b")\x81(K\x03")
        ),
        "dtype of no size": python2(array((1, 3), b"f1", b"<", text(b"abc"))),
        "dtype of no kind": python2(array((1, 3), b"q2", b"<", text(b"abcdef"))),
        "shape of negative length": python2(array((1, 3), b"i2", b"<", text(b"")).replace(whole(3), MINUS_ONE)),
        "shape beyond any memory": python2(
            array((0, 3), b"i2", b"<", text(b"")).replace(whole(3), b"\x8a\x0a" + b"\xff" * 9 + b"\x00")
        ),
        "data that are no bytes": python2(array((1, 3), b"i2", b"<", b"X\x06\x00\x00\x00\xe2\x82\xac\xe2\x82\xac")),
        "data cut short": python2(array((2, 3), b"i2", b"<", text(b"abcdef"))),
        "fewer drawings than the shape says": b"\x80\x02" + array((2,), b"O8", b"|", b"]") + b".",
        "extension registry": b"\x80\x02\x82\x01.",
        "persistent name": b"\x80\x02Pcat\n.",
        "no array": b"\x80\x02K\x01.",
        "nothing": b"",
        "no end": b"\x80\x02K\x01",
        "an empty stack": b"\x80\x02.",
        "a protocol to come": b"\x80\x63K\x01.",
    }.items(),
    ids=lambda item: item[0],
)
def test_odd_pickles_end_in_words(tmp_path, body):
    refused(archive(tmp_path / "cat.npz", npy_of_objects(body[1], 1)))


@pytest.mark.parametrize("name", [RECONSTRUCT, NDARRAY, DTYPE])
def test_a_pickle_cannot_change_what_later_files_mean(tmp_path, name):
    attributes = b"".join(
        text(attribute) + name
        for attribute in (b"__init__", b"__new__", b"__setstate__", b"numeric", b"parts", b"code")
    )
    body = b"\x80\x02" + name + b"(N}(" + attributes + b"utb."
    refused(archive(tmp_path / "cat.npz", npy_of_objects(body, 1)))
    items = drawings("face", 2)
    assert_same(read(write_npz(tmp_path / "pig.npz", train=items)), train=items)


@pytest.mark.parametrize(
    "body",
    {
        "index of the memo": b"\x80\x02K\x01r\x00\x00\x00\x04.",
        "bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 30) + b"abc.",
        "text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 30) + b"abc.",
        "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 30) + b"abc.",
        "repetition": pickle.dumps(object_array([np.zeros((10_000, 3), dtype=np.int16)] * 50_000), protocol=4),
    }.items(),
    ids=lambda item: item[0],
)
def test_a_small_pickle_takes_little_memory(body):
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            load_object_array(body[1])
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def outcome(path):
    """True if the file is read, False if it is refused; any other exception is a failure of the test."""
    try:
        for _, _, stroke3 in read(path):
            assert stroke3.dtype == np.int16
            assert stroke3.shape[1] == 3
    except DataError:
        return False
    return True


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    path = write_npz(tmp_path / "cat.npz", train=drawings("face", 3), valid=drawings("face", 1), test=[ONE])
    content = path.read_bytes()
    for end in range(0, len(content), 7):
        path.write_bytes(content[:end])
        assert not outcome(path)


def test_flipped_bits_end_in_a_value_or_words(tmp_path):
    path = write_npz(tmp_path / "cat.npz", train=drawings("face", 3), valid=drawings("face", 1), test=[ONE])
    content, chance = path.read_bytes(), random.Random(0)
    for _ in range(500):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        outcome(path)


@pytest.mark.parametrize("written", ["python 2", "python 3"])
def test_flipped_bits_under_a_right_checksum_end_in_a_value_or_words(tmp_path, written):
    items = drawings("face", 2)
    body = python2(*map(drawing, items)) if written == "python 2" else pickle.dumps(object_array(items), protocol=4)
    member, chance = npy_of_objects(body, 2), random.Random(0)
    header = len(member) - len(body)
    read_at_all = 0
    for _ in range(800):
        damaged = bytearray(member)
        for _ in range(chance.choice([1, 1, 3])):
            damaged[chance.choice([chance.randrange(header), chance.randrange(header, len(member))])] ^= (
                1 << chance.randrange(8)
            )
        read_at_all += outcome(archive(tmp_path / "cat.npz", damaged))
    assert 0 < read_at_all < 800
