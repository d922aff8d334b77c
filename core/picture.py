"""How a drawing is fitted into a picture: one placing and one line width, on screen and on paper."""

import numpy as np
from numpy.typing import NDArray

from core.sketch import Array, bounds, stroke3_to_polylines

INK, PAPER = "#26221c", "#fbf8f2"
"""Of the light theme, and of every picture that leaves the program: a file has no dark mode."""
SKETCH_SIDE, FRAME_SIDE, ANIMATION_SIDE = 1024, 256, 400
"""Pixels a side in files: of a sketch, of a frame of a filmstrip, of an animation."""
LINE_WIDTH = 0.014
"""Of the side of the square a sketch is fitted into."""
MARGIN = 0.09
"""Of that side, left free all around."""
LEAST_EXTENT = 60.0
"""Data units: a smaller drawing is not blown up beyond what this one would be."""


def placement(stroke3: Array) -> tuple[float, float, float]:
    """(scale, x, y): data units times `scale`, plus (x, y), are within the unit square, centred, with margins."""
    left, top, right, bottom = bounds(stroke3)
    scale = (1 - 2 * MARGIN) / max(right - left, bottom - top, LEAST_EXTENT)
    return scale, 0.5 - scale * (left + right) / 2, 0.5 - scale * (top + bottom) / 2


def in_unit_square(stroke3: Array) -> list[NDArray[np.float64]]:
    """The polylines [k, 2] of stroke-3 [n, 3], fitted into the unit square; y grows downwards."""
    scale, x, y = placement(stroke3)
    return [scale * line.astype(np.float64) + (x, y) for line in stroke3_to_polylines(stroke3)]
