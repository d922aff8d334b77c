"""Drawings as they were drawn become stroke-3, the way the published files were prepared.

Source: https://github.com/googlecreativelab/quickdraw-dataset#preprocessed-dataset. Aligned to the top
left of a box and scaled to its size, resampled with a spacing of one, simplified by
Ramer-Douglas-Peucker with epsilon 2. Raw drawings prepared so are those of the published simplified
files, but for ties in the last digit.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError
from core.sketch import polylines_to_stroke3

Line = NDArray[np.floating[Any]] | NDArray[np.integer[Any]]
SHORT = 100
"""Points that are looked at one by one; more of them by NumPy."""
MAX_WORK = 20_000
"""Points, or length in units of the box: a drawing beyond it is left unsimplified, longer than any N_max."""


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """The steps; each can be left out."""

    size: float | None = 255.0
    """Largest coordinate once a drawing is aligned to the top left of its box, which has 256 units."""
    min_points: int = 2
    """Strokes of fewer points, as they were drawn, are dropped; 1 keeps all."""
    spacing: float | None = 1.0
    """Distance of resampled points, in units of the box; for drawings as the mouse reported them."""
    epsilon: float | None = 2.0
    """Largest distance, in units of the box, of a point that Ramer-Douglas-Peucker leaves out."""

    def __post_init__(self) -> None:
        for name in ("size", "spacing", "epsilon"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1e4:
                raise ConfigError(f"{name} must be above 0 and below 10,000, not {value}.")
        if self.min_points < 1:
            raise ConfigError(f"min_points must be 1 or more, not {self.min_points}.")


RAW = Preprocessing()
"""For drawings as the mouse or another program made them."""
DRAWN_IN_LINES = Preprocessing(spacing=None)
"""For drawings whose points are the corners of lines."""
PUBLISHED = Preprocessing(size=None, min_points=1, spacing=None, epsilon=None)
"""For files whose publisher took these steps: doing so again, after rounding, would lose more points."""


def preprocess(polylines: Sequence[Line], steps: Preprocessing = RAW) -> NDArray[np.int16]:
    """stroke-3 [n, 3] of absolute polylines [k, 2]; [0, 3] if nothing is left of them."""
    lines = [np.asarray(line, dtype=np.float64) for line in polylines if len(line) >= steps.min_points]
    if not lines:
        return np.zeros((0, 3), dtype=np.int16)
    if steps.size is not None:
        lines = align(lines, steps.size)
    work = sum(len(line) + _length(line) / (steps.spacing or np.inf) for line in lines)
    if work <= MAX_WORK:
        if steps.spacing is not None:
            lines = [resample(line, steps.spacing) for line in lines]
        if steps.epsilon is not None:
            lines = [line[simplified(line, steps.epsilon)] for line in lines]
    else:
        lines = [np.repeat(line, -(-MAX_WORK // sum(map(len, lines))), axis=0) for line in lines]
    # Positions are rounded, not offsets, so that errors do not add up.
    limit = np.iinfo(np.int16).max // 2
    return polylines_to_stroke3([np.clip(np.rint(line), -limit, limit) for line in lines]).astype(np.int16)


def align(lines: Sequence[Line], size: float) -> list[NDArray[np.float64]]:
    """`lines` moved and scaled alike, so that the least x and y are 0 and the largest coordinate is `size`."""
    points = np.concatenate(lines)
    low = points.min(axis=0)
    extent = float((points.max(axis=0) - low).max())
    return [(line - low) * (size / extent if extent > 0 else 1.0) for line in lines]


def resample(line: Line, spacing: float) -> NDArray[np.float64]:
    """Points along `line` [k, 2] at multiples of `spacing`, and its end. A dot stays as two points."""
    distance = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.append(np.arange(0.0, distance[-1], spacing), distance[-1])
    if len(at) == 1:
        return np.repeat(np.asarray(line[:1], dtype=np.float64), min(2, len(line)), axis=0)
    return np.column_stack([np.interp(at, distance, line[:, axis]) for axis in (0, 1)])


def simplified(line: Line, epsilon: float) -> NDArray[np.bool_]:
    """Which points of `line` [k, 2] Ramer-Douglas-Peucker keeps: those of the package `rdp`, sooner."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    points = np.asarray(line, dtype=np.float64)
    xs, ys = points.T.tolist()
    waiting = [(0, len(line) - 1)]
    while waiting:
        first, last = waiting.pop()
        if last - first < 2:
            continue
        if last - first < SHORT:
            distance, middle = _farthest(xs, ys, first, last)
        else:
            distance, middle = _farthest_of_many(points, first, last)
        if distance > epsilon:
            keep[middle] = True
            waiting += [(first, middle), (middle, last)]
    return keep


def _farthest(xs: list[float], ys: list[float], first: int, last: int) -> tuple[float, int]:
    """Distance and index of the first of the points between that are farthest from the line through two.

    From the point itself where they coincide, as in a closed stroke. In plain Python, which for a few
    points is several times as fast as NumPy.
    """
    x, y = xs[first], ys[first]
    along_x, along_y = xs[last] - x, ys[last] - y
    length = math.sqrt(along_x * along_x + along_y * along_y)
    best, middle = 0.0, first
    for i in range(first + 1, last):
        dx, dy = x - xs[i], y - ys[i]
        distance = abs(along_x * dy - along_y * dx) / length if length else math.sqrt(dx * dx + dy * dy)
        if distance > best:
            best, middle = distance, i
    return best, middle


def _farthest_of_many(points: NDArray[np.float64], first: int, last: int) -> tuple[float, int]:
    """The same for long lines."""
    along_x, along_y = points[last] - points[first]
    dx, dy = (points[first] - points[first + 1 : last]).T
    length = math.sqrt(along_x * along_x + along_y * along_y)
    distance = np.abs(along_x * dy - along_y * dx) / length if length else np.sqrt(dx * dx + dy * dy)
    middle = int(distance.argmax())
    return float(distance[middle]), first + 1 + middle


def _length(line: NDArray[np.float64]) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())
