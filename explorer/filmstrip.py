"""The sketches along a path, in a row."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTransform,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from explorer.code_drag import CarriedCode, DragSource
from explorer.ink import fit, paint_path, sketch_path
from explorer.requests import Film, Strokes
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

EMPTY = "Choose the path tool (P) and drag across the map: the sketches along the way appear here."
NARROWEST = 64
"""Pixels of a frame; more frames than fit are scrolled."""
STAND_IN = 70
"""Opacity, of 255, of a sketch that is shown where another is still to be decoded."""


class Filmstrip(QWidget):
    """Frames side by side; a click makes one current."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self._film: Film | None = None
        self._paths: dict[int, tuple[Strokes, QPainterPath]] = {}
        """Of the film's sketches, by their `id`."""
        self._chosen: int | None = None
        self._under: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Filmstrip")
        self.setToolTip("Click draws a frame, double-click pins it, dragging takes it along; space plays, arrows step")
        DragSource(self, self._carried)
        studio.film_changed.connect(self._on_film)
        studio.opened.connect(lambda: self._on_film(None))
        studio.player.moved.connect(self.update)
        studio.player.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(600, 104)

    def _on_film(self, film: Film | None) -> None:
        if self._film is None or film is None or film.codes is not self._film.codes:
            self._chosen = self._under = None
        self._film = film
        known = {id(sketch) for sketch in film.sketches} if film is not None else set()
        self._paths = {number: kept for number, kept in self._paths.items() if number in known}
        self.setMinimumWidth(NARROWEST * self.count)
        self.update()

    @property
    def count(self) -> int:
        """How many frames there are."""
        return 0 if self._film is None else len(self._film.sketches)

    def cell(self, index: int) -> QRectF:
        """Where frame `index` is painted."""
        width = self.width() / max(1, self.count)
        return QRectF(index * width, 0, width, self.height())

    def _frame_at(self, at: QPointF) -> int | None:
        if self._film is None or not self.rect().contains(at.toPoint()):
            return None
        return min(int(at.x() / self.cell(0).width()), self.count - 1)

    # -- painting ----------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), QColor(self._theme.paper))
            if self._film is None:
                painter.setPen(QColor(self._theme.faint))
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
                return
            for index in range(self.count):
                if self.cell(index).intersects(QRectF(event.rect())):
                    self._paint_frame(painter, self._film, index)
            self._paint_time(painter)

    def _paint_frame(self, painter: QPainter, film: Film, index: int) -> None:
        cell, sketch = self.cell(index), film.sketches[index]
        ink = QColor(self._theme.ink)
        ink.setAlpha(255 if film.drawn[index] else STAND_IN)
        area = cell.adjusted(4, 4, -4, -6)
        if len(sketch):
            side = min(area.width(), area.height())
            corner = area.center() - QPointF(side / 2, side / 2)
            paint_path(painter, self._path(sketch), QTransform(side, 0, 0, side, corner.x(), corner.y()), side, ink)
        if index in (self._chosen, self._under) and not self._studio.player.shown:
            colour = self._theme.accent if index == self._chosen else self._theme.line
            self._underline(painter, cell.left() + 8, cell.right() - 8, colour)

    def _path(self, sketch: Strokes) -> QPainterPath:
        """In the unit square."""
        if id(sketch) not in self._paths:
            placed = fit(sketch, QRectF(0, 0, 1, 1))
            self._paths[id(sketch)] = (sketch, placed.map(sketch_path(sketch)))
        return self._paths[id(sketch)][1]

    def _paint_time(self, painter: QPainter) -> None:
        """Where the player is: at the middle of a frame when it shows that frame."""
        if self._studio.player.shown:
            middle = self.cell(0).width() * (self._studio.player.time + 0.5)
            half = max(8.0, self.cell(0).width() / 2 - 8)
            self._underline(painter, middle - half, middle + half, self._theme.accent)

    def _underline(self, painter: QPainter, left: float, right: float, colour: str | bool) -> None:
        painter.setPen(QPen(QColor(colour), 2))
        painter.drawLine(QPointF(left, self.height() - 2), QPointF(right, self.height() - 2))

    # -- doing -------------------------------------------------------------------------------

    def choose(self, index: int) -> None:
        """Make a frame current."""
        if 0 <= index < self.count:
            self._chosen = index
            self._studio.player.time = float(index)
            self._studio.choose_frame(index)
            self.update()

    def pin(self, index: int) -> None:
        """Give a frame's code a name."""
        if self._film is not None:
            self._studio.pin_code(*self._code(self._film, index))

    def _code(self, film: Film, index: int) -> CarriedCode:
        return CarriedCode(f"frame {index + 1} of {self.count}", film.codes[index], film.sketches[index])

    def _carried(self, at: QPointF) -> CarriedCode | None:
        frame = self._frame_at(at)
        return None if frame is None or self._film is None else self._code(self._film, frame)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        frame = self._frame_at(event.position())
        if frame is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(frame)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        frame = self._frame_at(event.position())
        if frame is not None and event.button() == Qt.MouseButton.LeftButton:
            self.pin(frame)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        frame = self._chosen if event.reason() is QContextMenuEvent.Reason.Keyboard else self._under
        if frame is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Draw this frame", lambda: self.choose(frame))
        menu.addAction("Pin this frame", lambda: self.pin(frame))
        menu.popup(event.globalPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        under = self._frame_at(event.position())
        if under != self._under:
            self._under = under
            self.update()

    def leaveEvent(self, event: object) -> None:
        self._under = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen, key = self._chosen, event.key()
        if key == Qt.Key.Key_Space:
            self._studio.player.toggle()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and chosen is not None:
            self.pin(chosen)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = 1 if key == Qt.Key.Key_Right else -1
            self.choose(round(self._studio.player.time) + step if chosen is not None else 0)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.choose(0 if key == Qt.Key.Key_Home else self.count - 1)
        else:
            event.ignore()
