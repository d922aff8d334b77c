"""Selecting on the map, groups, showing alone, and files of drawings."""

import csv

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from core.readers import open_sketches
from core.selection import Combine, in_polygon, rectangle
from explorer.map_view import Tool

WAIT = 20_000
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def on_map(window, x, y):
    return window.map.mapFromScene(window.map.box.mapViewToScene(QPointF(x, y)))


def drag(window, qtbot, start, end, modifiers=Qt.KeyboardModifier.NoModifier):
    """Drag over the map with the left button, as a hand would, and wait for the selection."""
    viewport = window.map.viewport()
    with qtbot.waitSignal(window.studio.selection.changed, timeout=WAIT):
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, modifiers, start)
        for step in range(1, 6):
            qtbot.mouseMove(viewport, start + (end - start) * step / 5)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, modifiers, end)


def halves(window):
    """Viewport corners of the whole map and of its left half."""
    positions = window.studio.current.atlas.positions
    (left, bottom), (right, top) = positions.min(axis=0) - 0.01, positions.max(axis=0) + 0.01
    middle = float(np.median(positions[:, 0]))
    low, high = on_map(window, left, bottom) + QPoint(-3, 3), on_map(window, right, top) + QPoint(3, -3)
    return low, high, QPoint(on_map(window, middle, top).x(), high.y())


def test_a_rectangle_selects_shift_adds_and_ctrl_subtracts(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_S)
    assert window.map.tool is Tool.SELECT
    selection, total = window.studio.selection, len(window.studio.current.atlas)
    low, high, middle = halves(window)
    drag(window, qtbot, low, middle)
    left = selection.mask.copy()
    assert 0 < left.sum() < total
    x = window.studio.current.atlas.positions[:, 0]
    assert x[left].max() <= x[~left].min()
    drag(window, qtbot, low, high)
    assert selection.count == total
    drag(window, qtbot, low, middle, CTRL)
    np.testing.assert_array_equal(selection.mask, ~left)
    drag(window, qtbot, low, middle, SHIFT)
    assert selection.count == total
    assert window.selected.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert selection.count == 0
    assert not window.selected.isVisible()


def test_space_during_a_drag_does_not_end_it(window, qtbot):
    window.set_tool(Tool.SELECT)
    viewport, (low, high, middle) = window.map.viewport(), halves(window)
    with qtbot.waitSignal(window.studio.selection.changed, timeout=WAIT):
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=low)
        qtbot.mouseMove(viewport, middle)
        qtbot.keyPress(window.map, Qt.Key.Key_Space)
        qtbot.mouseMove(viewport, high)
        qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=high)
    qtbot.keyRelease(window.map, Qt.Key.Key_Space)
    assert window.studio.selection.count == len(window.studio.current.atlas)


def test_a_lasso_selects_what_it_goes_around(window, qtbot):
    window.set_tool(Tool.SELECT)
    qtbot.keyClick(window, Qt.Key.Key_S)
    assert window.map.marquee.lasso
    positions = window.studio.current.atlas.positions
    angles = np.linspace(0, 2 * np.pi, 40)
    outline = np.median(positions, axis=0) + 0.8 * np.column_stack([np.cos(angles), np.sin(angles)])
    corners = [QPointF(x, y) for x, y in outline.tolist()]
    with qtbot.waitSignal(window.studio.selection.changed, timeout=WAIT):
        for corner in corners:
            window.map.marquee.drag(corners[0], corner, False, Qt.KeyboardModifier.NoModifier)
        window.map.marquee.drag(corners[0], corners[-1], True, Qt.KeyboardModifier.NoModifier)
    expected = in_polygon(positions, outline)
    assert 0 < expected.sum() < len(positions)
    np.testing.assert_array_equal(window.studio.selection.mask, expected)


def test_a_click_selects_one_drawing_and_a_click_beside_clears(window, qtbot):
    window.set_tool(Tool.SELECT)
    viewport, selection = window.map.viewport(), window.studio.selection
    place = on_map(window, *window.studio.current.atlas.positions[7].tolist())
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert selection.count == 1
    first = int(selection.indices[0])
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, CTRL, place)
    assert first not in selection.indices
    selection.choose_all()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=viewport.rect().bottomRight() - QPoint(2, 2))
    assert selection.count == 0


def test_an_outline_around_nothing_is_no_step_where_nothing_is_selected(studio, qtbot):
    steps = studio.history.count()
    with qtbot.waitSignal(studio.selection._picker.answered, timeout=WAIT):
        studio.selection.pick(rectangle(1e6, 1e6, 2e6, 2e6), Combine.REPLACE)
    assert studio.history.count() == steps


