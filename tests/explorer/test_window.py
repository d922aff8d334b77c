"""The window, driven by real mouse and key events."""

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFocusEvent, QFontMetricsF, QImage, QMouseEvent
from PySide6.QtWidgets import QApplication

from explorer.map_names import WIDEST, category_homes
from explorer.map_view import Tool
from explorer.session import read_state, session_bytes

WAIT = 20_000


def on_map(window, x: float, y: float) -> QPoint:
    """Viewport pixel of a map position."""
    scene = window.map.box.mapViewToScene(QPointF(x, y))
    return window.map.mapFromScene(scene)


def position(window, index: int) -> tuple[float, float]:
    return tuple(window.studio.current.atlas.positions[index].tolist())


def test_a_click_on_a_point_draws_it(window, qtbot):
    with (
        qtbot.waitSignal(window.panel.view.revealed, timeout=WAIT),
        qtbot.waitSignal(window.studio.located, timeout=WAIT),
    ):
        qtbot.mouseClick(window.map.viewport(), Qt.MouseButton.LeftButton, pos=on_map(window, *position(window, 7)))
    clicked, _ = window.studio.current.navigator.on_map(*position(window, 7))
    x, y = window.studio.here.position
    assert (x, y) == pytest.approx(position(window, clicked), abs=3 * window.map.reach())
    index = window.studio.here.place.index
    assert window.panel.title.text() == window.studio.current.atlas.category(index)
    assert f"#{index}" in window.panel.numbers.text()


def test_an_error_while_painting_is_reported_and_the_window_lives(window, monkeypatch):
    """A painter that outlives its paintEvent, held by the traceback, would end the process."""

    def broken(*_: object) -> None:
        raise ValueError("no ink")

    with monkeypatch.context() as patch:
        patch.setattr("explorer.sketch_view.paint_path", broken)
        with pytest.raises(ValueError, match="no ink") as held:
            window.panel.view.repaint()
    window.panel.view.repaint()
    assert held.tb is not None


def test_a_drag_with_the_path_tool_fills_the_filmstrip(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_P)
    assert window.map.tool is Tool.PATH
    qtbot.keyClick(window.map, Qt.Key.Key_Return)  # a new path, wherever the present one lies
    before = window.studio.film
    start, end = on_map(window, *position(window, 5)), on_map(window, *position(window, 40))
    viewport = window.map.viewport()
    with qtbot.waitSignal(
        window.studio.film_changed, timeout=WAIT, check_params_cb=lambda film: film.finished and film is not before
    ):
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
        for step in (0.3, 0.6, 1.0):
            qtbot.mouseMove(viewport, start + (end - start) * step)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=end)
    latents = window.studio.current.atlas.latents
    qtbot.waitUntil(lambda: np.allclose(window.studio.film.codes[-1], latents[40], atol=1e-4), timeout=WAIT)
    np.testing.assert_allclose(window.studio.film.codes[0], latents[5], atol=1e-4)
    assert len(window.studio.film.sketches) == 10


def test_a_click_on_a_frame_makes_it_current(window, qtbot):
    with qtbot.waitSignal(window.studio.located, timeout=WAIT):
        middle = window.film.cell(4).center().toPoint()
        qtbot.mouseClick(window.film, Qt.MouseButton.LeftButton, pos=middle)
    np.testing.assert_array_equal(window.studio.here.place.code, window.studio.film.codes[4])


def test_typing_an_expression_draws_its_value(window, qtbot):
    means = window.studio.current.category_means
    with qtbot.waitSignal(
        window.studio.located, timeout=WAIT, check_params_cb=lambda here: here.title == 'cat - bird + "hot dog"'
    ):
        qtbot.keyClicks(window.bench.line, 'cat - bird + "hot dog"')
    expected = means["cat"] - means["bird"] + means["hot dog"]
    np.testing.assert_allclose(window.studio.here.place.code, expected, atol=1e-5)
    qtbot.waitUntil(lambda: window.bench.verdict.text() == "", timeout=WAIT)


def test_a_mistyped_expression_is_explained_and_typing_keys_stay_text(window, qtbot):
    with qtbot.waitSignal(window.studio.calculated, timeout=WAIT):
        qtbot.keyClicks(window.bench.line, "catp")
    qtbot.waitUntil(lambda: "did you mean cat" in window.bench.verdict.text(), timeout=WAIT)
    assert window.bench.line.text() == "catp"
    assert window.map.tool is Tool.EXPLORE


def test_pinning_fills_a_slot_and_delete_empties_it(window, qtbot):
    qtbot.mouseClick(window.panel.pin, Qt.MouseButton.LeftButton)
    assert list(window.studio.pins) == ["a"]
    slot = window.bench.slots.slots()[0]
    with qtbot.waitSignal(window.studio.located, timeout=WAIT, check_params_cb=lambda here: here.title == "a"):
        qtbot.mouseClick(slot, Qt.MouseButton.LeftButton)
    qtbot.keyClick(slot, Qt.Key.Key_Delete)
    assert window.studio.pins == {}
    assert window.bench.slots.slots() == []


@pytest.mark.parametrize(("clearest", "further"), [(True, 9), (False, 1)])
def test_space_draws_again(window, qtbot, clearest, further):
    """With so many new ones as are compared."""
    window.studio.set_clearest(clearest)
    seed = window.studio.seed
    window.map.setFocus()
    with qtbot.waitSignal(window.studio.sketch_changed, timeout=WAIT):
        qtbot.keyClick(window.map, Qt.Key.Key_Space)
    assert window.studio.seed == seed + further


