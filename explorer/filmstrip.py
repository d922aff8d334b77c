"""The sketches along a path, in a row."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ink import paint_sketch
from explorer.requests import Film
from explorer.studio import Studio
from explorer.theme import Theme

EMPTY = "Choose the path tool (P) and drag across the map: the sketches along the way appear here."


class Filmstrip(QWidget):
    """Frames side by side; a click makes one current."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self._film: Film | None = None
        self._chosen: int | None = None
        self._under: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumHeight(72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Filmstrip")
        studio.film_changed.connect(self._on_film)
        studio.opened.connect(self._on_opened)

    def sizeHint(self) -> QSize:
        return QSize(600, 104)

    def _on_opened(self) -> None:
        self._film = self._chosen = self._under = None
        self.update()

    def _on_film(self, film: Film) -> None:
        if self._film is None or film.codes is not self._film.codes:
            self._chosen = None
        self._film = film
        self.update()

    def cell(self, index: int) -> QRectF:
        """Where frame `index` is painted."""
        count = len(self._film.sketches) if self._film is not None else 1
        width = self.width() / count
        return QRectF(index * width, 0, width, self.height())

    def _frame_at(self, at: QPointF) -> int | None:
        if self._film is None or not self.rect().contains(at.toPoint()):
            return None
        return min(int(at.x() / self.cell(0).width()), len(self._film.sketches) - 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._theme.paper))
            if self._film is None:
                painter.setPen(QColor(self._theme.faint))
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, EMPTY)
                return
            for index, sketch in enumerate(self._film.sketches):
                cell = self.cell(index)
                paint_sketch(painter, sketch, cell.adjusted(4, 4, -4, -4), QColor(self._theme.ink))
                if index in (self._chosen, self._under):
                    colour = self._theme.accent if index == self._chosen else self._theme.line
                    painter.setPen(QPen(QColor(colour), 2))
                    painter.drawLine(cell.bottomLeft() + QPointF(8, -2), cell.bottomRight() + QPointF(-8, -2))

    def choose(self, index: int) -> None:
        if self._film is not None and 0 <= index < len(self._film.sketches):
            self._chosen = index
            self._studio.choose_frame(index)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        frame = self._frame_at(event.position())
        if frame is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(frame)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._under = self._frame_at(event.position())
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._under = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None:
            event.ignore()
        else:
            self.choose(0 if self._chosen is None else self._chosen + step)
