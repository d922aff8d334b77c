"""The line that expressions are typed into: completion, error marks, codes dropped into it."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QRect, QStringListModel, Qt, Signal
from PySide6.QtGui import QColor, QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QApplication, QCompleter, QLineEdit

from core.completion import Completions, completions
from core.expression_syntax import quoted
from explorer.theme import LiveTheme, Theme

MOST_ROWS = 9


class ExpressionLine(QLineEdit):
    """A line of text that knows which names there are."""

    changed = Signal(str)
    """The text, changed by the user, whether typed, completed or inserted."""

    def __init__(self, theme: Theme | LiveTheme, names: Callable[[], Iterable[str]]) -> None:
        super().__init__()
        self._theme, self._names = theme, names
        self._offered = Completions(0, 0, ())
        self.setAccessibleName("Expression")
        self.setClearButtonEnabled(True)
        self.setToolTip("Arithmetic with codes: names, + - *, functions. Ctrl+Space shows what fits here.")
        self._model = QStringListModel(self)
        self.completion = QCompleter(self._model, self)
        self.completion.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completion.setMaxVisibleItems(MOST_ROWS)
        self.completion.popup().setObjectName("completion")
        self.completion.setWidget(self)  # not setCompleter: that would complete the whole line
        self.completion.activated[str].connect(self._complete)
        self.textEdited.connect(self._on_typed)

    def insert_name(self, name: str) -> None:
        """Put the name of a code where the cursor is."""
        self._replace(self.cursorPosition(), self.cursorPosition(), quoted(name))
        self.setFocus()

    def mark(self, column: int | None) -> None:
        """Underline the expression from `column` on (None: not at all), by the one way QLineEdit has."""
        attributes = []
        if column is not None and column < len(self.text()):
            wave = QTextCharFormat()
            wave.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            wave.setUnderlineColor(QColor(self._theme.error))
            start = column - self.cursorPosition()
            kind = QInputMethodEvent.AttributeType.TextFormat
            attributes.append(QInputMethodEvent.Attribute(kind, start, len(self.text()) - column, wave))
        QApplication.sendEvent(self, QInputMethodEvent("", attributes))

    # -- completion --------------------------------------------------------------------------

    def offer(self, *, unasked: bool) -> None:
        """Show what may stand at the cursor; `unasked` only where a word was begun and is not complete."""
        offered = completions(self.text(), self.cursorPosition(), self._names())
        word = self.text()[offered.start : offered.end]
        entries = [entry for entry in offered.entries if entry != word]
        self._offered = offered
        if not entries or (unasked and not word):
            self.completion.popup().hide()
            return
        self._model.setStringList(entries)
        popup = self.completion.popup()
        width = popup.sizeHintForColumn(0) + 12 + popup.verticalScrollBar().sizeHint().width()
        begin = self.cursorRect().left() - self.fontMetrics().horizontalAdvance(word)
        self.completion.complete(QRect(max(begin, 0), 0, width, self.height()))
        popup.setCurrentIndex(self.completion.completionModel().index(-1, 0))  # Return means what is typed

    def _on_typed(self, text: str) -> None:
        self.changed.emit(text)
        self.offer(unasked=True)

    def _complete(self, entry: str) -> None:
        self._replace(self._offered.start, self._offered.end, entry)

    def _replace(self, start: int, end: int, entry: str) -> None:
        text = self.text()
        self.setSelection(start, end - start)
        self.insert(entry)  # as one step of the line's own undo
        if self.text() != text:
            self.changed.emit(self.text())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _asks(event):
            event.accept()  # here it is no shortcut of the window
            return True
        keys = (Qt.Key.Key_Tab, Qt.Key.Key_Escape)
        if isinstance(event, QKeyEvent) and event.key() in keys and (popup := self.completion.popup()).isVisible():
            if event.type() == QEvent.Type.KeyPress:
                if event.key() == Qt.Key.Key_Tab:
                    self._complete(self._model.stringList()[max(popup.currentIndex().row(), 0)])
                popup.hide()
            event.accept()  # it leads nowhere else now
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _asks(event):
            self.offer(unasked=False)
        else:
            super().keyPressEvent(event)


def _asks(event: QKeyEvent) -> bool:
    """Whether a key asks for what fits here."""
    return event.key() == Qt.Key.Key_Space and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
