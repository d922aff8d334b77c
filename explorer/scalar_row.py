"""Sliders of an expression's free numbers."""

import re
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from explorer.inline_editor import InlineEditor
from explorer.steady_slider import SteadySlider

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_VALUE = re.compile(rf"\s*({_NUMBER})\s*")
_RANGE = re.compile(rf"\s*({_NUMBER})\s*(?:to|\.\.|…|–)\s*({_NUMBER})\s*")
MOST = 1_000.0
"""What a free number can be, either side of 0."""
ADVICE = "Type a value such as 0.3, or a range such as -1 to 2 (up to 1000)."


def read_entry(text: str) -> float | tuple[float, float] | None:
    """A value or a range (low, high) as a user types it; None if it is neither or too large."""
    if match := _VALUE.fullmatch(text):
        value = float(match[1])
        return value if abs(value) <= MOST else None
    if match := _RANGE.fullmatch(text):
        low, high = float(match[1]), float(match[2])
        return (low, high) if -MOST <= low < high <= MOST else None
    return None


class ScalarSlider(QWidget):
    """One free number: its name, its slider, its value. A double click on name or value lets one type."""

    moved = Signal(float)
    settled = Signal()
    refused = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.label, self.value = QLabel(name), QLabel()
        self.slider = SteadySlider(0.0, 1.0)
        self.slider.setAccessibleName(f"Value of {name}")
        self.slider.setMinimumWidth(50)
        self.editor = InlineEditor()
        self.editor.setAccessibleName(f"Value or range of {name}")
        self.editor.setMaximumWidth(70)
        self.value.setMinimumWidth(self.value.fontMetrics().horizontalAdvance("-0.00"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.value)
        row.addWidget(self.editor)
        for label in (self.label, self.value):
            label.setToolTip("Double-click to type a value or a range")
            label.installEventFilter(self)
        self.slider.moved.connect(self._on_moved)
        self.slider.settled.connect(self.settled)
        self.editor.entered.connect(self._on_typed)
        self.editor.closed.connect(self.value.show)

    def show_number(self, number: float) -> None:
        """Stand at a number; the slider reaches as far as that."""
        self.slider.set_span(min(self.slider.low, number), max(self.slider.high, number))
        self.slider.show_number(number)
        self.value.setText(f"{number:.2f}")

    def _on_moved(self, number: float) -> None:
        self.value.setText(f"{number:.2f}")
        self.moved.emit(number)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonDblClick:
            self.value.hide()
            self.editor.ask(self.value.text())
            return True
        return False

    def _on_typed(self, text: str) -> None:
        entry = read_entry(text)
        if entry is None:
            self.refused.emit(ADVICE)
        elif isinstance(entry, tuple):
            number = min(max(float(self.value.text()), entry[0]), entry[1])
            self.slider.set_span(*entry)
            self.show_number(number)
            self._give(number)
        else:
            self.show_number(entry)
            self._give(entry)

    def _give(self, number: float) -> None:
        self.moved.emit(number)
        self.settled.emit()


class ScalarRow(QWidget):
    """One slider for each free number, in order of appearance."""

    moved = Signal(str, float)
    settled = Signal()
    refused = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.sliders: dict[str, ScalarSlider] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(18)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_scalars(self, names: Sequence[str], values: Mapping[str, float], usual: float) -> None:
        """Have sliders for these numbers at their values, or at the usual one."""
        if list(self.sliders) != list(names):
            kept = {name: self.sliders.get(name) or self._slider(name) for name in names}
            for name, slider in self.sliders.items():
                if name not in kept:
                    slider.hide()
                    slider.deleteLater()
            for slider in self.sliders.values():
                self._row.removeWidget(slider)
            for slider in kept.values():
                self._row.addWidget(slider, 1)
                slider.show()
            self.sliders = kept
            self.setVisible(bool(names))
        for name, slider in self.sliders.items():
            if not slider.slider.isSliderDown():
                slider.show_number(values.get(name, usual))

    def _slider(self, name: str) -> ScalarSlider:
        slider = ScalarSlider(name)
        slider.moved.connect(lambda number: self.moved.emit(name, number))
        slider.settled.connect(self.settled)
        slider.refused.connect(self.refused)
        return slider
