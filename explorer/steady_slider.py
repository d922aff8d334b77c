"""A slider of real numbers that tells moving from resting, whether mouse, wheel or keys move it."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider

STEPS = 200
REST_MS = 400
"""Without another key or turn of the wheel, the slider is at rest."""


class SteadySlider(QSlider):
    """From `low` to `high`; a double click brings it `home`."""

    moved = Signal(float)
    """The value, moved by the user."""
    settled = Signal()
    """The movement has ended."""

    def __init__(self, low: float, high: float, home: float | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.low, self.high, self._home = low, high, home
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRange(0, STEPS)
        self.setPageStep(STEPS // 10)
        self.setSingleStep(STEPS // 40)
        if home is not None:
            self.setObjectName("centred")
            self.show_number(home)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self.settled)
        self.valueChanged.connect(self._on_value)
        self.sliderReleased.connect(self.settled)

    def number(self) -> float:
        """Where it stands, between `low` and `high`."""
        return self.low + (self.high - self.low) * self.value() / STEPS

    def show_number(self, number: float) -> None:
        """Stand at a number, or at the end next to it, without saying so."""
        self.blockSignals(True)
        self.setValue(round(STEPS * (number - self.low) / (self.high - self.low)))
        self.blockSignals(False)

    def set_span(self, low: float, high: float) -> None:
        self.low, self.high = low, high

    def _on_value(self) -> None:
        self.moved.emit(self.number())
        if not self.isSliderDown():
            self._rest.start()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._home is None:
            super().mouseDoubleClickEvent(event)
        else:
            self.show_number(self._home)
            self.moved.emit(self._home)
            self.settled.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Only for a slider that was chosen: else a turn that scrolls the page would move what it passes."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._home is not None:
            option = QStyleOptionSlider()
            self.initStyleOption(option)
            share = (self._home - self.low) / (self.high - self.low)
            room = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, option, self)
            x = round(room / 2 + share * (self.width() - room))
            with QPainter(self) as painter:
                colour = QColor(self.palette().placeholderText().color())
                painter.fillRect(x, self.height() // 2 - 6, 1, 12, colour)
        super().paintEvent(event)
