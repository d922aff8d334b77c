"""The sketch-rnn `.npz` layout: object arrays of stroke-3 drawings named train, valid and test.

Source: https://github.com/magenta/magenta/tree/main/magenta/models/sketch_rnn (datasets written by
Python 2 and 3). The arrays are pickles, so they are read by `inert_pickle`, never by NumPy.
"""

import io
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.readers.inert_pickle import load_object_array
from core.readers.record import SketchRecord

SPLITS = ("train", "valid", "test")
MAX_MEMBER_BYTES = 1 << 27
"""Larger than any published file (the largest category, 329,000 potatoes, has about 80 MB); a zip bomb stops here."""
MAX_RATIO = 200
"""Compression above this is no drawing: real files reach about 12."""


def read_sketch_rnn_npz(path: Path) -> Iterator[SketchRecord]:
    """Yield the drawings of one file, split by split.

    Raises DataError, naming the file, if it is damaged or holds anything but stroke-3 arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {Path(info.filename).stem: info for info in archive.infolist()}
            known = [name for name in SPLITS if name in members]
            if not known:
                raise DataError("it has no train, valid or test array of drawings")
            for name in known:
                for row, drawing in enumerate(_drawings(archive, members[name], name)):
                    yield SketchRecord(_stroke3(drawing), name, row)
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"{path} cannot be read: the archive is damaged or cut short.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _drawings(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> list[NDArray[Any]]:
    too_dense = info.file_size > MAX_RATIO * max(info.compress_size, 1) + (1 << 20)
    if info.file_size > MAX_MEMBER_BYTES or too_dense:
        raise DataError(f"its part {name} unpacks to an unreasonable size")
    try:
        data = archive.read(info)
    except Exception as error:  # zlib.error, BadZipFile: whatever the codec throws
        raise DataError(f"its part {name} is damaged") from error
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream)
    except Exception as error:  # the header is parsed as a literal: SyntaxError, ValueError, …
        raise DataError(f"its part {name} is not a NumPy array") from error
    if not dtype.hasobject:
        # NumPy packs drawings that happen to be equally long into one plain array [N, n, 3].
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "iuf" or len(shape) != 3 or size != len(data) - stream.tell():
            raise DataError(f"its part {name} is not a list of drawings")
        return list(np.frombuffer(data, dtype=dtype, offset=stream.tell()).reshape(shape))
    return load_object_array(data, stream.tell())


def _stroke3(drawing: NDArray[Any]) -> NDArray[np.int16]:
    if drawing.ndim != 2 or drawing.shape[1] != 3:
        raise DataError(f"a drawing in it has the shape {drawing.shape}, not N×3")
    if drawing.dtype != np.int16:
        values = drawing.astype(np.float64)
        if not np.isfinite(values).all() or np.abs(values).max(initial=0) > np.iinfo(np.int16).max:
            raise DataError("a drawing in it has offsets beyond 32,767")
        drawing = np.rint(values)
    stroke3 = drawing.astype(np.int16)
    if (stroke3[:, 2] & ~1).any():
        raise DataError("a drawing in it has a pen state that is neither 0 nor 1")
    return stroke3
