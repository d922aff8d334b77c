"""Layouts while the window is open: points glide, the camera stays, and stopping keeps what is there.

The layout itself is tested in core/test_projection; here it is one that moves everything three times.
"""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from core import mapping
from core.errors import ProjectionError
from core.projection import LayoutConfig, LayoutFrame, pca_layout
from explorer import opening
from explorer.directions import principal_key
from explorer.filming import Filming
from explorer.glide import Glide
from explorer.layouts import Relocated
from explorer.opening import lay_out_again, open_checkpoint
from explorer.requests import AtDrawing, AtPosition, ByExpression
from tests.generators import result_of

WAIT = 20_000


@pytest.fixture
def layout(monkeypatch, tmp_path):
    """A quick layout in place of UMAP, which waits for `gate` before its end, and a cache of its own."""
    gate = threading.Event()
    gate.set()

    def umap_layout(latents, initial, config):
        for step in range(3):
            yield LayoutFrame(f"UMAP epoch {step + 1} of 3", (step + 1) / 3, initial * (1 + step / 10))
        while not gate.wait(0.01):
            yield LayoutFrame("UMAP epoch 3 of 3", 1.0, None)
        return initial[:, ::-1] * (2.0 + config.seed)

    monkeypatch.setattr(mapping, "umap_layout", umap_layout)
    monkeypatch.setattr(opening, "default_cache", lambda: tmp_path)
    return gate


def finished(qtbot, studio, config):
    """Lay out again and wait for the end."""
    with qtbot.waitSignal(studio.layouts.progressed, timeout=WAIT, check_params_cb=lambda stage, _: stage == ""):
        studio.layouts.start(config)
        assert studio.layouts.running
    qtbot.waitUntil(lambda: not studio.layouts.running, timeout=WAIT)


def settled(studio) -> bool:
    return studio.drawn and studio.film is not None and studio.film.finished and studio.filming.at_rest


def test_a_layout_reports_its_epochs_and_moves_the_map(studio, qtbot, layout):
    stages, before = [], studio.current.atlas.positions
    studio.layouts.progressed.connect(lambda stage, _: stages.append(stage))
    codes = studio.current.atlas.latents
    with qtbot.waitSignal(studio.layouts.relocated, timeout=WAIT):
        finished(qtbot, studio, LayoutConfig())
    assert [stage for stage in stages if "epoch" in stage] == [f"UMAP epoch {step} of 3" for step in (1, 2, 3)]
    assert not np.allclose(studio.current.atlas.positions, before)
    assert studio.current.atlas.latents is codes  # what does not move is not computed again
    index, _ = studio.current.navigator.on_map(*studio.current.atlas.positions[5].tolist())
    np.testing.assert_allclose(studio.current.atlas.positions[index], studio.current.atlas.positions[5])


def test_the_same_settings_give_the_same_map_whatever_was_shown_between(studio, qtbot, layout):
    finished(qtbot, studio, LayoutConfig())
    first = studio.current.atlas.positions
    finished(qtbot, studio, LayoutConfig(seed=3))
    assert not np.allclose(studio.current.atlas.positions, first)
    finished(qtbot, studio, LayoutConfig())
    np.testing.assert_array_equal(studio.current.atlas.positions, first)


def test_pca_is_turned_to_the_map_it_replaces(studio, layout):
    opened = studio.current
    turned = opened.moved(opened.atlas.positions[:, ::-1] * 5 + 3)
    laying = lay_out_again(turned, LayoutConfig(method="pca"), turned.atlas.positions)
    with pytest.raises(StopIteration) as stop:
        next(laying)
    np.testing.assert_allclose(stop.value.value.atlas.positions, turned.atlas.positions, atol=0.05)


def test_stopping_keeps_the_map_as_it_is(window, qtbot, layout):
    layout.clear()
    studio = window.studio
    with qtbot.waitSignal(studio.map_moved, timeout=WAIT):
        studio.layouts.start(LayoutConfig())
    qtbot.waitUntil(window.stop.isVisible, timeout=WAIT)
    shown = studio.current.atlas.positions
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not studio.layouts.running
    assert not window.stop.isVisible()
    moved = []
    studio.map_moved.connect(moved.append)
    layout.set()
    studio.layouts.close()  # waits for the thread
    qtbot.wait(1)  # let what was still under way arrive
    assert moved == []
    assert studio.current.atlas.positions is shown


def test_a_layout_can_be_undone(studio, qtbot, layout):
    came = studio.current.atlas.positions
    finished(qtbot, studio, LayoutConfig(seed=1))
    first = studio.current.atlas.positions
    finished(qtbot, studio, LayoutConfig(seed=2))
    second = studio.current.atlas.positions
    for step, shown, seed in (("undo", first, 1), ("undo", came, None), ("redo", first, 1), ("redo", second, 2)):
        getattr(studio.history, step)()
        assert studio.current.atlas.positions is shown
        config = studio.layouts.config
        assert (config and config.seed) == seed


