"""How a drawing looks: one way to paint a sketch, from thumbnail to full view."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from core.picture import LINE_WIDTH, placement
from core.sketch import stroke3_to_polylines

DOT = 1e-4
"""Length of a dot in the unit square: a round cap needs some."""


def sketch_path(stroke3: NDArray[np.float32]) -> QPainterPath:
    """The drawing in data units."""
    return lines_path(stroke3_to_polylines(stroke3), 0.01)


def continuation_path(stroke3: NDArray[np.float32], given: int) -> QPainterPath:
    """What the drawing has beyond its first `given` points; `sketch_path` of those is the rest of it."""
    lines = stroke3_to_polylines(stroke3[given:])
    if lines and given and stroke3[given - 1, 2] > 0.5:
        lines[0] = lines[0][1:]  # the pen was up on the way to the first point
    return lines_path(lines, 0.01).translated(*stroke3[:given, :2].sum(axis=0).tolist())


def lines_path(lines: Sequence[NDArray[np.floating]], dot: float) -> QPainterPath:
    """Polylines [k, 2] as a path; one of a single point becomes `dot` units long."""
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
    paint_path(painter, lines_path(lines, DOT), transform, side, ink)