def test_space_and_drag_pans_and_draws_nothing(window, qtbot):
    seed, viewport = window.studio.seed, window.map.viewport()
    before = np.array(window.map.box.viewRange())
    centre = viewport.rect().center()
    window.map.setFocus()
    qtbot.keyPress(window.map, Qt.Key.Key_Space)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=centre)
    for step in range(1, 6):
        qtbot.mouseMove(viewport, centre + QPoint(12 * step, 0))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=centre + QPoint(60, 0))
    qtbot.keyRelease(window.map, Qt.Key.Key_Space)
    after = np.array(window.map.box.viewRange())
    assert after[0, 0] < before[0, 0]
    assert np.ptp(after, axis=1) == pytest.approx(np.ptp(before, axis=1))
    assert window.studio.seed == seed


def test_control_during_a_drag_does_not_end_it(window, qtbot):
    viewport, studio = window.map.viewport(), window.studio
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    keys, control = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
    for kind, x, button, held, modifiers in (
        (QEvent.Type.MouseButtonPress, 100, left, left, keys),
        (QEvent.Type.MouseMove, 130, none, left, keys),
        (QEvent.Type.MouseMove, 160, none, left, control),
        (QEvent.Type.MouseButtonRelease, 160, left, none, control),
    ):
        at = QPointF(x, 100)
        QApplication.sendEvent(viewport, QMouseEvent(kind, at, viewport.mapToGlobal(at), button, held, modifiers))
    assert not studio.live
    end = window.map.box.mapSceneToView(window.map.mapToScene(QPoint(160, 100)))
    assert (studio.state.target.x, studio.state.target.y) == pytest.approx(end.toTuple())


def test_space_is_let_go_when_the_keys_go_elsewhere(window, qtbot):
    qtbot.keyPress(window.map, Qt.Key.Key_Space)
    QApplication.sendEvent(window.map, QFocusEvent(QEvent.Type.FocusOut))
    assert not window.map.box.panning
    assert window.map.cursor().shape() == Qt.CursorShape.ArrowCursor
    seed = window.studio.seed
    qtbot.keyRelease(window.map, Qt.Key.Key_Space)
    assert window.studio.seed == seed


def test_the_temperature_slider_redraws(window, qtbot):
    with qtbot.waitSignal(window.studio.sketch_changed, timeout=WAIT):
        window.panel.slider.setValue(70)
    assert window.studio.temperature == pytest.approx(0.7)
    assert window.panel.value.text() == "0.70"


def test_hovering_a_point_names_it(window, qtbot):
    with qtbot.waitSignal(window.map.hovered, timeout=WAIT, check_params_cb=lambda index: index is not None):
        qtbot.mouseMove(window.map.viewport(), on_map(window, *position(window, 11)))
    assert "#" in window.under_pointer.text()


def test_something_is_drawn_in_ink(window, qtbot):
    """The sketch view is not blank: it holds dark pixels on light paper."""
    qtbot.waitUntil(lambda: window.panel.view.complete, timeout=WAIT)
    image = window.panel.view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    values = np.array(image.constBits()).reshape(image.height(), image.bytesPerLine())[:, : image.width()]
    assert values.min() < 100
    assert np.median(values) > 200


def test_names_stand_over_their_categories(window):
    atlas = window.studio.current.atlas
    homes = category_homes(atlas)
    assert sorted(name for name, _, _ in homes) == sorted(atlas.categories)
    low, high = atlas.positions.min(axis=0), atlas.positions.max(axis=0)
    for _, _, place in homes:
        assert (low <= np.array(place)).all()
        assert (np.array(place) <= high).all()


def test_a_long_name_is_cut_short_on_the_map(window):
    names = window.map.names
    names._on_answered(names._worker.submit(window.studio.current.atlas), [("long " * 40, 0, (0.0, 0.0))])
    [(shown, _, _)] = names._names
    assert shown.startswith("long long")
    assert shown.endswith("…")
    assert QFontMetricsF(names._font).horizontalAdvance(shown) <= WIDEST


def test_names_do_not_cover_each_other(window):
    """Of those at one place the first stands there and two beside it; the rest have room once they are apart."""
    names, box = window.map.names, window.map.box

    def place(*homes):
        names._on_answered(names._worker.submit(window.studio.current.atlas), [(*home,) for home in homes])
        return {name: label for label, name, _ in names.placed()}

    crowd = [(name, label, (0.0, 0.0)) for label, name in enumerate(["cat", "pig", "owl", "bird"])]
    labels = place(*crowd)
    assert list(labels) == ["cat", "pig", "owl"]
    assert labels["cat"].center() == box.childTransform().map(QPointF(0, 0))
    assert not any(one.intersects(other) for one, other in combinations(labels.values(), 2))
    (left, right), (bottom, top) = box.viewRange()
    corners = [(left, bottom), (left, top), (right, bottom), (right, top)]
    apart = place(*((name, label, corner) for (name, label, _), corner in zip(crowd, corners, strict=True)))
    assert [label.center() for label in apart.values()] == [box.childTransform().map(QPointF(*at)) for at in corners]


def test_what_can_be_looked_at_and_clicked_a_session_holds(window, qtbot):
    window.map.zoom(1e9)
    corner = window.map.viewport().rect().topLeft() + QPoint(2, 2)
    with qtbot.waitSignal(window.studio.located, timeout=WAIT):
        qtbot.mouseClick(window.map.viewport(), Qt.MouseButton.LeftButton, pos=corner)
    assert window.studio.here.place.index is None
    for _ in range(20):
        qtbot.keyClick(window.map, Qt.Key.Key_Left)
    read_state(session_bytes(window.studio.keeping.session()), window.studio.current)


def test_closing_ends_every_thread(window):
    window.close()
    assert not window.studio._drawer._thread.is_alive()
    assert not window.studio.filming._worker._thread.is_alive()
    assert not window.map.names._worker._thread.is_alive()
