"""The controller without a window: requests in, signals out."""

from dataclasses import replace

import numpy as np
import pytest

from core.generation import SamplingConfig
from explorer.requests import FRAMES, VARIANTS, AtCode, AtDrawing, AtPosition, Calculated, Located, Misread

WAIT = 20_000


def drawn(qtbot, studio):
    """Wait for the next finished sketch."""
    return qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished)


def test_opening_begins_with_a_drawing_and_a_film(studio, qtbot):
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    assert studio.here.place.index is not None
    assert len(studio.film.sketches) == FRAMES


def sketches_of(studio, code, count):
    """By the current seed and those after it."""
    sampling = SamplingConfig(studio.temperature, studio.current.checkpoint.max_points)
    seeds = range(studio.seed, studio.seed + count)
    return studio.current.decoder.decode(np.repeat(code[None], count, axis=0), seeds, sampling)


def test_a_click_on_a_drawing_decodes_its_own_code(studio, qtbot):
    studio.set_clearest(False)
    x, y = studio.current.atlas.positions[5].tolist()
    with drawn(qtbot, studio):
        studio.choose(AtPosition(x, y, reach=1e-6))
    assert studio.here.place.index == 5
    [expected] = sketches_of(studio, studio.current.atlas.latents[5], 1)
    np.testing.assert_array_equal(studio.sketch.stroke3, expected)


@pytest.mark.parametrize("index", [5, None])
def test_of_nine_sketches_the_clearest_is_shown_after_the_first(studio, qtbot, index):
    studio.set_temperature(1.0)
    code = studio.current.atlas.latents[5] * (1 if index else 1.1)
    seen = []
    studio.sketch_changed.connect(seen.append)
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(5) if index else AtCode(code, "x"))
    nine = sketches_of(studio, code, VARIANTS)
    category = studio.current.atlas.category(5) if index else None
    best = studio.current.clarity.clearest(nine, code, category)
    assert best > 0  # so that it is not the first one by chance
    first, last = [sketch for sketch in seen if sketch.seed == studio.seed][-1], studio.sketch
    np.testing.assert_allclose(first.stroke3, nine[0], atol=1e-3)
    assert not first.finished
    assert last.seed == studio.seed + best
    np.testing.assert_allclose(last.stroke3, nine[best], atol=1e-3)


def test_while_the_pointer_moves_nothing_is_compared(studio, qtbot):
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(5), live=True)
    np.testing.assert_array_equal(studio.sketch.stroke3, sketches_of(studio, studio.here.place.code, 1)[0])
    assert studio.sketch.seed == studio.seed


def test_the_clearest_can_be_had_or_not(studio, qtbot):
    studio.set_temperature(1.0)
    code = studio.current.atlas.latents[5]
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(5))
    clearest = studio.sketch
    with drawn(qtbot, studio):
        studio.set_clearest(False)
    np.testing.assert_array_equal(studio.sketch.stroke3, sketches_of(studio, code, 1)[0])
    with drawn(qtbot, studio):
        studio.history.undo()
    assert studio.state.clearest
    np.testing.assert_array_equal(studio.sketch.stroke3, clearest.stroke3)


def test_drawings_that_nobody_knows_are_drawn_once(studio, qtbot):
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(5))
    studio.current = replace(studio.current, clarity=None)
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(6))
    assert studio.sketch.seed == studio.seed


def test_a_click_on_empty_map_gives_a_code_between_drawings(studio, qtbot):
    low, high = studio.current.atlas.positions.min(axis=0), studio.current.atlas.positions.max(axis=0)
    x, y = (2 * high - low).tolist()
    with drawn(qtbot, studio):
        studio.choose(AtPosition(x, y, reach=1e-6))
    assert studio.here.place.index is None
    assert studio.here.position == (x, y)
    assert studio.here.title == "Between drawings"
    assert "nearest" in studio.here.detail


def test_same_code_same_seed_same_sketch_and_another_after_resampling(studio, qtbot):
    studio.set_temperature(0.8)
    code = studio.current.atlas.latents[3]
    sketches = []
    for act in (lambda: studio.choose(AtCode(code, "x")), lambda: studio.choose(AtCode(code, "x")), studio.resample):
        with drawn(qtbot, studio):
            act()
        sketches.append(studio.sketch.stroke3)
    np.testing.assert_array_equal(sketches[0], sketches[1])
    assert sketches[0].shape != sketches[2].shape or not np.allclose(sketches[0], sketches[2])


def test_late_answers_are_dropped(studio, qtbot):
    """Of many clicks only the last one's place is reported at the end, and nothing of the others after it."""
    located: list[Located] = []
    studio.located.connect(located.append)
    with drawn(qtbot, studio):
        for index in range(20):
            studio.choose(AtDrawing(index))
    assert located[-1].place.index == 19
    assert [here.place.index for here in located] == sorted({here.place.index for here in located})


def test_live_requests_are_answered_while_more_arrive(studio, qtbot):
    """During a drag each request lets the running one finish, so that something is always seen."""
    finished: list[object] = []
    studio.sketch_changed.connect(lambda sketch: sketch.finished and finished.append(sketch))
    with qtbot.waitSignal(studio.located, timeout=WAIT):
        studio.choose(AtDrawing(1), live=True)
    studio.choose(AtDrawing(2), live=True)
    qtbot.waitUntil(lambda: studio.here.place.index == 2 and studio.sketch.finished, timeout=WAIT)
    assert len(finished) == 2


