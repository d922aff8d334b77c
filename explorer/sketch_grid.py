"""Sketches in rows and columns, drawn side by side, of which one can be taken."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ink import continuation_path, fit, paint_path, sketch_path
from explorer.requests import Strokes
from explorer.sketch_view import FRAME_MS
from explorer.theme import LiveTheme, Theme

POINTS_PER_SECOND = 260
"""At which sketches draw themselves: several at once are followed by eye at a quick pace only."""
GAP = 3
"""Pixels between a cell's edge and its picture."""
_STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class SketchGrid(QWidget):
    """`rows` times `columns` sketches; a click, or arrow keys and Enter, takes one.

    `begin` says that other sketches follow, `show_sketches` brings them or more of them as they are
    decoded; they draw themselves at the speed of a hand. The first `given` points of each, if there are
    such, stand from the beginning, in ink, and what follows them is in the accent colour.
    """

    taken = Signal(int)
    """The cell, counted along the rows, that was clicked or entered."""

    def __init__(self, theme: Theme | LiveTheme, rows: int = 3, columns: int = 3) -> None:
        super().__init__()
        self._theme = theme
        self.rows, self.columns = rows, columns
        self.empty = ""
        """What the grid says while it has no sketches."""
        self._sketches: tuple[Strokes, ...] = ()
        self._given: int | None = None
        self._finished = self._animate = True
        self._shown = self._began = 0.0
        self._chosen: int | None = None
        self._under: int | None = None
        self._marked: int | None = None
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(40 * columns, 40 * rows)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def complete(self) -> bool:
        """Whether finished sketches are wholly on view, or there are none."""
        return self._finished and self._shown >= max(map(len, self._sketches), default=0)

    # -- what is shown -----------------------------------------------------------------------

    def begin(self, given: int | None = None, *, animate: bool = True) -> None:
        """Other sketches follow, beginning with `given` points in ink; None: they are in ink altogether."""
        self._given, self._animate = given, animate
        self._sketches, self._finished, self._chosen = (), False, None
        self._shown, self._began = float(given or 0), time.perf_counter()
        self.update()

    def show_sketches(self, sketches: Sequence[Strokes], *, finished: bool) -> None:
        """The sketches, one a cell, or more of them."""
        self._sketches, self._finished = tuple(sketches[: self.rows * self.columns]), finished
        self._timer.start()
        self._tick()

    def mark(self, place: int | None) -> None:
        """Frame sketch `place`; none, if there is no such cell."""
        self._marked = place
        self.update()

    def clear(self) -> None:
        """Show no sketches."""
        self._timer.stop()
        self._sketches, self._finished, self._chosen, self._shown = (), True, None, 0.0
        self.update()

    def _tick(self) -> None:
        by_hand = (self._given or 0) + (time.perf_counter() - self._began) * POINTS_PER_SECOND
        longest = float(max(map(len, self._sketches), default=0))
        self._shown = min(longest, by_hand) if self._animate else longest
        if self.complete:
            self._timer.stop()
        self.update()

    # -- looks -------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(100 * self.columns, 100 * self.rows)

    def cell(self, place: int) -> QRectF:
        """Where sketch `place` is painted: squares, together in the middle."""
        side = min(self.width() / self.columns, self.height() / self.rows)
        left, top = (self.width() - side * self.columns) / 2, (self.height() - side * self.rows) / 2
        return QRectF(left + place % self.columns * side, top + place // self.columns * side, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._theme.paper))
            if not self._sketches:
                painter.setPen(QColor(self._theme.faint))
                area = self.rect().adjusted(20, 0, -20, 0)
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.empty)
            for place in range(len(self._sketches)):
                self._paint_cell(painter, place)

    def _paint_cell(self, painter: QPainter, place: int) -> None:
        sketch, cell = self._sketches[place], self.cell(place)
        picture = cell.adjusted(GAP, GAP, -GAP, -GAP)
        if len(sketch):
            transform, shown = fit(sketch, picture), sketch[: int(self._shown)]
            given = len(shown) if self._given is None else self._given
            paint_path(painter, sketch_path(shown[:given]), transform, picture.width(), QColor(self._theme.ink))
            rest = continuation_path(shown, given)
            paint_path(painter, rest, transform, picture.width(), QColor(self._theme.accent))
        if place in (self._under, self._marked, self._chosen if self.hasFocus() else None):
            colour = self._theme.line if place == self._under else self._theme.accent
            painter.setPen(QPen(QColor(colour), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(picture, 4, 4)

    # -- taking one --------------------------------------------------------------------------

    def take(self, place: int) -> None:
        """Take sketch `place`, as a click on it does."""
        if 0 <= place < len(self._sketches):
            self._chosen = place
            self.update()
            self.taken.emit(place)

    def _place_at(self, at: QPointF) -> int | None:
        return next((place for place in range(len(self._sketches)) if self.cell(place).contains(at)), None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self.take(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._under = self._place_at(event.position())
        self.setCursor(Qt.CursorShape.ArrowCursor if self._under is None else Qt.CursorShape.PointingHandCursor)
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._under = None
        self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen is not None:
            self.take(self._chosen)
        elif key in _STEPS and self._sketches:
            self._move(*_STEPS[key])
        else:
            event.ignore()

    def _move(self, down: int, right: int) -> None:
        """Step to a neighbouring cell, if there is one."""
        if self._chosen is None:
            self._chosen = 0
        else:
            row, column = self._chosen // self.columns + down, self._chosen % self.columns + right
            place = row * self.columns + column
            if row >= 0 and 0 <= column < self.columns and place < len(self._sketches):
                self._chosen = place
        self.update()
