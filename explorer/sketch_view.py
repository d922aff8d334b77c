"""The current drawing, large; it draws itself."""

import time

import numpy as np
from PySide6.QtCore import QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer.ink import fit, paint_path, sketch_path
from explorer.requests import Sketch
from explorer.theme import Theme

POINTS_PER_SECOND = 260
"""Speed of the hand; decoding is faster, so this is what one sees."""
FRAME_MS = 16


class SketchView(QWidget):
    """One drawing, revealed point by point."""

    revealed = Signal()
    """The whole of a finished sketch is on view."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._stroke3 = np.zeros((0, 3), dtype=np.float32)
        self._finished = False
        self._shown = 0
        self._animate = True
        self._began = 0.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self.setMinimumSize(220, 220)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Current sketch")

    @property
    def complete(self) -> bool:
        """Whether a finished sketch is wholly on view."""
        return self._finished and self._shown >= len(self._stroke3)

    def begin(self, *, animate: bool = True) -> None:
        """What `show_sketch` brings next is another drawing; it draws itself unless told not to."""
        self._finished = False
        self._animate = animate
        self._began = time.perf_counter()
        self._shown = 0

    def show_sketch(self, sketch: Sketch) -> None:
        """Show a drawing, or more of the one in progress."""
        self._stroke3, self._finished = sketch.stroke3, sketch.finished
        if self._animate:
            self._timer.start()
        self._tick()

    def clear(self) -> None:
        """Show no drawing."""
        self._timer.stop()
        self._stroke3, self._shown = self._stroke3[:0], 0
        self.update()

    def _tick(self) -> None:
        count = len(self._stroke3)
        by_hand = int((time.perf_counter() - self._began) * POINTS_PER_SECOND) + 1
        self._shown = min(count, by_hand) if self._animate else count
        if self.complete:
            self._timer.stop()
            self.revealed.emit()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            area = QRectF(self.rect())
            painter.fillRect(area, QColor(self._theme.paper))
            if self._shown:
                side = min(area.width(), area.height())
                path = sketch_path(self._stroke3[: self._shown])
                paint_path(painter, path, fit(self._stroke3, area), side, QColor(self._theme.ink))
