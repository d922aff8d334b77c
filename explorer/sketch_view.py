"""The current drawing, large: it appears as it is decoded, and shows how it was drawn."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.picture import LINE_WIDTH
from explorer.ink import fit, paint_lines, paint_path, sketch_path
from explorer.palette import number_rgba
from explorer.requests import Sketch, Strokes

if TYPE_CHECKING:
    from core.morph import Polylines
    from explorer.theme import LiveTheme, Theme

HAND_SPEED = 80
"""Points per second of a replay: about what a quick hand does."""
FRAME_MS = 16
REACH = 16
"""Pixels from the pointer within which a drawn point is meant."""
LEAST_ATTENTION = 0.1
"""Of the largest share; smaller ones are not shown."""
LARGEST_MARK = 22
"""Pixels across the mark of the point that got most attention."""
PATIENCE_MS = 400
"""For the first drawing, before the view says what it waits for: after an install, code is compiled for seconds."""


class SketchView(QWidget):
    """One drawing. Pointing at a point of it shows the attention that the model paid while it drew that point."""

    revealed = Signal()
    """The whole of a finished sketch is on view."""
    pointed = Signal(object)
    """The index of the drawn point under the pointer, or None."""

    def __init__(self, theme: "Theme | LiveTheme") -> None:
        super().__init__()
        self._theme = theme
        self._stroke3 = np.zeros((0, 3), dtype=np.float32)
        self._finished = False
        self._shown = 0
        self._began = 0.0
        self._by_order = False
        self._lines: Polylines | None = None
        """What is shown instead of the drawing."""
        self.attend: Callable[[Strokes], NDArray[np.float32] | None] | None = None
        """`SketchDecoder.attention_of` of the model that drew; asked when somebody points."""
        self._attention: NDArray[np.float32] | None = None
        """[n, n] of the drawing on view, once asked for."""
        self._under: int | None = None
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self._patience = QTimer(self, interval=PATIENCE_MS, singleShot=True)
        self._patience.timeout.connect(self._on_late)
        self.late = False
        """Whether it says that the first drawing takes its time."""
        self.setMouseTracking(True)
        self.setMinimumSize(220, 140)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Current sketch")

    @property
    def complete(self) -> bool:
        """Whether a finished sketch is wholly on view."""
        return self._finished and self._shown >= len(self._stroke3)

    def begin(self) -> None:
        """What `show_sketch` brings next is another drawing."""
        self._finished = False
        self._timer.stop()
        self._attention = None
        self._point_at(None)
        if not len(self._stroke3) and not self.late:
            self._patience.start()

    def _on_late(self) -> None:
        self.late = True
        self.update()

    def show_sketch(self, sketch: Sketch) -> None:
        """Show a drawing, or more of the one in progress."""
        self._stroke3, self._finished = sketch.stroke3, sketch.finished
        self._patience.stop()
        self.late = False
        if not self._timer.isActive():
            self._show(len(self._stroke3))

    def show_lines(self, lines: "Polylines | None") -> None:
        """Show polylines of the unit square instead of the drawing; None shows that again."""
        self._lines = lines
        self._point_at(None)
        self.update()

    def replay(self) -> None:
        """Draw it once more, at the speed of a hand."""
        self._began = time.perf_counter()
        self._show(0)
        self._timer.start()

    def colour_by_order(self, by_order: bool) -> None:
        """Colour the line from the first point to the last, or draw it in ink."""
        self._by_order = by_order
        self.update()

    def clear(self) -> None:
        """Show no drawing."""
        self.begin()
        self._patience.stop()
        self.late = False
        self._stroke3, self._shown = self._stroke3[:0], 0
        self.update()

    def _tick(self) -> None:
        self._show(int((time.perf_counter() - self._began) * HAND_SPEED))

    def _show(self, count: int) -> None:
        self._shown = min(count, len(self._stroke3))
        if self.complete:
            self._timer.stop()
            self.revealed.emit()
        self.update()

    # -- the pointer -------------------------------------------------------------------------

    def _points(self) -> NDArray[np.float64]:
        """[n, 2]: where the points lie in the widget."""
        placed = fit(self._stroke3, QRectF(self.rect()))
        places = np.cumsum(self._stroke3[:, :2], axis=0, dtype=np.float64)
        return places * (placed.m11(), placed.m22()) + (placed.dx(), placed.dy())

    def _point_at(self, index: int | None) -> None:
        if index != self._under:
            self._under = index
            self.pointed.emit(index)
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if not self.complete or not len(self._stroke3) or self._lines is not None:
            return
        at = event.position()
        distances = np.hypot(*(self._points() - (at.x(), at.y())).T)
        nearest = int(distances.argmin())
        if distances[nearest] > REACH:
            self._point_at(None)
            return
        if self._attention is None and self.attend is not None:
            self._attention = self.attend(self._stroke3)
        self._point_at(nearest)

    def leaveEvent(self, event: object) -> None:
        self._point_at(None)

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            area = QRectF(self.rect())
            painter.fillRect(area, QColor(self._theme.paper))
            if self._lines is not None:
                paint_lines(painter, self._lines, area, QColor(self._theme.ink))
                return
            if not self._shown:
                if self.late:
                    painter.setPen(QColor(self._theme.faint))
                    painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, "Getting ready to draw …")
                return
            side = min(area.width(), area.height())
            attending = self._under is not None and self._attention is not None and self.complete
            if self._by_order:
                self._paint_by_order(painter, side)
            else:
                ink = QColor(self._theme.ink)
                ink.setAlpha(110 if attending else 255)
                paint_path(painter, sketch_path(self._stroke3[: self._shown]), fit(self._stroke3, area), side, ink)
            if attending:
                self._paint_attention(painter)

    def _paint_by_order(self, painter: QPainter, side: float) -> None:
        """Each segment in the colour of its place in the drawing."""
        colours = number_rgba(dark=bool(self._theme.dark))
        points = self._points()
        steps = np.linspace(0, len(colours) - 1, len(points)).astype(int)
        pen = QPen(QColor(), max(1.0, side * LINE_WIDTH))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lifted = True
        for index in range(self._shown):
            pen.setColor(QColor(*colours[steps[index]].tolist()))
            painter.setPen(pen)
            here = QPointF(*points[index].tolist())
            painter.drawLine(here if lifted else QPointF(*points[index - 1].tolist()), here)
            lifted = self._stroke3[index, 2] > 0.5

    def _paint_attention(self, painter: QPainter) -> None:
        """A disc on each point before the one pointed at, its area in proportion to the attention it got."""
        assert self._attention is not None
        assert self._under is not None
        points, shares = self._points(), self._attention[self._under]
        accent = QColor(self._theme.accent)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        accent.setAlpha(120)
        painter.setBrush(accent)
        before = shares[1 : self._under + 1]
        most = float(before.max(initial=0))
        for index in np.flatnonzero(before > LEAST_ATTENTION * most).tolist():
            radius = LARGEST_MARK / 2 * float(np.sqrt(before[index] / most))
            painter.drawEllipse(QPointF(*points[index].tolist()), radius, radius)
        painter.setBrush(QColor(self._theme.paper))
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        painter.drawEllipse(QPointF(*points[self._under].tolist()), 5, 5)
        words = f"Attention of point {self._under + 1}: at most {most:.0%} to a point, {shares[0]:.0%} to the start"
        painter.setPen(QColor(self._theme.faint))
        flags = Qt.AlignmentFlag.AlignBottom | Qt.TextFlag.TextWordWrap
        painter.drawText(QRectF(self.rect()).adjusted(12, 8, -12, -8), flags, words)
