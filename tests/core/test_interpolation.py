from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.interpolation import lerp, path, slerp, subdivided

SIZE = 6
number = st.floats(-100, 100, width=32).map(lambda value: 0.0 if abs(value) < 1e-3 else value)
code = hnp.arrays(np.float32, SIZE, elements=number)
share = st.floats(0, 1)


def norm(vector):
    return float(np.linalg.norm(np.asarray(vector, dtype=np.float64)))


def near(a, b, scale=1e-4):
    return norm(np.asarray(a, dtype=np.float64) - b) <= scale * (1 + norm(b))


def angle(a, b):
    """In radians; by the half-angle formula, exact for near and for opposite directions too."""
    a, b = np.asarray(a, dtype=np.float64) / norm(a), np.asarray(b, dtype=np.float64) / norm(b)
    return 2 * np.arctan2(norm(a - b), norm(a + b))


# -- between two codes -------------------------------------------------------------------------


@given(code, code, share)
def test_lerp_is_straight_and_even(a, b, t):
    assert near(lerp(a, b, 0), a)
    assert near(lerp(a, b, 1), b)
    assert near(lerp(a, b, t), a + t * (b.astype(float) - a))
    assert near(lerp(a, b, t), lerp(b, a, 1 - t))
    assert lerp(a, b, t).dtype == np.float32


@given(code, code, share)
def test_slerp_reaches_its_ends_whatever_they_are(a, b, t):
    assert near(slerp(a, b, 0), a)
    assert near(slerp(a, b, 1), b)
    assert np.isfinite(slerp(a, b, t)).all()
    assert slerp(a, b, t).dtype == np.float32


@given(code, code, share)
def test_slerp_turns_evenly_and_its_norm_with_it(a, b, t):
    assume(norm(a) > 0 and norm(b) > 0)
    whole = angle(a, b)
    assume(whole > 1e-3)  # below, it is lerp
    middle = slerp(a, b, t)
    assert norm(middle) == pytest.approx((1 - t) * norm(a) + t * norm(b), rel=1e-3)
    assert angle(a, middle) == pytest.approx(t * whole, abs=2e-3)
    if whole < np.pi - 1e-2:  # the way round is defined
        assert angle(middle, b) == pytest.approx((1 - t) * whole, abs=2e-3)
        assert near(middle, slerp(b, a, 1 - t), 2e-3)


def test_slerp_of_known_codes():
    right, up = np.array([1, 0], dtype=np.float32), np.array([0, 3], dtype=np.float32)
    np.testing.assert_allclose(slerp(right, up, 0.5), np.sqrt([2, 2]), rtol=1e-6)  # at 45 degrees, 2 long
    np.testing.assert_allclose(slerp(right, up, 1 / 3), 5 / 3 * np.array([np.sqrt(3), 1]) / 2, rtol=1e-6)


@given(code, st.floats(0.1, 10), share)
def test_slerp_along_one_direction_is_straight(a, factor, t):
    assume(norm(a) > 0)
    assert near(slerp(a, np.float32(factor) * a, t), lerp(a, np.float32(factor) * a, t), 2e-3)


@given(code, st.floats(0.1, 10), share)
def test_slerp_between_opposites_turns_half_round(a, factor, t):
    assume(norm(a) > 0)
    b = -np.float32(factor) * a
    middle = slerp(a, b, t)
    assert norm(middle) == pytest.approx((1 - t) * norm(a) + t * norm(b), rel=1e-3)
    assert angle(a, middle) == pytest.approx(t * np.pi, abs=3e-3)
    np.testing.assert_array_equal(middle, slerp(a, b, t))


@given(code, share)
def test_slerp_with_zero_is_straight(a, t):
    zero = np.zeros(SIZE, dtype=np.float32)
    np.testing.assert_array_equal(slerp(zero, a, t), lerp(zero, a, t))
    np.testing.assert_array_equal(slerp(a, zero, t), lerp(a, zero, t))


