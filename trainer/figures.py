"""Pictures by matplotlib, without its global state: ink on paper, saved as SVG and as PNG."""

from pathlib import Path
from typing import Literal

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from core.checkpoint import write_atomically

PAPER = "#faf7f0"
INK = "#2b2926"
PALE_INK = "#8a847a"
CATEGORY_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe & Ito's, which the colour-blind can tell apart; the strongest first."""
PNG_DPI = 144
_STYLE = {
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "sketch-explorer",  # the same picture is the same file
}


def new_figure(width: float, height: float, layout: Literal["constrained"] | None = "constrained") -> Figure:
    """An empty figure of so many inches; laid out so that nothing overlaps, unless its maker does that."""
    return Figure(figsize=(width, height), facecolor=PAPER, layout=layout)


def save_figure(figure: Figure, path: Path) -> list[Path]:
    """Write `path` with .svg and with .png; what was written. Raises CheckpointError if it cannot be."""
    written = []
    for kind, metadata in (("svg", {"Date": None}), ("png", {})):
        target = path.with_name(f"{path.name}.{kind}")

        def save(temporary: Path, kind: str = kind, metadata: dict = metadata) -> None:
            with matplotlib.rc_context(_STYLE):
                figure.savefig(temporary, format=kind, dpi=PNG_DPI, metadata=metadata)

        write_atomically(target, save)
        written.append(target)
    return written


def pixels(figure: Figure) -> NDArray[np.uint8]:
    """The picture as [height, width, 4], red, green, blue and opacity."""
    with matplotlib.rc_context(_STYLE):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
    return np.array(canvas.buffer_rgba())
