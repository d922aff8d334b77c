"""A card over the map that says something in a few lines and can be put away."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

MARGIN = 12


class Notice(QFrame):
    """Floats at the upper edge of `over`; each of its buttons closes it."""

    closed = Signal()

    def __init__(
        self, lines: Sequence[str], buttons: Sequence[tuple[str, Callable[[], object]]], over: QWidget
    ) -> None:
        super().__init__(over)
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        words = QVBoxLayout()
        words.setSpacing(4)
        self.lines = [QLabel(line, textFormat=Qt.TextFormat.PlainText) for line in lines]
        for line in self.lines:
            line.setWordWrap(True)
            words.addWidget(line)
        row = QHBoxLayout()
        row.addStretch()
        self.buttons = [QPushButton(title) for title, _ in buttons]
        for button, (_, act) in zip(self.buttons, buttons, strict=True):
            button.setObjectName("flat")
            button.clicked.connect(lambda _=False, act=act: (self.close(), act()))
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 8)
        column.addLayout(words)
        column.addLayout(row)
        over.installEventFilter(self)
        self._place()
        self.show()

    def _place(self) -> None:
        over = self.parentWidget()
        width = min(480, over.width() - 2 * MARGIN)
        layout = self.layout()
        assert layout is not None
        self.resize(width, max(layout.totalHeightForWidth(width), layout.totalMinimumSize().height()))
        self.move((over.width() - width) // 2, MARGIN)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def closeEvent(self, event: object) -> None:
        self.closed.emit()