def test_one_dimension_has_no_way_round():
    a, b = np.array([2], dtype=np.float32), np.array([-4], dtype=np.float32)
    np.testing.assert_allclose([slerp(a, b, t)[0] for t in (0, 0.5, 1)], [2, -1, -4])


# -- paths -------------------------------------------------------------------------------------


@given(st.lists(code, min_size=1, max_size=5), st.integers(2, 30))
def test_a_path_begins_and_ends_at_its_ends(codes, frames):
    for spherical in (False, True):
        walked = path(codes, frames, spherical=spherical)
        assert walked.shape == (frames, SIZE)
        assert near(walked[0], codes[0])
        assert near(walked[-1], codes[-1])


@given(st.lists(code, min_size=2, max_size=5), st.integers(2, 30))
def test_a_straight_path_has_constant_speed(codes, frames):
    """Each frame lies on the polyline, at its share of the length."""
    corners = np.stack(codes).astype(np.float64)
    legs = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    assume(legs.sum() > 1e-2)
    for frame, walked in enumerate(path(codes, frames)):
        distance = legs.sum() * frame / (frames - 1)
        expected = [np.interp(distance, np.concatenate([[0], np.cumsum(legs)]), axis) for axis in corners.T]
        assert near(walked, np.array(expected), 1e-3)


def test_two_codes_make_a_path_of_even_steps():
    a, b = np.random.default_rng(0).standard_normal((2, SIZE)).astype(np.float32)
    steps = np.linalg.norm(np.diff(path([a, b], 10), axis=0), axis=1)
    np.testing.assert_allclose(steps, norm(b - a) / 9, rtol=1e-4)
    walked = path([a, b], 10, spherical=True)
    turns = [angle(one, other) for one, other in pairwise(walked)]
    np.testing.assert_allclose(turns, angle(a, b) / 9, rtol=1e-3)


def test_a_path_stands_still_where_it_must():
    a, b = np.eye(2, SIZE, dtype=np.float32)
    np.testing.assert_array_equal(path([a], 3), [a, a, a])
    np.testing.assert_array_equal(path([a, a], 2), [a, a])
    np.testing.assert_array_equal(path([a, b], 1), [a])
    np.testing.assert_allclose(path([a, a, b, b], 3), [a, (a + b) / 2, b], atol=1e-6)


@pytest.mark.parametrize(("codes", "frames"), [([], 3), ([np.zeros(SIZE)], 0)])
def test_a_path_needs_codes_and_frames(codes, frames):
    with pytest.raises(ValueError, match="at least one"):
        path(codes, frames)


# -- the polyline itself -----------------------------------------------------------------------


@given(st.lists(code, min_size=1, max_size=5), st.integers(1, 40), st.booleans())
def test_a_subdivided_path_passes_through_all_codes_in_order(codes, pieces, spherical):
    points, shares = subdivided(codes, pieces, spherical=spherical)
    assert len(points) == len(shares)
    assert np.all(np.diff(shares) >= 0)
    at = 0
    for one in codes:
        at += int((points[at:] == one).all(axis=1).argmax())
        assert (points[at] == one).all()


@given(st.lists(code, min_size=2, max_size=4), st.integers(2, 9), st.booleans())
def test_frames_lie_on_the_subdivided_path_where_it_says(codes, frames, spherical):
    assume(all(norm(a - b) > 1 for a, b in pairwise(codes)))
    points, shares = subdivided(codes, 1000, spherical=spherical)
    for i, frame in enumerate(path(codes, frames, spherical=spherical)):
        nearest = points[np.abs(shares - i / (frames - 1)).argmin()]
        assert norm(nearest - frame) <= 0.02 * (1 + max(map(norm, codes)))


def test_a_path_without_codes_cannot_be_subdivided():
    with pytest.raises(ValueError, match="at least one code"):
        subdivided([], 3)
