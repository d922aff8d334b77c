"""Below the filmstrip: pinned codes and the expression line."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QInputMethodEvent, QKeyEvent, QPainter, QPaintEvent, QTextCharFormat
from PySide6.QtWidgets import QAbstractButton, QApplication, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from explorer.ink import paint_sketch
from explorer.requests import Calculated, Misread
from explorer.state import Pin, State
from explorer.studio import Studio
from explorer.theme import Theme

SLOT = 60


class Slot(QAbstractButton):
    """A pinned code: its sketch and its letter."""

    def __init__(self, pin: Pin, theme: Theme) -> None:
        super().__init__()
        self.pin, self._theme = pin, theme
        self.setFixedSize(SLOT, SLOT)
        self.setToolTip(f"{pin.name}: {pin.title}\nClick to draw it, press Delete to unpin")
        self.setAccessibleName(f"Pinned code {pin.name}: {pin.title}")

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            area = QRectF(self.rect())
            painter.fillRect(area, QColor(self._theme.paper))
            paint_sketch(painter, self.pin.stroke3, area.adjusted(12, 0, 0, 0), QColor(self._theme.ink))
            font = QFont(self.font())
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(self._theme.accent if self.hasFocus() or self.underMouse() else self._theme.faint))
            painter.drawText(
                area.adjusted(5, 3, 0, 0), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, self.pin.name
            )


class Bench(QWidget):
    """Pinned codes in a row, and an expression over them."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self.slots = QHBoxLayout()
        self.slots.setSpacing(6)
        self.hint = QLabel("Pin codes (Ctrl+D) to name them a, b, c …")
        self.hint.setObjectName("faint")
        self.line = QLineEdit()
        self.line.setAccessibleName("Expression")
        self.line.setClearButtonEnabled(True)
        self.verdict = QLabel()
        self.verdict.setObjectName("faint")
        self._lay_out()
        self.line.textEdited.connect(self._calculate)
        self.line.returnPressed.connect(lambda: self._calculate(self.line.text()))
        self.line.editingFinished.connect(studio.end_gesture)
        studio.state_changed.connect(self._on_state)
        studio.calculated.connect(self._on_calculated)
        studio.opened.connect(self._on_opened)

    def _lay_out(self) -> None:
        expression = QVBoxLayout()
        expression.setSpacing(3)
        expression.addStretch()
        expression.addWidget(self.line)
        expression.addWidget(self.verdict)
        expression.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.setSpacing(14)
        row.addWidget(self.hint)
        row.addLayout(self.slots)
        row.addLayout(expression, 1)
        self.setFixedHeight(SLOT + 16)

    def _on_opened(self) -> None:
        assert self._studio.current is not None
        names = [name if name.isidentifier() else f'"{name}"' for name in self._studio.current.category_means]
        example = f"{names[0]} - {names[1]} + {names[2]}" if len(names) > 2 else "a - b + c"
        self.line.setPlaceholderText(f"Calculate with codes:  {example}")

    def _on_state(self, before: State, after: State) -> None:
        if after.pins is not before.pins:
            self._on_pins()
        if after.expression != self.line.text():
            self.line.setText(after.expression)
            self._say("", faint=True)

    def _on_pins(self) -> None:
        while (item := self.slots.takeAt(0)) is not None:
            item.widget().deleteLater()
        for pin in self._studio.pins.values():
            slot = Slot(pin, self._theme)
            slot.clicked.connect(lambda _=False, name=pin.name: self._studio.choose_pin(name))
            slot.installEventFilter(self)
            self.slots.addWidget(slot)
        self.hint.setVisible(not self._studio.pins)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        deletes = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if not isinstance(watched, Slot) or not isinstance(event, QKeyEvent) or event.key() not in deletes:
            return False
        if event.type() == QEvent.Type.KeyPress:
            self._studio.unpin(watched.pin.name)
        return True

    def _calculate(self, text: str) -> None:
        self._mark(None)
        if text.strip():
            self._studio.calculate(text)
        else:
            self._say("", faint=True)

    def _on_calculated(self, result: Calculated | Misread) -> None:
        if isinstance(result, Misread):
            self._say(result.message, faint=False)
            self._mark(result.column)
            return
        answer = result.answer
        words = f"= {answer.value:.4g}" if isinstance(answer.value, float) else ""
        if answer.scalars:
            words += f"   with {', '.join(f'{name} = 0.5' for name in answer.scalars)}"
        self._say(words.strip(), faint=True)

    def _say(self, words: str, *, faint: bool) -> None:
        self.verdict.setText(words)
        self.verdict.setObjectName("faint" if faint else "error")
        self.verdict.setStyleSheet(f"color: {self._theme.faint if faint else self._theme.error};")

    def _mark(self, column: int | None) -> None:
        """Underline the expression from `column` on (None: not at all), by the one way QLineEdit has."""
        attributes = []
        if column is not None and column < len(self.line.text()):
            wave = QTextCharFormat()
            wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            wave.setUnderlineColor(QColor(self._theme.error))
            start = column - self.line.cursorPosition()
            kind = QInputMethodEvent.AttributeType.TextFormat
            attributes.append(QInputMethodEvent.Attribute(kind, start, len(self.line.text()) - column, wave))
        QApplication.sendEvent(self.line, QInputMethodEvent("", attributes))
