"""A sum of sketches as a picture, each in its own colour: purple − blue + brown = red."""

import math

from PySide6.QtCore import QBuffer, QPoint, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from core.picture import PAPER
from explorer.arithmetic import Figure, Operand
from explorer.ink import paint_sketch
from explorer.pictures import POINTS, page_pdf
from explorer.theme import LIGHT, LiveTheme, Theme

TERM_COLOURS = {
    False: ("#7b3294", "#2166ac", "#8c510a", "#1b7837", "#b8860b", "#01665e", "#ae017e"),
    True: ("#c79be0", "#7fb3ec", "#d6a46c", "#7fcf8f", "#e3c353", "#6cc9bf", "#f28cc5"),
}
"""Of the terms in order, by whether the theme is dark; they come round again."""
RESULT_COLOURS = {False: "#cb181d", True: "#ff7b72"}
SIGN, TEXT = 0.26, 0.17
"""Of a sketch's side: the room for the sign before it, and for the words below it."""
MOST_IN_ROW = 6
SIDE = 360
"""Pixels of a sketch in a file."""
SIGNS = {"-": "−"}


def figure_size(figure: Figure, side: float) -> QSize:
    """How large a figure is with sketches of `side` pixels."""
    columns = min(len(figure.operands), MOST_IN_ROW)
    rows = math.ceil(len(figure.operands) / MOST_IN_ROW)
    width = columns * (1 + SIGN) - (0 if figure.operands[0].sign else SIGN)
    return QSize(math.ceil(width * side), math.ceil(rows * side * (1 + TEXT)))


def paint_figure(painter: QPainter, figure: Figure, area: QRectF, theme: Theme | LiveTheme) -> None:
    """Paint a figure as large as fits into the middle of `area`."""
    unit = figure_size(figure, 1000)
    side = 1000 * min(area.width() / unit.width(), area.height() / unit.height())
    whole = figure_size(figure, side)
    left, top = area.center().x() - whole.width() / 2, area.center().y() - whole.height() / 2
    left -= 0 if figure.operands[0].sign else SIGN * side
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


def figure_image(figure: Figure) -> QImage:
    """A figure as pixels, in ink on paper as all that is written."""
    image = QImage(figure_size(figure, SIDE), QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        _paint_page(painter, figure, QRectF(image.rect()))
    return image


def figure_svg(figure: Figure) -> bytes:
    """A figure as SVG, with its words as text."""
    buffer, size = QBuffer(), figure_size(figure, SIDE)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(96)  # a pixel is one in a browser
    generator.setSize(size)
    generator.setViewBox(QRect(QPoint(), size))
    generator.setTitle(figure.text)
    with QPainter(generator) as painter:
        _paint_page(painter, figure, QRectF(QPoint(), size))
    return buffer.data().data()


def figure_pdf(figure: Figure) -> bytes:
    """A figure on a page of just its size, as lines and text."""
    size = QSizeF(figure_size(figure, POINTS))
    return page_pdf(size, lambda painter, area: _paint_page(painter, figure, area))


def _paint_page(painter: QPainter, figure: Figure, area: QRectF) -> None:
    painter.fillRect(area, QColor(PAPER))
    paint_figure(painter, figure, area, LIGHT)
