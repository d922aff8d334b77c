"""The outline that the select tool drags on the map: a rectangle, or a lasso."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainterPath, QPolygonF
from PySide6.QtWidgets import QGraphicsPathItem

from core.selection import Combine, rectangle
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

FINENESS = 1.5
"""Pixels between two corners of a lasso."""


def how_to_combine(modifiers: Qt.KeyboardModifier) -> Combine:
    """Shift adds to what is selected, Ctrl takes away from it."""
    if modifiers & Qt.KeyboardModifier.ControlModifier:
        return Combine.SUBTRACT
    return Combine.ADD if modifiers & Qt.KeyboardModifier.ShiftModifier else Combine.REPLACE


class Marquee(QObject):
    """Draws the outline while it is dragged, and selects what is inside when it is let go."""

    shape_changed = Signal()

    def __init__(self, studio: Studio, box: pg.ViewBox, theme: Theme | LiveTheme) -> None:
        super().__init__(box)
        self._studio, self._box = studio, box
        self.lasso = False
        """Whether a free outline is drawn, not a rectangle."""
        self._corners: list[QPointF] = []
        self._item = QGraphicsPathItem()
        self._item.setZValue(12)
        self._item.hide()
        box.addItem(self._item, ignoreBounds=True)
        self.set_theme(theme)

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        """Take the colours of a theme."""
        veil = QColor(theme.accent)
        veil.setAlpha(28)
        self._item.setPen(pg.mkPen(theme.accent, width=1.5))
        self._item.setBrush(veil)

    def set_lasso(self, lasso: bool) -> None:
        self.lasso = lasso
        self.shape_changed.emit()

    def press(self, at: QPointF, reach: float, modifiers: Qt.KeyboardModifier) -> None:
        """A click: the drawing there is selected, added or taken away; a click beside all drawings clears."""
        opened, how = self._studio.current, how_to_combine(modifiers)
        if opened is None:
            return
        index, distance = opened.navigator.on_map(at.x(), at.y(), self._studio.showing.mask)
        if distance <= reach:
            self._studio.selection.pick_one(index, how)
        elif how is Combine.REPLACE:
            self._studio.selection.clear()

    def drag(self, start: QPointF, end: QPointF, released: bool, modifiers: Qt.KeyboardModifier) -> None:
        """The pointer has come from `start` to `end` (map units)."""
        if not self.lasso:
            corners = rectangle(start.x(), start.y(), end.x(), end.y())
            self._corners = [QPointF(x, y) for x, y in corners.tolist()]
        else:
            if not self._item.isVisible():
                self._corners = [start]
            step = end - self._corners[-1]
            if step.manhattanLength() > FINENESS * float(self._box.viewPixelSize()[0]):
                self._corners.append(end)
        path = QPainterPath()
        path.addPolygon(QPolygonF(self._corners))
        path.closeSubpath()
        self._item.setPath(path)
        self._item.setVisible(not released)
        if released:
            outline = np.array([corner.toTuple() for corner in self._corners])
            self._studio.selection.pick(outline, how_to_combine(modifiers))
