"""Quick, Draw! `.bin`: simplified drawings as little-endian records without a header.

Source: https://github.com/googlecreativelab/quickdraw-dataset/blob/master/examples/binary_file_parser.py.
A record is key_id (8 bytes), countrycode (2), recognized (1), timestamp (4), the number of strokes (2),
and for each stroke the number of points (2), their x (a byte each) and their y (a byte each).
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from core.errors import DataError
from core.readers.record import Polylines
from core.readers.stream import opened

_HEAD = struct.Struct("<Q2sBIH")
_COUNT = struct.Struct("<H")
MAX_DRAWING_POINTS = 1 << 18
"""Ten times what a minute of drawing takes; counts of 2 bytes each could claim 4,000 million."""


def read_quickdraw_bin(path: Path) -> Iterator[Polylines]:
    """Yield the drawings of one file. Raises DataError, naming the file and the drawing."""
    with opened(path) as stream:
        number = 0
        while head := stream.read(_HEAD.size):
            number += 1
            try:
                yield _drawing(head, stream)
            except DataError as error:
                raise DataError(f"drawing {number:,}: {error}") from error


def looks_like_bin(start: bytes) -> bool:
    """Whether a file that begins so can be read: the format has no mark of its own."""
    if len(start) < _HEAD.size:
        return False
    _, country, recognized, _, strokes = _HEAD.unpack_from(start)
    return recognized in (0, 1) and strokes > 0 and all(letter == 0 or chr(letter).isalpha() for letter in country)


def _drawing(head: bytes, stream: io.BufferedReader) -> Polylines:
    if not looks_like_bin(head):
        raise DataError("it does not begin as a drawing does, or is cut short")
    lines, total = [], 0
    for _ in range(_HEAD.unpack(head)[-1]):
        (count,) = _COUNT.unpack(_take(stream, _COUNT.size))
        total += count
        if total > MAX_DRAWING_POINTS:
            raise DataError("it claims more points than any drawing has")
        line = np.frombuffer(_take(stream, 2 * count), dtype=np.uint8).reshape(2, count)
        lines.append(line.T.astype(np.float64))
    return lines


def _take(stream: io.BufferedReader, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise DataError("it is cut short")
    return data
