"""How a drawing looks: one way to paint a sketch, from thumbnail to full view."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from core.sketch import bounds, stroke3_to_polylines

LINE_WIDTH = 0.014
"""Of the side of the square a sketch is fitted into."""
MARGIN = 0.09
"""Of that side, left free all around."""
LEAST_EXTENT = 60.0
"""Data units: a smaller drawing is not blown up beyond what this one would be."""


def sketch_path(stroke3: NDArray[np.float32]) -> QPainterPath:
    """The drawing in data units; a polyline of one point is a dot."""
    path = QPainterPath()
    for line in stroke3_to_polylines(stroke3):
        points = [QPointF(x, y) for x, y in line.tolist()]
        if len(points) == 1:
            points.append(points[0] + QPointF(0.01, 0))  # a round cap needs some length
        path.addPolygon(QPolygonF(points))
    return path


def fit(stroke3: NDArray[np.float32], target: QRectF) -> QTransform:
    """Data units -> the largest centred square of `target`, margins left free."""
    left, top, right, bottom = bounds(stroke3)
    side = min(target.width(), target.height())
    scale = side * (1 - 2 * MARGIN) / max(right - left, bottom - top, LEAST_EXTENT)
    centre = target.center()
    transform = QTransform()
    transform.translate(centre.x(), centre.y())
    transform.scale(scale, scale)
    transform.translate(-(left + right) / 2, -(top + bottom) / 2)
    return transform


def paint_path(painter: QPainter, path: QPainterPath, transform: QTransform, side: float, ink: QColor) -> None:
    """Draw a path of data units with a pen of a width relative to `side` pixels."""
    pen = QPen(ink, max(1.0, side * LINE_WIDTH))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.strokePath(transform.map(path), pen)


def paint_sketch(painter: QPainter, stroke3: NDArray[np.float32], target: QRectF, ink: QColor) -> None:
    """Draw a whole sketch, fitted into `target`."""
    if len(stroke3):
        side = min(target.width(), target.height())
        paint_path(painter, sketch_path(stroke3), fit(stroke3, target), side, ink)