def test_a_layout_that_was_stopped_can_be_undone_too(studio, qtbot, layout):
    came = studio.current.atlas.positions
    layout.clear()
    with qtbot.waitSignal(studio.map_moved, timeout=WAIT):
        studio.layouts.start(LayoutConfig())
    studio.layouts.cancel()
    assert studio.current.atlas.positions is not came
    studio.history.undo()
    assert studio.current.atlas.positions is came


def test_a_layout_that_fails_leaves_the_map_as_it_was(studio, qtbot, layout, monkeypatch):
    def fails(*_):
        yield LayoutFrame("finding neighbours", 0.0, None)
        raise ProjectionError("There is no way.")

    monkeypatch.setattr(mapping, "umap_layout", fails)
    came = studio.current
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as said:
        studio.layouts.start(LayoutConfig())
    assert said.args == ["There is no way.", ""]
    assert not studio.layouts.running
    assert (studio.history.count(), studio.current, studio.layouts.config) == (0, came, None)


def test_undoing_another_step_leaves_a_layout_running(studio, qtbot, layout):
    layout.clear()
    studio.set_temperature(0.5)
    studio.layouts.start(LayoutConfig())
    studio.history.undo()
    assert studio.layouts.running
    with qtbot.waitSignal(studio.layouts.progressed, timeout=WAIT, check_params_cb=lambda stage, _: stage == ""):
        layout.set()
    assert studio.state.layout is not None
    assert studio.temperature != 0.5


def test_places_keep_their_codes_when_the_map_is_laid_out(studio, qtbot, layout):
    """They were places of another map; undoing brings that back, and them."""

    studio.directions.find()
    qtbot.waitUntil(lambda: studio.directions.shown is not None, timeout=WAIT)
    outside = studio.current.atlas.positions.max(axis=0) + 1
    place = AtPosition(*outside.tolist(), reach=0.01)
    studio.choose(place)
    studio.directions.steer(principal_key(0), 0.5)
    studio.set_path([AtDrawing(1), place])
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    assert studio.directions.steered
    target, code, ends = studio.state.target, studio.here.place.code, studio.film.codes[[0, -1]]
    finished(qtbot, studio, LayoutConfig(seed=1))
    studio.set_temperature(0.3)
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    np.testing.assert_allclose(studio.here.place.code, code, atol=1e-6)
    np.testing.assert_array_equal(studio.film.codes[[0, -1]], ends)
    studio.history.undo()
    studio.history.undo()
    assert studio.state.target is target
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    np.testing.assert_array_equal(studio.here.place.code, code)


def test_a_film_that_was_drawn_on_while_the_map_moved_stays_as_whole_as_it_is(studio, qtbot):
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    film = studio.film
    moved = replace(film, positions=film.positions + 1, line=film.line + 1, whole=np.zeros_like(film.whole))
    studio.layouts.relocated.emit(Relocated(None, moved))
    assert studio.film.finished
    assert (studio.film.positions is moved.positions, studio.film.line is moved.line) == (True, True)


def test_a_sketch_on_view_stays_a_whole_one_when_the_map_moves(studio, qtbot, layout):
    """So it can still be pinned though what is asked for next has no code."""
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    here = studio.here
    with qtbot.waitSignal(studio.layouts.relocated, timeout=WAIT):
        finished(qtbot, studio, LayoutConfig())
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    assert studio.here is not here
    studio.choose(ByExpression("nobody", {}, {}))
    assert not studio.drawn
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    assert studio.pin() == "a"


def test_places_of_a_path_whose_film_is_of_another_stay_places(studio, qtbot, monkeypatch):
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    place = AtPosition(*(studio.current.atlas.positions.max(axis=0) + 1).tolist(), reach=0.01)
    studio.set_path([AtDrawing(1), place, AtDrawing(2)])
    monkeypatch.setattr(Filming, "at_rest", True)
    assert "route" not in studio.layouts._off_the_map()


def test_a_session_reopens_on_its_layout(studio, qtbot, layout, tmp_path):
    """What is current and the path may be places of that map."""
    finished(qtbot, studio, LayoutConfig(seed=1))
    positions = studio.current.atlas.positions
    place = AtPosition(*(positions.max(axis=0) + 1).tolist(), reach=0.01)
    studio.choose(place)
    studio.set_path([AtDrawing(1), place])
    qtbot.waitUntil(lambda: settled(studio), timeout=WAIT)
    code, film = studio.here.place.code, studio.film.codes
    with qtbot.waitSignal(studio.keeping.saved, timeout=WAIT):
        studio.keeping.save(tmp_path / "laid.sketchspace")
    for _ in range(2):
        studio.history.undo()
    with qtbot.waitSignal(studio.layouts.relocated, timeout=WAIT):
        studio.reopen(tmp_path / "laid.sketchspace")
    qtbot.waitUntil(lambda: not studio.layouts.running and settled(studio), timeout=WAIT)
    np.testing.assert_array_equal(studio.current.atlas.positions, positions)
    np.testing.assert_array_equal(studio.here.place.code, code)
    np.testing.assert_array_equal(studio.film.codes, film)
    assert not studio.keeping.modified


