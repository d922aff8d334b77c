from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.navigation import Navigator, lerp, path, slerp
from tests.core.conftest import make_atlas_of

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


# -- in an atlas -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def navigator(atlas):
    return Navigator(atlas)


@settings(max_examples=50)
@given(hnp.arrays(np.float32, 8, elements=number), st.integers(1, 70))
def test_nearest_is_that_of_comparing_all(navigator, code, count):
    indices, distances = navigator.nearest(code, count)
    exact = np.linalg.norm(navigator.atlas.latents.astype(np.float64) - code, axis=1)
    assert len(indices) == len(set(indices.tolist())) == min(count, 60)
    np.testing.assert_allclose(distances, np.sort(exact)[: len(indices)], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(exact[indices], distances, rtol=1e-4, atol=1e-4)
    assert (np.diff(distances) >= 0).all()


def test_near_codes_far_from_the_origin_are_told_apart():
    """Where ||a - b||^2 by its expansion is nothing but rounding."""
    rng = np.random.default_rng(0)
    latents = (1000 + rng.standard_normal((200, 4))).astype(np.float32)
    navigator = Navigator(make_atlas_of(latents))
    latents = navigator.atlas.latents
    for index in range(0, 200, 7):
        assert navigator.nearest(latents[index])[0][0] == index
        indices, distances = navigator.nearest(latents[index], 5)
        exact = np.linalg.norm(latents.astype(np.float64) - latents[index], axis=1)
        np.testing.assert_allclose(distances, np.sort(exact)[:5], rtol=1e-3)
        np.testing.assert_array_equal(exact[indices], np.sort(exact)[:5])


def test_a_drawing_is_at_home(navigator):
    place = navigator.at_drawing(17)
    assert (place.index, place.nearest, place.distance) == (17, 17, 0)
    np.testing.assert_array_equal(place.code, navigator.atlas.latents[17])
    again = navigator.place(place.code)
    assert (again.index, again.nearest) == (None, 17)
    assert again.distance < 1e-6


def test_distance_from_data_is_1_between_neighbours_and_large_far_away(navigator):
    latents = navigator.atlas.latents
    exact = np.linalg.norm(latents[:, None] - latents, axis=-1) + 1e9 * np.eye(60)
    typical = np.median(exact.min(axis=1))
    far = navigator.place(10 * latents[0])
    assert far.distance == pytest.approx(np.linalg.norm(10 * latents[0] - latents, axis=1).min() / typical, rel=1e-3)
    assert far.distance > 5
    at_homes = [navigator.place(code + typical * np.eye(8, dtype=np.float32)[3]).distance for code in latents]
    assert 0.3 < np.median(at_homes) <= 1.001


def test_the_place_of_a_drawing_gives_nearly_its_code(navigator):
    for index in range(0, 60, 5):
        x, y = map(float, navigator.atlas.positions[index])
        assert navigator.on_map(x, y) == (index, 0)
        place = navigator.from_map(x, y)
        assert place.index is None
        assert place.nearest == index
        assert norm(place.code - navigator.atlas.latents[index]) < 0.1


def test_a_place_between_drawings_gives_a_code_between_theirs(navigator):
    positions, latents = navigator.atlas.positions, navigator.atlas.latents
    centre = positions[:20].mean(axis=0)
    place = navigator.from_map(*map(float, centre))
    cluster = latents[:20]
    assert norm(place.code - cluster.mean(axis=0)) < np.linalg.norm(cluster - cluster.mean(axis=0), axis=1).max()
    norms = np.linalg.norm(cluster, axis=1)
    assert norms.min() <= norm(place.code) <= norms.max()  # a plain mean would be shorter than the codes
    assert place.distance < 3


def test_strangers_side_by_side_on_the_map_are_not_mixed():
    """Six drawings of one cluster lie where one of another does: the click takes the six."""
    rng = np.random.default_rng(0)
    latents = np.concatenate([np.eye(1, 8) * 10 + 0.1 * rng.standard_normal((12, 8)), -10 * np.eye(1, 8)])
    positions = np.concatenate([rng.uniform(-1, 1, (12, 2)), [[0.01, 0]]])
    positions[0] = 0
    navigator = Navigator(make_atlas_of(latents, positions=positions))
    place = navigator.from_map(0.0, 0.0)
    assert norm(place.code - latents[0]) < 1
    assert navigator.from_map(0.3, 0.3).code[0] > 9


def test_a_code_of_a_drawing_lies_nearly_at_its_position(navigator):
    for index in range(0, 60, 5):
        position = navigator.to_map(navigator.atlas.latents[index])
        assert norm(position - navigator.atlas.positions[index]) < 0.05


def test_a_code_among_drawings_lies_among_them(navigator):
    positions = navigator.atlas.positions
    for cluster in range(3):
        own = slice(20 * cluster, 20 * cluster + 20)
        x, y = navigator.to_map(navigator.atlas.latents[own].mean(axis=0))
        low, high = positions[own].min(axis=0), positions[own].max(axis=0)
        assert low[0] <= x <= high[0]
        assert low[1] <= y <= high[1]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_an_atlas_of_few_drawings_can_be_walked(count):
    latents = np.arange(count * 4, dtype=np.float32).reshape(count, 4)
    navigator = Navigator(make_atlas_of(latents))
    assert navigator.from_map(100.0, 100.0).nearest < count
    assert navigator.nearest(latents[0], 10)[0].tolist() == list(range(count))
    x, y = navigator.to_map(latents[-1])
    assert norm(np.array([x, y]) - navigator.atlas.positions[-1]) < 0.1


def test_equal_drawings_do_no_harm():
    navigator = Navigator(make_atlas_of(np.ones((30, 4))))
    place = navigator.from_map(1.0, 1.0)
    np.testing.assert_allclose(place.code, 1, rtol=1e-6)
    assert place.distance < 1e-3
    assert navigator.to_map(np.zeros(4, dtype=np.float32)) == (1, 1)


def test_a_moved_map_has_the_same_codes_elsewhere(navigator):
    moved = navigator.moved(-navigator.atlas.positions)
    x, y = map(float, navigator.atlas.positions[5])
    assert moved.on_map(-x, -y) == (5, 0)
    assert navigator.on_map(x, y) == (5, 0)
    np.testing.assert_array_equal(moved.from_map(-x, -y).code, navigator.from_map(x, y).code)
