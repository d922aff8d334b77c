"""Preparing a drawing as the published files were."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rdp import rdp

from core.errors import ConfigError
from core.preprocess import SHORT, Preprocessing, preprocess, resample, simplified
from core.readers import open_sketches
from core.sketch import stroke3_to_polylines
from tests.parametric import ring

DATA = Path(__file__).parents[3] / "shared" / "data"
NOTHING = Preprocessing(size=None, min_points=1, spacing=None, epsilon=None)


def published(line, epsilon):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # rdp 0.8 takes the cross product of 2-D vectors
        return rdp(line, epsilon=epsilon, return_mask=True)


# Quarters, whose products are exact: where two points are equally far, both find the same one.
quarters = st.integers(-800, 800).map(lambda value: value / 4)
lines = st.integers(2, 40).flatmap(lambda n: arrays(np.float64, (n, 2), elements=quarters))


@settings(max_examples=150, deadline=None)
@given(lines, st.sampled_from([0.5, 2.0, 10.0]))
def test_simplification_is_that_of_rdp(line, epsilon):
    np.testing.assert_array_equal(simplified(line, epsilon), published(line, epsilon))


def test_simplification_of_long_lines_is_that_of_rdp():
    walk = np.cumsum(np.random.default_rng(0).integers(-8, 9, (3 * SHORT, 2)) / 4, axis=0)
    for line in (walk, np.vstack([walk, walk[:1]]), np.repeat(walk[:1], 3 * SHORT, axis=0)):
        np.testing.assert_array_equal(simplified(line, 2.0), published(line, 2.0))


def test_resampled_points_lie_on_the_line_a_unit_apart():
    points = resample(ring(50, 50, 40, 7), 1.0)
    steps = np.hypot(*np.diff(points, axis=0).T)
    assert (steps <= 1 + 1e-9).all()
    assert np.median(steps) == pytest.approx(1)
    np.testing.assert_array_equal(points[[0, -1]], ring(50, 50, 40, 7)[[0, -1]])


def test_a_drawing_is_brought_to_the_top_left_of_the_box():
    head, eye = 1000 + 3 * ring(0, 0, 40, 32), 1000 + 3 * ring(9, 9, 5, 32)
    stroke3 = preprocess([head, eye])
    points = np.concatenate(stroke3_to_polylines(stroke3))
    assert np.ptp(points, axis=0).max() == pytest.approx(255, abs=1)
    assert np.count_nonzero(stroke3[:, 2]) == 2
    assert len(stroke3) < 50 < len(head) + len(eye)


def test_each_step_can_be_left_out():
    line = np.column_stack([np.arange(10), np.zeros(10)]) + 5
    assert preprocess([line], NOTHING)[:, 0].tolist() == [1] * 9
    assert preprocess([line], Preprocessing(size=None, spacing=None))[:, 0].tolist() == [9]
    assert preprocess([line], Preprocessing(spacing=None, epsilon=None))[:, 0].sum() == 255
    assert len(preprocess([line], Preprocessing(epsilon=None))) == 255
    assert len(preprocess([line, line[:3]], Preprocessing(min_points=4, spacing=None))) == 1


def test_dots_stay_and_nothing_is_nothing():
    dot, line = np.array([[5, 5], [5, 5]]), np.array([[0, 0], [10, 0]])
    assert np.count_nonzero(preprocess([line, dot, line])[:, 2]) == 3
    assert len(preprocess([dot])) == 1
    for nothing in ([], [np.zeros((0, 2))], [np.zeros((1, 2))]):
        assert preprocess(nothing).shape == (0, 3)


def test_a_scribble_without_end_is_longer_than_any_drawing():
    scribble = np.random.default_rng(0).random((500, 2)) * 1000
    assert len(preprocess([scribble])) > 10_000


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, max_size=4))
def test_whatever_is_drawn_fits_the_box(drawn):
    stroke3 = preprocess(drawn)
    assert stroke3.dtype == np.int16
    if len(stroke3):
        points = np.concatenate(stroke3_to_polylines(stroke3))
        assert np.ptp(points, axis=0).max() <= 255
        assert set(stroke3[:, 2]) <= {0, 1}
        assert stroke3[-1, 2] == 1


@pytest.mark.parametrize("values", [{"size": 0}, {"epsilon": -1}, {"spacing": float("nan")}, {"min_points": 0}])
def test_nonsense_is_refused(values):
    with pytest.raises(ConfigError):
        Preprocessing(**values)


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no published files of drawings in {DATA}")
def test_raw_drawings_become_the_published_simplified_ones():
    """Of the twenty at hand; two differ in the last digit, where points are equally far."""
    published_ones = {record.stroke3.tobytes() for record in open_sketches(DATA / "ndjson" / "owl.ndjson")}
    raw = [record.stroke3.tobytes() for record in open_sketches(DATA / "ndjson" / "owl.raw.ndjson")]
    assert sum(drawing in published_ones for drawing in raw) >= 18


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no published files of drawings in {DATA}")
@pytest.mark.parametrize(("name", "count"), [("owl", 1699), ("cat", 2950), ("penguin", 430)])
def test_simplified_files_hold_what_the_sketch_rnn_files_hold(name, count):
    ndjson = [record.stroke3.tobytes() for record in open_sketches(DATA / "ndjson" / f"{name}.ndjson")]
    npz = [record.stroke3.tobytes() for record in open_sketches(DATA / "quickdraw" / f"{name}.npz")]
    assert len(ndjson) == count
    assert sorted(ndjson) == sorted(npz)
