"""Paths: control points under the mouse, the film that follows them, ways through the data."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from core.interpolation import path
from explorer.map_view import Tool
from explorer.requests import AtDrawing, AtPosition, Mode, Route

WAIT = 20_000
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def finished(studio) -> bool:
    return studio.film is not None and studio.film.finished and studio.filming.at_rest


def pixel(window, x: float, y: float) -> QPoint:
    return window.map.mapFromScene(window.map.box.mapViewToScene(QPointF(x, y)))


def points(window) -> tuple:
    return window.studio.state.route.points


@pytest.fixture
def at(window):
    """The path tool in hand; where on the map's viewport a fraction of it is."""
    window.set_tool(Tool.PATH)
    viewport = window.map.viewport()
    return lambda x, y: QPoint(round(x * viewport.width()), round(y * viewport.height()))


@pytest.fixture
def click(window, qtbot):
    return lambda where, button=LEFT: qtbot.mouseClick(window.map.viewport(), button, pos=where)


@pytest.fixture
def drag(window, qtbot):
    def drag(start: QPoint, end: QPoint) -> None:
        viewport = window.map.viewport()
        qtbot.mousePress(viewport, LEFT, pos=start)
        for share in (0.3, 0.6, 1.0):
            qtbot.mouseMove(viewport, start + (end - start) * share)
        qtbot.mouseRelease(viewport, LEFT, pos=end)

    return drag


@pytest.fixture
def three(window, at, click):
    """A path of three points, clicked one after the other in corners where no drawing is."""
    places = [at(0.03, 0.03), at(0.03, 0.97), at(0.97, 0.97)]
    for place in places:
        click(place)
    return places


def place_of(window, number: int) -> QPoint:
    return pixel(window, *window.map.path.grips.places[number])


def test_clicks_begin_a_path_and_add_points_to_it(window, three):
    assert len(points(window)) == 3
    for number, place in enumerate(three):
        assert (place_of(window, number) - place).manhattanLength() <= 2
    window.studio.history.undo()
    assert len(points(window)) == 2
    window.studio.history.undo()
    assert len(points(window)) == 1


def test_a_path_of_one_point_has_no_film_and_one_of_two_has(window, at, click, qtbot):
    click(at(0.03, 0.03))
    assert window.studio.film is None
    assert window.film.count == 0
    assert not window.map.path.line_places.size
    window.film.repaint()
    click(at(0.97, 0.97))
    qtbot.waitUntil(lambda: finished(window.studio), timeout=WAIT)
    assert window.film.count == 10


def test_a_point_is_moved_in_one_step(window, three, drag, at):
    steps = window.studio.history.count()
    drag(three[1], at(0.5, 0.97))
    assert len(points(window)) == 3
    assert (place_of(window, 1) - at(0.5, 0.97)).manhattanLength() <= 2
    assert window.studio.history.count() == steps + 1
    window.studio.history.undo()
    assert (place_of(window, 1) - three[1]).manhattanLength() <= 2


def test_the_path_passes_through_the_codes_of_moved_points(window, three, drag, at, qtbot):
    studio = window.studio
    home = studio.current.atlas.positions[7].tolist()
    drag(three[1], pixel(window, *home))
    drag(three[2], at(0.97, 0.03))
    qtbot.waitUntil(lambda: finished(studio), timeout=WAIT)
    latents, navigator = studio.current.atlas.latents, studio.current.navigator
    moved = points(window)
    assert isinstance(moved[1], AtDrawing)
    wanted = [
        navigator.code_at(moved[0].x, moved[0].y),
        latents[moved[1].index],
        navigator.code_at(moved[2].x, moved[2].y),
    ]
    film = studio.film
    np.testing.assert_allclose(film.way[film.corners], wanted, atol=1e-6)
    np.testing.assert_allclose(film.codes, path(wanted, 10), atol=1e-6)
    np.testing.assert_allclose(film.line, navigator.positions_of(film.way), atol=1e-9)


def test_a_press_on_the_line_inserts_a_point(window, three, click, drag, at, qtbot):
    studio = window.studio
    qtbot.waitUntil(lambda: finished(studio), timeout=WAIT)
    before, codes = points(window), studio.film.codes
    middle = (studio.film.corners[0] + studio.film.corners[1]) // 2
    on_line = pixel(window, *studio.film.line[middle].tolist())
    click(on_line)
    after = points(window)
    assert len(after) == 4
    assert after[0] is before[0]
    assert after[-1] is before[-1]
    qtbot.waitUntil(lambda: len(studio.film.corners) == 4 and finished(studio), timeout=WAIT)
    # What is added there lies on the path, so that the path stays.
    np.testing.assert_allclose(studio.film.codes, codes, atol=0.05)
    studio.history.undo()
    assert points(window) is before
    qtbot.waitUntil(lambda: len(studio.film.corners) == 3 and finished(studio), timeout=WAIT)
    drag(on_line, at(0.5, 0.5))
    assert len(points(window)) == 4
    studio.history.undo()
    assert points(window) is before


