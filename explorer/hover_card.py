"""A card beside the pointer that shows the drawing under it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from explorer.finding import THUMBNAIL_TEMPERATURE, drawings_of
from explorer.ink import paint_sketch
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme
from explorer.workers import Cancel, LatestWorker

if TYPE_CHECKING:
    from core.drawing_files import Drawing
    from explorer.opening import Opened

DWELL_MS = 250
SIDE, TEXT = 120, 36
APART = 18
"""Pixels from the pointer to the card, which is never under it."""


@dataclass(frozen=True, eq=False)
class CardRequest:
    """How does drawing `index` look?"""

    opened: "Opened"
    index: int


def look(request: CardRequest, cancelled: Cancel) -> "Iterator[Drawing]":
    """Answer a CardRequest."""
    yield from drawings_of(request.opened, [request.index], THUMBNAIL_TEMPERATURE, cancelled)


class HoverCard(QWidget):
    """Appears after a short dwell on a drawing, and goes at once when the pointer leaves it."""

    drawn = Signal()
    """What is under the pointer is there to be seen."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme, over: QWidget) -> None:
        super().__init__(over)
        self._studio, self._theme = studio, theme
        self.index: int | None = None
        self.drawing: Drawing | None = None
        self._pointer = QPoint()
        self.resize(SIDE, SIDE + TEXT)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Drawing under the pointer")
        self.hide()
        self._dwell = QTimer(self, singleShot=True, interval=DWELL_MS)
        self._dwell.timeout.connect(self._appear)
        self._worker = LatestWorker(look, "hover", self)
        self._worker.answered.connect(self._on_drawn)
        self._worker.failed.connect(studio.failed)
        studio.opened.connect(self.dismiss)

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        self._theme = theme
        self.update()

    def point_at(self, index: int | None, pointer: QPoint) -> None:
        """The pointer is on drawing `index` now, at a place of the widget below."""
        self._pointer = pointer
        if index != self.index:
            self.dismiss()
            self.index = index
            if index is not None:
                self._dwell.start()
        elif self.isVisible():
            self._move()

    def hasten(self) -> None:
        """Draw what is under the pointer without waiting for a dwell."""
        if self._dwell.isActive():
            self._dwell.stop()
            self._appear()

    def dismiss(self) -> None:
        """Vanish, and forget what was asked."""
        self._dwell.stop()
        self._worker.cancel()
        self.index = self.drawing = None
        self.hide()

    def stop(self) -> None:
        self._dwell.stop()
        self._worker.stop()

    def _appear(self) -> None:
        if self._studio.current is not None and self.index is not None:
            self._worker.submit(CardRequest(self._studio.current, self.index))
            self._move()
            self.show()

    def _move(self) -> None:
        """Below and right of the pointer, on the other side where the map ends."""
        room = self.parentWidget().size()
        x, y = self._pointer.x() + APART, self._pointer.y() + APART
        if x + self.width() > room.width():
            x = self._pointer.x() - APART - self.width()
        if y + self.height() > room.height():
            y = self._pointer.y() - APART - self.height()
        self.move(x, y)

    def _on_drawn(self, number: int, drawing: "Drawing") -> None:
        if self._worker.current(number):
            self.drawing = drawing
            self.update()
            self.drawn.emit()

    def lines(self) -> tuple[str, str]:
        """Category and number; split, and whether the drawing is decoded."""
        from core.dataset import SPLITS

        opened = self._studio.current
        if opened is None or self.index is None:
            return "", ""
        kind = "" if self.drawing is None else ", decoded" if self.drawing.decoded else ", original"
        return f"{opened.atlas.category(self.index)} #{self.index}", SPLITS[opened.atlas.splits[self.index]] + kind

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(self._theme.line), 1))
            painter.setBrush(QColor(self._theme.paper))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
            if self.drawing is not None:
                paint_sketch(painter, self.drawing.stroke3, QRectF(0, 2, SIDE, SIDE - 4), QColor(self._theme.ink))
            font = QFont(self.font())
            font.setPointSizeF(font.pointSizeF() * 0.9)
            painter.setFont(font)
            for line, row, colour in zip(self.lines(), (0, 1), (self._theme.ink, self._theme.faint), strict=True):
                painter.setPen(QColor(colour))
                cell = QRectF(8, SIDE - 2 + row * 16, SIDE - 16, 16)
                text = painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, int(cell.width()))
                painter.drawText(cell, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
