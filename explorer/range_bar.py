"""The legend of a number: its colours, how the drawings are spread over them, and the range that is shown."""

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.attributes import Filter, Numbers
from explorer.palette import number_rgba
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme, clear_of_border

BINS = 56
SIDE = 12
"""Pixels left and right of the bar."""
BAR = 10
HEIGHT = 92


class RangeBar(QWidget):
    """A histogram over a bar of colours; dragging across it chooses a range, a double click all."""

    chosen = Signal(float, float)
    released = Signal()
    cleared = Signal()

    def __init__(self, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._theme = theme
        self._numbers: Numbers | None = None
        self._heights = np.zeros(BINS)
        self._range: tuple[float, float] | None = None
        self._start: float | None = None
        self.setFixedHeight(HEIGHT)
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setToolTip("Drag to show a range alone, double-click to show all")
        self.setAccessibleName("Colours and range of values")

    def show_numbers(self, numbers: Numbers) -> None:
        self._numbers = numbers
        inside = (numbers.low <= numbers.values) & (numbers.values <= numbers.high)
        counts = np.bincount(numbers.steps(BINS)[inside], minlength=BINS)  # np.histogram refuses all but equal values
        self._heights = np.sqrt(counts / max(counts.max(), 1))  # the root: a few are seen beside very many
        self.update()

    def show_range(self, low: float | None, high: float | None) -> None:
        """Mark a range; None is no limit."""
        if self._numbers is not None:
            everything = low is None and high is None
            ends = (self._numbers.least if low is None else low, self._numbers.most if high is None else high)
            self._range = None if everything else ends
            self.update()

    def _value(self, x: float) -> float:
        assert self._numbers is not None
        share = min(max((x - SIDE) / (self.width() - 2 * SIDE), 0.0), 1.0)
        return self._numbers.low + share * (self._numbers.high - self._numbers.low)

    def _place(self, value: float) -> float:
        assert self._numbers is not None
        span = self._numbers.high - self._numbers.low
        share = (value - self._numbers.low) / span if span > 0 else 0.5
        return SIDE + min(max(share, 0.0), 1.0) * (self.width() - 2 * SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._numbers is None:
            return
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            table = number_rgba(dark=bool(self._theme.dark))
            bottom, width = self.height() - BAR - 4, (self.width() - 2 * SIDE) / BINS
            for i, height in enumerate(self._heights.tolist()):
                shade = QColor(*table[int((i + 0.5) / BINS * len(table))].tolist())
                top = height * (bottom - 8)
                painter.fillRect(QRectF(SIDE + i * width, bottom - top, max(width - 0.8, 0.8), top), shade)
            gradient = QLinearGradient(SIDE, 0, self.width() - SIDE, 0)
            for stop in np.linspace(0, 1, 16):
                gradient.setColorAt(float(stop), QColor(*table[int(stop * (len(table) - 1))].tolist()))
            bar = QRectF(SIDE, bottom + 2, self.width() - 2 * SIDE, BAR)
            painter.fillRect(bar, gradient)
            if self._range is not None:
                self._paint_range(painter, bar)

    def _paint_range(self, painter: QPainter, bar: QRectF) -> None:
        assert self._range is not None
        left, right = (self._place(value) for value in self._range)
        veil = QColor(self._theme.paper)
        veil.setAlpha(205)
        painter.fillRect(QRectF(0, 0, left, self.height()), veil)
        painter.fillRect(QRectF(right, 0, self.width() - right, self.height()), veil)
        painter.setPen(QPen(QColor(self._theme.accent), 2))
        for x in (left, right):
            painter.drawLine(QPointF(x, 4), QPointF(x, bar.bottom()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._numbers is not None:
            self._start = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._start is not None and abs(event.position().x() - self._start) > 2:
            low, high = sorted((self._value(self._start), self._value(event.position().x())))
            self.chosen.emit(low, high)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._start = None
        self.released.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.cleared.emit()


class RangePanel(QWidget):
    """The bar and, under it, the range in figures."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio = studio
        self._numbers: Numbers | None = None
        self.bar = RangeBar(theme)
        self.low, self.high = QDoubleSpinBox(), QDoubleSpinBox()
        for box, name in ((self.low, "Least value shown"), (self.high, "Greatest value shown")):
            box.setKeyboardTracking(False)
            clear_of_border(box)
            box.setAccessibleName(name)
            box.setToolTip(name)
            box.valueChanged.connect(self._on_typed)
        figures = QHBoxLayout()
        figures.setContentsMargins(10, 0, 10, 0)
        figures.addWidget(self.low, 1)
        figures.addWidget(QLabel("to"))
        figures.addWidget(self.high, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.bar)
        column.addLayout(figures)
        column.addStretch()
        self.bar.chosen.connect(self._choose)
        self.bar.released.connect(studio.end_gesture)
        self.bar.cleared.connect(lambda: studio.showing.set_filter(Filter()))

    def show_numbers(self, numbers: Numbers) -> None:
        """Show another attribute, or other values of it."""
        self._numbers = numbers
        whole = numbers.name in ("strokes", "points")
        for box in (self.low, self.high):
            box.blockSignals(True)
            box.setDecimals(0 if whole else 2)
            box.setRange(numbers.least, numbers.most)
            box.setSingleStep(1 if whole else max((numbers.high - numbers.low) / 50, 0.01))
            box.blockSignals(False)
        self.bar.show_numbers(numbers)
        self.show_filter(self._studio.showing.filter)

    def show_filter(self, chosen: Filter) -> None:
        if self._numbers is None:
            return
        for box, value in (
            (self.low, self._numbers.least if chosen.low is None else chosen.low),
            (self.high, self._numbers.most if chosen.high is None else chosen.high),
        ):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
        self.bar.show_range(chosen.low, chosen.high)

    def _on_typed(self) -> None:
        self._choose(self.low.value(), self.high.value())

    def _choose(self, low: float, high: float) -> None:
        """Show from `low` to `high`; an end of the colours is no limit, so that extremes stay in."""
        assert self._numbers is not None
        self._studio.showing.set_filter(
            Filter(low=None if low <= self._numbers.low else low, high=None if high >= self._numbers.high else high)
        )
