"""A page of sliders: the current code, moved along directions of latent space."""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.directions import ATTRIBUTE_REACH, REACH, Directions, Found, principal_key
from explorer.ink import paint_sketch
from explorer.requests import Strokes
from explorer.state import State
from explorer.steady_slider import SteadySlider
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

END = 40
"""Pixels of the sketch at the end of a slider."""
CURRENT = 132
"""Pixels of the current sketch."""


class SmallSketch(QWidget):
    """A sketch without any more: the current one, or what lies at an end of a direction."""

    clicked = Signal()

    def __init__(self, theme: Theme | LiveTheme, side: int, *, lively: bool = True) -> None:
        """A `lively` one shows that it can be clicked."""
        super().__init__()
        self._theme, self._lively = theme, lively
        self.stroke3: Strokes | None = None
        self.setFixedSize(side, side)

    def show_sketch(self, stroke3: Strokes | None) -> None:
        self.stroke3 = stroke3
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and QRectF(self.rect()).contains(QPointF(event.position())):
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.stroke3 is not None:
            colour = self._theme.accent if self._lively and self.underMouse() else self._theme.ink
            with QPainter(self) as painter:
                painter.fillRect(self.rect(), QColor(self._theme.panel if self._lively else self._theme.paper))
                paint_sketch(painter, self.stroke3, QRectF(self.rect()), QColor(colour))

    def enterEvent(self, event: QEvent) -> None:
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()


class DirectionSlider(QWidget):
    """One direction: its name, how far along it the current code was moved, and a slider."""

    def __init__(self, directions: Directions, name: str, title: str, unit: str, reach: float) -> None:
        super().__init__()
        self.name, self._directions = name, directions
        self.slider = SteadySlider(-reach, reach, home=0.0)
        self.slider.setAccessibleName(f"Along {title}")
        self.slider.setToolTip(f"Move the current code, in {unit}; double-click brings it back")
        self.title, self.value = QLabel(title), QLabel()
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.title.setToolTip(title)
        self.value.setObjectName("faint")
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addLayout(head)
        column.addWidget(self.slider)
        self.slider.moved.connect(lambda amount: directions.steer(name, amount, live=True))
        self.slider.settled.connect(directions.settle)
        self.show_amount()

    def go(self, amount: float) -> None:
        """To an amount at once."""
        self._directions.steer(self.name, amount)

    def show_amount(self) -> None:
        """Stand where the current target was moved to."""
        amount = self._directions.amount(self.name)
        if not self.slider.isSliderDown():
            self.slider.show_number(amount)
        self.value.setText(f"{amount:+.2f}" if amount else "")


