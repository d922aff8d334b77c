"""Below the filmstrip: pinned codes, the expression line, and what the expression amounts to."""

from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from explorer.code_drag import CarriedCode, DropTarget
from explorer.equation_view import FigureDialog
from explorer.expression_line import ExpressionLine
from explorer.norm_bar import NormBar
from explorer.requests import Calculated, Misread
from explorer.scalar_row import ScalarRow
from explorer.slots import SlotRow
from explorer.state import State
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

SLOTS_SHARE = 0.45
"""Of the width, at most, is for the slots: more are scrolled to."""


class Verdict(QLabel):
    """One line, cut short where room ends; the whole is its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)

    @property
    def words(self) -> str:
        return self._words

    def say(self, words: str, *, faint: bool = True) -> None:
        self._words = words
        self.setToolTip("" if words.startswith("<") else words)
        self.setObjectName("faint" if faint else "error")
        self.style().polish(self)  # as the style sheet has it for that name
        self._show()

    def _show(self) -> None:
        rich = self._words.startswith("<")
        cut = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, self.width())
        self.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
        self.setText(self._words if rich else cut)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show()


class Bench(QWidget):
    """Pinned codes in a row, and an expression over them."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self.dialog: FigureDialog | None = None
        self.slots = SlotRow(studio, theme)
        self.line = ExpressionLine(theme, self._names)
        self.verdict = Verdict()
        self.scalars = ScalarRow()
        self.norm = NormBar(studio, theme)
        self.rescale = QToolButton()
        self.rescale.setText("Rescale")
        self.rescale.setObjectName("flat")
        self.rescale.setCheckable(True)
        self.rescale.setToolTip("Bring results of expressions to the data's typical ‖z‖")
        self.figure = QPushButton("Figure")
        self.figure.setObjectName("flat")
        self.figure.setToolTip("Show the expression as a row of coloured sketches (Ctrl+Shift+F)")
        self._lay_out()
        self.line.changed.connect(studio.calculate)
        self.line.returnPressed.connect(lambda: studio.calculate(self.line.text()))
        self.line.editingFinished.connect(studio.end_gesture)
        self.slots.inserting.connect(self.line.insert_name)
        self.scalars.moved.connect(studio.arithmetic.set_scalar)
        self.scalars.settled.connect(studio.arithmetic.settle)
        for part in (self.slots, self.scalars):
            part.refused.connect(lambda words: self.verdict.say(words, faint=False))
        self.rescale.clicked.connect(studio.arithmetic.set_rescale)
        self.figure.clicked.connect(self.show_figure)
        self.verdict.linkActivated.connect(lambda number: self._try(int(number)))
        DropTarget(self.line, self._drop)
        studio.state_changed.connect(self._on_state)
        studio.calculated.connect(self._on_calculated)
        studio.opened.connect(self._on_opened)

    def _lay_out(self) -> None:
        below = QHBoxLayout()
        below.setContentsMargins(2, 0, 0, 0)
        below.setSpacing(8)
        below.addWidget(self.verdict, 1)
        for widget in (self.norm, self.rescale, self.figure):
            below.addWidget(widget)
        expression = QVBoxLayout()
        expression.setSpacing(3)
        expression.addWidget(self.line)
        expression.addWidget(self.scalars)
        expression.addLayout(below)
        expression.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 4)
        row.setSpacing(14)
        row.addWidget(self.slots, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(expression, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.slots.setMaximumWidth(round(SLOTS_SHARE * self.width()))

    def _names(self) -> list[str]:
        opened, state = self._studio.current, self._studio.state
        categories = () if opened is None else opened.category_means
        return list(dict.fromkeys([*state.pins, *state.groups, *categories]))

    # -- what the state says -----------------------------------------------------------------

    def _on_opened(self) -> None:
        self.line.setPlaceholderText("Calculate with codes")
        self._say_examples()

    def _on_state(self, before: State, after: State) -> None:
        self.rescale.setChecked(after.rescale)
        if after.expression != self.line.text():
            self.line.setText(after.expression)
        if not after.expression.strip():
            self.line.mark(None)
            self.norm.show()
            self.scalars.show_scalars((), {}, 0)
            self._say_examples()

    def _say_examples(self) -> None:
        style = f'style="color: {self._theme.faint};"'
        examples = self._studio.arithmetic.examples()[:2]
        links = [f'<a href="{number}" {style}>{escape(text)}</a>' for number, text in enumerate(examples)]
        self.verdict.say(f"<span>Try {' or '.join(links)}</span>" if links else "Pin codes to calculate with them.")

    def _on_calculated(self, result: Calculated | Misread) -> None:
        from core.expression import DEFAULT_SCALAR

        self.norm.setVisible(isinstance(result, Calculated))  # words need the room
        if isinstance(result, Misread):  # its sliders stay: one of them may have led here
            self.verdict.say(result.message, faint=False)
            self.line.mark(result.column)
            return
        answer = result.answer
        self.line.mark(None)
        self.scalars.show_scalars(answer.scalars, self._studio.state.scalars, DEFAULT_SCALAR)
        if isinstance(answer.value, float):
            self.verdict.say(f"= {answer.value:.4g}")
        elif answer.norm_share == 1 and not self._studio.state.rescale:
            self.verdict.say("Longer than any drawing's code: Rescale brings it back.")
        else:
            self.verdict.say("")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.verdict.words.startswith("<"):
            self._say_examples()  # in the other theme's colour

    # -- doing -------------------------------------------------------------------------------

    def _try(self, number: int) -> None:
        """Calculate an example."""
        self._studio.calculate(self._studio.arithmetic.examples()[number])
        self._studio.end_gesture()

    def _drop(self, carried: CarriedCode) -> None:
        """Pin what was dropped on the line, and write its name there."""
        name = self._studio.arithmetic.name_of(carried.code) or self._studio.pin_code(*carried)
        if name is not None:
            self.line.insert_name(name)

    def show_figure(self) -> None:
        """Show the expression as a row of sketches; an example where there is none."""
        if not self._studio.state.expression.strip() and self._studio.arithmetic.examples():
            self._try(0)
        if self.dialog is None:
            self.dialog = FigureDialog(self._studio, self._theme, self.window())
        self.dialog.show()
        self.dialog.raise_()
        self._studio.arithmetic.draw_figure()
