"""Contact sheets: rows of sketches under one another, ink on paper, one line width for all."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.picture import LINE_WIDTH, in_unit_square
from core.sketch import Array
from trainer.figures import INK, PALE_INK, new_figure

CELL = 0.9
"""Inches a side."""
LABEL_CELLS = 1.6
"""Room for the rows' names, in cells."""
LABEL_LETTERS = 22
DOT = 1e-2
"""Length of a stroke that never leaves its point, which round caps make a dot."""


@dataclass(frozen=True, eq=False)
class SheetRow:
    """Sketches side by side."""

    label: str
    sketches: Sequence[Array]
    """stroke-3 [n, 3] each."""
    original: bool = False
    """Whether they are data; these are paler."""


def draw_sheet(rows: Sequence[SheetRow]) -> Figure:
    """A sheet of `rows`, at least one; each sketch fills its cell, whatever its size."""
    columns = max(len(row.sketches) for row in rows)
    figure = new_figure(CELL * (columns + LABEL_CELLS), CELL * len(rows), layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-LABEL_CELLS, columns), ylim=(len(rows), 0))  # y grows downwards, as in the drawings
    axes.axis("off")
    for number, row in enumerate(rows):
        label = textwrap.fill(row.label, LABEL_LETTERS)
        axes.text(-0.1, number + 0.5, label, ha="right", va="center", color=INK, fontsize=8)
        lines = [line for column, sketch in enumerate(row.sketches) for line in _placed(sketch, column, number)]
        colour = PALE_INK if row.original else INK
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=72 * CELL * LINE_WIDTH, capstyle="round", joinstyle="round")
        )
    return figure


def _placed(sketch: Array, column: int, row: int) -> list[NDArray[np.float64]]:
    """The polylines of `sketch` in the cell of so many cells to the right and down."""
    lines = [line + np.array([column, row]) for line in in_unit_square(sketch)]
    return [line if np.ptp(line, axis=0).any() else line[0] + np.array([[0, 0], [DOT, 0]]) for line in lines]
