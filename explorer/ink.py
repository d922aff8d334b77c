"""How a drawing looks: one way to paint a sketch, from thumbnail to full view."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from core.picture import LINE_WIDTH, placement
from core.sketch import continuation, stroke3_to_polylines


def sketch_path(stroke3: NDArray[np.float32]) -> QPainterPath:
    """The drawing in data units."""
    return lines_path(stroke3_to_polylines(stroke3))


def continuation_path(stroke3: NDArray[np.float32], given: int) -> QPainterPath:
    """What the drawing has beyond its first `given` points; `sketch_path` of those is the rest of it."""
    return lines_path(continuation(stroke3, given))


def lines_path(lines: Sequence[NDArray[np.floating]], dot: float = 0.01) -> QPainterPath:
    """Polylines [k, 2] as a path; one of a single point becomes `dot` long, since a round cap needs some length."""
    path = QPainterPath()
    for line in lines:
        points = [QPointF(x, y) for x, y in line.tolist()]
        if len(points) == 1:
            points.append(points[0] + QPointF(dot, 0))
        path.addPolygon(QPolygonF(points))
    return path


def fit(stroke3: NDArray[np.float32], target: QRectF) -> QTransform:
    """Data units -> the largest centred square of `target`, margins left free."""
    scale, x, y = placement(stroke3)
    side = min(target.width(), target.height())
    corner = target.center() - QPointF(side / 2, side / 2)
    return QTransform(side * scale, 0, 0, side * scale, corner.x() + side * x, corner.y() + side * y)


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


def paint_lines(painter: QPainter, lines: Sequence[NDArray[np.floating]], target: QRectF, ink: QColor) -> None:
    """Draw polylines [k, 2] of the unit square, as `core.picture` and `core.morph` make them, in `target`'s square."""
    side = min(target.width(), target.height())
    corner = target.center() - QPointF(side / 2, side / 2)
    transform = QTransform(side, 0, 0, side, corner.x(), corner.y())
    paint_path(painter, lines_path(lines, 1e-4), transform, side, ink)
