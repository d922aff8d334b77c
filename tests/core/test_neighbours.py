import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from sklearn.neighbors import kneighbors_graph

from core.neighbours import build_graph
from tests.generators import result_of


def codes_of(count, size=6, seed=0):
    return np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)


def islands(counts, seed=0):
    """Clusters far apart: no drawing has a near neighbour in another."""
    centres = 50 * np.eye(len(counts), 6)
    return (np.repeat(centres, counts, axis=0) + codes_of(sum(counts), seed=seed)).astype(np.float32)


def test_the_graph_joins_each_code_to_its_nearest():
    codes = codes_of(700)  # more than one block
    graph = result_of(build_graph(codes, 12))
    reference = kneighbors_graph(codes, 12, mode="distance")
    reference = reference.maximum(reference.T)
    np.testing.assert_array_equal(graph.edges.toarray() > 0, reference.toarray() > 0)
    np.testing.assert_allclose(graph.edges.toarray(), reference.toarray(), rtol=1e-3, atol=1e-5)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=5), st.integers(1, 4), st.integers(0, 99))
def test_the_graph_is_connected_by_its_shortest_bridges(counts, neighbours, seed):
    codes = islands(counts, seed)
    graph = result_of(build_graph(codes, neighbours))
    assert connected_components(graph.edges)[0] == 1
    assert abs(graph.edges - graph.edges.T).max() == 0
    # Seen from piece to piece, the edges that were added are a minimum spanning tree.
    apart = np.linalg.norm(codes[:, None].astype(np.float64) - codes, axis=2)
    nearest = kneighbors_graph(codes, min(neighbours, len(codes) - 1)) if len(codes) > 1 else graph.edges
    pieces, labels = connected_components(nearest, directed=False)
    between = [[apart[labels == i][:, labels == j].min() for j in range(pieces)] for i in range(pieces)]
    added = graph.edges.toarray() * (labels[:, None] != labels)
    assert added.sum() / 2 == pytest.approx(minimum_spanning_tree(np.array(between)).sum(), rel=1e-4)


def test_a_route_is_no_longer_than_any_other_way_round():
    codes = codes_of(60)
    graph = result_of(build_graph(codes, 4))
    lengths = np.where(graph.edges.toarray() > 0, graph.edges.toarray(), np.inf)
    np.fill_diagonal(lengths, 0)
    for middle in range(60):  # Floyd and Warshall
        lengths = np.minimum(lengths, lengths[:, middle : middle + 1] + lengths[middle])
    for first, last in ((0, 59), (3, 17), (40, 2)):
        route = graph.route(first, last)
        assert (route[0], route[-1]) == (first, last)
        taken = graph.edges.toarray()[route[:-1], route[1:]]
        assert (taken > 0).all()
        assert taken.sum() == pytest.approx(lengths[first, last], rel=1e-5)


def test_a_route_to_where_one_is_has_one_stop():
    assert result_of(build_graph(codes_of(5), 2)).route(3, 3).tolist() == [3]
    assert result_of(build_graph(codes_of(1))).route(0, 0).tolist() == [0]


def test_equal_codes_are_joined_and_cost_nothing():
    codes = np.repeat(codes_of(2), 30, axis=0)
    graph = result_of(build_graph(codes, 3))
    route = graph.route(0, 59)
    length = np.linalg.norm(np.diff(codes[route], axis=0), axis=1).sum()
    assert length == pytest.approx(np.linalg.norm(codes[0] - codes[59]), rel=1e-5)


def test_many_codes_are_spanned_by_a_sample():
    codes = codes_of(500)
    graph = result_of(build_graph(codes, 5, max_members=100))
    assert graph.edges.shape == (100, 100)
    assert len(set(graph.members.tolist())) == 100
    assert set(graph.route(graph.members[0], graph.members[-1]).tolist()) <= set(graph.members.tolist())
    stranger = min(set(range(500)) - set(graph.members.tolist()))
    with pytest.raises(ValueError, match=str(stranger)):
        graph.route(int(graph.members[0]), stranger)
    np.testing.assert_array_equal(graph.members, result_of(build_graph(codes, 5, max_members=100)).members)


def test_building_tells_how_far_it_is_and_can_be_given_up():
    building = build_graph(codes_of(1000), 5)
    fractions = [next(building) for _ in range(3)]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] <= 1
    building.close()
    assert list(build_graph(codes_of(1000), 5))[-1] == 1
