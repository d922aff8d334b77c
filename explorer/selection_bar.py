"""On the map, while something is selected: how much, and what can be done with it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from explorer.saving import ask_where
from explorer.studio import Studio

FORMATS = {".npz": "Sketch-RNN drawings", ".ndjson": "Quick, Draw! drawings", ".csv": "Table"}
MARGIN = 10


class SelectionBar(QFrame):
    """Floats at the lower edge of the map, so that the map does not move when something is selected."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setObjectName("card")
        self.count = QLabel()
        self.name = QLineEdit()
        self.name.setObjectName("small")
        self.name.setPlaceholderText("Name as a group")
        self.name.setToolTip("Type a name and press Return: the group can then be used in expressions (Ctrl+G)")
        self.name.setAccessibleName("Name of the group")
        self.name.setMinimumWidth(60)
        self.name.setMaximumWidth(130)
        self.alone, self.save, self.clear = QPushButton("Show alone"), QPushButton("Export…"), QPushButton("Clear")
        self.alone.setToolTip("Hide all other drawings; again shows them (A)")
        self.save.setToolTip("Write these drawings to a file (Ctrl+E)")
        self.clear.setToolTip("Select nothing (Esc)")
        self.problem = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.problem.setObjectName("error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 5, 8, 5)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.problem)
        for widget in (self.count, self.name, self.alone, self.save, self.clear):
            row.addWidget(widget)
        for button in (self.alone, self.save, self.clear):
            button.setObjectName("flat")
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.hide()
        parent.installEventFilter(self)
        self.name.returnPressed.connect(self._name)
        self.name.textEdited.connect(lambda: self._say(""))
        studio.selection.refused.connect(self._say)
        self.alone.clicked.connect(studio.selection.toggle_alone)
        self.save.clicked.connect(self.export)
        self.clear.clicked.connect(studio.selection.clear)
        studio.selection.changed.connect(self._update)
        studio.showing.filtered.connect(self._update)

    def _update(self) -> None:
        count, alone = self._studio.selection.count, self._studio.showing.alone is not None
        self.count.setText(f"{count:,} selected")
        self.alone.setText("Show all again" if alone else "Show alone")
        self.problem.hide()
        self.setVisible(count > 0 or alone)
        for widget in (self.name, self.save, self.clear):
            widget.setEnabled(count > 0)
        self._place()

    def _say(self, problem: str) -> None:
        """Why a name cannot be, under the line it was typed into."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))
        self._place()

    def _place(self) -> None:
        parent, layout = self.parentWidget(), self.layout()
        assert layout is not None
        layout.activate()
        width = min(self.sizeHint().width(), parent.width())
        self.resize(
            width, layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else self.sizeHint().height()
        )
        self.move((parent.width() - self.width()) // 2, parent.height() - self.height() - MARGIN)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _name(self) -> None:
        if self._studio.selection.name_group(self.name.text()):
            self.name.clear()

    def export(self) -> None:
        """Ask for a file and write the selection to it."""
        if not self._studio.selection.count:
            return
        title = "Export the selection"
        ask_where(self.window(), title, "selection", FORMATS, self._studio.exporting.selection)
