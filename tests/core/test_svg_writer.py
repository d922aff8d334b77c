"""Sketches as SVG, read by an XML parser and by the reader of SVG drawings."""

import numpy as np
import pytest
from defusedxml.ElementTree import fromstring

from core.morph import LEG_SECONDS, MorphedFilm
from core.picture import ANIMATION_SIDE, FRAME_SIDE, INK, LINE_WIDTH, PAPER, SKETCH_SIDE, in_unit_square
from core.readers import open_sketches
from core.sketch import polylines_to_stroke3
from core.svg_writer import animation_svg, filmstrip_svg, sketch_svg
from tests.parametric import Factors, draw

SVG = "{http://www.w3.org/2000/svg}"
NEAR = 0.006
"""Pixels: coordinates have two decimals."""


@pytest.fixture
def sketches():
    """A face, a house and nothing: four strokes, three, none."""
    return [draw("face", Factors()), draw("house", Factors(aspect=2)), np.zeros((0, 3), dtype=np.float32)]


def points(data):
    """The polylines [k, 2] of path data."""
    return [np.array([[float(n) for n in p.split()] for p in part.split("L")]) for part in data.split("M")[1:]]


def assert_same(found, expected):
    for line, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(line, wanted, atol=NEAR)


def test_a_sketch_has_a_path_a_stroke_placed_as_on_screen(sketches):
    root = fromstring(sketch_svg(sketches[0]))
    assert root.get("viewBox") == f"0 0 {SKETCH_SIDE} {SKETCH_SIDE}"
    (group,) = root.findall(f"{SVG}g")
    assert float(group.get("stroke-width")) == pytest.approx(SKETCH_SIDE * LINE_WIDTH)
    assert group.get("stroke") == INK
    assert (root.find(f"{SVG}rect").get("fill"), root.find(f"{SVG}rect").get("width")) == (PAPER, str(SKETCH_SIDE))
    lines = [line for path in group for line in points(path.get("d"))]
    assert len(group) == 4
    assert_same(lines, [SKETCH_SIDE * line for line in in_unit_square(sketches[0])])


def test_a_dot_has_some_length():
    dotted = polylines_to_stroke3([np.array([[0.0, 0.0], [100.0, 0.0]]), np.array([[50.0, 50.0]])])
    root = fromstring(sketch_svg(dotted))
    (_, dot) = [points(path.get("d"))[0] for path in root.iter(f"{SVG}path")]
    assert 0 < np.ptp(dot, axis=0).max() < 0.1


def test_nothing_is_an_empty_page(sketches):
    assert not list(fromstring(sketch_svg(sketches[2])).iter(f"{SVG}path"))


def test_it_is_read_as_a_drawing_again_without_its_paper(sketches, tmp_path):
    path = tmp_path / "house.svg"
    path.write_text(sketch_svg(sketches[1]))
    (record,) = open_sketches(path)
    found, expected = in_unit_square(record.stroke3), in_unit_square(sketches[1])
    for line, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(line, wanted, atol=2 / 255)  # read in whole numbers of a box of 255


def test_a_filmstrip_has_its_frames_side_by_side(sketches):
    root = fromstring(filmstrip_svg(sketches))
    assert root.get("viewBox") == f"0 0 {3 * FRAME_SIDE} {FRAME_SIDE}"
    frames = root.find(f"{SVG}g")
    assert [frame.get("transform") for frame in frames] == [f"translate({n * FRAME_SIDE})" for n in range(3)]
    for frame, stroke3 in zip(frames, sketches, strict=True):
        lines = [line for path in frame for line in points(path.get("d"))]
        assert_same(lines, [FRAME_SIDE * line for line in in_unit_square(stroke3)])


# -- the animation -----------------------------------------------------------------------------


def shown_at(root, moment):
    """What SMIL shows at a moment, in [0, 1] of the animation's time (SVG 1.1, 19.2.9)."""
    lines = []
    for path in root.iter(f"{SVG}path"):
        shape, visibility = path.findall(f"{SVG}animate")
        assert (shape.get("attributeName"), visibility.get("attributeName")) == ("d", "visibility")
        assert {shape.get("repeatCount"), visibility.get("repeatCount")} == {"indefinite"}
        times, values = [float(t) for t in visibility.get("keyTimes").split(";")], visibility.get("values").split(";")
        assert times == sorted(times)
        if values[np.searchsorted(times, moment, side="right") - 1] == "hidden":
            continue
        times, values = [float(t) for t in shape.get("keyTimes").split(";")], shape.get("values").split(";")
        assert (times[0], times[-1], len(times)) == (0, 1, len(values))
        after = int(np.searchsorted(times, moment, side="right"))
        share = (moment - times[after - 1]) / (times[after] - times[after - 1])
        for first, second in zip(points(values[after - 1]), points(values[after]), strict=True):
            lines.append(first + share * (second - first))
    return lines


@pytest.mark.parametrize("time", [0.2, 0.5, 0.9, 1.1, 1.7])
def test_an_animation_shows_the_morphing_film_there_and_back(sketches, time):
    film = MorphedFilm([sketches[0], sketches[1], sketches[0]])
    root = fromstring(animation_svg(film))
    expected = [ANIMATION_SIDE * line for line in film.at(time)]
    assert_same(shown_at(root, time / 4), expected)
    assert_same(shown_at(root, 1 - time / 4), expected)
    (seconds,) = {animate.get("dur") for animate in root.iter(f"{SVG}animate")}
    assert float(seconds.removesuffix("s")) == pytest.approx(4 * LEG_SECONDS)


def test_a_program_that_cannot_animate_shows_the_first_sketch(sketches):
    root = fromstring(animation_svg(MorphedFilm(sketches[:2])))
    seen = [path for path in root.iter(f"{SVG}path") if path.get("visibility") != "hidden"]
    lines = [line for path in seen for line in points(path.get("d"))]
    ink = np.concatenate(lines)
    np.testing.assert_allclose(
        [ink.min(axis=0), ink.max(axis=0)],
        [f(np.concatenate(in_unit_square(sketches[0])) * ANIMATION_SIDE, axis=0) for f in (np.min, np.max)],
        atol=NEAR,
    )


def test_a_film_of_one_sketch_is_a_still(sketches):
    root = fromstring(animation_svg(MorphedFilm(sketches[:1])))
    assert not list(root.iter(f"{SVG}animate"))
    assert len(list(root.iter(f"{SVG}path"))) == 4
