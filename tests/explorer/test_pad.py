"""The drawing pad without a window: strokes become codes and completions."""

import numpy as np
import pytest

from core.encoding import encode_sketch
from core.freehand import fitted, to_stroke3
from explorer.by_hand import WAYS
from explorer.pad import MOST_POINTS, MOST_STROKES, TOO_MUCH
from explorer.requests import AtDrawing, ByHand
from explorer.session import read_state, session_bytes
from tests.parametric import outline

WAIT = 20_000
FACE = fitted(outline("face"))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M 10 10 H 90 V 50 Z M 20 20 L 30 30"/></svg>'


@pytest.fixture
def pad(studio):
    return studio.pad


def placed(qtbot, pad):
    """Wait until the pad's drawing is the current code."""
    return qtbot.waitSignal(pad.located, timeout=WAIT)


def completed(qtbot, pad):
    """Wait for nine finished completions."""
    return qtbot.waitSignal(
        pad.completed, timeout=WAIT, check_params_cb=lambda answer: answer is not None and answer.finished
    )


def draw(qtbot, pad, strokes):
    for stroke in strokes:
        with placed(qtbot, pad):
            pad.add(stroke)


def sayings(pad) -> list[str]:
    said: list[str] = []
    pad.said.connect(said.append)
    return said


def zigzag(points: int):
    """A stroke of which nothing can be left out."""
    x = np.linspace(0.01, 0.99, points)
    return np.column_stack([x, 0.1 + 0.8 * (np.arange(points) % 2)])


def test_a_stroke_becomes_the_current_code(studio, pad, qtbot):
    with qtbot.waitSignal(pad.reconstructed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        pad.add(FACE[0])
    opened = studio.current
    expected = encode_sketch(opened.model, to_stroke3(FACE[:1]), opened.checkpoint.scale)
    np.testing.assert_array_equal(studio.here.place.code, expected)
    assert studio.here.position == pytest.approx(opened.navigator.to_map(expected))
    assert studio.here.title == "Drawn by hand"


def test_each_stroke_is_one_step_that_can_be_undone(studio, pad, qtbot):
    before, steps = studio.here, studio.history.count()
    draw(qtbot, pad, FACE[:2])
    assert studio.history.count() == steps + 2
    with placed(qtbot, pad):
        studio.history.undo()
    assert len(pad.strokes) == 1
    with qtbot.waitSignal(studio.located, timeout=WAIT):
        studio.history.undo()
    assert pad.strokes == ()
    assert studio.here.place.index == before.place.index
    with placed(qtbot, pad):
        studio.history.redo()
    assert pad.strokes == (FACE[0],)


def test_taking_back_and_clearing_are_steps_too(studio, pad, qtbot):
    draw(qtbot, pad, FACE[:2])
    with placed(qtbot, pad):
        pad.take_back()
    assert pad.strokes == (FACE[0],)
    here = studio.here
    pad.clear()
    assert pad.strokes == ()
    assert studio.here is here
    studio.history.undo()
    assert pad.strokes == (FACE[0],)


def test_an_empty_pad_has_nothing_to_clear_or_to_complete(studio, pad, qtbot):
    with qtbot.assertNotEmitted(studio.state_changed), qtbot.assertNotEmitted(pad.completing):
        pad.clear()
        pad.take_back()
        pad.complete()
        pad.take(0)


def test_a_drawing_too_long_for_the_model_is_refused_in_a_sentence_and_kept(studio, pad, qtbot):
    draw(qtbot, pad, FACE[:1])
    here, said = studio.here, sayings(pad)
    limit = studio.current.checkpoint.max_points
    with qtbot.assertNotEmitted(studio.failed), qtbot.waitSignal(pad.located, timeout=WAIT) as located:
        pad.add(zigzag(limit))
    assert located.args == [None]
    assert f"up to {limit}" in said[-1]
    assert len(pad.strokes) == 2
    assert studio.here is here
    with placed(qtbot, pad):
        pad.take_back()
    assert said[-1] == ""


def test_completions_begin_with_exactly_the_drawing(pad, qtbot):
    draw(qtbot, pad, FACE[:2])
    with completed(qtbot, pad) as answer:
        pad.complete()
    [completions] = answer.args
    beginning = to_stroke3(FACE[:2])
    assert completions.given == len(beginning)
    assert len(completions.sketches) == WAYS
    for sketch in completions.sketches:
        np.testing.assert_array_equal(sketch[: len(beginning)], beginning)
    assert max(map(len, completions.sketches)) > len(beginning)


def test_asking_again_gives_others_and_the_same_drawing_the_same(pad, qtbot):
    draw(qtbot, pad, FACE[:1])
    answers = []
    for _ in range(2):
        with completed(qtbot, pad):
            pad.complete()
        answers.append([sketch.tolist() for sketch in pad.completions.sketches])
    assert answers[0] != answers[1]
    with placed(qtbot, pad):
        pad.add(FACE[1])
    with placed(qtbot, pad):
        pad.take_back()
    with completed(qtbot, pad):
        pad.complete()
    assert [sketch.tolist() for sketch in pad.completions.sketches] == answers[0]


def test_completions_are_dropped_when_drawing_goes_on(studio, pad, qtbot):
    draw(qtbot, pad, FACE[:1])
    late = []
    pad.completed.connect(late.append)
    pad.complete()
    draw(qtbot, pad, FACE[1:3])
    qtbot.waitUntil(lambda: pad._completer.idle and studio.sketch.finished, timeout=WAIT)
    assert late[-1] is None
    assert pad.completions is None


def test_a_completion_that_is_taken_is_the_drawing(studio, pad, qtbot):
    draw(qtbot, pad, FACE[:2])
    with completed(qtbot, pad):
        pad.complete()
    completions = pad.completions
    longest = int(np.argmax([len(sketch) for sketch in completions.sketches]))
    with qtbot.waitSignal(pad.located, timeout=WAIT):
        pad.take(longest)
    assert len(pad.strokes) > 2
    assert all(stroke.min() >= 0 and stroke.max() <= 1 for stroke in pad.strokes)
    assert isinstance(studio.state.target, ByHand)
    assert pad.completions is None
    with placed(qtbot, pad):
        studio.history.undo()
    assert pad.strokes == FACE[:2]


def test_an_svg_becomes_the_drawing(pad, qtbot, tmp_path):
    with placed(qtbot, pad):
        pad.open(SVG)
    [first, second] = pad.strokes
    np.testing.assert_allclose(np.diff(first, axis=0)[0] / np.diff(second, axis=0)[0][0], (8, 0), atol=1e-9)
    file = tmp_path / "drawing.svg"
    file.write_bytes(SVG)
    pad.clear()
    with placed(qtbot, pad):
        pad.open(file)
    np.testing.assert_array_equal(pad.strokes[0], first)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"a cat, please", "not XML"),
        (b"<html/>", "not SVG"),
        (b"<svg><text>cat</text></svg>", "no lines"),
        (b'<svg><path d="M 0 0 L 1e30 5"/></svg>', "coordinate"),
        (b"<svg>" + b" " * (1 << 20) + b"</svg>", "larger"),
    ],
)
def test_a_bad_svg_is_refused_in_one_sentence(studio, pad, qtbot, source, why):
    draw(qtbot, pad, FACE[:1])
    with (
        qtbot.assertNotEmitted(studio.failed),
        qtbot.waitSignal(pad.said, timeout=WAIT, check_params_cb=lambda words: words != "") as said,
    ):
        pad.open(source)
    assert why in said.args[0]
    assert said.args[0].count(".") == 1
    assert pad.strokes == FACE[:1]


