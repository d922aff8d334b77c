"""The manners of the window: names, icons and keys of its actions, the sheet of keys, the welcome."""

from importlib import resources

import pytest
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QAbstractButton, QDialog, QMessageBox

from explorer.cheat_sheet import CheatSheet, sections
from explorer.gestures import GESTURES
from explorer.host import Host
from explorer.icons import SIZE, dress, icon
from explorer.map_view import Tool
from explorer.menus import ICONS
from explorer.theme import DARK, LIGHT, apply_theme


def test_every_action_has_a_name_and_every_icon_an_action(window):
    actions = window.actions_by_name
    assert all(action.objectName() == name for name, action in actions.items())
    keys = [key.toString() for action in actions.values() for key in action.shortcuts()]
    assert len(set(keys)) == len(keys)
    dress(actions.values(), LIGHT)
    without = {name for name, action in actions.items() if action.icon().isNull()}
    assert {name for name in without if not name.startswith("colour-by")} == set(), "explorer/menus.py has ICONS"


def test_every_icon_that_ships_is_of_an_action():
    folder = resources.files("resources") / "icons" / "lucide"
    assert {entry.name for entry in folder.iterdir()} == {f"{name}.svg" for name in ICONS.values()} | {"LICENSE"}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_icons_have_the_colours_of_the_theme(theme, qapp):
    made, size = icon("square-dashed", theme), QSize(SIZE, SIZE)

    def strongest(mode: QIcon.Mode, state: QIcon.State) -> QColor:
        image = made.pixmap(size, mode, state).toImage()
        pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        return max(pixels, key=QColor.alpha)

    for state, colour in ((QIcon.State.Off, theme.ink), (QIcon.State.On, theme.accent)):
        found = strongest(QIcon.Mode.Normal, state).getRgb()[:3]
        assert found == pytest.approx(QColor(colour).getRgb()[:3], abs=3)  # premultiplied by their alpha


def test_icons_are_sharp_on_a_fine_screen(qapp, monkeypatch):
    monkeypatch.setattr("explorer.icons.ratios", lambda: {1, 2})
    sharp = icon("undo-2", LIGHT).pixmap(QSize(SIZE, SIZE), 2.0)
    assert (sharp.width(), sharp.devicePixelRatio()) == (2 * SIZE, 2)


def test_a_switch_of_the_theme_recolours_what_was_dressed(window):
    undo, quitting = (window.actions_by_name[name] for name in ("undo", "quit"))
    menu = window.menuBar().actions()[0].menu()
    menu.aboutToShow.emit()
    before = [action.icon().cacheKey() for action in (undo, quitting)]
    window.theme = DARK
    window.refresh_theme()
    assert undo.icon().cacheKey() != before[0]
    menu.aboutToShow.emit()
    assert quitting.icon().cacheKey() != before[1]


def test_a_switch_of_the_theme_dresses_each_widget_but_a_few_times(window, qapp):
    class Counter(QObject):
        count = 0

        def eventFilter(self, watched, event):
            self.count += event.type() == QEvent.Type.StyleChange
            return False

    counter, palette = Counter(), qapp.palette()
    try:
        apply_theme(qapp, LIGHT)
        window.bench.verdict.installEventFilter(counter)  # deep inside
        apply_theme(qapp, DARK)
    finally:
        qapp.setStyleSheet("")
        qapp.setPalette(palette)
    assert 1 <= counter.count <= 3


def test_the_tool_buttons_and_the_keys_are_one(window, qtbot):
    qtbot.mouseClick(window.tool_buttons[Tool.PATH], Qt.MouseButton.LeftButton)
    assert window.map.tool is Tool.PATH
    qtbot.keyClick(window, Qt.Key.Key_S)
    assert window.tool_buttons[Tool.SELECT].isChecked()
    assert not window.tool_buttons[Tool.PATH].isChecked()
    qtbot.keyClick(window, Qt.Key.Key_S)
    assert window.map.marquee.lasso
    assert window.tool_buttons[Tool.SELECT].text() == "Lasso"


def test_the_toolbar_fits_a_narrow_window(window, qtbot):
    window.resize(1024, 700)
    assert window.width() == 1024
    assert window.height() <= 720
    for button in window.tool_buttons.values():
        assert button.width() >= button.sizeHint().width()