def test_selection_colours_and_a_chosen_view_stay(window, qtbot, layout):
    studio = window.studio
    studio.selection.choose(np.array([1, 2, 3]))
    window.map.zoom(0.5)
    view = window.map.box.viewRange()
    finished(qtbot, studio, LayoutConfig())
    qtbot.waitUntil(lambda: not window.map._glide.moving, timeout=WAIT)
    assert window.map.box.viewRange() == view
    assert studio.selection.indices.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(window.map._glide.goal, studio.current.atlas.positions)


def test_a_view_nobody_chose_follows_the_map(window, qtbot, layout):
    window.map.fit()
    finished(qtbot, window.studio, LayoutConfig(seed=1))
    qtbot.waitUntil(lambda: not window.map._camera_glide.moving, timeout=WAIT)
    low, high = np.percentile(window.studio.current.atlas.positions, (1, 99), axis=0)
    view = window.map.box.viewRect()
    assert view.contains(*low.tolist())
    assert view.contains(*high.tolist())


def test_a_view_chosen_while_the_map_glides_stays(window, qtbot, layout):
    """And it is made of plain numbers, which a session can hold."""
    map_view, positions = window.map, window.studio.current.atlas.positions
    map_view.fit()
    map_view._camera_glide.to(np.percentile(3 * positions, (1, 99), axis=0))
    map_view.zoom(0.5)
    assert not map_view._camera_glide.moving
    map_view.fit()
    map_view.box.sigRangeChangedManually.emit([True, True])
    assert {type(end) for side in map_view.camera for end in side} == {float}


def test_the_panel_lays_out_by_its_settings(window, qtbot, layout):
    qtbot.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    panel = window._layout_panel
    assert panel.isVisible()
    panel.neighbours.setValue(30)
    panel.min_dist.setValue(0.35)
    panel.seed.setValue(5)
    panel.method.setCurrentIndex(panel.method.findData("densmap"))
    with qtbot.waitSignal(window.studio.map_moved, timeout=WAIT):
        qtbot.mouseClick(panel.apply, Qt.MouseButton.LeftButton)
    assert window.studio.layouts.config == LayoutConfig("densmap", 30, 0.35, "euclidean", None, 5)
    panel.method.setCurrentIndex(panel.method.findData("pca"))
    assert not panel.neighbours.isEnabled()


def test_new_data_is_shown_by_pca_first_and_reopened_as_it_was_refined(
    studio, checkpoint, drawings, qtbot, layout, tmp_path
):
    def shown():
        return result_of(open_checkpoint(str(checkpoint), drawings[:1], cache=tmp_path))

    first = shown()
    assert not first.refined
    byte = 0.02  # the atlas keeps its codes at one byte a dimension
    np.testing.assert_allclose(first.atlas.positions, pca_layout(first.atlas.latents), atol=byte)
    assert first.dataset is not None
    with qtbot.waitSignal(studio.layouts.progressed, timeout=WAIT, check_params_cb=lambda stage, _: stage == ""):
        studio._show(first, studio._beginning(first))
    second = shown()
    assert second.refined
    np.testing.assert_allclose(second.atlas.positions, studio.current.atlas.positions, atol=2 * byte)


def test_new_data_is_refined_though_a_layout_was_on_view(studio, checkpoint, drawings, qtbot, layout, tmp_path):
    finished(qtbot, studio, LayoutConfig(seed=1))
    opened = result_of(open_checkpoint(str(checkpoint), drawings[:1], cache=tmp_path / "other"))
    layout.clear()
    studio._show(opened, studio._beginning(opened))
    assert studio.layouts.running
    with qtbot.waitSignal(studio.layouts.progressed, timeout=WAIT, check_params_cb=lambda stage, _: stage == ""):
        layout.set()
    assert studio.current.refined


# -- gliding -----------------------------------------------------------------------------------


def test_a_glide_passes_between_and_ends_at_its_goal(qtbot):
    seen = []
    glide = Glide(lambda place: seen.append(place.copy()))
    glide.jump(np.zeros((2, 2), dtype=np.float32))
    glide.to(np.ones((2, 2), dtype=np.float32))
    qtbot.waitUntil(lambda: not glide.moving, timeout=WAIT)
    heights = [float(place[0, 0]) for place in seen]
    assert heights == sorted(heights)
    assert (heights[0], heights[-1]) == (0, 1)
    assert any(0 < height < 1 for height in heights)
    assert seen[1].dtype == np.float32


def test_another_number_of_points_is_jumped_to():
    seen = []
    glide = Glide(seen.append)
    glide.jump(np.zeros((2, 2)))
    glide.to(np.ones((3, 2)))
    assert not glide.moving
    assert len(seen[-1]) == 3
