"""The filmstrip and its bar: playing, scrubbing, stepping, taking frames along."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from core.picture import in_unit_square
from explorer.film_bar import STEPS, FilmPanel
from explorer.player import Repeat
from explorer.requests import Mode

WAIT = 20_000


@pytest.fixture
def bar(window) -> FilmPanel:
    return window.findChild(FilmPanel)


@pytest.fixture
def clock(monkeypatch):
    """The time that the player reads, in seconds."""

    class Clock:
        now = 100.0

    monkeypatch.setattr("explorer.player.time.perf_counter", lambda: Clock.now)
    return Clock


def test_the_player_plays_at_its_speed_to_and_fro(studio, qtbot, clock):
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    player = studio.player
    player.play()
    seen = []
    for _ in range(40):
        clock.now += 0.125  # half a frame at 4 frames a second
        player.tick()
        seen.append(player.time)
    there = np.arange(0.5, 9.5, 0.5)
    np.testing.assert_allclose(seen[:18], there)
    np.testing.assert_allclose(seen[18:36], 9 - there)
    assert seen[36] == pytest.approx(0.5)
    player.speed = 2.0
    clock.now += 0.125
    player.tick()
    assert player.time == pytest.approx(seen[-1] + 1)


def test_at_the_end_the_player_loops_or_stops(studio, qtbot, clock):
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    player = studio.player
    player.repeat = Repeat.LOOP
    player.seek(8.75)
    player.play()
    clock.now += 0.125
    player.tick()
    assert player.time == pytest.approx(0.25)
    player.repeat = Repeat.ONCE
    player.seek(8.75)
    clock.now += 0.125
    player.tick()
    assert player.time == 9
    assert not player.playing
    player.play()
    assert player.time == 0


def test_between_frames_the_drawing_morphs(studio, qtbot):
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    player, sketches = studio.player, studio.film.sketches
    for frame in (0, 3, 9):
        player.seek(frame)
        for line, wanted in zip(player.lines(), in_unit_square(sketches[frame]), strict=True):
            np.testing.assert_allclose(line, wanted)
    x, y = studio.film.place(3)
    assert (x, y) == pytest.approx(tuple(studio.film.positions[3]))
    assert player.place() == pytest.approx(tuple(studio.film.positions[9]))


def test_playing_moves_the_sketch_the_slider_and_the_mark(window, bar, qtbot):
    with qtbot.waitSignals([window.studio.player.moved] * 3, timeout=WAIT):
        qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    player = window.studio.player
    assert bar.slider.value() == round(player.time * STEPS)
    assert window.panel.title.text().startswith("Frame ")
    assert bar.play.accessibleName() == "Pause"
    qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    assert not player.playing
    assert player.shown
    title = window.studio.here.title
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not player.shown
    assert window.panel.title.text() == title


def test_scrubbing_shows_what_lies_there(window, bar, qtbot):
    bar.slider.setValue(round(4.5 * STEPS))
    assert window.studio.player.time == 4.5
    assert bar.time.text() == "5.5 / 10"
    before = window.panel.view.grab().toImage()
    bar.slider.setValue(0)
    assert window.panel.view.grab().toImage() != before


def test_what_becomes_current_ends_the_film(window, qtbot):
    window.studio.player.play()
    with qtbot.waitSignal(window.studio.located, timeout=WAIT):
        window.studio.choose_drawing(9)
    assert not window.studio.player.playing
    assert not window.studio.player.shown


def test_space_plays_and_arrows_step(window, qtbot):
    strip, player = window.film, window.studio.player
    qtbot.keyClick(strip, Qt.Key.Key_Space)
    assert player.playing
    qtbot.keyClick(strip, Qt.Key.Key_Space)
    assert not player.playing
    strip.choose(4)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    with qtbot.waitSignal(window.studio.located, timeout=WAIT):
        qtbot.keyClick(strip, Qt.Key.Key_Right)
    np.testing.assert_array_equal(window.studio.state.target.code, window.studio.film.codes[6])
    qtbot.keyClick(strip, Qt.Key.Key_End)
    np.testing.assert_array_equal(window.studio.state.target.code, window.studio.film.codes[9])


def test_a_frame_becomes_a_named_code(window, qtbot):
    strip, studio = window.film, window.studio
    qtbot.mouseDClick(strip, Qt.MouseButton.LeftButton, pos=strip.cell(4).center().toPoint())
    (pin,) = studio.pins.values()
    np.testing.assert_array_equal(pin.code, studio.film.codes[4])
    assert pin.stroke3 is studio.film.sketches[4]
    assert "5 of 10" in pin.title


def test_a_frame_can_be_dragged_away(window, qtbot, monkeypatch):
    carried = []
    monkeypatch.setattr("explorer.code_drag.drag_code", lambda source, *code: carried.append(code))
    strip = window.film
    start = strip.cell(3).center().toPoint()
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(strip, start + QPoint(0, 30))
    ((title, code, stroke3),) = carried
    np.testing.assert_array_equal(code, window.studio.film.codes[3])
    assert stroke3 is window.studio.film.sketches[3]
    assert "4 of 10" in title


def test_sixty_frames_can_be_scrolled(window, bar, qtbot):
    bar.frames.setValue(60)
    qtbot.waitUntil(lambda: window.film.count == 60 and window.studio.film.finished, timeout=WAIT)
    assert window.film.width() > bar.scroll.viewport().width()
    window.studio.player.seek(59)
    assert bar.scroll.horizontalScrollBar().value() == bar.scroll.horizontalScrollBar().maximum()
    window.studio.history.undo()
    assert bar.frames.value() == 10


def test_the_bar_says_so_while_ways_are_being_found(window, bar, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("explorer.opening.default_cache", lambda: tmp_path)
    window.studio.set_mode(Mode.DATA)
    assert not bar.note.isHidden()
    qtbot.waitUntil(bar.note.isHidden, timeout=WAIT)
    assert bar.mode.currentText() == "Through the data"


def test_ways_found_for_a_path_that_was_removed_are_no_error(window, bar, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("explorer.opening.default_cache", lambda: tmp_path)
    studio, problems = window.studio, []
    studio.failed.connect(lambda *what: problems.append(what))
    studio.set_mode(Mode.DATA)
    studio.set_route(replace(studio.state.route, points=()))
    filming = studio.filming
    qtbot.waitUntil(lambda: not filming.stand_in and filming._worker.idle, timeout=WAIT)
    assert studio.film is None
    assert problems == []


def test_the_bar_shows_what_the_state_says(window, bar):
    studio = window.studio
    studio.set_route(replace(studio.state.route, mode=Mode.SPHERICAL, frames=12))
    assert bar.mode.currentText() == "Spherical"
    assert bar.frames.value() == 12
    studio.history.undo()
    assert bar.mode.currentText() == "Straight"
    assert bar.frames.value() == 10
    bar.mode.setCurrentIndex(1)
    bar.mode.activated.emit(1)
    assert studio.state.route.mode is Mode.SPHERICAL
