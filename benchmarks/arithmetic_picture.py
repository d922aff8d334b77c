"""Rows of a - b + c as the model draws them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter

from explorer.ink import paint_sketch
from explorer.theme import LIGHT

CELL, TEXT, MARGIN, GAP = 120, 20, 24, 56


@dataclass(frozen=True, eq=False)
class Analogy:
    """a, b, c by name, and what the model drew for a, b, c and a - b + c."""

    names: tuple[str, str, str]
    drawings: tuple[NDArray[np.float32], ...]


def paint(left: Sequence[Analogy], right: Sequence[Analogy], path: Path) -> None:
    """A picture of two columns of analogies."""
    application = QGuiApplication.instance() or QGuiApplication(sys.argv[:1])
    block = 4 * CELL + 3 * TEXT
    rows = max(len(left), len(right))
    image = QImage(2 * (MARGIN + block) + GAP, 2 * MARGIN + rows * (CELL + TEXT), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(1)
    image.fill(QColor(LIGHT.paper))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    font = QFont(application.font())
    font.setPixelSize(13)
    painter.setFont(font)
    for column, analogies in enumerate((left, right)):
        for row, analogy in enumerate(analogies):
            corner = (MARGIN + column * (block + GAP), MARGIN + row * (CELL + TEXT))
            _row(painter, analogy, *corner)
    painter.end()
    if not image.save(str(path)):
        raise SystemExit(f"{path} cannot be written.")


def _row(painter: QPainter, analogy: Analogy, left: float, top: float) -> None:
    for i, (sign, name) in enumerate(zip(("", "−", "+", "="), (*analogy.names, ""), strict=True)):
        x = left + i * (CELL + TEXT)
        if i == 3:
            painter.fillRect(QRectF(x, top, CELL, CELL), QColor(LIGHT.panel))
        paint_sketch(painter, analogy.drawings[i], QRectF(x, top, CELL, CELL), QColor(LIGHT.ink))
        painter.setPen(QColor(LIGHT.ink))
        painter.drawText(QRectF(x - TEXT, top, TEXT, CELL), Qt.AlignmentFlag.AlignCenter, sign)
        painter.setPen(QColor(LIGHT.faint))
        painter.drawText(QRectF(x, top + CELL - 4, CELL, TEXT), Qt.AlignmentFlag.AlignCenter, name)
