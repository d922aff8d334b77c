"""Codes that are dragged: what travels, and that foreign bytes do no harm."""

import json

import numpy as np
import pytest
from PySide6.QtCore import QByteArray, QEvent, QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from explorer.code_drag import MIME, MOST_POINTS, CarriedCode, DragSource, DropTarget, code_mime, dropped_code

CODE = np.array([0.1, -2.5, 3e-7], dtype=np.float32)
STROKES = np.array([[1, 2, 0], [3.25, -4, 1]], dtype=np.float32)


def foreign(data: bytes) -> QMimeData:
    mime = QMimeData()
    mime.setData(MIME, QByteArray(data))
    return mime


def drop(widget: QWidget, mime: QMimeData, at: QPointF | None = None) -> bool:
    """Carry something onto a widget and let go; whether it was taken."""
    at = QPointF(widget.rect().center()) if at is None else at
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, buttons, keys)
    QApplication.sendEvent(widget, enter)
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, buttons, keys)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return enter.isAccepted() and event.isAccepted()


def test_a_code_arrives_as_it_left():
    arrived = dropped_code(code_mime("cat #3", CODE, STROKES))
    assert arrived is not None
    assert arrived.title == "cat #3"
    np.testing.assert_array_equal(arrived.code, CODE)
    np.testing.assert_array_equal(arrived.stroke3, STROKES)
    assert arrived.code.dtype == arrived.stroke3.dtype == np.float32


def test_a_code_without_a_sketch_arrives_too():
    arrived = dropped_code(code_mime("x", CODE, np.zeros((0, 3), np.float32)))
    assert arrived is not None
    assert arrived.stroke3.shape == (0, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04\x95",
        b"\xff\xfe{}",
        b"[]",
        b"{",
        json.dumps({"title": "x", "code": [1.0]}).encode(),
        json.dumps({"title": "x", "code": [], "stroke3": []}).encode(),
        json.dumps({"title": "x", "code": ["1"], "stroke3": []}).encode(),
        json.dumps({"title": "x", "code": [1.0], "stroke3": [[1, 2]]}).encode(),
        json.dumps({"title": "x", "code": [1.0], "stroke3": [[0, 0, 0]] * (MOST_POINTS + 1)}).encode(),
        b'{"title": "x", "code": [1e7], "stroke3": []}',
        b'{"title": "x", "code": [1e39], "stroke3": []}',
        b'{"title": "x", "code": [1e999], "stroke3": []}',
        b'{"title": "x", "code": [NaN], "stroke3": []}',
        b"[" * 100_000,
    ],
)
def test_foreign_bytes_are_no_code(data):
    assert dropped_code(foreign(data)) is None


def test_other_things_are_not_taken(qtbot):
    widget, taken = QWidget(), []
    qtbot.addWidget(widget)
    DropTarget(widget, taken.append)
    words = QMimeData()
    words.setText("cat")
    assert not drop(widget, words)
    assert not drop(widget, foreign(b"{}"))
    assert taken == []
    assert drop(widget, code_mime("x", CODE, STROKES))
    assert [carried.title for carried in taken] == ["x"]


def test_a_press_and_a_move_drag_and_a_click_does_not(qtbot, monkeypatch):
    widget, dragged = QWidget(), []
    qtbot.addWidget(widget)
    widget.resize(200, 100)
    monkeypatch.setattr(QDrag, "exec", lambda drag, *_: dragged.append(dropped_code(drag.mimeData())))
    DragSource(widget, lambda at: CarriedCode(f"at {at.x():.0f}", CODE, STROKES) if at.x() < 100 else None)
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton

    def act(kind: QEvent.Type, x: int, button: Qt.MouseButton, held: Qt.MouseButton) -> None:
        at = QPointF(QPoint(x, 50))
        keys = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(widget, QMouseEvent(kind, at, widget.mapToGlobal(at), button, held, keys))

    def gesture(start: int, end: int) -> None:
        act(QEvent.Type.MouseButtonPress, start, left, left)
        act(QEvent.Type.MouseMove, end, none, left)
        act(QEvent.Type.MouseButtonRelease, end, left, none)

    gesture(20, 22)
    act(QEvent.Type.MouseMove, 80, none, none)
    gesture(150, 20)
    assert dragged == []
    gesture(30, 90)
    assert [carried.title for carried in dragged] == ["at 30"]


# -- sources of the window -----------------------------------------------------------------------


@pytest.fixture
def dragged(monkeypatch):
    """What was dragged, without the drag's own event loop."""
    carried: list[CarriedCode | None] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, *_: carried.append(dropped_code(drag.mimeData())))
    return carried


def pull(widget: QWidget, start: QPointF, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press at `start` and move; the release is the drag's."""
    none, left = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
    for kind, away, button in (
        (QEvent.Type.MouseButtonPress, 0, left),
        (QEvent.Type.MouseMove, 12, none),
        (QEvent.Type.MouseMove, 30, none),
    ):
        at = start + QPointF(away, 0)
        QApplication.sendEvent(widget, QMouseEvent(kind, at, widget.mapToGlobal(at), button, left, keys))


def test_sketch_slot_and_thumbnail_can_be_dragged(window, qtbot, dragged):
    studio = window.studio
    studio.pin()
    slot, thumbnails = window.bench.slots.slots()[0], window.strip.thumbnails
    for widget in (window.panel.view, slot):
        pull(widget, QPointF(10, 10))
        np.testing.assert_array_equal(dragged[-1].code, studio.here.place.code)
        np.testing.assert_array_equal(dragged[-1].stroke3, studio.sketch.stroke3)
    assert not slot.isDown()
    qtbot.waitUntil(lambda: len(studio.listing.shown.drawings) > 2, timeout=20_000)
    target, listed = studio.state.target, studio.listing.shown
    pull(thumbnails, thumbnails.cell(2).center())
    np.testing.assert_array_equal(dragged[-1].code, studio.current.atlas.latents[listed.indices[2]])
    assert studio.state.target is target  # nothing was chosen on the way
    qtbot.mouseClick(thumbnails, Qt.MouseButton.LeftButton, pos=thumbnails.cell(1).center().toPoint())
    assert studio.state.target.index == listed.indices[1]


def test_a_code_of_another_model_is_refused_by_the_map_and_the_sketch(window, qtbot):
    studio = window.studio
    state = studio.state
    for widget in (window.map.viewport(), window.panel.view):
        with qtbot.waitSignal(studio.failed, timeout=20_000) as signal:
            drop(widget, code_mime("x", CODE, STROKES))
        assert "another model" in signal.args[0]
    assert studio.state is state
    drop(window.panel.view, code_mime("x", studio.current.atlas.latents[3], STROKES))
    np.testing.assert_array_equal(studio.state.target.code, studio.current.atlas.latents[3])


def test_a_drawing_is_carried_off_the_map_with_control(window, qtbot, dragged):
    studio, view = window.studio, window.map
    index, target = 7, studio.state.target
    at = view.mapFromScene(view.box.mapViewToScene(QPointF(*studio.current.atlas.positions[index].tolist())))
    control = Qt.KeyboardModifier.ControlModifier
    pull(view.viewport(), QPointF(at), control)
    qtbot.waitUntil(lambda: bool(dragged), timeout=20_000)
    np.testing.assert_array_equal(dragged[0].code, studio.current.atlas.latents[index])
    assert len(dragged[0].stroke3)
    assert studio.state.target is target
    with qtbot.waitSignal(studio.located, timeout=20_000):  # the map hears the next click
        qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert len(dragged) == 1
    assert view.card.isHidden()
