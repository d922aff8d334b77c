"""The numbered control points of a path, to be taken hold of."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from explorer.theme import LiveTheme, Theme

RADIUS = 8.5
"""Pixels."""


class Grips(QGraphicsObject):
    """Circles with numbers, of a constant size; the ends are filled."""

    def __init__(self, box: pg.ViewBox, theme: Theme | LiveTheme) -> None:
        super().__init__(box)
        self._box, self._theme = box, theme
        self.places: list[tuple[float, float]] = []
        """On the map."""
        self.chosen: int | None = None
        self._hovered: int | None = None
        self.setZValue(12)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self.hide()
        box.sigRangeChanged.connect(self._on_view_changed)
        box.sigResized.connect(self.prepareGeometryChange)

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        self._theme = theme
        self.update()

    def set_places(self, places: Sequence[tuple[float, float]]) -> None:
        self.places = list(places)
        if self.chosen is not None and self.chosen >= len(places):
            self.chosen = None
        self.update()

    def choose(self, number: int | None) -> None:
        """Make a control point the one that keys mean."""
        self.chosen = number
        self.update()

    def set_hovered(self, number: int | None) -> None:
        if number != self._hovered:
            self._hovered = number
            self.update()

    def at(self, place: QPointF, reach: float) -> int | None:
        """The control point nearest to a place of the map, if it is within `reach` (map units)."""
        if not self.places:
            return None
        distances = np.hypot(*(np.array(self.places) - (place.x(), place.y())).T)
        nearest = int(distances.argmin())
        return nearest if distances[nearest] <= reach else None

    def _on_view_changed(self) -> None:
        self.update()

    def boundingRect(self) -> QRectF:
        return self._box.rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPixelSize(10)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        for number in range(len(self.places)):
            self._paint_one(painter, number)

    def _paint_one(self, painter: QPainter, number: int) -> None:
        ink, paper = QColor(self._theme.ink), QColor(self._theme.paper)
        if number in (self.chosen, self._hovered):
            ink = QColor(self._theme.accent)
        end = number in (0, len(self.places) - 1)
        middle = self._box.childTransform().map(QPointF(*self.places[number]))
        radius = RADIUS + (1.5 if number == self._hovered else 0)
        painter.setPen(QPen(paper, 4))
        painter.drawEllipse(middle, radius, radius)
        painter.setPen(QPen(ink, 1.5))
        painter.setBrush(ink if end else paper)
        painter.drawEllipse(middle, radius, radius)
        painter.setPen(paper if end else ink)
        area = QRectF(middle - QPointF(radius, radius), middle + QPointF(radius, radius))
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, str(number + 1))
