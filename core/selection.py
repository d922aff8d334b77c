"""Picking drawings on the map: rectangles and lassos, and what they do to what was picked before."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


class Combine(Enum):
    """What becomes of the drawings that are selected already."""

    REPLACE = "replace"
    ADD = "add"
    SUBTRACT = "subtract"


def combine(selected: Mask, picked: Mask, how: Combine) -> Mask:
    """The new selection [N] from the old one and the drawings just picked."""
    if how is Combine.ADD:
        return selected | picked
    if how is Combine.SUBTRACT:
        return selected & ~picked
    return picked


def in_polygon(positions: NDArray[np.floating], polygon: NDArray[np.floating]) -> Mask:
    """[N]: which positions [N, 2] a closed polygon [K, 2] encloses, by the even-odd rule.

    A ray from the position to the right crosses the outline an odd number of times if it is inside
    (Shimrat 1962). Positions are sorted by y, so that each edge looks only at those at its own height.
    """
    inside = np.zeros(len(positions), dtype=bool)
    if len(polygon) < 3:
        return inside
    outline = polygon.astype(np.float64)
    low, high = outline.min(axis=0), outline.max(axis=0)
    near = np.flatnonzero(((positions >= low) & (positions <= high)).all(axis=1))
    near = near[np.argsort(positions[near, 1])]
    x, y = positions[near].astype(np.float64).T
    odd = np.zeros(len(near), dtype=bool)
    for (x1, y1), (x2, y2) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        first, last = np.searchsorted(y, sorted((y1, y2)))  # from the lower end on, the upper end not: no corner twice
        if first < last:
            across = x1 + (y[first:last] - y1) * ((x2 - x1) / (y2 - y1))
            odd[first:last] ^= x[first:last] < across
    inside[near[odd]] = True
    return inside


def rectangle(x1: float, y1: float, x2: float, y2: float) -> NDArray[np.float64]:
    """The polygon [4, 2] of a rectangle between two corners."""
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], dtype=np.float64)
