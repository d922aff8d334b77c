"""Every action of the window in a menu, with its key."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from core.attributes import ATTRIBUTES
from explorer.saving import ExportMenu

if TYPE_CHECKING:
    from explorer.window import Window

Entry = tuple[str, str, Callable[[], object]]


def build_menus(window: "Window") -> None:
    """Fill the window's menu bar."""
    studio, selection, showing = window.studio, window.studio.selection, window.studio.showing
    bar = window.menuBar()
    file = bar.addMenu("&File")
    file.addMenu(ExportMenu(studio, file))
    _fill(
        file,
        ("Export selection…", "Ctrl+E", window.selected.export),
        ("Quit", "Ctrl+Q", window.close),
    )
    edit = bar.addMenu("&Edit")
    for action, keys in (
        (studio.history.createUndoAction(edit, "Undo"), QKeySequence.StandardKey.Undo),
        (studio.history.createRedoAction(edit, "Redo"), QKeySequence.StandardKey.Redo),
    ):
        action.setShortcut(keys)
        edit.addAction(action)
    edit.addSeparator()
    _fill(
        edit,
        # A line edit with the focus takes Ctrl+C for itself.
        ("Copy the sketch", "Ctrl+C", studio.exporting.copy_sketch),
        ("Paste a drawing", "Ctrl+V", window.paste),
        ("Find…", "Ctrl+F", window.find),
        ("Select all that is shown", "Ctrl+A", selection.choose_all),
        ("Select nothing, or stop", "Esc", window.escape),
        ("Name the selection", "Ctrl+G", window.name_selection),
        None,
        ("Pin the current code", "Ctrl+D", studio.pin),
        ("Calculate", "Ctrl+L", window.bench.line.setFocus),
        ("Show the expression as a figure", "Ctrl+Shift+F", window.bench.show_figure),
    )
    tools = bar.addMenu("&Tools")
    window.add_tools(tools)
    _fill(
        tools,
        None,
        ("Draw by hand", "D", window.draw_by_hand),
        ("Complete the drawing by hand", "Ctrl+Return", studio.pad.complete),
        None,
        ("Train a model…", "Ctrl+T", window.show_training),
    )
    look = bar.addMenu("&Map")
    _colours(window, look.addMenu("Colour by"))
    _fill(
        look,
        ("Choose what colours show", "Ctrl+K", window.choose_colours),
        ("Show the selection alone", "A", selection.toggle_alone),
        ("Show all", "Ctrl+Shift+A", showing.show_all),
        None,
        ("Zoom in", "+", lambda: window.map.zoom(0.8)),
        ("Zoom out", "-", lambda: window.map.zoom(1.25)),
        ("The whole map", "0", window.map.fit),
        ("Decoded lattice, or the drawings", "L", window.map.toggle_lattice),
        None,
        ("Layout…", "Ctrl+Shift+L", window.show_layout),
        ("Stop the layout", "Ctrl+.", studio.layouts.cancel),
    )
    _fill(
        bar.addMenu("&View"),
        ("Legend", "Ctrl+1", window.toggle_legend),
        ("Directions", "Ctrl+2", lambda: window.side.setCurrentWidget(window.directions)),
        ("Nearest drawings", "N", studio.listing.list_nearest),
        ("Worst reconstructed", "W", studio.listing.list_worst),
        None,
        ("Draw the current code again", "R", studio.resample),
        ("A random code", "Ctrl+R", studio.choose_random),
        ("Replay", "Shift+R", window.panel.replay.click),
        ("Variants", "Ctrl+3", window.panel.variants.click),
        ("Colour the line by its order", "O", window.panel.order.click),
    )


def _fill(menu: QMenu, *entries: Entry | None) -> None:
    """Add entries (title, key, what to do); None is a line between two of them."""
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        title, keys, act = entry
        action = QAction(title, menu)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _=False, act=act: act())
        menu.addAction(action)


def _colours(window: "Window", menu: QMenu) -> None:
    group = QActionGroup(menu)
    actions = {}
    for name, title in ATTRIBUTES.items():
        action = actions[name] = QAction(title, group)
        action.setCheckable(True)
        action.setChecked(name == window.studio.showing.name)
        action.triggered.connect(lambda _=False, name=name: window.studio.showing.colour_by(name))
        menu.addAction(action)
    window.studio.state_changed.connect(lambda _before, after: actions[after.colour_by].setChecked(True))