def test_only_what_is_shown_is_selected(studio, qtbot):
    shown = studio.current.atlas.labels == 0
    studio.showing.show_alone(shown)
    everywhere = rectangle(-1e6, -1e6, 1e6, 1e6)
    with qtbot.waitSignal(studio.selection.changed, timeout=WAIT):
        studio.selection.pick(everywhere, Combine.REPLACE)
    np.testing.assert_array_equal(studio.selection.mask, shown)
    studio.selection.clear()
    studio.selection.choose_all()
    np.testing.assert_array_equal(studio.selection.mask, shown)


def test_a_selection_is_shown_alone_and_all_again(studio):
    studio.selection.choose(np.array([3, 4, 5]))
    studio.selection.toggle_alone()
    assert np.flatnonzero(studio.showing.mask).tolist() == [3, 4, 5]
    studio.selection.toggle_alone()
    assert studio.showing.mask is None


# -- groups ------------------------------------------------------------------------------------


def test_a_selection_becomes_a_group_and_is_found_again(window, qtbot):
    selection = window.studio.selection
    selection.choose(np.array([1, 2, 30]))
    window.selected.name.setText("  round   things ")
    qtbot.keyClick(window.selected.name, Qt.Key.Key_Return)
    group = selection.groups["round things"]
    np.testing.assert_array_equal(group.codes, window.studio.current.atlas.latents[[1, 2, 30]])
    selection.clear()
    rows = window.legend.groups.rows
    rows.itemClicked.emit(rows.item(0))
    assert selection.indices.tolist() == [1, 2, 30]
    rows.setCurrentRow(0)
    qtbot.keyClick(rows, Qt.Key.Key_Delete)
    assert selection.groups == {}
    assert not window.legend.groups.isVisible()


def test_a_group_is_a_name_in_expressions(studio, qtbot):
    latents = studio.current.atlas.latents
    studio.selection.choose(np.array([1, 2, 30]))
    studio.selection.name_group("some")
    with qtbot.waitSignal(studio.located, timeout=WAIT, check_params_cb=lambda here: here.title == "mean(some) - cat"):
        studio.calculate("mean(some) - cat")
    expected = latents[[1, 2, 30]].mean(axis=0) - studio.current.category_means["cat"]
    np.testing.assert_allclose(studio.here.place.code, expected, atol=1e-5)


@pytest.mark.parametrize(("name", "words"), [("cat", "already"), ("1st", "letter"), ("a-b", "letters"), ("", "name")])
def test_a_name_that_cannot_be_is_refused_in_words(studio, qtbot, name, words):
    studio.selection.choose(np.array([1]))
    with qtbot.waitSignal(studio.selection.refused, timeout=WAIT) as signal:
        assert studio.selection.name_group(name) == ""
    assert words in signal.args[0]
    assert studio.selection.groups == {}


def test_why_a_name_cannot_be_stands_under_it_until_it_is_changed(window, qtbot):
    bar = window.selected
    window.studio.selection.choose(np.array([1, 2]))
    height = bar.height()
    qtbot.keyClicks(bar.name, "cat")
    qtbot.keyClick(bar.name, Qt.Key.Key_Return)
    assert "already" in bar.problem.text()
    assert bar.problem.isVisible()
    assert bar.height() > height
    assert bar.name.text() == "cat"
    qtbot.keyClicks(bar.name, "s")
    assert not bar.problem.isVisible()
    assert bar.height() == height
    qtbot.keyClick(bar.name, Qt.Key.Key_Return)
    assert set(window.studio.selection.groups) == {"cats"}


# -- files -------------------------------------------------------------------------------------


def test_a_selection_is_written_as_the_model_draws_it(studio, qtbot, tmp_path):
    studio.selection.choose(np.array([0, 25, 50]))
    with qtbot.waitSignal(studio.exporting.exported, timeout=WAIT) as signal:
        studio.exporting.selection(tmp_path / "some.csv")
    assert "3 drawings" in signal.args[0]
    assert "model" in signal.args[0]
    rows = list(csv.DictReader((tmp_path / "some.csv").open()))
    assert [(int(row["number"]), row["origin"]) for row in rows] == [(i, "decoded") for i in (0, 25, 50)]
    with qtbot.waitSignal(studio.exporting.exported, timeout=WAIT):
        studio.exporting.selection(tmp_path / "some.npz")
    assert sum(1 for _ in open_sketches(tmp_path / "some.npz")) == 3


def test_a_file_that_cannot_be_written_is_one_sentence(studio, qtbot, tmp_path):
    studio.selection.choose(np.array([0]))
    (tmp_path / "file").write_text("")
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as signal:
        studio.exporting.selection(tmp_path / "file" / "some.csv")
    assert "could not be written" in signal.args[0]
    assert signal.args[1] == ""