def test_what_no_session_could_hold_is_refused_in_a_sentence(studio, pad, qtbot):
    said = sayings(pad)
    lines = b'<path d="M 0 0 L 9 9"/>' * (MOST_STROKES + 1)
    with qtbot.waitSignal(pad.said, timeout=WAIT):
        pad.open(b'<svg xmlns="http://www.w3.org/2000/svg">' + lines + b"</svg>")
    pad.add(zigzag(MOST_POINTS + 1))
    assert said == [TOO_MUCH, TOO_MUCH]
    assert pad.strokes == ()
    studio.edit("opening a drawing", pad=(zigzag(MOST_POINTS), *(FACE[0] for _ in range(MOST_STROKES - 1))))
    assert len(read_state(session_bytes(studio.keeping.session()), studio.current).pad) == MOST_STROKES


def test_a_file_that_is_not_there_is_named(pad, qtbot, tmp_path):
    with qtbot.waitSignal(pad.said, timeout=WAIT) as said:
        pad.open(tmp_path / "lost.svg")
    assert "lost.svg" in said.args[0]


def test_the_drawing_outlives_the_map(studio, pad, qtbot, checkpoint):
    draw(qtbot, pad, FACE[:1])
    with qtbot.waitSignal(studio.opened, timeout=WAIT):
        studio.open(str(checkpoint))
    assert pad.strokes == FACE[:1]
    assert isinstance(studio.state.target, AtDrawing)
    with placed(qtbot, pad):
        pad.add(FACE[1])
    assert len(pad.strokes) == 2


def test_it_can_be_pinned_as_any_code(studio, pad, qtbot):
    with qtbot.waitSignal(pad.reconstructed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        pad.add(FACE[0])
    name = studio.pin()
    np.testing.assert_array_equal(studio.pins[name].code, studio.here.place.code)


def test_what_is_chosen_elsewhere_is_not_its_reconstruction(studio, pad, qtbot):
    draw(qtbot, pad, FACE[:1])
    with qtbot.waitSignal(pad.reconstructed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        studio.resample()
    with (
        qtbot.assertNotEmitted(pad.reconstructed),
        qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished),
    ):
        studio.choose(AtDrawing(4))


def test_closing_ends_its_threads(studio, pad):
    studio.close()
    assert not pad._completer._thread.is_alive()
    assert not pad._reader._thread.is_alive()