def test_points_are_removed_by_keys_and_by_the_right_button(window, three, click, qtbot):
    click(three[0])
    assert len(points(window)) == 3
    before = points(window)
    qtbot.keyClick(window.map, Qt.Key.Key_Delete)
    assert points(window) == before[1:]
    window.studio.history.undo()
    click(three[1], RIGHT)
    assert points(window) == (before[0], before[2])
    window.studio.history.undo()
    assert points(window) is before
    for _ in range(5):
        click(three[2])
        qtbot.keyClick(window.map, Qt.Key.Key_Backspace)
    assert len(points(window)) >= 1


def test_enter_and_escape_end_a_path(window, three, at, click, drag, qtbot):
    for key, target, x in ((Qt.Key.Key_Return, window.map, 0.4), (Qt.Key.Key_Escape, window, 0.6)):
        qtbot.keyClick(target, key)
        click(at(x, 0.03))
        assert len(points(window)) == 1
        click(at(x, 0.97))
        assert len(points(window)) == 2
    drag(at(0.2, 0.03), at(0.8, 0.03))
    assert len(points(window)) == 2
    assert (place_of(window, 1) - at(0.8, 0.03)).manhattanLength() <= 2


def test_a_point_of_a_path_that_was_ended_is_moved(window, three, drag, at, qtbot):
    before = points(window)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    drag(three[1], at(0.5, 0.97))
    after = points(window)
    assert len(after) == 3
    assert after[::2] == before[::2]
    assert (place_of(window, 1) - at(0.5, 0.97)).manhattanLength() <= 2
    window.map.path.begin_anew()
    drag(at(0.2, 0.03), at(0.8, 0.03))  # beside them it is another
    assert len(points(window)) == 2


def test_space_during_the_drag_of_a_point_does_not_end_it(window, three, drag, at, qtbot):
    viewport, view, seed = window.map.viewport(), window.map.box.viewRange(), window.studio.seed
    qtbot.mousePress(viewport, LEFT, pos=three[1])
    qtbot.mouseMove(viewport, at(0.2, 0.97))
    qtbot.keyPress(window.map, Qt.Key.Key_Space)
    qtbot.mouseMove(viewport, at(0.5, 0.97))
    qtbot.mouseRelease(viewport, LEFT, pos=at(0.5, 0.97))
    qtbot.keyRelease(window.map, Qt.Key.Key_Space)
    assert (place_of(window, 1) - at(0.5, 0.97)).manhattanLength() <= 2
    assert window.map.box.viewRange() == view
    assert window.studio.seed == seed
    drag(three[2], at(0.97, 0.5))
    assert (place_of(window, 1) - at(0.5, 0.97)).manhattanLength() <= 2
    assert (place_of(window, 2) - at(0.97, 0.5)).manhattanLength() <= 2


def test_the_pointer_shows_what_can_be_taken_hold_of(window, three, at, qtbot):
    viewport = window.map.viewport()
    qtbot.mouseMove(viewport, three[1])
    assert window.map.cursor().shape() == Qt.CursorShape.PointingHandCursor
    qtbot.mouseMove(viewport, at(0.97, 0.03))
    assert window.map.cursor().shape() == Qt.CursorShape.CrossCursor


def test_other_tools_do_not_touch_the_path(window, three, click, at):
    window.set_tool(Tool.EXPLORE)
    before = points(window)
    click(three[1])
    click(three[1], RIGHT)
    assert points(window) is before
    assert not window.map.path.grips.isVisible()


# -- the film ----------------------------------------------------------------------------------


def test_a_changing_path_shows_a_coarse_film_and_then_every_frame(studio, qtbot):
    qtbot.waitUntil(lambda: finished(studio), timeout=WAIT)  # the film it opens with
    films = []
    studio.film_changed.connect(films.append)
    studio.set_route(Route((AtDrawing(1), AtDrawing(30)), frames=60))
    qtbot.waitUntil(lambda: finished(studio), timeout=WAIT)
    first, last = films[0], films[-1]
    assert first.drawn.sum() == 10
    assert len(first.sketches) == 60
    assert last.drawn.all()
    assert last.whole.all()
    for frame in np.flatnonzero(first.whole):
        assert last.sketches[frame] is first.sketches[frame]
    # A frame without a sketch shows the nearest one that has.
    own = np.flatnonzero(first.drawn)
    for frame, sketch in enumerate(first.sketches):
        assert sketch is first.sketches[own[np.abs(own - frame).argmin()]]


