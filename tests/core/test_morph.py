"""Morphing between sketches."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import cKDTree

from core.morph import Morph, MorphedFilm
from core.picture import in_unit_square
from core.sketch import polylines_to_stroke3
from tests.parametric import Factors, draw

# The third of each row decides whether the pen is lifted: at about one point in four.
sketch = hnp.arrays(np.int16, st.tuples(st.integers(1, 24), st.just(3)), elements=st.integers(-60, 60)).map(
    lambda numbers: np.column_stack([numbers[:, :2], numbers[:, 2] % 4 == 0])
)
few = settings(max_examples=40)
inside = st.floats(0.001, 0.999)
STEP = 0.01
"""How densely ink is sampled, in sides of the unit square."""


def ink(lines):
    """Points all along the polylines, at most STEP apart."""
    parts = []
    for points in lines:
        for start, end in pairwise(points):
            count = int(np.ceil(np.hypot(*(end - start)) / STEP)) + 1
            parts.append(start + np.linspace(0, 1, count)[:, None] * (end - start))
        parts.append(points)
    return np.concatenate(parts)


def apart(first, second):
    """Hausdorff distance of two sets of polylines: how far ink of either is from ink of the other."""
    first, second = ink(first), ink(second)
    return max(cKDTree(first).query(second)[0].max(), cKDTree(second).query(first)[0].max())


@few
@given(sketch, sketch)
def test_it_begins_and_ends_as_the_sketches_are_placed_in_pictures(a, b):
    morph = Morph(a, b)
    for lines, wanted in ((morph.at(0), a), (morph.at(1), b)):
        for found, expected in zip(lines, in_unit_square(wanted), strict=True):
            np.testing.assert_array_equal(found, expected)


@few
@given(sketch, sketch)
def test_nothing_appears_or_vanishes_of_a_sudden(a, b):
    morph = Morph(a, b)
    assert apart(morph.at(0), morph.at(1e-6)) < 2 * STEP
    assert apart(morph.at(1), morph.at(1 - 1e-6)) < 2 * STEP


@few
@given(sketch, sketch, inside, inside)
def test_between_the_ends_every_point_moves_straight_and_evenly(a, b, s, t):
    morph = Morph(a, b)
    for first, second, start, end in zip(morph.at(s), morph.at(t), morph.before, morph.after, strict=True):
        np.testing.assert_allclose(second - first, (t - s) * (end - start), atol=1e-12)
        assert second.min() >= -1e-12
        assert second.max() <= 1 + 1e-12


@few
@given(sketch, sketch, inside)
def test_the_way_back_is_the_same_way(a, b, t):
    there, back = Morph(a, b).at(t), Morph(b, a).at(1 - t)
    assert apart(there, back) < 2 * STEP


@few
@given(sketch, inside)
def test_a_sketch_stays_itself_on_the_way_to_itself(a, t):
    assert apart(Morph(a, a).at(t), in_unit_square(a)) < 2 * STEP


def test_strokes_are_matched_in_order_so_that_they_move_least():
    house = in_unit_square(draw("house", Factors()))
    dotted = [house[0][:1], *house]  # the same picture, but every stroke has another number
    morph = Morph(polylines_to_stroke3([200 * part for part in house]), polylines_to_stroke3([200 * p for p in dotted]))
    assert apart(morph.at(0.5), house) < STEP


def test_a_stroke_drawn_the_other_way_is_turned_around():
    ramp = np.array([[0, 0], [60, 20], [100, 0]], dtype=float)
    morph = Morph(polylines_to_stroke3([ramp]), polylines_to_stroke3([ramp[::-1]]))
    assert apart(morph.at(0.5), morph.at(0)) < STEP


@pytest.mark.parametrize("nothing", [np.zeros((0, 3)), np.zeros((0, 3), dtype=np.int16)])
def test_to_and_from_nothing(nothing):
    face = draw("face", Factors())
    assert Morph(nothing, face).at(0) == []
    assert len(Morph(nothing, face).at(0.5)) == 4
    assert Morph(face, nothing).at(1) == []
    assert Morph(nothing, nothing).at(0.5) == []


def test_a_film_passes_through_its_sketches():
    sketches = [draw("face", Factors(aspect=aspect)) for aspect in (0.5, 1.0, 2.0)]
    film = MorphedFilm(sketches)
    assert film.legs == 2
    for number, stroke3 in enumerate(sketches):
        assert apart(film.at(number), in_unit_square(stroke3)) == 0
    assert apart(film.at(1.3), Morph(sketches[1], sketches[2]).at(0.3)) < 1e-9
    assert apart(film.at(-4), film.at(0)) == 0
    assert apart(film.at(99), film.at(2)) == 0


def test_a_film_of_one_sketch_stands_still():
    film = MorphedFilm([draw("house", Factors())])
    assert film.legs == 0
    assert apart(film.at(0.5), in_unit_square(draw("house", Factors()))) == 0
    with pytest.raises(ValueError, match="at least one"):
        MorphedFilm([])


def test_a_frame_takes_well_under_a_millisecond():
    rng = np.random.default_rng(0)
    long = np.column_stack([rng.normal(0, 20, (200, 2)), rng.random(200) < 0.1])
    morph = Morph(long, draw("face", Factors()))
    seconds = []
    for t in np.linspace(0.01, 0.99, 100):
        began = time.perf_counter()
        morph.at(t)
        seconds.append(time.perf_counter() - began)
    assert np.median(seconds) < 1e-3