def test_the_sheet_of_keys_has_every_key(window, qtbot):
    qtbot.keyClick(window, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    sheet = window.findChild(CheatSheet)
    assert sheet.isVisible()
    rows = dict(row for _, rows in sections(window.menuBar()) for row in rows)
    for action in window.actions_by_name.values():
        if action.shortcuts():
            assert rows[action.shortcut().toString()] == action.property("title")
    assert all(rows)
    assert {gesture.how for gesture in GESTURES} <= rows.keys()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_undo_in_the_sheet_has_its_own_name(window):
    window.studio.pin()
    rows = dict(row for _, rows in sections(window.menuBar()) for row in rows)
    assert rows["Ctrl+Z"] == "Undo"
    assert window.actions_by_name["undo"].text() == "Undo pin a"


def test_a_question_mark_can_be_typed(window, qtbot):
    window.bench.line.setFocus()
    qtbot.keyClick(window.bench.line, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert window.bench.line.text() == "?"
    assert window.findChild(CheatSheet) is None


def test_the_welcome_is_shown_once(window, qtbot, tmp_path):
    host = Host(window, tmp_path)
    assert len(host.notice.lines) == 3
    qtbot.mouseClick(host.notice.buttons[0], Qt.MouseButton.LeftButton)
    host.end()
    host = Host(window, tmp_path)
    assert host.notice is None
    host.end()


def test_about_names_the_licence_and_the_checkpoint(window):
    window.actions_by_name["about"].trigger()
    words = window.findChild(QMessageBox).text()
    for part in ("MIT", "Quick, Draw!", "small", "3 categories", window.studio.current.checkpoint.digest[:16]):
        assert part in words


def test_what_could_not_be_opened_is_not_said_to_have_been(window, qtbot, tmp_path):
    (tmp_path / "broken.pt").write_bytes(b"no checkpoint")
    with qtbot.waitSignal(window.studio.failed, timeout=20_000):
        window.files.open([tmp_path / "broken.pt"])
    assert "drawings in" in window.status.text()
    assert "opened" not in window.status.text()


def test_every_button_in_view_says_what_it_does(window):
    window.side.setCurrentWidget(window.pad)
    named = [button for button in window.findChildren(QAbstractButton) if button.text() and button.isVisible()]
    assert len(named) > 10
    assert [button.text() for button in named if not button.toolTip()] == []
    assert all(window.side.tabToolTip(page) for page in range(window.side.count()))


def test_the_directions_have_the_strips_height_in_a_low_window(window, qtbot):
    window.resize(1024, 720)
    window.side.setCurrentWidget(window.directions)
    assert window.strip.isHidden()
    window.actions_by_name["nearest-drawings"].trigger()
    assert not window.strip.isHidden()
    window.side.setCurrentWidget(window.directions)
    window.resize(1280, 1000)
    qtbot.waitUntil(lambda: not window.strip.isHidden())


def test_the_bar_of_a_selection_is_no_wider_than_the_map(window):
    window.resize(1024, 720)
    window.studio.selection.choose_all()
    window.studio.selection.toggle_alone()
    assert window.selected.x() >= 0
    assert window.selected.geometry().right() < window.map.width()


def test_the_sketch_stays_where_it_is_when_the_film_plays(window, qtbot):
    qtbot.waitUntil(lambda: window.studio.drawn and window.studio.film is not None, timeout=20_000)
    before = window.panel.view.geometry()
    window.studio.player.seek(3.25)
    assert window.panel.title.text() == "Frame 4.2 of 10"
    window.layout().activate()
    assert window.panel.view.geometry() == before


def test_the_status_says_how_long_an_opening_took(window, qtbot, checkpoint):
    said = []
    window.studio.opening.connect(lambda stage, _: said.append((stage, window.status.text())))
    with qtbot.waitSignal(window.studio.keeping.took, timeout=20_000):
        window.studio.open(str(checkpoint))
    qtbot.waitUntil(lambda: bool(said) and said[-1][0] == "", timeout=20_000)
    assert ", opened in " in said[-1][1]


def test_a_dialog_that_was_closed_is_gone(window, qtbot):
    for name in ("keys", "about"):
        window.actions_by_name[name].trigger()
    window.studio.failed.emit("It cannot be.", "")
    dialogs = window.findChildren(QDialog)
    assert len(dialogs) == 3
    for dialog in dialogs:
        dialog.close()
    qtbot.waitUntil(lambda: not window.findChildren(QDialog))
