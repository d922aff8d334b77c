"""Pictures as files, opened by other readers: Qt's SVG renderer, Pillow, and a look into the PDF."""

import io
import re

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtCore import QByteArray, QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from core.morph import LEG_SECONDS, MorphedFilm
from core.picture import ANIMATION_SIDE, FRAME_SIDE, INK, PAPER, SKETCH_SIDE
from core.svg_writer import filmstrip_svg, sketch_svg
from explorer.ink import paint_lines, paint_sketch
from explorer.pictures import FRAME_MS, POINTS, animation_gif, filmstrip_image, filmstrip_pdf, png, sketch_image
from tests.generators import finish
from tests.parametric import Factors, draw

pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def sketches():
    """Two faces and a house."""
    return [draw("face", Factors()), draw("house", Factors(rotation=0.3)), draw("face", Factors(aspect=2))]


def pixels(image):
    """[height, width, 3] of a QImage, in [0, 1]."""
    with Image.open(io.BytesIO(png(image))) as picture:
        return np.asarray(picture.convert("RGB"), dtype=float) / 255


def rendered(svg, width, height):
    image = QImage(width, height, QImage.Format.Format_RGB32)
    with QPainter(image) as painter:
        QSvgRenderer(QByteArray(svg.encode())).render(painter)
    return pixels(image)


def colour(name):
    return np.array(QColor(name).getRgbF()[:3])


def test_png_is_ink_on_paper_as_on_screen(sketches):
    found = pixels(sketch_image(sketches[0]))
    assert found.shape == (SKETCH_SIDE, SKETCH_SIDE, 3)
    np.testing.assert_allclose(found[0, 0], colour(PAPER), atol=1 / 255)
    screen = QImage(SKETCH_SIDE, SKETCH_SIDE, QImage.Format.Format_RGB32)
    screen.fill(QColor(PAPER))
    with QPainter(screen) as painter:
        paint_sketch(painter, sketches[0], QRectF(screen.rect()), QColor(INK))
    np.testing.assert_array_equal(found, pixels(screen))


def test_svg_and_png_are_the_same_picture(sketches):
    one = rendered(sketch_svg(sketches[0]), SKETCH_SIDE, SKETCH_SIDE)
    assert np.abs(one - pixels(sketch_image(sketches[0]))).mean() < 1e-3
    strip = rendered(filmstrip_svg(sketches), 3 * FRAME_SIDE, FRAME_SIDE)
    assert np.abs(strip - pixels(filmstrip_image(sketches))).mean() < 1e-3
    assert np.abs(strip - strip[:, ::-1]).mean() > 1e-2  # what "the same" is not


def test_a_frame_of_the_strip_is_the_sketch_alone(sketches):
    strip = pixels(filmstrip_image(sketches))
    alone = pixels(filmstrip_image(sketches[1:2]))
    np.testing.assert_array_equal(strip[:, FRAME_SIDE : 2 * FRAME_SIDE], alone)


def test_pdf_is_one_page_of_just_the_film(sketches):
    content = filmstrip_pdf(sketches)
    assert content.startswith(b"%PDF-1.")
    assert content.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1
    (box,) = re.findall(rb"/MediaBox\s*\[([^]]+)\]", content)
    assert [float(number) for number in box.split()] == pytest.approx([0, 0, 3 * POINTS, POINTS], abs=1)
    assert not re.search(rb"/Subtype\s*/Image", content)  # lines, no pixels


def test_gif_plays_the_film_there_and_back_for_ever(sketches):
    progress, content = finish(animation_gif(MorphedFilm(sketches)))
    assert progress == sorted(progress)
    assert progress[-1] == 1
    steps = round(1000 * LEG_SECONDS / FRAME_MS)
    with Image.open(io.BytesIO(content)) as gif:
        assert (gif.format, gif.size, gif.info["loop"]) == ("GIF", (ANIMATION_SIDE, ANIMATION_SIDE), 0)
        assert gif.n_frames == 4 * steps
        frames = [np.asarray(frame.convert("RGB"), dtype=float) / 255 for frame in ImageSequence.Iterator(gif)]
        assert {gif.info["duration"]} == {FRAME_MS}
    for number in (0, 3, steps, 2 * steps):
        image = QImage(ANIMATION_SIDE, ANIMATION_SIDE, QImage.Format.Format_RGB32)
        image.fill(QColor(PAPER))
        with QPainter(image) as painter:
            paint_lines(painter, MorphedFilm(sketches).at(number / steps), QRectF(image.rect()), QColor(INK))
        assert np.abs(frames[number] - pixels(image)).max() < 0.08  # a sixteenth of the way from paper to ink
        np.testing.assert_array_equal(frames[-number], frames[number])


def test_a_film_of_one_sketch_is_a_still(sketches):
    _, content = finish(animation_gif(MorphedFilm(sketches[:1])))
    with Image.open(io.BytesIO(content)) as gif:
        assert gif.n_frames == 1
