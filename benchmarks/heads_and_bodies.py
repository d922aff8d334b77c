"""The written rule that tells drawings of a head from drawings of a whole animal on its legs.

Everything is measured on the drawing fitted into its bounding box: x and y from 0 to 1, y downwards.

A **head** is one big round outline with a face in it and nothing below it:
1. the drawing is 0.6 to 1.7 times as wide as high;
2. its outline (the stroke with the largest bounding box) is closed: its ends are no farther apart than
   0.3 of the diagonal of its own box;
3. the outline is at least 0.5 of the drawing's height, 0.45 of its width and 0.5 to 2 times as wide as
   high (whiskers and ears stick out), and reaches down to 0.93 of the height;
4. at least two other strokes have their centre inside the outline's box (eyes, nose, mouth);
5. the outline has no legs: no horizontal line at 0.8, 0.87 or 0.94 of the height meets it more than twice.

A **body** is an animal in profile, standing:
1. the drawing is at least 1.25 times as wide as high;
2. it has legs: a horizontal line at 0.8, 0.87 or 0.94 of the height meets steep ink (45 degrees or more;
   whiskers are not) at four places or more, at least 0.04 of the width apart from one another;
3. it stands on them: the ink below 0.92 of the height lies in two pieces or more, of which the outer ones
   are at least 0.3 of the width apart from end to end and two neighbours at least 0.12 (a chin is one piece);
4. no stroke but one that has legs itself is both at least 0.75 of the height and half of the width, and it
   has at least three strokes.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.sketch import stroke3_to_polylines

LEVELS = (0.8, 0.87, 0.94)
APART = 0.04

Lines = list[NDArray[np.float32]]


def is_head(stroke3: NDArray[np.integer]) -> bool:
    lines, aspect = _fitted(stroke3)
    if not 0.6 <= aspect <= 1.7:
        return False
    boxes = [(line.min(axis=0), line.max(axis=0)) for line in lines]
    largest = int(np.argmax([np.prod(high - low) for low, high in boxes]))
    outline, (low, high) = lines[largest], boxes[largest]
    size = high - low
    shape = np.array([aspect, 1.0])
    closed = np.linalg.norm((outline[-1] - outline[0]) * shape) <= 0.3 * np.linalg.norm(size * shape)
    big = size[1] >= 0.5 and size[0] >= 0.45 and high[1] >= 0.93 and 0.5 <= size[0] * aspect / size[1] <= 2
    features = sum(
        bool((low < (one + other) / 2).all() and ((one + other) / 2 < high).all())
        for i, (one, other) in enumerate(boxes)
        if i != largest
    )
    return bool(closed and big and features >= 2 and max(len(_places([outline], y)) for y in LEVELS) <= 2)


def is_body(stroke3: NDArray[np.integer]) -> bool:
    lines, aspect = _fitted(stroke3)
    if aspect < 1.25 or len(lines) < 3 or not _has_legs(lines, aspect):
        return False
    feet = _pieces_below(lines, 0.92)
    gaps = [right[0] - left[1] for left, right in pairwise(feet)]
    stands = len(feet) >= 2 and feet[-1][1] - feet[0][0] >= 0.3 and max(gaps) >= 0.12
    sizes = [line.max(axis=0) - line.min(axis=0) for line in lines]
    faces = [line for line, size in zip(lines, sizes, strict=True) if size[1] >= 0.75 and size[0] >= 0.5]
    return stands and all(_has_legs([line], aspect) for line in faces)


def _has_legs(lines: Lines, aspect: float) -> bool:
    return max(len(_places(lines, y, steeper_than=aspect)) for y in LEVELS) >= 4


def _pieces_below(lines: Lines, level: float) -> list[tuple[float, float]]:
    """The x-ranges of the ink below `level`, from left to right; those less than APART apart are one."""
    spans: list[tuple[float, float]] = []
    for line in lines:
        dense = np.concatenate([line[:1], np.linspace(line[:-1], line[1:], 50, axis=1).reshape(-1, 2)])
        low = dense[dense[:, 1] >= level, 0]
        cuts = np.flatnonzero(np.abs(np.diff(low)) >= APART) + 1
        spans += [(float(part.min()), float(part.max())) for part in np.split(low, cuts) if len(part)]
    pieces: list[tuple[float, float]] = []
    for left, right in sorted(spans):
        if pieces and left - pieces[-1][1] < APART:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], right))
        else:
            pieces.append((left, right))
    return pieces


def _fitted(stroke3: NDArray[np.integer]) -> tuple[Lines, float]:
    """Polylines with x and y from 0 to 1, and width over height."""
    lines = stroke3_to_polylines(stroke3)
    points = np.concatenate(lines)
    low = points.min(axis=0)
    extent = np.maximum(points.max(axis=0) - low, 1)
    return [(line - low) / extent for line in lines], float(extent[0] / extent[1])


def _places(lines: Lines, level: float, steeper_than: float = 0.0) -> list[float]:
    """Where a horizontal line meets ink, from left to right; places less than APART apart are one.

    Ink less steep than `steeper_than` (height over width, both of the fitted box) does not count.
    """
    found: list[float] = []
    for line in lines:
        above = line[:, 1] < level
        crossing = np.flatnonzero(above[1:] != above[:-1])
        start, step = line[crossing], line[crossing + 1] - line[crossing]
        steep = np.abs(step[:, 1]) >= steeper_than * np.abs(step[:, 0])
        found += (start[:, 0] + step[:, 0] * (level - start[:, 1]) / step[:, 1])[steep].tolist()
    places: list[float] = []
    for x in sorted(found):
        if not places or x - places[-1] >= APART:
            places.append(x)
    return places
