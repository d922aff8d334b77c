"""The sheet of the drawing pad: what mouse or pen draws on it is ink at once."""

import numpy as np
from PySide6.QtCore import QMargins, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPointingDevice,
    QTabletEvent,
    QTransform,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.freehand import Stroke, stroke_at
from core.picture import LINE_WIDTH
from explorer.ink import paint_path
from explorer.theme import LiveTheme, Theme

EMPTY = "Draw here, with the mouse or a pen.\n\nOr drop an SVG here, or paste one."

ERASER = 0.015
"""Of the sheet's side: how near a pen's eraser must come to a stroke."""


class PadView(QWidget):
    """A square sheet, as large as fits; positions on it are kept in the unit square, whatever its size.

    Qt tells of each position that a pen reports; so strokes have the resolution of the tablet.
    """

    drawn = Signal(object)
    """A finished stroke [k, 2], k >= 2."""
    erased = Signal(int)
    """The stroke that the pen's eraser touched."""

    def __init__(self, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._theme = theme
        self._strokes: tuple[Stroke, ...] = ()
        self._ink = QPainterPath()
        """The finished strokes, in the unit square."""
        self._stroke: list[tuple[float, float]] = []
        """The one being drawn."""
        self.setMinimumSize(140, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Drawing pad")

    def show_strokes(self, strokes: tuple[Stroke, ...]) -> None:
        """Show a drawing; a stroke that is being drawn stays."""
        self._strokes, self._ink = strokes, QPainterPath()
        for stroke in strokes:
            self._ink.addPath(_line(stroke.tolist()))
        self.update()

    def sheet(self) -> QRectF:
        """The square that is drawn on, in pixels: at the top, as is what stands beside it."""
        side = min(self.width(), self.height())
        return QRectF((self.width() - side) / 2, 0, side, side)

    def sizeHint(self) -> QSize:
        return QSize(300, 300)

    # -- drawing -----------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._begin(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._extend(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._end(event.position())

    def tabletEvent(self, event: QTabletEvent) -> None:
        """What the pen does; accepted, so that it does not come again as the mouse's."""
        if event.pointerType() == QPointingDevice.PointerType.Eraser:
            touched = stroke_at(self._strokes, self._unit(event.position()), ERASER)
            if touched is not None and event.buttons() != Qt.MouseButton.NoButton:
                self.erased.emit(touched)
        elif event.type() == QTabletEvent.Type.TabletPress and event.button() == Qt.MouseButton.LeftButton:
            self._begin(event.position())
        elif event.type() == QTabletEvent.Type.TabletMove:
            self._extend(event.position())
        elif event.type() == QTabletEvent.Type.TabletRelease and event.button() == Qt.MouseButton.LeftButton:
            self._end(event.position())
        event.accept()

    def hideEvent(self, event: object) -> None:
        self._finish()

    def _begin(self, at: QPointF) -> None:
        self._finish()
        self._stroke = [self._unit(at)]
        self._touch()

    def _extend(self, at: QPointF) -> None:
        if self._stroke and self._unit(at) != self._stroke[-1]:
            self._stroke.append(self._unit(at))
            self._touch()

    def _end(self, at: QPointF) -> None:
        self._extend(at)
        self._finish()

    def _finish(self) -> None:
        """Hand over the stroke, if there is one; a dot has its point twice."""
        if self._stroke:
            points = self._stroke if len(self._stroke) > 1 else 2 * self._stroke
            self._stroke = []
            self.drawn.emit(np.array(points))

    def _unit(self, at: QPointF) -> tuple[float, float]:
        """Pixels to the unit square; off the sheet, the nearest place on it."""
        sheet = self.sheet()
        x, y = (at.x() - sheet.x()) / sheet.width(), (at.y() - sheet.y()) / sheet.height()
        return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0)

    # -- looks -------------------------------------------------------------------------------

    def _touch(self) -> None:
        """Paint again where the last line of the stroke runs, and nowhere else."""
        sheet = self.sheet()
        ends = [QPointF(sheet.x() + x * sheet.width(), sheet.y() + y * sheet.height()) for x, y in self._stroke[-2:]]
        width = int(sheet.width() * LINE_WIDTH) + 2
        self.update(QRectF(ends[0], ends[-1]).normalized().toAlignedRect() + QMargins(width, width, width, width))

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            sheet = self.sheet()
            painter.fillRect(sheet, QColor(self._theme.paper))
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.drawRect(sheet.adjusted(0.5, 0.5, -0.5, -0.5))
            if not self._strokes and not self._stroke:
                painter.setPen(QColor(self._theme.faint))
                area = sheet.adjusted(12, 12, -12, -12)
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
            to_sheet = QTransform(sheet.width(), 0, 0, sheet.height(), sheet.x(), sheet.y())
            for path in (self._ink, _line(self._stroke)):
                paint_path(painter, path, to_sheet, sheet.width(), QColor(self._theme.ink))


def _line(points: list[tuple[float, float]]) -> QPainterPath:
    """A stroke in the unit square; a dot is a line too short to be seen as one, for the sake of its round caps."""
    path = QPainterPath()
    if points:
        path.moveTo(*points[0])
        for x, y in points[1:] if points[1:] != points[:1] else [(points[0][0] + 1e-4, points[0][1])]:
            path.lineTo(x, y)
    return path
