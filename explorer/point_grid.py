"""Points in the order of a grid's cells: a view then touches only the points near it."""

import numpy as np
from numpy.typing import NDArray

CELLS = 128
"""A side; the number of a cell then fits 16 bits, which NumPy sorts in linear time."""
CROWDED = 0.9
"""The share of points whose surroundings are less crowded than those that dots are made for."""

Floats = NDArray[np.float32]


class PointGrid:
    """N points sorted by cell, row by row, so that what a view needs is one run of points a row of cells."""

    def __init__(self, positions: Floats) -> None:
        """`positions` [N, 2], finite."""
        self.low = positions.min(axis=0) if len(positions) else np.zeros(2, np.float32)
        extent = np.ptp(positions, axis=0) if len(positions) else np.ones(2, np.float32)
        self._per_unit = CELLS / np.maximum(extent, 1e-9)
        cells = self._cells(positions).astype(np.uint16)
        numbers = cells[:, 1] * np.uint16(CELLS) + cells[:, 0]
        self.order = np.argsort(numbers, kind="stable")
        """[N]: index of the point at each place of the order."""
        self.x, self.y = (np.ascontiguousarray(axis[self.order]) for axis in positions.T)
        counts = np.bincount(numbers, minlength=CELLS * CELLS)
        self._starts = np.concatenate([[0], np.cumsum(counts)])
        self.spacing = self._crowded_spacing(counts)
        """Map units between neighbours where it is crowded."""

    def __len__(self) -> int:
        return len(self.order)

    def within(self, left: float, bottom: float, right: float, top: float) -> list[slice]:
        """Places of the order that hold all points of a rectangle in map units, and few others."""
        corners = self._cells(np.array([[left, bottom], [right, top]]))
        (first, low), (last, high) = corners.tolist()
        if first == 0 and last == CELLS - 1:
            return [slice(int(self._starts[low * CELLS]), int(self._starts[(high + 1) * CELLS]))]
        rows = np.arange(low, high + 1) * CELLS
        return [
            slice(start, stop)
            for start, stop in zip(
                self._starts[rows + first].tolist(), self._starts[rows + last + 1].tolist(), strict=True
            )
            if start < stop
        ]

    def _cells(self, places: NDArray[np.floating]) -> NDArray[np.int32]:
        return ((places - self.low) * self._per_unit).clip(0, CELLS - 1).astype(np.int32)

    def _crowded_spacing(self, counts: NDArray[np.int64]) -> float:
        """1 / sqrt(density) at the CROWDED quantile of the points' own cells."""
        if not len(self):
            return 1.0
        taken = np.sort(counts[counts > 0])
        rank = np.searchsorted(np.cumsum(taken), CROWDED * len(self))
        return float(1 / np.sqrt(taken[min(rank, len(taken) - 1)] * np.prod(self._per_unit)))
