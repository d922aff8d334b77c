import numpy as np
import pytest

from benchmarks.heads_and_bodies import is_body, is_head
from core.sketch import polylines_to_stroke3
from tests.parametric import Factors, draw, ring


def animal(legs):
    """An ellipse on legs of one line each, with a head and an eye."""
    body = ring(0, 0, 50, 24) * (1.8, 0.6)
    head, eye = ring(100, -30, 25, 12), ring(105, -35, 3, 6)
    stilts = [np.array([[x, 25], [x, 80]], dtype=float) for x in np.linspace(-70, 70, legs)]
    return polylines_to_stroke3([body, head, eye, *stilts])


@pytest.mark.parametrize("aspect", [0.7, 1.0, 1.5])
def test_a_face_is_a_head_and_no_body(aspect):
    face = draw("face", Factors(aspect=aspect))
    assert is_head(face)
    assert not is_body(face)


def test_an_animal_on_four_legs_is_a_body_and_no_head():
    assert is_body(animal(4))
    assert not is_head(animal(4))


@pytest.mark.parametrize("drawing", [draw("house", Factors()), draw("ellipse", Factors()), animal(2)])
def test_other_things_are_neither(drawing):
    assert not is_head(drawing)
    assert not is_body(drawing)


def test_whiskers_are_no_legs():
    face = [ring(0, 0, 50, 24), ring(-20, -15, 5, 6), ring(20, -15, 5, 6)]
    whiskers = [np.array([[side * 30, y], [side * 110, y + 8]], dtype=float) for side in (-1, 1) for y in (20, 30, 40)]
    assert not is_body(polylines_to_stroke3([*face, *whiskers]))
