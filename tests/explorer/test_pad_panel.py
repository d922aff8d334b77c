"""The page for drawing by hand, driven by real events of mouse, pen, keys and clipboard."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QInputDevice,
    QMouseEvent,
    QPointingDevice,
    QTabletEvent,
)
from PySide6.QtWidgets import QApplication

from core.encoding import encode_sketch
from core.freehand import fitted, to_stroke3
from explorer.code_drag import dropped_code
from explorer.pad_panel import NOTHING_TO_PASTE
from tests.parametric import outline

WAIT = 20_000
FACE = fitted(outline("face"))
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 10 10 H 90 V 50 Z M 20 20 L 30 30"/></svg>'


@pytest.fixture
def panel(window):
    window.draw_by_hand()
    return window.pad


def pixels(panel, stroke):
    """Where a stroke of the unit square lies on the sheet."""
    sheet = panel.sheet.sheet()
    return [QPointF(sheet.x() + x * sheet.width(), sheet.y() + y * sheet.height()) for x, y in stroke]


def darkest(widget) -> int:
    image = widget.grab().toImage()
    grey = [image.pixelColor(x, y).value() for x in range(10, image.width() - 10) for y in range(10, 40)]
    return min(grey)


def draw(qtbot, panel, stroke):
    """Press, move and release the left button along a stroke."""
    at = [point.toPoint() for point in pixels(panel, stroke)]
    qtbot.mousePress(panel.sheet, Qt.MouseButton.LeftButton, pos=at[0])
    for point in at[1:]:
        qtbot.mouseMove(panel.sheet, point)
    qtbot.mouseRelease(panel.sheet, Qt.MouseButton.LeftButton, pos=at[-1])


ERASER = QPointingDevice(
    "eraser",
    1,
    QInputDevice.DeviceType.Stylus,
    QPointingDevice.PointerType.Eraser,
    QInputDevice.Capability.Position,
    1,
    1,
)


def pen(panel, kind, at, button=Qt.MouseButton.LeftButton, device=None):
    """One event of a tablet's pen."""
    device = device or QPointingDevice.primaryPointingDevice()
    buttons = Qt.MouseButton.NoButton if kind == QTabletEvent.Type.TabletRelease else Qt.MouseButton.LeftButton
    where = QPointF(panel.sheet.mapToGlobal(at))
    event = QTabletEvent(kind, device, at, where, 0.5, 0, 0, 0, 0, 0, Qt.KeyboardModifier.NoModifier, button, buttons)
    QApplication.sendEvent(panel.sheet, event)
    return event


def test_the_mouse_draws_where_it_goes(panel, qtbot):
    with qtbot.waitSignal(panel._pad.located, timeout=WAIT):
        draw(qtbot, panel, FACE[0])
    [stroke] = panel._pad.strokes
    np.testing.assert_allclose(stroke, FACE[0], atol=1 / panel.sheet.sheet().width())


def test_ink_is_there_before_the_pen_is_lifted(panel, qtbot):
    """And without the model: nobody hears of a stroke before it is finished."""
    sheet = panel.sheet.sheet().topLeft().toPoint()
    assert darkest(panel.sheet) > 130
    with qtbot.assertNotEmitted(panel.sheet.drawn):
        qtbot.mousePress(panel.sheet, Qt.MouseButton.LeftButton, pos=sheet + QPoint(20, 20))
        qtbot.mouseMove(panel.sheet, sheet + QPoint(80, 24))
        assert darkest(panel.sheet) < 80
    qtbot.mouseRelease(panel.sheet, Qt.MouseButton.LeftButton, pos=sheet + QPoint(80, 24))


def test_a_pen_draws_with_all_its_events_between_pixels(panel, qtbot):
    along = np.column_stack([np.linspace(0.1, 0.9, 400), 0.5 + 0.3 * np.sin(np.linspace(0, 9, 400))])
    at = pixels(panel, along)
    with qtbot.waitSignal(panel.sheet.drawn, timeout=WAIT) as drawn:
        assert pen(panel, QTabletEvent.Type.TabletPress, at[0]).isAccepted()
        for point in at[1:]:
            pen(panel, QTabletEvent.Type.TabletMove, point, Qt.MouseButton.NoButton)
        pen(panel, QTabletEvent.Type.TabletRelease, at[-1])
    np.testing.assert_allclose(drawn.args[0], along, atol=1e-9)
    np.testing.assert_array_equal(panel._pad.strokes[0], drawn.args[0])


def test_the_eraser_takes_the_strokes_that_it_touches(panel):
    for stroke in FACE[:2]:
        panel._pad.add(stroke)
    [corner] = pixels(panel, [(0.02, 0.02)])
    [on_outline] = pixels(panel, FACE[0][:1])
    pen(panel, QTabletEvent.Type.TabletPress, corner, device=ERASER)
    assert panel._pad.strokes == FACE[:2]
    pen(panel, QTabletEvent.Type.TabletMove, on_outline, Qt.MouseButton.NoButton, ERASER)
    assert panel._pad.strokes == (FACE[1],)


