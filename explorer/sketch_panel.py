"""Right of the map: the current drawing, what it is, its temperature."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.code_drag import CarriedCode, DragSource, DropTarget
from explorer.requests import VARIANTS, Located, Sketch, Varied
from explorer.sketch_grid import SketchGrid
from explorer.sketch_view import SketchView
from explorer.state import State
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

if TYPE_CHECKING:
    from explorer.opening import Opened

STEPS = 100
"""Slider steps per unit of temperature."""
CLEAREST = f"Of {VARIANTS} sketches of this code, show the one that looks most like what it is (Ctrl+4)"


def _button(text: str, tip: str, act: Callable[[], object]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.clicked.connect(lambda _=False: act())  # not given whether it is checked
    return button


def _toggle(text: str, tip: str) -> QToolButton:
    toggle = QToolButton()
    toggle.setText(text)
    toggle.setToolTip(tip)
    toggle.setObjectName("flat")
    toggle.setCheckable(True)
    return toggle


class SketchPanel(QWidget):
    """The sketch, a line of what it is and a line of numbers, and what can be done with it."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio = studio
        self.view = SketchView(theme)
        self.grid = SketchGrid(theme)
        self.grid.setAccessibleName("Variants")
        self.pages = QStackedWidget()
        self.pages.addWidget(self.view)
        self.pages.addWidget(self.grid)
        self.title = QLabel("Click the map: the model draws what lies there.")
        self.title.setWordWrap(True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignTop)
        font = QFont(self.title.font())
        font.setPointSizeF(font.pointSizeF() * 1.15)
        self.title.setFont(font)
        self.numbers = QLabel()
        for label in (self.title, self.numbers):
            label.setTextFormat(Qt.TextFormat.PlainText)  # names come from files
        self.numbers.setObjectName("faint")
        self.numbers.setWordWrap(True)
        self.numbers.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.numbers.setMinimumHeight(2 * self.numbers.fontMetrics().lineSpacing())  # else the sketch jumps with it
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
        self.again = _button(
            "Draw again", "Draw this code with other random numbers (R; space on the map)", studio.resample
        )
        self.random = _button(
            "Random", "Draw a code from the prior, anywhere in latent space (Ctrl+R)", studio.choose_random
        )
        self.pin = _button("Pin", "Give this code a letter for the expression line (Ctrl+D)", studio.pin)
        self.replay = _toggle("Replay", "Watch it being drawn, at the speed of a hand (Shift+R)")
        self.replay.setCheckable(False)
        self.variants = _toggle("Variants", "Nine sketches of this code, of which one can be taken (Ctrl+3)")
        self.clearest = _toggle("Clearest", CLEAREST)
        self.clearest.setChecked(studio.state.clearest)
        self.order = _toggle("Order", "Colour the line from its first point to its last (O)")
        self._lay_out()
        DragSource(self.view, lambda _at: self._carried())
        DropTarget(self.view, studio.choose_code)
        self.slider.valueChanged.connect(self._on_temperature)
        self.replay.clicked.connect(self._replay)
        self.variants.toggled.connect(self._show_variants)
        self.clearest.clicked.connect(studio.set_clearest)
        self.order.toggled.connect(self.view.colour_by_order)
        self.grid.taken.connect(studio.variants.take)
        studio.variants.varied.connect(self._on_varied)
        studio.opened.connect(self._on_opened)
        self.slider.sliderReleased.connect(studio.settle_temperature)
        studio.state_changed.connect(self._on_state)
        studio.located.connect(self._on_located)
        studio.player.moved.connect(self._on_film_moved)
        studio.player.changed.connect(self._on_film_played)
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
        for button in (self.again, self.random, self.pin):
            buttons.addWidget(button, 1)
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(self.title, 1)
        for toggle in (self.clearest, self.variants, self.replay, self.order):
            head.addWidget(toggle, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setContentsMargins(14, 8, 14, 12)
        words.setSpacing(8)
        words.addLayout(head)
        words.addWidget(self.numbers)
        words.addLayout(temperature)
        words.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pages, 1)
        column.addLayout(words)

    def _has_sketch(self, has: bool) -> None:
        for widget in (self.slider, self.again, self.random, self.pin, self.replay, self.variants, self.order):
            widget.setEnabled(has)
        opened = self._studio.current
        known = opened is None or opened.clarity is not None
        self.clearest.setEnabled(has and known)
        self.clearest.setToolTip(CLEAREST if known else "The program does not know what drawings of this map look like")

    def _on_opened(self, opened: "Opened") -> None:
        self.view.attend = opened.decoder.attention_of

    def _replay(self) -> None:
        self.variants.setChecked(False)
        self.view.replay()

    def _show_variants(self, shown: bool) -> None:
        self.pages.setCurrentWidget(self.grid if shown else self.view)
        self._studio.variants.watch(shown)

    def _on_varied(self, varied: Varied) -> None:
        self.grid.show_sketches(varied.sketches, finished=varied.finished)
        self._mark()

    def _mark(self) -> None:
        """Frame the variant that is the current sketch, once that is whole."""
        shown, sketch, here = self._studio.variants.shown, self._studio.sketch, self._studio.here
        known = shown is not None and sketch is not None and sketch.finished and here is not None
        if known and np.array_equal(shown.code, here.place.code):
            self.grid.mark(sketch.seed - shown.seed)
        else:
            self.grid.mark(None)

    def _on_temperature(self, step: int) -> None:
        self._studio.set_temperature(step / STEPS, live=self.slider.isSliderDown())

    def _on_state(self, _before: State, after: State) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(after.temperature * STEPS))
        self.slider.blockSignals(False)
        self.value.setText(f"{after.temperature:.2f}")
        self.clearest.setChecked(after.clearest and not after.taken)

    def _on_film_moved(self, moment: float) -> None:
        player = self._studio.player
        self.view.show_lines(player.lines())
        self.title.setText(f"Frame {moment + 1:.1f} of {player.end + 1}")
        self.numbers.setText("The film, morphing from frame to frame. Esc puts it away.")

    def _on_film_played(self) -> None:
        if not self._studio.player.shown:
            self.view.show_lines(None)
            if self._studio.here is not None:
                self._describe(self._studio.here)

    def _on_located(self, located: Located) -> None:
        self._has_sketch(True)
        self.view.begin()
        self._describe(located)

    def _describe(self, located: Located) -> None:
        self.title.setText(located.title)
        low, high = located.norm_range
        parts = [located.detail, f"‖z‖ {located.norm:.1f} (data {low:.1f} to {high:.1f})"]
        if located.place.index is None:
            parts.append(f"from data {located.place.distance:.1f}")
        self.numbers.setText("  ·  ".join(parts))

    def _carried(self) -> CarriedCode | None:
        here, sketch = self._studio.here, self._studio.sketch
        if here is None or sketch is None or not self._studio.drawn:
            return None
        return CarriedCode(here.title, here.place.code, sketch.stroke3)

    def _on_sketch(self, sketch: Sketch) -> None:
        self.view.show_sketch(sketch)
        self._mark()
