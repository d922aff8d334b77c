"""Our own `.npz`: many prepared drawings as plain numeric columns, without a pickle, memory-mapped.

The columns are those of `core.dataset.SketchDataset`: points int16 [P, 3], starts int64 [N + 1],
labels int32 [N], splits uint8 [N], rows int32 [N], and text (categories, sources, about) as NumPy
strings; `numpy.load` reads it. The archive is stored, not compressed, and each array begins at a
multiple of 64 bytes, so that it is used where it lies in the file; a million drawings open as fast as
one. Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html in a zip file.
"""

import hashlib
import json
import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.readers.record import SPLITS, SketchRecord

COLUMNS = {"points": "<i2", "starts": "<i8", "labels": "<i4", "splits": "|u1", "rows": "<i4"}
TEXTS = ("categories", "sources", "about")
COUNTS = ("max_points", "too_long", "empty")
MAX_TEXT_BYTES = 1 << 24
_ALIGNMENT = 64
_BLOCK = 1 << 20
_LOCAL_HEADER = 30
_DAMAGED = "it was not written whole, or was changed since"


def is_prepared(members: list[str]) -> bool:
    """Whether an archive of these members is of this layout."""
    return {f"{name}.npy" for name in (*COLUMNS, *TEXTS)} <= set(members)


def columns_digest(columns: Mapping[str, Any]) -> str:
    """SHA-256 of drawings, labels, splits and category names, read once, a block at a time."""
    sha = hashlib.sha256()
    for name in ("points", "starts", "labels", "splits"):
        column = columns[name]
        for start in range(0, len(column), _BLOCK):
            sha.update(np.ascontiguousarray(column[start : start + _BLOCK]).data.cast("B"))
    sha.update("\0".join(columns["categories"]).encode())
    return sha.hexdigest()


def write_prepared(path: Path, columns: Mapping[str, Any]) -> None:
    """Write the columns of a dataset. Raises OSError; the caller renames it into place."""
    about = {name: columns[name] for name in (*COUNTS, "digest")}
    texts = {"categories": columns["categories"], "sources": columns["sources"], "about": json.dumps(about)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, kind in COLUMNS.items():
            _write_array(archive, name, np.asarray(columns[name], dtype=kind))
        for name, text in texts.items():
            _write_array(archive, name, np.asarray(text, dtype=np.str_))


def _write_array(archive: zipfile.ZipFile, name: str, array: NDArray[Any]) -> None:
    info = zipfile.ZipInfo(f"{name}.npy")
    begin = archive.start_dir + _LOCAL_HEADER + len(info.filename) + 20  # 20: what ZIP64 adds
    padding = -begin % _ALIGNMENT
    padding += _ALIGNMENT if padding < 4 else 0
    info.extra = b"\xff\xff" + (padding - 4).to_bytes(2, "little") + bytes(padding - 4)
    with archive.open(info, "w", force_zip64=True) as member:
        header = {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": array.shape}
        np.lib.format.write_array_header_1_0(member, header)
        flat = np.ascontiguousarray(array).reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            member.write(flat[start : start + _BLOCK].tobytes())


def read_prepared(path: Path) -> dict[str, Any]:
    """The columns of a dataset, the arrays as maps of the file. Raises DataError, naming the file.

    Everything is checked against everything, and the drawings against their digest, which reads the
    file once; nothing of it stays in memory.
    """
    try:
        # Opened once: another process may put a new file there meanwhile.
        with path.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            arrays = {name: _mapped(archive, stream, f"{name}.npy") for name in (*COLUMNS, *TEXTS)}
        columns = {**arrays, **_about(arrays["about"])}
        del columns["about"]
        for name in ("categories", "sources"):
            columns[name] = tuple(_texts(arrays[name]))
        _check(columns)
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, NotImplementedError, EOFError) as error:
        raise DataError(f"{path} cannot be read: {_DAMAGED}.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    return columns


def prepared_records(path: Path) -> Iterator[SketchRecord]:
    """Yield the drawings of one file, each with its category. Raises DataError, naming the file."""
    columns = read_prepared(path)
    points, starts = columns["points"], columns["starts"]
    for i, (label, split, row) in enumerate(zip(columns["labels"], columns["splits"], columns["rows"], strict=True)):
        stroke3 = np.array(points[starts[i] : starts[i + 1]])
        yield SketchRecord(stroke3, SPLITS[split], int(row), columns["categories"][label])


def _mapped(archive: zipfile.ZipFile, stream: BinaryIO, member: str) -> NDArray[Any]:
    info = archive.getinfo(member)
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
        raise DataError("its columns are compressed; prepare it anew with `python -m trainer data prepare`")
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER:
        raise DataError(_DAMAGED)
    skipped = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    begin = info.header_offset + _LOCAL_HEADER + skipped
    stream.seek(begin)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise DataError(_DAMAGED)
    try:
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception as error:  # the header is parsed as a literal: SyntaxError, ValueError, …
        raise DataError(_DAMAGED) from error
    data = stream.tell()
    name = member.removesuffix(".npy")
    expected = np.dtype(COLUMNS[name]) if name in COLUMNS else None
    plain = dtype == expected if expected is not None else dtype.kind == "U"
    whole = (
        data - begin + math.prod(shape) * dtype.itemsize == info.file_size <= os.fstat(stream.fileno()).st_size - begin
    )
    if fortran or not plain or not whole or (expected is None and info.file_size > MAX_TEXT_BYTES):
        raise DataError(_DAMAGED)
    if math.prod(shape) == 0:
        return np.zeros(shape, dtype=dtype)
    # Copy on write: the file is never changed, and what wants a writable array need not copy it.
    return np.memmap(stream, dtype=dtype, mode="c", offset=data, shape=shape)


def _texts(array: NDArray[Any]) -> list[str]:
    if array.ndim != 1:
        raise DataError(_DAMAGED)
    return [str(text) for text in array]


def _about(array: NDArray[Any]) -> dict[str, Any]:
    if array.ndim != 0:
        raise DataError(_DAMAGED)
    about = json.loads(str(array[()]))
    plain = isinstance(about, dict) and isinstance(about.get("digest"), str)
    if not plain or not all(type(about.get(name)) is int and about[name] >= 0 for name in COUNTS):
        raise DataError(_DAMAGED)
    return {name: about[name] for name in (*COUNTS, "digest")}


def _check(columns: dict[str, Any]) -> None:
    points, starts, labels = columns["points"], columns["starts"], columns["labels"]
    count, categories = len(labels), columns["categories"]
    shapes = {"points": (len(points), 3), "starts": (count + 1,)} | dict.fromkeys(
        ("labels", "splits", "rows"), (count,)
    )
    if any(columns[name].shape != shape for name, shape in shapes.items()) or count == 0:
        raise DataError(_DAMAGED)
    lengths = np.diff(starts)
    fits = starts[0] == 0 and starts[-1] == len(points) and lengths.min() >= 1
    named = len(categories) == len(columns["sources"]) and labels.min() >= 0 and labels.max() < len(categories)
    if not (fits and named and lengths.max() <= columns["max_points"] <= 10_000):
        raise DataError(_DAMAGED)
    pens = any((points[start : start + _BLOCK, 2] & ~1).any() for start in range(0, len(points), _BLOCK))
    if pens or columns["splits"].max() >= len(SPLITS) or columns["rows"].min() < 0:
        raise DataError(_DAMAGED)
    if columns_digest(columns) != columns["digest"]:
        raise DataError(_DAMAGED)
