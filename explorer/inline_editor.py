"""A line that appears where something is to be given another name or value."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class InlineEditor(QLineEdit):
    """Return or going elsewhere takes what was typed, Escape does not; then it is gone."""

    entered = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("small")
        self._asking = False
        self.hide()
        self.editingFinished.connect(self._on_finished)

    def ask(self, text: str) -> None:
        """Appear with `text`, to be typed over."""
        self._asking = True
        self.setText(text)
        self.show()
        self.raise_()
        self.selectAll()
        self.setFocus()

    def give_up(self) -> None:
        """Vanish without a word."""
        if self._asking:
            self._asking = False
            self.hide()
            self.closed.emit()

    def _on_finished(self) -> None:
        if self._asking:
            self.give_up()
            self.entered.emit(self.text())

    def event(self, event: QEvent) -> bool:
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and event.key() == Qt.Key.Key_Escape:
            event.accept()  # not a shortcut of the window now
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.give_up()
        else:
            super().keyPressEvent(event)
