"""Smooth morphing between sketches, and along a whole film of them.

Lines are in the unit square, placed by `core.picture`, so that a sketch looks the same in a still and
in an animation. A morph is linear in t between two sets of polylines with equally many points: whoever
animates (a timer, a GIF, SVG's own interpolation) needs only the two ends.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.picture import in_unit_square
from core.sketch import Array

Polylines = list[NDArray[np.float64]]
"""Each [k, 2] with k >= 1."""

LEG_SECONDS = 0.25
"""How long an animation takes from one sketch of a film to the next."""
SAMPLES = 16
"""Points of a stroke, evenly spaced along it, by which strokes are compared."""


class Morph:
    """Two sketches, prepared once; `at` then takes less than 0.1 ms.

    Strokes are matched in order. Those of the sketch that has fewer each get a partner in the other,
    chosen so that they move least; one drawn in the opposite direction is turned around. The points of
    two partners are both strokes' own, wherever they are along the arc, so that no corner is lost. A
    stroke without partner grows out of the other sketch's ink, at the point nearest to it, or shrinks
    into it: nothing appears of a sudden.
    """

    def __init__(self, before: Array, after: Array) -> None:
        """Of two sketches in stroke-3, [n, 3] and [m, 3]; either may be empty."""
        self._ends = in_unit_square(before), in_unit_square(after)
        pairs = _pairs(*self._ends)
        self.before: Polylines = [first for first, _ in pairs]
        """The first sketch, with as many polylines of as many points as `after`; as a picture it is the same."""
        self.after: Polylines = [second for _, second in pairs]
        """The second sketch likewise."""
        self._splits = np.cumsum([len(line) for line in self.before])[:-1]
        self._origin = np.concatenate([np.zeros((0, 2)), *self.before])
        self._step = np.concatenate([np.zeros((0, 2)), *self.after]) - self._origin

    def at(self, t: float) -> Polylines:
        """The polylines at t: the first sketch's own at t <= 0, the second's at t >= 1, linear between."""
        if t <= 0 or t >= 1:
            return list(self._ends[0 if t <= 0 else 1])
        if not self.before:
            return []
        return np.split(self._origin + t * self._step, self._splits)


class MorphedFilm:
    """Sketches one after the other, each morphing into the next; a pair is prepared when it is first seen."""

    def __init__(self, sketches: Sequence[Array]) -> None:
        """Of sketches in stroke-3 [n, 3]. Raises ValueError if there is none."""
        if not sketches:
            raise ValueError("a film needs at least one sketch")
        self._sketches = list(sketches)
        self._legs: dict[int, Morph] = {}

    @property
    def legs(self) -> int:
        """How many morphs lie between the first and the last sketch."""
        return len(self._sketches) - 1

    def leg(self, number: int) -> Morph:
        """The morph from sketch `number` to the next."""
        if number not in self._legs:
            self._legs[number] = Morph(self._sketches[number], self._sketches[number + 1])
        return self._legs[number]

    def at(self, t: float) -> Polylines:
        """The polylines at time t in [0, legs], clipped to it; sketch i is at t = i."""
        t = min(max(t, 0.0), float(self.legs))
        if self.legs == 0:
            return in_unit_square(self._sketches[0])
        number = min(int(t), self.legs - 1)
        return self.leg(number).at(t - number)


def _pairs(before: Polylines, after: Polylines) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Polylines of equally many points, side by side, in the order of the strokes."""
    if len(before) > len(after):
        return [(second, first) for first, second in _pairs(after, before)]
    few, many = _sampled(before), _sampled(after)
    straight = np.square(few[:, None] - many).sum(axis=(2, 3))
    turned = np.square(few[:, None] - many[:, ::-1]).sum(axis=(2, 3))
    partner = {column: row for row, column in enumerate(_in_order(np.minimum(straight, turned)))}
    pairs = []
    for column, line in enumerate(after):
        row = partner.get(column)
        if row is None:
            root = _nearest(few.reshape(-1, 2), many[column])
            pairs.append((np.repeat(root[None], len(line), axis=0), line))
        else:
            pairs.append(_matched(before[row], line[::-1] if turned[row, column] < straight[row, column] else line))
    return pairs


def _in_order(costs: NDArray[np.float64]) -> list[int]:
    """For each row of [m, n], m <= n, a column: increasing ones of the least sum, by dynamic programming."""
    rows, columns = costs.shape
    least = np.full((rows + 1, columns + 1), np.inf)
    least[0] = 0
    for row in range(rows):
        # Row r takes column c after the best that the rows before it do with the columns before c.
        least[row + 1, 1:] = np.minimum.accumulate(least[row, :-1] + costs[row])
    chosen: list[int] = []
    column = columns
    for row in range(rows, 0, -1):
        column = int(np.argmax(least[row, : column + 1] == least[row, column])) - 1
        chosen.append(column)
    return chosen[::-1]


def _matched(a: NDArray[np.float64], b: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two polylines at the shares of arc length where either of them has a point."""
    shares = np.union1d(_along(a), _along(b))
    return _at_shares(a, shares), _at_shares(b, shares)


def _along(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far along [k, 2] each point lies, from 0 to 1; zeros if the line never leaves its point."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    return lengths / lengths[-1] if lengths[-1] > 0 else lengths


def _at_shares(line: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    along = _along(line)
    return np.column_stack([np.interp(shares, along, line[:, axis]) for axis in (0, 1)])


def _sampled(lines: Polylines) -> NDArray[np.float64]:
    """[n, SAMPLES, 2], evenly spaced along each polyline."""
    shares = np.linspace(0, 1, SAMPLES)
    return np.array([_at_shares(line, shares) for line in lines]).reshape(-1, SAMPLES, 2)


def _nearest(ink: NDArray[np.float64], stroke: NDArray[np.float64]) -> NDArray[np.float64]:
    """The point of `ink` [n, 2] nearest to one of `stroke` [k, 2]; the stroke's middle if there is no ink."""
    if not len(ink):
        return stroke[len(stroke) // 2]
    distances = np.square(ink[:, None] - stroke[None]).sum(axis=2).min(axis=1)
    return ink[int(np.argmin(distances))]