def test_a_pen_that_hovers_draws_nothing(panel, qtbot):
    with qtbot.assertNotEmitted(panel.sheet.drawn):
        pen(panel, QTabletEvent.Type.TabletMove, QPointF(30, 30), Qt.MouseButton.NoButton)
        qtbot.mouseMove(panel.sheet, QPoint(60, 60))
        qtbot.mouseClick(panel.sheet, Qt.MouseButton.RightButton, pos=QPoint(60, 60))


def test_a_click_is_a_dot_and_the_sheet_ends_at_its_edges(panel, qtbot):
    middle = panel.sheet.sheet().center().toPoint()
    qtbot.mouseClick(panel.sheet, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mousePress(panel.sheet, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(panel.sheet, QPoint(-500, 5000))
    qtbot.mouseRelease(panel.sheet, Qt.MouseButton.LeftButton, pos=QPoint(-500, 5000))
    dot, line = panel._pad.strokes
    np.testing.assert_array_equal(dot[0], dot[1])
    np.testing.assert_array_equal(line[-1], (0, 1))


def test_a_drawing_keeps_its_shape_when_the_window_changes_its_own(panel, window, qtbot):
    draw(qtbot, panel, FACE[0])
    before = panel._pad.strokes
    for size in ((1600, 700), (900, 1100)):
        window.resize(*size)
        QApplication.processEvents()
        sheet = panel.sheet.sheet()
        assert sheet.width() == sheet.height()
        assert panel.sheet.rect().contains(sheet.toAlignedRect())
    assert panel._pad.strokes is before
    draw(qtbot, panel, FACE[0])
    np.testing.assert_allclose(panel._pad.strokes[1], FACE[0], atol=1 / sheet.width())


def test_undo_takes_the_stroke_off_the_sheet(panel, window, qtbot):
    draw(qtbot, panel, FACE[0])
    assert panel.complete.isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert panel.sheet._strokes == ()
    assert not panel.complete.isEnabled()
    window.studio.history.redo()
    assert len(panel.sheet._strokes) == 1
    qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    assert panel.sheet._strokes == ()


def test_completing_shows_nine_and_a_click_takes_one(panel, qtbot):
    with qtbot.waitSignal(panel._pad.located, timeout=WAIT):
        draw(qtbot, panel, FACE[0])
    qtbot.mouseClick(panel.complete, Qt.MouseButton.LeftButton)
    assert panel.pages.currentWidget() is panel.grid
    qtbot.waitUntil(lambda: panel.grid.complete and len(panel.grid._sketches) == 9, timeout=WAIT)
    place = int(np.argmax([len(sketch) for sketch in panel.grid._sketches]))
    with qtbot.waitSignal(panel._pad.located, timeout=WAIT):
        qtbot.mouseClick(panel.grid, Qt.MouseButton.LeftButton, pos=panel.grid.cell(place).center().toPoint())
    assert panel.pages.currentWidget() is not panel.grid
    assert len(panel._pad.strokes) > 1


def test_the_way_back_from_completions_leaves_the_drawing(panel, qtbot):
    with qtbot.waitSignal(panel._pad.located, timeout=WAIT):
        draw(qtbot, panel, FACE[0])
    before = panel._pad.strokes
    qtbot.mouseClick(panel.complete, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(panel.back, Qt.MouseButton.LeftButton)
    assert panel.pages.currentWidget() is not panel.grid
    assert panel._pad.strokes is before


def test_an_svg_is_pasted_by_its_key(panel, window, qtbot):
    QGuiApplication.clipboard().setText(SVG)
    window.side.setCurrentWidget(window.panel)
    with qtbot.waitSignal(panel._pad.located, timeout=WAIT):
        qtbot.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert window.side.currentWidget() is panel
    assert len(panel._pad.strokes) == 2


@pytest.mark.parametrize(("text", "why"), [("a cat", "not XML"), ("", NOTHING_TO_PASTE)])
def test_a_paste_of_something_else_is_explained(panel, window, qtbot, text, why):
    QGuiApplication.clipboard().clear()
    if text:
        QGuiApplication.clipboard().setText(text)
    window.paste()
    qtbot.waitUntil(lambda: why in panel.words.text(), timeout=WAIT)
    assert panel._pad.strokes == ()


def test_an_svg_file_is_dropped_onto_the_pad(panel, qtbot, tmp_path):
    file = tmp_path / "Drawing.SVG"
    file.write_text(SVG)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path / "other.pt")), QUrl.fromLocalFile(str(file))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    entering = QDragEnterEvent(QPoint(30, 30), copy, mime, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(panel, entering)
    assert entering.isAccepted()
    with qtbot.waitSignal(panel._pad.located, timeout=WAIT):
        dropping = QDropEvent(QPointF(30, 30), copy, mime, left, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(panel, dropping)
    assert len(panel._pad.strokes) == 2


def test_the_models_own_drawing_is_dragged_and_pinned_though_something_else_is_current(panel, qtbot, monkeypatch):
    carried = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, *_: carried.append(dropped_code(drag.mimeData())))
    studio = panel._studio
    draw(qtbot, panel, FACE[0])
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    code = studio.here.place.code
    studio.choose_drawing(3)
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    start = panel.view.rect().center()
    qtbot.mousePress(panel.view, Qt.MouseButton.LeftButton, pos=start)
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(start + QPoint(40, 0)),
        panel.view.mapToGlobal(QPointF(start)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(panel.view, move)
    qtbot.mouseRelease(panel.view, Qt.MouseButton.LeftButton, pos=start)
    np.testing.assert_array_equal(carried[0].code, code)
    qtbot.mouseClick(panel.pin, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(studio.pins["a"].code, code)


def test_the_models_own_drawing_stands_beside_and_goes_with_the_strokes(panel, qtbot):
    draw(qtbot, panel, FACE[0])
    qtbot.waitUntil(lambda: panel.view.complete and "nearest" in panel.place.text(), timeout=WAIT)
    np.testing.assert_array_equal(panel.view._stroke3, panel._studio.sketch.stroke3)
    qtbot.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    assert len(panel.view._stroke3) == 0
    assert "nearest" not in panel.place.text()


def test_what_the_model_makes_of_a_drawing_comes_back_with_it(panel, window, qtbot):
    draw(qtbot, panel, FACE[0])
    qtbot.waitUntil(lambda: panel.view.complete and "nearest" in panel.place.text(), timeout=WAIT)
    shown, words = panel.view._stroke3, panel.place.text()
    qtbot.mouseClick(panel.clear, Qt.MouseButton.LeftButton)
    window.studio.history.undo()
    assert panel.view._stroke3 is shown
    assert panel.place.text() == words


def test_nothing_of_another_model_stays(panel, window, qtbot, checkpoint):
    studio = window.studio
    draw(qtbot, panel, FACE[0])
    qtbot.waitUntil(lambda: panel.view.complete and "nearest" in panel.place.text(), timeout=WAIT)
    with qtbot.waitSignal(studio.opened, timeout=WAIT):
        studio.open(str(checkpoint))
    assert len(panel.view._stroke3) == 0
    assert "nearest" not in panel.place.text()
    assert panel._carried() is None


def code_of(panel):
    """Of the drawing on the sheet."""
    opened = panel._studio.current
    return encode_sketch(opened.model, to_stroke3(panel._pad.strokes), opened.checkpoint.scale)


def test_the_pin_is_of_the_strokes_on_the_sheet_though_others_were_drawn_since(panel, window, qtbot):
    studio = window.studio
    for act in (
        lambda: draw(qtbot, panel, FACE[0]),
        lambda: studio.choose_drawing(3),
        lambda: draw(qtbot, panel, FACE[1]),
    ):
        act()
        qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    studio.history.undo()
    assert len(panel._pad.strokes) == 1
    assert len(panel.view._stroke3) == 0
    assert "nearest" not in panel.place.text()
    qtbot.mouseClick(panel.pin, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "a" in studio.pins, timeout=WAIT)
    np.testing.assert_array_equal(studio.pins["a"].code, code_of(panel))


def test_the_pin_of_a_reopened_drawing_is_its_own(panel, window, qtbot, tmp_path):
    studio = window.studio
    draw(qtbot, panel, FACE[0])
    studio.choose_drawing(3)
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    with qtbot.waitSignal(studio.keeping.saved, timeout=WAIT):
        studio.keeping.save(tmp_path / "mine.sketchspace")
    with qtbot.waitSignal(studio.opened, timeout=WAIT):
        studio.reopen(tmp_path / "mine.sketchspace")
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    qtbot.mouseClick(panel.pin, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "a" in studio.pins, timeout=WAIT)
    np.testing.assert_array_equal(studio.pins["a"].code, code_of(panel))


def test_a_reopened_drawing_that_is_current_is_shown_as_the_model_draws_it(panel, window, qtbot, tmp_path):
    draw(qtbot, panel, FACE[0])
    qtbot.waitUntil(lambda: window.studio.drawn, timeout=WAIT)
    with qtbot.waitSignal(window.studio.keeping.saved, timeout=WAIT):
        window.studio.keeping.save(tmp_path / "mine.sketchspace")
    with qtbot.waitSignal(window.studio.opened, timeout=WAIT):
        window.studio.reopen(tmp_path / "mine.sketchspace")
    qtbot.waitUntil(lambda: panel.view.complete and "nearest" in panel.place.text(), timeout=WAIT)


def test_a_drawing_without_a_code_is_not_pinned(panel, window, qtbot):
    """Nor is what is current beside it."""
    count = window.studio.current.checkpoint.max_points + 2
    across = np.linspace(0.01, 0.99, count)
    panel._pad.add(np.column_stack([across, 0.1 + 0.8 * (np.arange(count) % 2)]))
    qtbot.waitUntil(lambda: "undo a stroke" in panel.words.text(), timeout=WAIT)
    with qtbot.waitSignal(panel._pad.said, timeout=WAIT):
        qtbot.mouseClick(panel.pin, Qt.MouseButton.LeftButton)
    assert window.studio.pins == {}
