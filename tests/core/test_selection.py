"""Picking by rectangle and lasso, and the algebra of selections."""

import numpy as np
import pytest

from core.selection import Combine, combine, in_polygon, rectangle


@pytest.mark.parametrize("seed", range(5))
def test_a_lasso_holds_what_lies_within_its_radius(seed):
    """A star-shaped outline: in the triangle of the two corners around a point's bearing, it is inside or not."""
    rng = np.random.default_rng(seed)
    bearings = np.sort(rng.uniform(0, 2 * np.pi, 60))
    outline = rng.uniform(0.5, 2, 60)[:, None] * np.column_stack([np.cos(bearings), np.sin(bearings)])
    points = rng.uniform(-2, 2, (2_000, 2)).astype(np.float32)
    after = np.searchsorted(bearings, np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi)) % 60
    corners = np.stack([outline[after - 1], outline[after]], axis=-1)  # [N, 2, 2], the corners as columns
    weights = np.linalg.solve(corners, points[..., None].astype(np.float64))[..., 0]
    np.testing.assert_array_equal(in_polygon(points, outline), weights.sum(axis=1) < 1)


def test_a_rectangle_holds_what_lies_between_its_sides_in_any_order():
    points = np.random.default_rng(0).uniform(-1, 1, (500, 2))
    expected = (points[:, 0] > -0.5) & (points[:, 0] < 0.2) & (points[:, 1] > 0.1) & (points[:, 1] < 0.9)
    for corners in ((-0.5, 0.1, 0.2, 0.9), (0.2, 0.9, -0.5, 0.1), (0.2, 0.1, -0.5, 0.9)):
        np.testing.assert_array_equal(in_polygon(points, rectangle(*corners)), expected)


def test_what_an_outline_goes_around_twice_is_outside():
    angles = np.pi / 2 + np.arange(5) * 4 * np.pi / 5
    pentagram = np.column_stack([np.cos(angles), np.sin(angles)])
    assert in_polygon(np.array([[0, 0], [0, 0.8], [0, 1.2]]), pentagram).tolist() == [False, True, False]


def test_corners_at_the_height_of_a_point_count_once():
    diamond = np.array([(0, -1), (1, 0), (0, 1), (-1, 0)])
    assert in_polygon(np.array([[0, 0], [-2, 0], [2, 0], [0.5, 0]]), diamond).tolist() == [True, False, False, True]


@pytest.mark.parametrize("outline", [np.zeros((0, 2)), np.zeros((2, 2)), np.array([(0, 0), (1, 1), (2, 2)])])
def test_an_outline_without_an_inside_holds_nothing(outline):
    assert not in_polygon(np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]]), outline).any()


def test_shift_adds_and_ctrl_subtracts():
    selected, picked = np.array([True, True, False, False]), np.array([True, False, True, False])
    assert combine(selected, picked, Combine.REPLACE).tolist() == picked.tolist()
    assert combine(selected, picked, Combine.ADD).tolist() == [True, True, True, False]
    assert combine(selected, picked, Combine.SUBTRACT).tolist() == [False, True, False, False]
