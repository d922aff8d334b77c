"""The expression as a row of coloured sketches, in a window of its own."""

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer.arithmetic import Figure
from explorer.exports import FIGURE
from explorer.figure_picture import paint_figure
from explorer.saving import ask_where
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme


class FigureView(QWidget):
    """A figure, as large as there is room."""

    def __init__(self, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._theme = theme
        self.figure: Figure | None = None
        self.setMinimumSize(360, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The expression as a row of sketches")

    def show_figure(self, figure: Figure) -> None:
        self.figure = figure
        self.setAccessibleDescription(figure.text)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            area = QRectF(self.rect())
            painter.fillRect(area, QColor(self._theme.paper))
            if self.figure is not None:
                paint_figure(painter, self.figure, area.adjusted(16, 12, -16, -8), self._theme)


class FigureDialog(QDialog):
    """A window of its own for the figure; while it is open it follows the expression."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle("Figure")
        self.resize(760, 250)
        self.view = FigureView(theme)
        self.words = QLabel("Drawing …")
        self.words.setObjectName("faint")
        self.words.setWordWrap(True)
        self.copy, self.save, self.shut = QPushButton("Copy"), QPushButton("Export…"), QPushButton("Close")
        self.copy.setToolTip("Put the figure on the clipboard, as SVG and as a picture")
        self.save.setToolTip("Write the figure to a file: SVG, PNG or PDF")
        self.copy.clicked.connect(studio.exporting.copy_figure)
        self.save.clicked.connect(self._export)
        self.shut.clicked.connect(self.close)
        for button in (self.copy, self.save):
            button.setEnabled(False)  # until there is a figure
        row = QHBoxLayout()
        row.setContentsMargins(14, 8, 14, 10)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        for button in (self.copy, self.save, self.shut):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addLayout(row)
        studio.arithmetic.figured.connect(self._on_figured)
        studio.arithmetic.figure_refused.connect(self.words.setText)
        studio.exporting.exported.connect(self.words.setText)
        studio.sketch_changed.connect(self._on_sketch)

    def _on_figured(self, figure: Figure) -> None:
        self.view.show_figure(figure)
        for button in (self.copy, self.save):
            button.setEnabled(True)
        self.words.setText(f"All drawn at temperature {self._studio.temperature:.2f}, with one seed.")

    def _on_sketch(self) -> None:
        sketch = self._studio.sketch
        if self.isVisible() and sketch is not None and sketch.finished:
            self._studio.arithmetic.draw_figure()

    def _export(self) -> None:
        titles = {ending: entry.title for ending, entry in FIGURE.items()}
        ask_where(self, "Export figure", "figure", titles, self._studio.exporting.figure)
