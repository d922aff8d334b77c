"""Directions: found beside the window, moved along with sliders, undone, saved in the state."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from core.directions import attribute_direction, principal_directions
from explorer.directions import REACH, principal_key
from explorer.requests import AtDrawing, Steered

WAIT = 20_000
LEFT = Qt.MouseButton.LeftButton


def drawn(qtbot, studio):
    return qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished)


@pytest.fixture
def directions(studio, qtbot):
    """The directions of the studio, found."""
    with qtbot.waitSignal(studio.directions.found, timeout=WAIT, check_params_cb=lambda found: bool(found.ends)):
        studio.directions.find()
    return studio.directions


@pytest.fixture
def panel(window, qtbot):
    """The page of the directions, shown and filled."""
    with qtbot.waitSignal(window.studio.directions.found, timeout=WAIT, check_params_cb=lambda found: bool(found.ends)):
        window.side.setCurrentWidget(window.directions)
    return window.directions


def test_the_principal_directions_are_found_once_with_their_ends(studio, directions):
    principal = principal_directions(studio.current.atlas.latents, len(directions.shown.principal.axes))
    np.testing.assert_array_equal(directions.shown.principal.axes, principal.axes)
    assert len(directions.shown.ends) == len(principal.axes) == 8
    found = directions.shown
    directions.find()
    assert directions.shown is found


def test_steering_moves_the_current_code_by_standard_deviations(studio, directions, qtbot):
    principal = directions.shown.principal
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(5))
    with drawn(qtbot, studio):
        directions.steer(principal_key(1), 1.5)
    code = studio.current.atlas.latents[5]
    np.testing.assert_allclose(studio.here.place.code, principal.moved(code, 1, 1.5), atol=1e-5)
    with drawn(qtbot, studio):
        directions.steer(principal_key(0), -2)
    expected = principal.moved(principal.moved(code, 1, 1.5), 0, -2)
    np.testing.assert_allclose(studio.here.place.code, expected, atol=1e-5)
    assert directions.amount(principal_key(1)) == 1.5
    studio.choose(AtDrawing(6))
    assert directions.amount(principal_key(1)) == 0
    studio.history.undo()
    assert directions.amount(principal_key(1)) == 1.5


def test_a_movement_is_one_step_and_back_in_the_middle_is_the_base(studio, directions, qtbot):
    studio.choose(AtDrawing(5))
    before, count = studio.state, studio.history.count()
    for amount in (0.5, 1.0, 2.0):
        directions.steer(principal_key(0), amount, live=True)
    with drawn(qtbot, studio):
        directions.settle()
    assert not studio.live
    assert studio.history.count() == count + 1
    assert studio.state.target.offsets[principal_key(0)].amount == 2.0
    studio.history.undo()
    assert studio.state is before
    directions.settle()
    assert studio.history.canRedo()
    studio.history.redo()
    directions.reset()
    assert isinstance(studio.state.target, AtDrawing)
    directions.steer(principal_key(0), 1.0)
    directions.steer(principal_key(0), 0.0)
    assert isinstance(studio.state.target, AtDrawing)
    assert studio.state.target.index == 5


def test_an_expression_can_be_steered(studio, directions, qtbot):
    with drawn(qtbot, studio):
        studio.calculate("cat")
    with drawn(qtbot, studio):
        directions.steer(principal_key(0), 1.0)
    expected = directions.shown.principal.moved(studio.current.category_means["cat"], 0, 1.0)
    np.testing.assert_allclose(studio.here.place.code, expected, atol=1e-5)
    assert studio.state.expression == "cat"


def test_a_direction_between_a_group_and_a_category(studio, directions, qtbot):
    atlas = studio.current.atlas
    studio.selection.choose(np.arange(6))
    studio.selection.name_group("some")
    assert directions.names() == ["some", "bird", "cat", "hot dog"]
    with qtbot.waitSignal(studio.state_changed, timeout=WAIT):
        directions.add("some", "cat")
    direction = studio.state.directions["some → cat"]
    cats = atlas.latents[atlas.labels == atlas.categories.index("cat")]
    np.testing.assert_allclose(direction.step, attribute_direction(atlas.latents[:6], cats).step, atol=1e-6)
    studio.choose(AtDrawing(8))
    with drawn(qtbot, studio):
        directions.steer("some → cat", 1.0)
    np.testing.assert_allclose(studio.here.place.code, atlas.latents[8] + direction.step, atol=1e-5)
    directions.remove("some → cat")
    assert not studio.state.directions
    assert isinstance(studio.state.target, Steered)  # what was moved stays where it is
    studio.history.undo()
    assert list(studio.state.directions) == ["some → cat"]


def test_a_direction_that_leads_nowhere_is_refused_in_words(studio, directions, qtbot):
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as signal:
        directions.add("cat", "cat")
    assert "same mean" in signal.args[0]
    directions.add("cat", "nothing")
    directions.steer("principal 99", 1.0)
    directions.remove("nothing")
    assert not studio.state.directions
    assert not directions.steered


def test_the_page_fills_when_it_is_shown_and_its_sliders_steer(window, panel, qtbot):
    studio = window.studio
    assert len(panel.principal) == 8
    assert "%" in panel.principal[0].title.text()
    assert all(end.stroke3 is not None for pair in panel.ends for end in pair)
    assert not panel.reset.isEnabled()
    slider, count = panel.principal[1].slider, studio.history.count()
    with qtbot.waitSignal(slider.settled, timeout=WAIT):
        for _ in range(4):
            qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert studio.history.count() == count + 1
    assert slider.number() == pytest.approx(0.6)
    assert panel.principal[1].value.text() == "+0.60"
    studio.choose(AtDrawing(3))
    assert slider.number() == 0
    studio.history.undo()
    assert slider.number() == pytest.approx(0.6)
    qtbot.mouseClick(panel.reset, LEFT)
    assert slider.number() == 0
    assert not panel.reset.isEnabled()


def test_an_end_is_gone_to_by_a_click_and_left_by_a_double_click(window, panel, qtbot):
    studio, slider = window.studio, panel.principal[0].slider
    with drawn(qtbot, studio):
        qtbot.mouseClick(panel.ends[0][1], LEFT)
    assert slider.number() == REACH
    with drawn(qtbot, studio):
        qtbot.mouseDClick(slider, LEFT)
    assert slider.number() == 0
    assert not studio.directions.steered


def test_a_direction_is_added_and_removed_with_the_mouse(window, panel, qtbot):
    studio = window.studio
    panel.low.setCurrentText("cat")
    panel.high.setCurrentText("hot dog")
    qtbot.mouseClick(panel.add, LEFT)
    qtbot.waitUntil(lambda: list(panel.attributes) == ["cat → hot dog"], timeout=WAIT)
    with drawn(qtbot, studio):
        qtbot.keyClick(panel.attributes["cat → hot dog"].slider, Qt.Key.Key_Right)
    qtbot.mouseClick(panel.removers["cat → hot dog"], LEFT)
    assert panel.attributes == {}
    studio.history.undo()
    assert list(panel.attributes) == ["cat → hot dog"]


def test_another_map_has_other_directions(window, panel, checkpoint, qtbot):
    first = window.studio.directions.shown
    with qtbot.waitSignal(window.studio.directions.found, timeout=WAIT, check_params_cb=lambda found: bool(found.ends)):
        window.studio.open(str(checkpoint))
    assert window.studio.directions.shown is not first
    assert len(panel.principal) == 8
