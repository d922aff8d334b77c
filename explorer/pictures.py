"""Sketches as pixels and as pages: PNG, PDF, GIF, by the same painting as on screen, in ink on paper."""

import io
from collections.abc import Callable, Generator, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRectF, QSizeF
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter

from core.morph import LEG_SECONDS, MorphedFilm, Polylines
from core.picture import ANIMATION_SIDE, FRAME_SIDE, INK, PAPER, SKETCH_SIDE
from explorer.ink import paint_lines, paint_sketch
from explorer.requests import Strokes

FRAME_MS = 50
"""Between two frames of a GIF, whose clock knows hundredths of a second; programs slow down what is under 20 ms."""
SHADES = 16
"""Colours of a GIF, from paper to ink: the edges of the lines."""
POINTS = 108
"""A side of a frame on a page, 72 to the inch."""
DOTS_PER_INCH = 720


def sketch_image(stroke3: Strokes) -> QImage:
    """One sketch."""
    return filmstrip_image([stroke3], SKETCH_SIDE)


def filmstrip_image(sketches: Sequence[Strokes], side: int = FRAME_SIDE) -> QImage:
    """Sketches side by side, each `side` pixels."""
    image = QImage(side * len(sketches), side, QImage.Format.Format_RGB32)
    image.fill(QColor(PAPER))
    with QPainter(image) as painter:
        _paint_row(painter, sketches, side)
    return image


def png(image: QImage) -> bytes:
    """A picture as a PNG file."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return buffer.data().data()


def page_pdf(size: QSizeF, paint: Callable[[QPainter, QRectF], object]) -> bytes:
    """A PDF of one page of `size` (in points), which `paint` fills; it is given the page's area."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    page = QPdfWriter(buffer)
    page.setCreator("Sketch Explorer")
    page.setResolution(DOTS_PER_INCH)
    page.setPageSize(QPageSize(size, QPageSize.Unit.Point))
    page.setPageMargins(QMarginsF())
    with QPainter(page) as painter:
        paint(painter, QRectF(0, 0, page.width(), page.height()))
    return buffer.data().data()


def filmstrip_pdf(sketches: Sequence[Strokes]) -> bytes:
    """Sketches side by side on one page of just their size, as lines."""

    def paint(painter: QPainter, area: QRectF) -> None:
        painter.fillRect(area, QColor(PAPER))
        _paint_row(painter, sketches, POINTS * DOTS_PER_INCH // 72)

    return page_pdf(QSizeF(POINTS * len(sketches), POINTS), paint)


def animation_gif(film: MorphedFilm) -> Generator[float, None, bytes]:
    """A film that morphs there and back, for ever. Yields how much is drawn, in [0, 1]."""
    from PIL import Image  # takes its time to load

    steps = round(1000 * LEG_SECONDS / FRAME_MS)
    frames: list[Image.Image] = []
    count = film.legs * steps + 1
    palette = _palette().tobytes()
    for number in range(count):
        frames.append(Image.fromarray(_shades(film.at(number / steps))))
        frames[-1].putpalette(palette)
        yield (number + 1) / count
    frames += frames[-2:0:-1]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MS, loop=0)
    return stream.getvalue()


def _paint_row(painter: QPainter, sketches: Sequence[Strokes], side: int) -> None:
    for number, stroke3 in enumerate(sketches):
        paint_sketch(painter, stroke3, QRectF(number * side, 0, side, side), QColor(INK))


def _shades(lines: Polylines) -> NDArray[np.uint8]:
    """A frame of an animation, [side, side], as numbers of the palette that all frames share."""
    side = ANIMATION_SIDE
    image = QImage(side, side, QImage.Format.Format_Grayscale8)
    image.fill(0)
    with QPainter(image) as painter:
        paint_lines(painter, lines, QRectF(0, 0, side, side), QColor("white"))  # white: how much ink there is
    amounts = np.frombuffer(image.constBits(), np.uint8).reshape(side, image.bytesPerLine())[:, :side]
    return amounts // (256 // SHADES)


def _palette() -> NDArray[np.uint8]:
    """[SHADES, 3], from paper to ink."""
    paper, ink = (np.array(QColor(name).getRgb()[:3]) for name in (PAPER, INK))
    return np.rint(paper + np.linspace(0, 1, SHADES)[:, None] * (ink - paper)).astype(np.uint8)
