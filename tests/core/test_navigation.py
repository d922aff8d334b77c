import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.navigation import FEW, Navigator
from core.neighbours import build_graph
from tests.core.conftest import make_atlas_of
from tests.generators import result_of

number = st.floats(-100, 100, width=32).map(lambda value: 0.0 if abs(value) < 1e-3 else value)


def norm(vector):
    return float(np.linalg.norm(np.asarray(vector, dtype=np.float64)))


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


@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("shown", [0, 1, 5, 100, 300])
def test_the_nearest_of_those_allowed_is_found_by_looking_at_few_neighbours(shown, prepared, monkeypatch):
    rng = np.random.default_rng(shown)
    navigator = Navigator(make_atlas_of(rng.standard_normal((300, 4))))
    if prepared:
        navigator.prepare()
    looked_at = []
    neighbours = navigator._map_neighbours
    monkeypatch.setattr(navigator, "_map_neighbours", lambda *asked: looked_at.append(asked[2]) or neighbours(*asked))
    among = np.isin(np.arange(300), rng.permutation(300)[:shown])
    for x, y in rng.uniform(-4, 4, (30, 2)).tolist():
        index, distance = navigator.on_map(x, y, among)
        away = np.where(among, np.hypot(*(navigator.atlas.positions - np.array((x, y))).T), np.inf)
        assert index == away.argmin()
        assert distance == pytest.approx(away.min())
    assert max(looked_at) <= FEW


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


def test_a_click_beside_a_stranger_takes_the_drawings_around_it():
    """The stranger is the nearest of all on the map, but the others agree with one another."""
    rng = np.random.default_rng(0)
    latents = np.concatenate([np.eye(1, 8) * 10 + 0.1 * rng.standard_normal((20, 8)), -10 * np.eye(1, 8)])
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    navigator = Navigator(make_atlas_of(latents, positions=np.concatenate([ring, [[0.4, 0]]])))
    assert navigator.from_map(0.0, 0.0).code[0] > 9
    assert navigator.from_map(0.4, 0.0).code[0] < -9  # but on its own position, it is meant


def test_places_of_many_codes_are_those_of_each(navigator):
    codes = np.random.default_rng(0).normal(scale=3, size=(7, 8)).astype(np.float32)
    together = navigator.positions_of(codes)
    np.testing.assert_allclose(together, [navigator.to_map(code) for code in codes], rtol=1e-5, atol=1e-5)
    indices, distances = navigator.nearest(codes, 5)
    for i, code in enumerate(codes):
        alone, apart = navigator.nearest(code, 5)
        np.testing.assert_array_equal(indices[i], alone)
        np.testing.assert_allclose(distances[i], apart, rtol=1e-5)


# -- through the data --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def arc():
    """200 drawings along three quarters of a circle of radius 10."""
    angle = np.linspace(0, 1.5 * np.pi, 200)
    latents = np.zeros((200, 4))
    latents[:, :2] = 10 * np.column_stack([np.cos(angle), np.sin(angle)])
    return Navigator(make_atlas_of(latents, np.zeros(200, dtype=int)))


@pytest.fixture(scope="module")
def graph(arc):
    return result_of(build_graph(arc.atlas.latents, 4))


def test_a_path_through_data_follows_the_data_at_constant_speed(arc, graph):
    latents = arc.atlas.latents
    walked = arc.path_through_data(graph, [latents[0], latents[199]], 40)
    np.testing.assert_array_equal(walked[[0, -1]], latents[[0, 199]])
    np.testing.assert_allclose(np.linalg.norm(walked[:, :2], axis=1), 10, rtol=0.01)  # a chord would pass at 7
    steps = np.linalg.norm(np.diff(walked, axis=0), axis=1)
    np.testing.assert_allclose(steps, 10 * 1.5 * np.pi / 39, rtol=0.02)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 59), min_size=1, max_size=4), st.integers(2, 25))
def test_no_frame_is_farther_from_data_than_half_an_edge(navigator, drawings, frames):
    latents = navigator.atlas.latents
    graph = result_of(build_graph(latents, 5))
    walked = navigator.path_through_data(graph, [latents[i] for i in drawings], frames)
    assert walked.shape == (frames, 8)
    np.testing.assert_allclose(walked[[0, -1]], latents[[drawings[0], drawings[-1]]], atol=1e-5)
    assert max(navigator.nearest(code)[1][0] for code in walked) <= graph.edges.max() / 2 + 1e-4


def test_codes_beside_the_data_are_ends_of_a_path_through_it(arc, graph):
    one, other = arc.atlas.latents[[20, 120]] * np.float32(1.2)
    walked = arc.path_through_data(graph, [one, other], 100)
    np.testing.assert_array_equal(walked[[0, -1]], [one, other])
    inner = np.linalg.norm(walked, axis=1)[15:-15]
    np.testing.assert_allclose(inner, 10, rtol=0.01)
    np.testing.assert_array_equal(arc.path_through_data(graph, [one], 3), [one, one, one])


def test_places_are_found_alike_before_and_after_the_tree_is_there():
    rng = np.random.default_rng(3)
    atlas = make_atlas_of(rng.normal(size=(300, 6)))
    plain, prepared = Navigator(atlas), Navigator(atlas)
    prepared.prepare()
    for x, y in rng.normal(size=(20, 2)).tolist():
        assert plain.on_map(x, y) == pytest.approx(prepared.on_map(x, y))
        np.testing.assert_allclose(plain.code_at(x, y), prepared.code_at(x, y), atol=1e-5)
