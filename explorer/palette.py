"""Colours of the map's points: told apart by colour-blind eyes too, on light and on dark paper."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

Bytes = NDArray[np.uint8]

CATEGORY_COLOURS = (
    # Okabe & Ito (2008), the near-black one left out: it would vanish in the dark theme.
    "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00", "#c9b82b",
    # Tol's "muted" (2018) and darker mixtures, for more than seven categories.
    "#882255", "#44aa99", "#7a77c8", "#999933", "#aa4499", "#117733", "#8c6239", "#7f8a93", "#dd6b7a",
)  # fmt: skip
SHADES = (100, 135, 72)
"""Percent of lightness: the colours as they are, then lighter, then darker, for more than sixteen categories."""
USED = {False: (0.98, 0.10), True: (0.14, 1.0)}
"""What part of viridis numbers run through, by whether the theme is dark: high values stand out from the paper."""


def category_colour(label: int) -> QColor:
    """The colour of a category: sixteen, in three shades; then they come round again."""
    turn, which = divmod(label, len(CATEGORY_COLOURS))
    return QColor(CATEGORY_COLOURS[which]).lighter(SHADES[turn % len(SHADES)])


@cache
def class_rgba(count: int) -> Bytes:
    """[count, 4]: the colours of the first `count` categories."""
    return np.array([category_colour(label).getRgb() for label in range(count)], dtype=np.uint8).reshape(-1, 4)


@cache
def number_rgba(*, dark: bool) -> Bytes:
    """[256, 4]: the colours of numbers from low to high, from viridis (van der Walt & Smith 2015)."""
    import pyqtgraph

    table = pyqtgraph.colormap.get("viridis")
    return table.map(np.linspace(*USED[dark], 256), mode=pyqtgraph.ColorMap.BYTE)
