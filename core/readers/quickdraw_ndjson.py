"""Quick, Draw! `.ndjson`: a JSON object a line, whose `drawing` is a list of strokes.

Source: https://github.com/googlecreativelab/quickdraw-dataset#the-raw-moderated-dataset. A stroke is
[xs, ys] in the simplified files and [xs, ys, times] in the raw ones.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.preprocess import DRAWN_IN_LINES, PUBLISHED, RAW, Preprocessing
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


def usual_steps(lines: Iterable[bytes]) -> Preprocessing:
    """What the drawings of a file that begins with `lines` still need.

    Those with times are raw. Without, most of the published ones are whole numbers from 0 to 255; what
    other programs write in this form is anything. Raises DataError, a clause.
    """
    published: list[bool] = []
    for line in lines:
        drawing = drawing_of_line(line)
        if any(len(stroke) == 3 for stroke in json.loads(line)["drawing"]):
            return RAW
        points = np.concatenate([np.zeros((0, 2)), *drawing])
        published.append(len(points) > 0 and points.min() == 0 and points.max() == 255 and not (points % 1).any())
    return PUBLISHED if 2 * sum(published) > len(published) else DRAWN_IN_LINES


def _stroke(stroke: object) -> NDArray[np.float64]:
    if not isinstance(stroke, list) or len(stroke) not in (2, 3):
        raise DataError("a stroke in it is not two lists, of x and of y")
    xs, ys = stroke[:2]
    if not isinstance(xs, list) or not isinstance(ys, list) or len(xs) != len(ys):
        raise DataError("a stroke in it has not as many x as y")
    return polyline(list(zip(xs, ys, strict=True)))
