"""One drawing: polylines <-> stroke-3 <-> stroke-5, and its bounds.

stroke-3 is an array [n, 3] of (dx, dy, lift): the offset from the previous point and whether the
pen is lifted after this one. The drawing starts at the origin, and that start point is not stored.
stroke-5 is (dx, dy, p1, p2, p3) with the pen one-hot: down, up, end of sketch
(Ha & Eck 2017, "A Neural Representation of Sketch Drawings", section 3.1).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating] | NDArray[np.integer]

START_TOKEN = (0.0, 0.0, 1.0, 0.0, 0.0)
"""What the decoder reads before the first point: no offset, pen down."""


def stroke3_to_polylines(stroke3: Array) -> list[NDArray[np.float32]]:
    """Absolute polylines, each [k, 2] with k >= 1, of a stroke-3 array [n, 3].

    The first polyline begins at the origin. An empty sketch has no polylines.
    """
    if len(stroke3) == 0:
        return []
    positions = np.vstack([np.zeros((1, 2)), np.cumsum(stroke3[:, :2], axis=0, dtype=np.float64)])
    # Row i of stroke3 is position i + 1, so a pen lifted after row i ends a polyline there.
    ends = np.flatnonzero(np.asarray(stroke3[:-1, 2]) > 0.5) + 2
    return [part.astype(np.float32) for part in np.split(positions, ends)]


def continuation(stroke3: Array, given: int) -> list[NDArray[np.float32]]:
    """The polylines that stroke-3 [n, 3] has beyond its first `given` points, where the whole has them."""
    lines = stroke3_to_polylines(stroke3[given:])
    if lines and given and stroke3[given - 1, 2] > 0.5:
        lines[0] = lines[0][1:]  # the pen was up on the way to the first point
    start = np.asarray(stroke3)[:given, :2].sum(axis=0, dtype=np.float64)
    return [(line + start).astype(np.float32) for line in lines]


def polylines_to_stroke3(polylines: Sequence[Array]) -> NDArray[np.float32]:
    """stroke-3 [n, 3] of absolute polylines, moved so that the first point is the origin.

    Empty polylines are skipped. A first polyline of a single point becomes one zero offset, since
    the start point itself is not stored; everything else survives the way there and back.
    """
    parts = [np.asarray(line, dtype=np.float64) for line in polylines if len(line) > 0]
    if not parts:
        return np.zeros((0, 3), dtype=np.float32)
    if len(parts[0]) == 1:
        parts[0] = np.repeat(parts[0], 2, axis=0)
    positions = np.concatenate(parts)
    lifts = np.concatenate([np.arange(len(part)) == len(part) - 1 for part in parts])
    return np.column_stack([np.diff(positions, axis=0), lifts[1:]]).astype(np.float32)


def stroke3_to_stroke5(stroke3: Array, length: int) -> NDArray[np.float32]:
    """stroke-5 [length, 5] of a stroke-3 array [n, 3], padded with (0, 0, 0, 0, 1).

    Raises ValueError if the sketch has more than `length` points.
    """
    n = len(stroke3)
    if n > length:
        raise ValueError(f"a sketch of {n} points does not fit in {length}")
    stroke5 = np.zeros((length, 5), dtype=np.float32)
    stroke5[:n, :2] = stroke3[:, :2]
    stroke5[:n, 2] = stroke3[:, 2] < 0.5
    stroke5[:n, 3] = stroke3[:, 2] >= 0.5
    stroke5[n:, 4] = 1
    return stroke5


def stroke5_to_stroke3(stroke5: Array) -> NDArray[np.float32]:
    """stroke-3 [n, 3] of a stroke-5 array [length, 5], cut at its first end of sketch."""
    ended = np.asarray(stroke5[:, 4]) > 0.5
    n = int(np.argmax(ended)) if ended.any() else len(stroke5)
    return np.column_stack([stroke5[:n, :2], stroke5[:n, 3] > 0.5]).astype(np.float32)


def bounds(stroke3: Array) -> tuple[float, float, float, float]:
    """(left, top, right, bottom) of the drawn points, the start point among them."""
    positions = np.cumsum(np.asarray(stroke3)[:, :2], axis=0, dtype=np.float64)
    positions = np.vstack([np.zeros((1, 2)), positions])
    left, top = positions.min(axis=0)
    right, bottom = positions.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def stroke_count(stroke3: Array) -> int:
    """How many polylines the drawing has (the last one counts with or without its lift)."""
    if len(stroke3) == 0:
        return 0
    return int(np.count_nonzero(np.asarray(stroke3[:-1, 2]) > 0.5)) + 1
