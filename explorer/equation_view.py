"""A sum of sketches in a row, each in its own colour: purple − blue + brown = red."""

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer.arithmetic import Figure, Operand
from explorer.ink import paint_sketch
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

TERM_COLOURS = {
    False: ("#7b3294", "#2166ac", "#8c510a", "#1b7837", "#b8860b", "#01665e", "#ae017e"),
    True: ("#c79be0", "#7fb3ec", "#d6a46c", "#7fcf8f", "#e3c353", "#6cc9bf", "#f28cc5"),
}
"""Of the terms in order, by whether the theme is dark; they come round again."""
RESULT_COLOURS = {False: "#cb181d", True: "#ff7b72"}
SIGN, TEXT = 0.26, 0.17
"""Of a sketch's side: the room for the sign before it, and for the words below it."""
MOST_IN_ROW = 6
COPIED_SIDE = 360
"""Pixels of a sketch in a copied picture."""
SIGNS = {"-": "−"}


def figure_size(figure: Figure, side: float) -> QSize:
    """How large a figure is with sketches of `side` pixels."""
    columns = min(len(figure.operands), MOST_IN_ROW)
    rows = math.ceil(len(figure.operands) / MOST_IN_ROW)
    return QSize(math.ceil(columns * side * (1 + SIGN)), math.ceil(rows * side * (1 + TEXT)))


def paint_figure(painter: QPainter, figure: Figure, area: QRectF, theme: Theme | LiveTheme) -> None:
    """Paint a figure as large as fits into the middle of `area`."""
    unit = figure_size(figure, 1000)
    side = 1000 * min(area.width() / unit.width(), area.height() / unit.height())
    whole = figure_size(figure, side)
    left, top = area.center().x() - whole.width() / 2, area.center().y() - whole.height() / 2
    terms = TERM_COLOURS[bool(theme.dark)]
    for number, operand in enumerate(figure.operands):
        row, column = divmod(number, MOST_IN_ROW)
        last = number == len(figure.operands) - 1
        colour = RESULT_COLOURS[bool(theme.dark)] if last else terms[number % len(terms)]
        x, y = left + column * side * (1 + SIGN), top + row * side * (1 + TEXT)
        _paint_operand(painter, operand, QRectF(x, y, side * (1 + SIGN), side * (1 + TEXT)), colour, theme)


def _paint_operand(painter: QPainter, operand: Operand, cell: QRectF, colour: str, theme: Theme | LiveTheme) -> None:
    side = cell.width() / (1 + SIGN)
    sketch = QRectF(cell.left() + SIGN * side, cell.top(), side, side)
    font = QFont(painter.font())
    font.setPixelSize(max(round(0.24 * side), 8))
    painter.setFont(font)
    painter.setPen(QColor(theme.ink))
    before = QRectF(cell.left(), cell.top(), SIGN * side, side)
    painter.drawText(before, Qt.AlignmentFlag.AlignCenter, SIGNS.get(operand.sign, operand.sign))
    paint_sketch(painter, operand.stroke3, sketch, QColor(colour))
    font.setPixelSize(max(round(0.6 * TEXT * side), 8))
    painter.setFont(font)
    painter.setPen(QColor(colour))
    below = QRectF(sketch.left(), sketch.bottom(), side, TEXT * side)
    words = painter.fontMetrics().elidedText(operand.text, Qt.TextElideMode.ElideMiddle, int(side))
    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, words)


def figure_image(figure: Figure, theme: Theme | LiveTheme) -> QImage:
    """A figure on paper, to be pasted elsewhere."""
    image = QImage(figure_size(figure, COPIED_SIDE), QImage.Format.Format_RGB32)
    image.fill(QColor(theme.paper))
    with QPainter(image) as painter:
        paint_figure(painter, figure, QRectF(image.rect()), theme)
    return image


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
        self._studio, self._theme = studio, theme
        self.setWindowTitle("Figure")
        self.resize(760, 250)
        self.view = FigureView(theme)
        self.words = QLabel()
        self.words.setObjectName("faint")
        self.words.setWordWrap(True)
        self.copy, self.shut = QPushButton("Copy"), QPushButton("Close")
        self.copy.setToolTip("Put the figure on the clipboard as a picture")
        self.copy.clicked.connect(self._copy)
        self.shut.clicked.connect(self.close)
        row = QHBoxLayout()
        row.setContentsMargins(14, 8, 14, 10)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        row.addWidget(self.copy)
        row.addWidget(self.shut)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.view, 1)
        column.addLayout(row)
        studio.arithmetic.figured.connect(self._on_figured)
        studio.arithmetic.figure_refused.connect(self.words.setText)
        studio.sketch_changed.connect(self._on_sketch)

    def _on_figured(self, figure: Figure) -> None:
        self.view.show_figure(figure)
        self.words.setText(f"All drawn at temperature {self._studio.temperature:.2f}, with one seed.")

    def _on_sketch(self) -> None:
        sketch = self._studio.sketch
        if self.isVisible() and sketch is not None and sketch.finished:
            self._studio.arithmetic.draw_figure()

    def _copy(self) -> None:
        if self.view.figure is not None:
            QGuiApplication.clipboard().setImage(figure_image(self.view.figure, self._theme))
            self.words.setText("Copied as a picture.")
