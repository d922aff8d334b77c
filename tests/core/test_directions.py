import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from core.directions import attribute_direction, principal_directions
from core.errors import SelectionError


@pytest.fixture(scope="module")
def codes():
    """3,000 codes of which six axes have deviations 5, 4, 3, 2, 1 and 0, turned at random."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    return ((rng.standard_normal((3000, 6)) * [5, 4, 3, 2, 1, 0]) @ turn + 7).astype(np.float32)


def test_principal_directions_are_those_of_scikit_learn(codes):
    ours, theirs = principal_directions(codes), PCA().fit(codes.astype(np.float64))
    np.testing.assert_allclose(ours.mean, theirs.mean_, rtol=1e-5)
    np.testing.assert_allclose(ours.shares, theirs.explained_variance_ratio_, atol=1e-5)
    np.testing.assert_allclose(np.abs((ours.axes * theirs.components_).sum(axis=1)), 1, atol=1e-4)


def test_axes_are_unit_vectors_at_right_angles_with_a_fixed_sign(codes):
    directions = principal_directions(codes)
    np.testing.assert_allclose(directions.axes @ directions.axes.T, np.eye(6), atol=1e-5)
    assert (directions.axes[range(6), np.abs(directions.axes).argmax(axis=1)] > 0).all()
    assert (np.diff(directions.deviations) <= 0).all()
    assert directions.shares.sum() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(directions.deviations, [5, 4, 3, 2, 1, 0], atol=0.2)


def test_coordinates_are_in_standard_deviations(codes):
    directions = principal_directions(codes, 5)
    assert directions.axes.shape == (5, 6)
    coordinates = directions.coordinates(codes)
    np.testing.assert_allclose(coordinates.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(coordinates.std(axis=0), 1, rtol=1e-3)
    moved = directions.coordinates(directions.moved(codes[0], 2, 1.5))
    np.testing.assert_allclose(moved - coordinates[0], [0, 0, 1.5, 0, 0], atol=1e-4)


def test_directions_do_not_depend_on_the_order_of_the_codes(codes):
    forwards, backwards = principal_directions(codes), principal_directions(codes[::-1])
    np.testing.assert_allclose(forwards.shares, backwards.shares, atol=1e-6)
    np.testing.assert_allclose(forwards.axes[:5], backwards.axes[:5], atol=1e-3)


@pytest.mark.parametrize("count", [1, 5])
def test_equal_codes_have_directions_without_extent(count):
    directions = principal_directions(np.ones((count, 3), dtype=np.float32))
    assert not directions.deviations.any()
    assert not directions.shares.any()
    np.testing.assert_array_equal(directions.coordinates(np.zeros(3, dtype=np.float32)), 0)


# -- two groups --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attribute():
    rng = np.random.default_rng(1)
    without, having = rng.standard_normal((2, 400, 5)).astype(np.float32)
    having[:, 0] += 4
    return without, having, attribute_direction(without, having)


def test_amounts_are_0_and_1_at_the_groups_means(attribute):
    without, having, direction = attribute
    assert direction.amount(without).mean() == pytest.approx(0, abs=1e-4)
    assert direction.amount(having).mean() == pytest.approx(1, abs=1e-4)
    assert direction.spread == pytest.approx(1 / 4, rel=0.1)  # deviation 1 over a difference of 4
    np.testing.assert_allclose(direction.step, [4, 0, 0, 0, 0], atol=0.25)


@given(st.floats(-3, 3))
def test_moving_sets_the_amount_and_changes_nothing_across(attribute, amount):
    without, _, direction = attribute
    moved = direction.moved(without[0], amount)
    assert direction.amount(moved) == pytest.approx(amount, abs=1e-4)
    change = moved - without[0]
    across = change - (change @ direction.step) / (direction.step @ direction.step) * direction.step
    assert np.abs(across).max() < 1e-4


def test_the_direction_back_is_the_opposite(attribute):
    without, having, direction = attribute
    back = attribute_direction(having, without)
    np.testing.assert_allclose(back.step, -direction.step, atol=1e-6)
    np.testing.assert_allclose(back.amount(without), 1 - direction.amount(without), atol=1e-4)


@pytest.mark.parametrize(("without", "having"), [(0, 3), (3, 0), (3, 3)])
def test_groups_that_give_no_direction_are_refused_in_words(without, having):
    with pytest.raises(SelectionError, match=r"groups.*\."):
        attribute_direction(np.ones((without, 4), dtype=np.float32), np.ones((having, 4), dtype=np.float32))