def test_every_frame_is_drawn_as_it_is_alone(studio, qtbot):
    from core.generation import SamplingConfig

    studio.set_route(Route((AtDrawing(1), AtDrawing(30)), frames=17))
    qtbot.waitUntil(lambda: finished(studio) and len(studio.film.codes) == 17, timeout=WAIT)
    sampling = SamplingConfig(studio.temperature, studio.current.checkpoint.max_points)
    for code, sketch in zip(studio.film.codes, studio.film.sketches, strict=True):
        alone = studio.current.decoder.decode(code[None], [0], sampling)[0]
        assert sketch.shape == alone.shape
        np.testing.assert_allclose(sketch, alone, atol=0.05)


def test_frames_that_stay_are_not_drawn_again(studio, qtbot):
    route = Route((AtDrawing(1), AtDrawing(30)), frames=11)
    studio.set_route(route)
    qtbot.waitUntil(lambda: finished(studio) and len(studio.film.codes) == 11, timeout=WAIT)
    before = studio.film
    studio.set_route(replace(route, frames=21))
    qtbot.waitUntil(lambda: finished(studio) and len(studio.film.codes) == 21, timeout=WAIT)
    same = sum(sketch is before.sketches[number] for number, sketch in enumerate(studio.film.sketches[::2]))
    assert same >= 2  # of the others the codes may differ in the last digit
    studio.set_temperature(0.9)
    qtbot.waitUntil(lambda: finished(studio) and studio.film.source[1] == 0.9, timeout=WAIT)
    assert studio.film.sketches[0] is not before.sketches[0]


def test_a_spherical_path_bends(studio, qtbot):
    studio.set_mode(Mode.SPHERICAL)
    qtbot.waitUntil(lambda: finished(studio), timeout=WAIT)
    corners = [studio.film.codes[0], studio.film.codes[-1]]
    np.testing.assert_allclose(studio.film.codes, path(corners, 10, spherical=True), atol=1e-5)
    assert np.abs(studio.film.codes - path(corners, 10)).max() > 1e-3


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("explorer.opening.default_cache", lambda: tmp_path)
    return tmp_path


def test_a_path_through_the_data_is_straight_until_ways_are_found(studio, qtbot, own_cache):
    stages = []
    studio.filming.progressed.connect(lambda stage, _: stages.append(stage))
    studio.set_mode(Mode.DATA)
    assert studio.filming.stand_in
    qtbot.waitUntil(lambda: not studio.filming.stand_in and finished(studio), timeout=WAIT)
    assert stages[0]
    assert stages[-1] == ""
    latents = studio.current.atlas.latents
    distances = np.linalg.norm(studio.film.way[:, None] - latents, axis=2)
    stops = np.flatnonzero(distances.min(axis=1) < 1e-5)
    assert len(stops) > 2
    assert [file.suffix for file in own_cache.iterdir()] == [".graph"]


def test_stopping_the_search_makes_the_path_straight(window, own_cache):
    window.studio.set_mode(Mode.DATA)
    assert not window.stop.isHidden()
    window.stop_job()
    assert window.studio.state.route.mode is Mode.STRAIGHT
    assert window.stop.isHidden()
    assert not window.studio.filming.stand_in


def test_a_relaid_map_moves_the_line(studio, qtbot):
    qtbot.waitUntil(lambda: finished(studio), timeout=WAIT)
    moved = studio.current.moved(studio.current.atlas.positions * np.float32(2))
    with qtbot.waitSignal(studio.layouts.relocated, timeout=WAIT):
        studio.layouts.moved.emit(moved)
    np.testing.assert_allclose(studio.film.line, moved.navigator.positions_of(studio.film.way))
    np.testing.assert_allclose(studio.film.positions, moved.navigator.positions_of(studio.film.codes))


def test_a_place_between_drawings_keeps_its_handle(window, at, click):
    click(at(0.03, 0.03))
    (target,) = points(window)
    assert isinstance(target, AtPosition)
    assert window.map.path.grips.places == [(target.x, target.y)]


def test_a_click_beside_a_path_that_stays_in_one_place_adds_a_point(window, qtbot, at, click):
    """Its line on the map has no length."""
    click(at(0.97, 0.03))  # the first click on a map begins a path
    window.studio.set_path([AtDrawing(3), AtDrawing(3)])
    qtbot.waitUntil(lambda: finished(window.studio), timeout=WAIT)
    with qtbot.captureExceptions() as exceptions:
        click(at(0.03, 0.03))
    assert not exceptions
    assert len(points(window)) == 3
