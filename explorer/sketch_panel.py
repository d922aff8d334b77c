"""Right of the map: the current drawing, what it is, its temperature."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from explorer.requests import Located, Sketch
from explorer.sketch_view import SketchView
from explorer.state import State
from explorer.studio import Studio
from explorer.theme import Theme

STEPS = 100
"""Slider steps per unit of temperature."""


class SketchPanel(QWidget):
    """The sketch, a line of what it is and a line of numbers, and what can be done with it."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self._studio = studio
        self.view = SketchView(theme)
        self.title = QLabel("Click the map: the model draws what lies there.")
        self.title.setWordWrap(True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignTop)
        font = QFont(self.title.font())
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.title.setFont(font)
        self.numbers = QLabel()
        self.numbers.setObjectName("faint")
        self.numbers.setWordWrap(True)
        self.numbers.setToolTip(
            "‖z‖ is the length of the code, with the range of nine tenths of the data.\n"
            "From data: the distance to the nearest drawing's code; 1 is how far near drawings are apart."
        )
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setValue(round(studio.temperature * STEPS))
        self.slider.setAccessibleName("Temperature")
        self.slider.setToolTip("Temperature: low draws the likeliest sketch, high a wilder one")
        self.value = QLabel(f"{studio.temperature:.2f}")
        self.again = QPushButton("Draw again")
        self.again.setToolTip("Draw this code again with other random numbers (Space)")
        self.pin = QPushButton("Pin")
        self.pin.setToolTip("Give this code a letter for the expression line (Ctrl+D)")
        self._lay_out()
        self.slider.valueChanged.connect(self._on_temperature)
        self.again.clicked.connect(studio.resample)
        self.pin.clicked.connect(studio.pin)
        self.slider.sliderReleased.connect(studio.end_gesture)
        studio.state_changed.connect(self._on_state)
        studio.located.connect(self._on_located)
        studio.sketch_changed.connect(self._on_sketch)
        self._has_sketch(False)

    def _lay_out(self) -> None:
        temperature = QHBoxLayout()
        label = QLabel("Temperature")
        label.setBuddy(self.slider)
        temperature.addWidget(label)
        temperature.addWidget(self.slider, 1)
        temperature.addWidget(self.value)
        buttons = QHBoxLayout()
        buttons.addWidget(self.again, 1)
        buttons.addWidget(self.pin, 1)
        words = QVBoxLayout()
        words.setContentsMargins(14, 8, 14, 12)
        words.setSpacing(8)
        words.addWidget(self.title)
        words.addWidget(self.numbers)
        words.addLayout(temperature)
        words.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addLayout(words)

    def _has_sketch(self, has: bool) -> None:
        for widget in (self.slider, self.again, self.pin):
            widget.setEnabled(has)

    def _on_temperature(self, step: int) -> None:
        self._studio.set_temperature(step / STEPS)

    def _on_state(self, _before: State, after: State) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(after.temperature * STEPS))
        self.slider.blockSignals(False)
        self.value.setText(f"{after.temperature:.2f}")

    def _on_located(self, located: Located) -> None:
        self._has_sketch(True)
        self.view.begin(animate=not self._studio.live)
        self.title.setText(located.title)
        low, high = located.norm_range
        parts = [located.detail, f"‖z‖ {located.norm:.1f} (data {low:.1f} to {high:.1f})"]
        if located.place.index is None:
            parts.append(f"from data {located.place.distance:.1f}")
        self.numbers.setText("  ·  ".join(parts))

    def _on_sketch(self, sketch: Sketch) -> None:
        self.view.show_sketch(sketch)
