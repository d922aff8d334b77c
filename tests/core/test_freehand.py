"""Strokes of a pad: to the scale of the data as the readers do it, and back onto the pad."""

import json

import numpy as np
import pytest

from core.encoding import encode_sketch
from core.freehand import continued, fitted, stroke_at, to_stroke3
from core.preprocess import DRAWN_IN_LINES, preprocess
from core.readers.detect import open_sketches
from core.sketch import polylines_to_stroke3, stroke3_to_polylines
from tests.core.conftest import make_model
from tests.parametric import KINDS, draw, outline, random_factors

SIDE = 420
"""Pixels across a pad."""


def by_hand(polylines, side=SIDE, step=3.0):
    """Strokes as a mouse reports them: whole pixels, some `step` apart, on a pad `side` pixels wide."""
    strokes = []
    for line in fitted(polylines):
        pieces = [line[:1] * side]
        for first, last in zip(line[:-1] * side, line[1:] * side, strict=True):
            count = max(1, round(float(np.hypot(*(last - first))) / step))
            pieces.append(first + (last - first) * np.linspace(0, 1, count + 1)[1:, None])
        strokes.append(np.rint(np.concatenate(pieces)) / side)
    return tuple(strokes)


def test_a_drawing_of_the_data_redrawn_by_hand_has_nearly_its_code():
    """Pixels and the places of corners differ a little; other drawings, alike as they are, differ more."""
    rng = np.random.default_rng(3)
    originals = [stroke3_to_polylines(draw(kind, random_factors(rng))) for kind in KINDS for _ in range(8)]
    model, scale = make_model(), 30.0
    codes = np.array([encode_sketch(model, preprocess(lines, DRAWN_IN_LINES), scale) for lines in originals])
    again = np.array([encode_sketch(model, to_stroke3(by_hand(lines)), scale) for lines in originals])
    apart = np.linalg.norm(codes[:, None] - again, axis=2)
    assert np.median(np.diag(apart)) < 0.2 * np.median(apart)
    assert np.mean(apart.argmin(axis=1) == np.arange(len(originals))) > 0.8


def test_the_pad_prepares_strokes_as_the_reader_of_raw_files_does(tmp_path):
    rng = np.random.default_rng(0)
    strokes = by_hand(stroke3_to_polylines(draw("face", random_factors(rng))))
    file = tmp_path / "face.raw.ndjson"
    drawing = [[*(SIDE * stroke).T.tolist(), list(range(len(stroke)))] for stroke in strokes]
    file.write_text(json.dumps({"word": "face", "recognized": True, "drawing": drawing}) + "\n")
    [record] = open_sketches(file)
    np.testing.assert_array_equal(to_stroke3(strokes), record.stroke3)


def test_the_size_of_the_pad_and_the_place_on_it_make_no_difference():
    strokes = by_hand(outline("house"))
    moved = [0.5 * stroke + (0.3, 0.1) for stroke in strokes]
    np.testing.assert_allclose(to_stroke3(moved), to_stroke3(strokes), atol=1)  # halves round either way


@pytest.mark.parametrize("pen", ["up", "down"])
def test_a_continuation_lies_where_the_model_drew_it(pen):
    """Both parts cut from one drawing join again, wherever on the pad its beginning lies."""
    whole = to_stroke3(by_hand(outline("face"))).astype(float)
    given = int(np.flatnonzero(whole[:, 2])[0]) + 1
    beginning = tuple(0.4 / 255 * line + (0.5, 0.55) for line in stroke3_to_polylines(whole[:given]))
    if pen == "down":  # the model goes on in the same stroke
        whole[given - 1, 2] = 0
    result = continued(beginning, whole, given)
    np.testing.assert_array_equal(result[0], beginning[0])
    prepared = polylines_to_stroke3(result)
    expected = whole.copy()
    if pen == "down":
        prepared = np.delete(prepared, given, axis=0)  # the place where the pen was set down once more
        expected[given - 1, 2] = 1
    expected[-1, 2] = 1
    np.testing.assert_allclose(prepared * (255 / 0.4, 255 / 0.4, 1), expected, atol=1.0)


def test_a_continuation_beyond_the_pad_makes_the_whole_smaller():
    beginning = (np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]),)
    drawn = np.array([[255, 0, 0], [0, 255, 1], [255, 0, 0], [0, -100, 1]])
    result = continued(beginning, drawn, 2)
    points = np.concatenate(result)
    assert points.min() >= 0
    assert points.max() <= 1
    [first, _] = np.diff(result[0], axis=0)
    assert first[1] == 0
    reached = result[1][-1] - result[0][-1]
    np.testing.assert_allclose(reached / first[0], (1, -100 / 255), atol=1e-6)


def test_a_dot_that_the_model_adds_stays_a_dot():
    beginning = (np.array([[0.2, 0.2], [0.8, 0.2]]),)
    result = continued(beginning, np.array([[255, 0, 1], [0, 100, 1]]), 1)
    assert result[1].shape == (2, 2)
    np.testing.assert_array_equal(result[1][0], result[1][1])
    assert to_stroke3(result)[-1, 2] == 1


def test_fitting_keeps_shapes_and_leaves_points_out():
    lines = fitted([np.array([[1e6, 0], [1e6 + 200, 0], [1e6 + 200, 50]]), np.array([[0.0, 0.0]])])
    assert len(lines) == 1
    (right, down) = np.diff(lines[0], axis=0)
    assert down[1] / right[0] == pytest.approx(0.25)
    assert lines[0].mean(axis=0)[0] < 1
    assert fitted([np.zeros((1, 2)), np.zeros((0, 2))]) == ()
    np.testing.assert_array_equal(fitted([np.ones((2, 2))])[0], [[0.5, 0.5], [0.5, 0.5]])


def test_a_stroke_is_found_along_its_lines_and_the_uppermost_first():
    across = np.array([[0.1, 0.5], [0.9, 0.5]])
    down = np.array([[0.5, 0.1], [0.5, 0.9]])
    dot = np.array([[0.2, 0.2], [0.2, 0.2]])
    strokes = (across, down, dot)
    assert stroke_at(strokes, (0.3, 0.51), 0.02) == 0
    assert stroke_at(strokes, (0.5, 0.5), 0.02) == 1
    assert stroke_at(strokes, (0.21, 0.2), 0.02) == 2
    assert stroke_at(strokes, (0.95, 0.5), 0.02) is None
    assert stroke_at((), (0.5, 0.5), 1) is None
