"""Round marks on the map: the current code, the frames of a path, neighbours."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import ArrayLike
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget


class Marks(QGraphicsObject):
    """A few circles of a constant size at map positions.

    pyqtgraph's ScatterPlotItem takes a millisecond a frame even for a single one, and clicks away from the map.
    """

    def __init__(self, box: pg.ViewBox, depth: int, size: float, pen: Any, brush: Any = None) -> None:
        super().__init__(box)
        self._box, self._size = box, size
        self._places: list[QPointF] = []
        self.set_look(pen, brush)
        self.setZValue(depth)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.sigRangeChanged.connect(self._on_view_changed)
        box.sigResized.connect(self.prepareGeometryChange)

    def set_look(self, pen: Any, brush: Any = None) -> None:
        """Any pen and brush that pyqtgraph makes; no brush leaves the inside open."""
        self._pen, self._brush = pg.mkPen(pen), pg.mkBrush(brush)
        self.update()

    def set_places(self, places: ArrayLike) -> None:
        """Map positions [K, 2]."""
        self._places = [QPointF(x, y) for x, y in np.reshape(places, (-1, 2)).tolist()]
        self.update()

    def clear(self) -> None:
        self.set_places([])

    def _on_view_changed(self) -> None:
        self.update()

    def boundingRect(self) -> QRectF:
        return self._box.rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        to_box = self._box.childTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.setBrush(self._brush)
        for place in self._places:
            painter.drawEllipse(to_box.map(place), self._size / 2, self._size / 2)