def test_path_ends_are_the_drawings_it_was_dragged_between(studio, qtbot):
    latents = studio.current.atlas.latents

    def of_this_path(film) -> bool:
        return film.finished and np.allclose(film.codes[[0, -1]], latents[[4, 9]], atol=1e-6)

    with qtbot.waitSignal(studio.film_changed, timeout=WAIT, check_params_cb=of_this_path):
        studio.set_path([AtDrawing(4), AtDrawing(9)])
    assert len(studio.film.codes) == len(studio.film.positions) == len(studio.film.sketches) == FRAMES


def test_a_frame_becomes_current(studio, qtbot):
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    studio.resample()
    with drawn(qtbot, studio):
        studio.choose_frame(3)
    np.testing.assert_array_equal(studio.here.place.code, studio.film.codes[3])
    np.testing.assert_allclose(studio.sketch.stroke3, studio.film.sketches[3], atol=1e-2)
    with drawn(qtbot, studio):
        studio.calculate("cat")
    assert not studio.state.taken  # that was of the frame


def test_arithmetic_over_pins(studio, qtbot):
    latents = studio.current.atlas.latents
    for index, name in zip((2, 30, 50), "abc", strict=True):
        with drawn(qtbot, studio):
            studio.choose(AtDrawing(index))
        assert studio.pin() == name
    with drawn(qtbot, studio):
        studio.calculate("a - b + c")
    np.testing.assert_allclose(studio.here.place.code, latents[2] - latents[30] + latents[50], atol=1e-5)


@pytest.mark.parametrize(
    ("text", "column"), [("a - b", 0), ("cat +", 5), ("cat - dgo", 6), ("cat * bird", 4), ('"hot dog', 0)]
)
def test_a_faulty_expression_says_where_and_keeps_what_is_current(studio, qtbot, text, column):
    before = studio.here
    with qtbot.waitSignal(studio.calculated, timeout=WAIT) as signal:
        studio.calculate(text)
    assert isinstance(signal.args[0], Misread)
    assert signal.args[0].column == column
    assert studio.here is before


def test_an_expression_may_be_a_number(studio, qtbot):
    with qtbot.waitSignal(studio.calculated, timeout=WAIT) as signal:
        studio.calculate("norm(cat)")
    assert isinstance(signal.args[0], Calculated)
    mean = studio.current.category_means["cat"]
    assert signal.args[0].answer.value == pytest.approx(float(np.linalg.norm(mean)))


def test_unpinned_letters_are_used_again(studio):
    assert [studio.pin(), studio.pin()] == ["a", "b"]
    studio.unpin("a")
    assert studio.pin() == "a"


def test_a_missing_checkpoint_is_one_sentence(studio, qtbot, tmp_path):
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as signal:
        studio.open(str(tmp_path / "nothing.pt"))
    message, details = signal.args
    assert "nothing.pt does not exist" in message
    assert details == ""
    assert studio.current is not None


def test_an_unknown_name_lists_the_shipped_checkpoints(studio, qtbot):
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as signal:
        studio.open("anmals")
    assert "animals" in signal.args[0]


# -- undo --------------------------------------------------------------------------------------


def test_everything_done_is_undone_to_the_beginning_and_redone(studio):
    beginning = studio.state
    latents = studio.current.atlas.latents
    studio.choose(AtDrawing(7))
    studio.set_temperature(0.9)
    studio.resample()
    studio.set_path([AtDrawing(1), AtDrawing(2), AtDrawing(3)])
    studio.pin_code("a cat", latents[0], np.zeros((0, 3), np.float32))
    studio.calculate("cat - bird")
    studio.selection.choose(np.array([4, 5]))
    studio.selection.name_group("some")
    studio.showing.colour_by("norm")
    studio.selection.toggle_alone()
    studio.choose(AtCode(latents[0], "x"))
    end = studio.state
    assert studio.history.count() == 11
    while studio.history.canUndo():
        studio.history.undo()
    assert studio.state is beginning
    assert studio.showing.mask is None
    assert studio.selection.count == 0
    while studio.history.canRedo():
        studio.history.redo()
    assert studio.state is end
    assert np.flatnonzero(studio.showing.mask).tolist() == [4, 5]


def test_a_drag_is_one_step_and_the_next_drag_another(studio):
    steps = studio.history.count()
    for first in (1, 10):
        for index in range(first, first + 5):
            studio.choose(AtDrawing(index), live=True)
        studio.choose(AtDrawing(first + 5))
    assert studio.history.count() == steps + 2
    studio.history.undo()
    assert studio.state.target.index == 6


def test_undo_draws_what_was_there(studio, qtbot):
    before = studio.sketch.stroke3
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(9))
    with drawn(qtbot, studio):
        studio.history.undo()
    np.testing.assert_array_equal(studio.sketch.stroke3, before)


def test_what_changes_nothing_is_no_step(studio):
    steps = studio.history.count()
    studio.showing.show_all()
    studio.selection.clear()
    studio.unpin("a")
    assert studio.history.count() == steps


def test_what_is_done_again_is_no_step_and_what_was_undone_can_be_redone(studio):
    studio.calculate("t * cat", {"t": 0.5})
    studio.selection.choose(np.array([4, 5]))
    studio.set_temperature(0.9)
    studio.history.undo()
    studio.calculate("t * cat")
    studio.selection.choose(np.array([4, 5]))
    assert studio.history.canRedo()
    studio.calculate("t * cat", {"t": 0.7})
    assert not studio.history.canRedo()


def test_an_expression_whose_names_mean_something_else_is_calculated_again(studio):
    latents, nothing = studio.current.atlas.latents, np.zeros((0, 3), np.float32)
    studio.pin_code("x", latents[2], nothing)
    studio.calculate("a")
    studio.unpin("a")
    studio.pin_code("x", latents[3], nothing)
    studio.calculate("a")
    np.testing.assert_array_equal(studio.state.target.pinned["a"], latents[3])
