"""Quick, Draw! `.ndjson`: a JSON object a line, whose `drawing` is a list of strokes.

Source: https://github.com/googlecreativelab/quickdraw-dataset#the-raw-moderated-dataset. A stroke is
[xs, ys] in the simplified files and [xs, ys, times] in the raw ones.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from core.errors import DataError
from core.readers.coordinates import polyline
from core.readers.record import Polylines
from core.readers.stream import opened

MAX_LINE_BYTES = 1 << 22
"""A thousand times what a raw drawing takes."""
MAX_BLANK_LINES = 1000


def read_quickdraw_ndjson(path: Path) -> Iterator[Polylines]:
    """Yield the drawings of one file, simplified or raw. Raises DataError, naming the file and the line."""
    with opened(path) as stream:
        number = blank = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if line.isspace():
                blank += 1
                if blank > MAX_BLANK_LINES:
                    raise DataError("it is mostly blank lines")
                continue
            try:
                yield drawing_of_line(line)
            except DataError as error:
                raise DataError(f"line {number:,}: {error}") from error


def drawing_of_line(line: bytes) -> Polylines:
    """The strokes of one line. Raises DataError, a clause."""
    if len(line) > MAX_LINE_BYTES:
        raise DataError("it is longer than any drawing")
    try:
        item = json.loads(line)
    except (ValueError, RecursionError) as error:  # bad UTF-8 and absurdly long numbers are ValueErrors too
        raise DataError("it is not JSON, or is cut short") from error
    strokes = item.get("drawing") if isinstance(item, dict) else None
    if not isinstance(strokes, list):
        raise DataError("it has no list of strokes named drawing")
    return [_stroke(stroke) for stroke in strokes]


def is_raw(line: bytes) -> bool:
    """Whether a first line is of the raw form, with times. Raises DataError, a clause."""
    item = json.loads(line) if drawing_of_line(line) else {"drawing": []}
    return any(len(stroke) == 3 for stroke in item["drawing"])


def _stroke(stroke: object):
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        raise DataError("a stroke in it is not two lists, of x and of y")
    xs, ys = stroke[:2]
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        raise DataError("a stroke in it has not as many x as y")
    return polyline(list(zip(xs, ys, strict=True)))
