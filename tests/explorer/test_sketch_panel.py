"""The sketch and what can be asked of it: attention, replay, order, variants, random codes."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from core.expression import CodeSpace, evaluate
from core.generation import SamplingConfig
from explorer.requests import Sketch
from explorer.sketch_view import SketchView

WAIT = 20_000


def point_at(window, qtbot, index: int) -> None:
    """Move the pointer onto a point of the drawing."""
    x, y = window.panel.view._points()[index]
    qtbot.mouseMove(window.panel.view, QPoint(round(x), round(y)))


def coloured_pixels(widget) -> int:
    image = widget.grab().toImage()
    colours = [QColor(image.pixel(x, y)) for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)]
    return sum(colour.saturation() > 120 for colour in colours)


def test_pointing_at_a_point_shows_what_the_model_attended_to(window, qtbot):
    view = window.panel.view
    qtbot.waitUntil(lambda: view.complete, timeout=WAIT)
    before = coloured_pixels(view)
    index = len(window.studio.sketch.stroke3) - 1
    with qtbot.waitSignal(view.pointed, timeout=WAIT, check_params_cb=lambda pointed: pointed is not None):
        point_at(window, qtbot, index)
    np.testing.assert_array_equal(view._attention, window.studio.current.decoder.attention_of(view._stroke3))
    assert coloured_pixels(view) > before
    with qtbot.waitSignal(view.pointed, timeout=WAIT, check_params_cb=lambda pointed: pointed is None):
        qtbot.mouseMove(view, QPoint(1, 1))


def test_a_replay_begins_at_nothing_and_ends_with_all(window, qtbot):
    view = window.panel.view
    qtbot.waitUntil(lambda: view.complete, timeout=WAIT)
    with qtbot.waitSignal(view.revealed, timeout=WAIT):
        qtbot.mouseClick(window.panel.replay, Qt.MouseButton.LeftButton)
        assert not view.complete
    assert view.complete


def test_another_sketch_ends_a_replay(window, qtbot):
    view = window.panel.view
    qtbot.waitUntil(lambda: view.complete, timeout=WAIT)
    view.replay()
    with qtbot.waitSignal(view.revealed, timeout=WAIT):
        window.studio.choose_drawing(8)
    assert not view._timer.isActive()


def test_the_order_is_shown_in_colours(window, qtbot):
    view = window.panel.view
    qtbot.waitUntil(lambda: view.complete, timeout=WAIT)
    assert coloured_pixels(view) == 0
    qtbot.keyClick(window, Qt.Key.Key_O)
    assert coloured_pixels(view) > 20


def test_variants_are_the_current_code_with_nine_seeds(window, qtbot):
    studio = window.studio
    studio.set_temperature(0.7)
    qtbot.waitUntil(lambda: studio.sketch.finished, timeout=WAIT)
    with qtbot.waitSignal(studio.variants.varied, timeout=WAIT, check_params_cb=lambda varied: varied.finished):
        window.panel.variants.click()
    assert window.panel.pages.currentWidget() is window.panel.grid
    sampling = SamplingConfig(0.7, studio.current.checkpoint.max_points)
    codes = np.repeat(studio.here.place.code[None], 9, axis=0)
    expected = studio.current.decoder.decode(codes, range(studio.seed, studio.seed + 9), sampling)
    for shown, drawn in zip(studio.variants.shown.sketches, expected, strict=True):
        np.testing.assert_allclose(shown, drawn, atol=1e-3)


def test_a_variant_is_taken_and_given_back(window, qtbot):
    studio, seed = window.studio, window.studio.seed
    with qtbot.waitSignal(studio.variants.varied, timeout=WAIT, check_params_cb=lambda varied: varied.finished):
        window.panel.variants.click()
    shown = studio.variants.shown
    centre = window.panel.grid.cell(4).center().toPoint()
    with qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        qtbot.mouseClick(window.panel.grid, Qt.MouseButton.LeftButton, pos=centre)
    assert studio.seed == seed + 4
    np.testing.assert_allclose(studio.sketch.stroke3, shown.sketches[4], atol=1e-3)
    assert studio.variants.shown is shown  # the others stay to be taken
    studio.history.undo()
    assert studio.seed == seed


def test_the_current_sketch_is_framed_among_the_variants(window, qtbot):
    studio, grid = window.studio, window.panel.grid
    studio.set_temperature(1.0)
    with qtbot.waitSignal(studio.variants.varied, timeout=WAIT, check_params_cb=lambda varied: varied.finished):
        window.panel.variants.click()
    qtbot.waitUntil(lambda: studio.sketch.finished and grid.complete, timeout=WAIT)
    assert grid._marked == studio.sketch.seed - studio.variants.shown.seed
    framed = grid.grab().toImage()
    taken = (grid._marked + 1) % 9
    with qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        studio.variants.take(taken)
    assert grid._marked == taken
    assert grid.grab().toImage() != framed


def test_the_variants_are_those_that_are_compared(window, qtbot):
    """After one was taken, too, and another code chosen."""
    studio, grid = window.studio, window.panel.grid
    studio.set_temperature(1.0)
    window.panel.variants.click()
    qtbot.waitUntil(lambda: studio.variants.shown is not None and studio.variants.shown.finished, timeout=WAIT)
    with qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        studio.variants.take(8)
    assert not window.panel.clearest.isChecked()
    for index in (3, 11):
        with qtbot.waitSignal(studio.variants.varied, timeout=WAIT, check_params_cb=lambda varied: varied.finished):
            studio.choose_drawing(index)
        assert window.panel.clearest.isChecked()
        assert studio.variants.shown.seed == studio.seed
        assert grid._marked == studio.sketch.seed - studio.seed


def test_sketches_that_were_compared_are_not_drawn_again(window, qtbot, monkeypatch):
    studio, variants = window.studio, window.studio.variants
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    asked = []
    monkeypatch.setattr(variants._worker, "submit", lambda request: asked.append(request.seed))
    window.panel.variants.click()
    assert variants.shown is studio.sketch.compared
    with qtbot.waitSignal(variants.varied, timeout=WAIT):
        studio.choose_drawing(3)
    assert variants.shown is studio.sketch.compared
    window.panel.variants.click()
    studio.choose_drawing(11)
    window.panel.variants.click()  # while they are being compared
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    assert variants.shown is studio.sketch.compared
    np.testing.assert_array_equal(variants.shown.code, studio.current.atlas.latents[11])
    assert asked == []


def test_variants_of_another_code_are_not_taken(window, qtbot):
    studio = window.studio
    window.panel.variants.click()
    qtbot.waitUntil(lambda: studio.variants.shown is not None and studio.variants.shown.finished, timeout=WAIT)
    studio.located.connect(lambda: studio.variants.take(4))  # before those of the new code are there
    with qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        studio.choose_drawing(3)
    assert not studio.state.taken


def test_a_drag_of_the_temperature_shows_one_sketch_and_its_end_the_clearest(window, qtbot):
    studio, slider = window.studio, window.panel.slider
    compared = []
    studio.sketch_changed.connect(lambda sketch: compared.append(sketch.seed != studio.seed))
    slider.setSliderDown(True)
    for step in (60, 80, 100):
        with qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
            slider.setValue(step)
    assert not any(compared)
    with qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        slider.setSliderDown(False)
    place, sampling = studio.here.place, SamplingConfig(1.0, studio.current.checkpoint.max_points)
    nine = studio.current.decoder.decode(np.repeat(place.code[None], 9, axis=0), range(9), sampling)
    category = studio.current.atlas.category(place.index)
    assert studio.sketch.seed == studio.current.clarity.clearest(nine, place.code, category)


def test_the_clearest_is_switched_by_a_button_and_a_key(window, qtbot):
    studio, toggle = window.studio, window.panel.clearest
    assert toggle.isChecked()
    qtbot.mouseClick(toggle, Qt.MouseButton.LeftButton)
    assert not studio.state.clearest
    qtbot.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    assert studio.state.clearest
    assert toggle.isChecked()
    studio.history.undo()
    assert not toggle.isChecked()


def test_without_a_known_category_there_is_no_clearest(window, qtbot):
    studio, toggle = window.studio, window.panel.clearest
    assert toggle.isEnabled()
    studio.current = replace(studio.current, clarity=None)
    with qtbot.waitSignal(studio.located, timeout=WAIT):
        studio.choose_drawing(3)
    assert not toggle.isEnabled()
    assert "not know" in toggle.toolTip()


def test_drawing_again_brings_nine_others(window, qtbot):
    studio = window.studio
    window.panel.variants.click()
    qtbot.waitUntil(lambda: studio.variants.shown is not None and studio.variants.shown.finished, timeout=WAIT)
    first = studio.variants.shown.seed
    with qtbot.waitSignal(
        studio.variants.varied, timeout=WAIT, check_params_cb=lambda varied: varied.finished and varied.seed != first
    ):
        window.panel.again.click()
    assert studio.variants.shown.seed == first + 9


def test_nobody_draws_variants_that_nobody_sees(window, qtbot):
    window.panel.variants.click()
    qtbot.waitUntil(lambda: window.studio.variants.shown is not None, timeout=WAIT)
    window.panel.variants.click()
    before = window.studio.variants.shown
    with qtbot.waitSignal(window.studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished):
        window.studio.choose_drawing(3)
    assert window.studio.variants._worker.idle
    assert window.studio.variants.shown is before


def test_a_random_code_is_what_its_title_says(studio, qtbot):
    with qtbot.waitSignal(studio.located, timeout=WAIT) as signal:
        studio.choose_random()
    [here] = signal.args
    again = evaluate(here.title, CodeSpace(studio.current.navigator)).value
    np.testing.assert_array_equal(here.place.code, again)


def test_a_first_drawing_that_takes_its_time_is_announced(window, qtbot):
    view = SketchView(window.theme)
    qtbot.addWidget(view)
    empty = view.grab().toImage()
    view.begin()
    qtbot.waitUntil(lambda: view.late, timeout=WAIT)
    assert view.grab().toImage() != empty
    view.show_sketch(Sketch(np.array([[5, 0, 0], [0, 5, 1]], dtype=np.float32), finished=True, seconds=0.1, seed=0))
    assert not view.late
    view.begin()
    assert not view._patience.isActive()  # a drawing is on view until the next one comes
