import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import sketch
from tests.parametric import KINDS, drawings, outline

coordinate = st.integers(-500, 500)
polyline = st.lists(st.tuples(coordinate, coordinate), max_size=6)
polylines = st.lists(polyline, max_size=5).map(lambda lines: [np.array(line).reshape(-1, 2) for line in lines])


@st.composite
def stroke3s(draw, least=0):
    """Offsets with lifts of any pattern, the last one lifted as files have it."""
    n = draw(st.integers(least, 12))
    offsets = draw(hnp.arrays(np.int16, (n, 2), elements=coordinate))
    lifts = draw(hnp.arrays(np.int16, (n, 1), elements=st.integers(0, 1)))
    lifts[-1:] = 1
    return np.hstack([offsets, lifts])


@given(polylines)
def test_polylines_survive_the_way_there_and_back(lines):
    drawn = [line for line in lines if len(line)]
    back = sketch.stroke3_to_polylines(sketch.polylines_to_stroke3(lines))
    assert len(back) == len(drawn)
    if drawn and len(drawn[0]) == 1:
        drawn[0] = np.repeat(drawn[0], 2, axis=0)  # the start point itself is not stored
    for before, after in zip(drawn, back, strict=True):
        np.testing.assert_array_equal(after, before - drawn[0][0])


@given(stroke3s(least=1))
def test_stroke3_survives_as_polylines(stroke3):
    np.testing.assert_array_equal(sketch.polylines_to_stroke3(sketch.stroke3_to_polylines(stroke3)), stroke3)


@given(stroke3s(), st.integers(0, 5))
def test_stroke3_survives_as_stroke5(stroke3, padding):
    stroke5 = sketch.stroke3_to_stroke5(stroke3, len(stroke3) + padding)
    np.testing.assert_array_equal(sketch.stroke5_to_stroke3(stroke5), stroke3)
    np.testing.assert_array_equal(stroke5[:, 2:].sum(axis=1), 1)
    np.testing.assert_array_equal(stroke5[len(stroke3) :], np.tile([0, 0, 0, 0, 1], (padding, 1)))


def test_stroke5_of_a_known_drawing():
    stroke5 = sketch.stroke3_to_stroke5(np.array([[3, -1, 0], [2, 5, 1]]), 3)
    assert stroke5.tolist() == [[3, -1, 1, 0, 0], [2, 5, 0, 1, 0], [0, 0, 0, 0, 1]]


def test_a_sketch_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 points does not fit in 2"):
        sketch.stroke3_to_stroke5(np.zeros((3, 3)), 2)


@given(stroke3s(least=1))
def test_bounds_are_those_of_the_points(stroke3):
    points = np.concatenate(sketch.stroke3_to_polylines(stroke3))
    assert sketch.bounds(stroke3) == (*points.min(axis=0), *points.max(axis=0))


@given(stroke3s())
def test_strokes_are_counted_as_polylines(stroke3):
    assert sketch.stroke_count(stroke3) == len(sketch.stroke3_to_polylines(stroke3))
    unlifted = stroke3.copy()
    unlifted[-1:, 2] = 0
    assert sketch.stroke_count(unlifted) == sketch.stroke_count(stroke3)


def test_known_drawings():
    dots = [np.array([[5, 5]]), np.array([[8, 5]]), np.array([[8, 9]])]
    assert sketch.polylines_to_stroke3(dots).tolist() == [[0, 0, 1], [3, 0, 1], [0, 4, 1]]
    lines = sketch.stroke3_to_polylines(np.array([[1, 0, 0], [0, 1, 1], [2, 2, 0], [1, 1, 0]]))
    assert [line.tolist() for line in lines] == [[[0, 0], [1, 0], [1, 1]], [[3, 3], [4, 4]]]


def test_nothing_is_nothing():
    empty = np.zeros((0, 3), dtype=np.int16)
    assert sketch.stroke3_to_polylines(empty) == []
    assert sketch.polylines_to_stroke3([]).shape == (0, 3)
    assert sketch.polylines_to_stroke3([np.zeros((0, 2))]).shape == (0, 3)
    assert sketch.bounds(empty) == (0, 0, 0, 0)
    assert sketch.stroke_count(empty) == 0
    assert sketch.stroke5_to_stroke3(sketch.stroke3_to_stroke5(empty, 4)).shape == (0, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_parametric_drawings_have_their_strokes(kind):
    drawing = drawings(kind, 1)[0]
    lengths = [len(line) for line in sketch.stroke3_to_polylines(drawing)]
    assert lengths == [len(line) for line in outline(kind)]