class DirectionsPanel(QWidget):
    """Principal directions of the map, and directions from one group of drawings to another."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self.principal: list[DirectionSlider] = []
        self.ends: list[tuple[SmallSketch, SmallSketch]] = []
        self.attributes: dict[str, DirectionSlider] = {}
        self.removers: dict[str, QToolButton] = {}
        self.wait = QLabel("Looking for the directions along which the drawings vary most …")
        self.wait.setObjectName("faint")
        self.wait.setWordWrap(True)
        self.low, self.high = QComboBox(), QComboBox()
        self.low.setAccessibleName("Direction from")
        self.high.setAccessibleName("Direction to")
        self.add = QPushButton("Add")
        self.add.setToolTip("A slider that leads from the one to the other, by the difference of their means")
        self.reset = QPushButton("Reset")
        self.reset.setToolTip("All sliders back to the middle")
        self.current = SmallSketch(theme, CURRENT, lively=False)
        self.current.setAccessibleName("Current sketch")
        self._lay_out()
        studio.sketch_changed.connect(lambda sketch: self.current.show_sketch(sketch.stroke3))
        self.add.clicked.connect(lambda: studio.directions.add(self.low.currentText(), self.high.currentText()))
        self.reset.clicked.connect(studio.directions.reset)
        studio.directions.found.connect(self._on_found)
        studio.opened.connect(self._on_opened)
        studio.state_changed.connect(self._on_state)

    def _lay_out(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(14, 10, 14, 10)
        column.setSpacing(8)
        column.addLayout(self._head())
        self._attribute_rows = QVBoxLayout()
        self._attribute_rows.setSpacing(6)
        column.addLayout(self._attribute_rows)
        column.addSpacing(6)
        column.addWidget(self._heading("Principal directions"))
        column.addWidget(self.wait)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        column.addLayout(self._grid)
        column.addStretch()
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(scroll, 1)
        self.reset.setEnabled(False)

    def _head(self) -> QHBoxLayout:
        """The current sketch, and beside it what makes a direction."""
        ends = QGridLayout()
        ends.setHorizontalSpacing(8)
        for row, (word, box) in enumerate((("From", self.low), ("to", self.high))):
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            box.setMinimumWidth(60)
            ends.addWidget(QLabel(word), row, 0)
            ends.addWidget(box, row, 1)
        ends.setColumnStretch(1, 1)
        choice = QVBoxLayout()
        choice.setSpacing(6)
        choice.addWidget(self._heading("A direction of your own"))
        choice.addLayout(ends)
        buttons = QHBoxLayout()
        buttons.addWidget(self.add, 1)
        buttons.addWidget(self.reset, 1)
        choice.addLayout(buttons)
        choice.addStretch()
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.current, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(choice, 1)
        return head

    def _heading(self, words: str) -> QLabel:
        label = QLabel(words)
        label.setObjectName("faint")
        return label

    def minimumSizeHint(self) -> QSize:
        return QSize(220, 200)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._studio.directions.find()

    # -- principal directions ----------------------------------------------------------------

    def _on_opened(self) -> None:
        self._clear_principal()
        self._fill_names()
        if self.isVisible():
            self._studio.directions.find()

    def _clear_principal(self) -> None:
        for slider, ends in zip(self.principal, self.ends, strict=True):
            for widget in (slider, *ends):
                self._grid.removeWidget(widget)
                widget.deleteLater()
        self.principal, self.ends = [], []
        self.wait.show()

    def _on_found(self, found: Found) -> None:
        if not self.principal:
            self.wait.hide()
            for axis, share in enumerate(found.principal.shares.tolist()):
                self._add_principal(axis, share)
        for pair, sketches in zip(self.ends, found.ends, strict=False):
            for end, sketch in zip(pair, sketches, strict=True):
                end.show_sketch(sketch)

    def _add_principal(self, axis: int, share: float) -> None:
        title = f"{axis + 1}   {100 * share:.1f} % of the variance"
        slider = DirectionSlider(
            self._studio.directions, principal_key(axis), title, "standard deviations of the data", REACH
        )
        pair = SmallSketch(self._theme, END), SmallSketch(self._theme, END)
        for end, amount, column in zip(pair, (-REACH, REACH), (0, 2), strict=True):
            end.setToolTip(f"The mean of the data, moved {amount:+.0f} standard deviations. Click to move as far.")
            end.clicked.connect(lambda slider=slider, amount=amount: slider.go(amount))
            self._grid.addWidget(end, axis, column)
        self._grid.addWidget(slider, axis, 1)
        self.principal.append(slider)
        self.ends.append(pair)

    # -- directions between groups -----------------------------------------------------------

    def _fill_names(self) -> None:
        names = self._studio.directions.names()
        for number, box in enumerate((self.low, self.high)):
            chosen = box.currentText()
            box.clear()
            box.addItems(names)
            box.setCurrentIndex(names.index(chosen) if chosen in names else min(number, len(names) - 1))
        self.add.setEnabled(len(names) > 1)

    def _on_state(self, before: State, after: State) -> None:
        if after.groups is not before.groups:
            self._fill_names()
        if after.directions is not before.directions:
            self._show_attributes(after)
        if after.target is not before.target or after.directions is not before.directions:
            for slider in (*self.principal, *self.attributes.values()):
                slider.show_amount()
            self.reset.setEnabled(self._studio.directions.steered)

    def _show_attributes(self, state: State) -> None:
        while (item := self._attribute_rows.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        self.attributes, self.removers = {}, {}
        for name in state.directions:
            slider = DirectionSlider(
                self._studio.directions, name, name, "differences of the two means", ATTRIBUTE_REACH
            )
            remove = QToolButton()
            remove.setText("×")
            remove.setObjectName("flat")
            remove.setToolTip(f"Remove {name}")
            remove.setAccessibleName(f"Remove {name}")
            remove.clicked.connect(lambda _=False, name=name: self._studio.directions.remove(name))
            row = QWidget()
            line = QHBoxLayout(row)
            line.setContentsMargins(0, 0, 0, 0)
            line.addWidget(slider, 1)
            line.addWidget(remove)
            self._attribute_rows.addWidget(row)
            self.attributes[name], self.removers[name] = slider, remove
