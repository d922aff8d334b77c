"""Every action of the window in a menu, with its key, its name and its icon."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu

from core.attributes import ATTRIBUTES
from explorer.icons import NAME, dress
from explorer.saving import ExportMenu

if TYPE_CHECKING:
    from explorer.window import Window

Entry = tuple[str, str, Callable[[], object]]
ICONS = {
    "open-session": "folder-open",
    "open-checkpoint": "box",
    "open-data": "database",
    "save-session": "save",
    "save-as": "save-all",
    "export-selection": "download",
    "quit": "log-out",
    "undo": "undo-2",
    "redo": "redo-2",
    "find": "search",
    "select-all-that-is-shown": "square-check",
    "select-nothing-or-stop": "x",
    "name-the-selection": "tag",
    "pin-the-current-code": "pin",
    "calculate": "calculator",
    "explore": "mouse-pointer-2",
    "path": "spline",
    "select": "square-dashed",
    "lasso-or-rectangle": "lasso-select",
    "choose-what-colours-show": "palette",
    "show-the-selection-alone": "eye-off",
    "show-all": "eye",
    "zoom-in": "zoom-in",
    "zoom-out": "zoom-out",
    "the-whole-map": "maximize",
    "decoded-lattice-or-the-drawings": "grid-3x3",
    "layout": "layers",
    "stop-the-layout": "circle-stop",
    "legend": "panel-left",
    "nearest-drawings": "list",
    "worst-reconstructed": "thumbs-down",
    "draw-the-current-code-again": "refresh-cw",
    "a-random-code": "dices",
    "replay": "circle-play",
    "variants": "grid-2x2",
    "the-clearest-of-several-sketches": "award",
    "colour-the-line-by-its-order": "rainbow",
    "export-sketch": "image",
    "export-filmstrip": "film",
    "export-figure-of-the-expression": "equal",
    "export-animation": "clapperboard",
    "export-codes": "table",
    "copy-the-sketch": "copy",
    "paste-a-drawing": "clipboard-paste",
    "draw-by-hand": "pencil",
    "complete-the-drawing-by-hand": "wand-sparkles",
    "show-the-expression-as-a-figure": "equal",
    "directions": "compass",
    "play-or-pause-the-film": "film",
    "train-a-model": "graduation-cap",
    "keys": "keyboard",
    "about": "info",
}
"""Of actions, by name: a file of resources/icons/lucide, which has them from the npm package lucide-static."""


def build_menus(window: "Window") -> None:
    """Fill the window's menu bar."""
    studio, selection, showing = window.studio, window.studio.selection, window.studio.showing
    bar = window.menuBar()
    files, file = window.files, bar.addMenu("&File")
    _fill(
        file,
        ("Open session…", "Ctrl+O", files.open_session),
        ("Open checkpoint…", "Ctrl+Shift+O", files.open_checkpoint),
        ("Open data…", "Ctrl+Alt+O", files.open_data),
    )
    shipped = file.addMenu("Open shipped checkpoint")
    shipped.aboutToShow.connect(lambda: files.fill_shipped(shipped))
    recent = file.addMenu("Recent files")
    recent.aboutToShow.connect(lambda: files.fill_recent(recent))
    _fill(
        file,
        None,
        ("Save session", "Ctrl+S", files.save),
        ("Save as…", "Ctrl+Shift+S", files.save_as),
    )
    file.addSeparator()
    file.addMenu(ExportMenu(studio, file))
    _fill(
        file,
        ("Export selection…", "Ctrl+E", window.selected.export),
        None,
        ("Quit", "Ctrl+Q", window.close),
    )
    edit = bar.addMenu("&Edit")
    for action, keys in (
        (studio.history.createUndoAction(edit, "Undo"), QKeySequence.StandardKey.Undo),
        (studio.history.createRedoAction(edit, "Redo"), QKeySequence.StandardKey.Redo),
    ):
        action.setShortcuts(keys)
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
        ("Nearest drawings", "N", window.list_nearest),
        ("Worst reconstructed", "W", window.list_worst),
        None,
        ("Play or pause the film", "Ctrl+Space", studio.player.toggle),
        ("Draw the current code again", "R", studio.resample),
        ("A random code", "Ctrl+R", studio.choose_random),
        ("Replay", "Shift+R", window.panel.replay.click),
        ("Variants", "Ctrl+3", window.panel.variants.click),
        ("The clearest of several sketches", "Ctrl+4", window.panel.clearest.click),
        ("Colour the line by its order", "O", window.panel.order.click),
    )
    _fill(bar.addMenu("&Help"), ("Keys", "?; Shift+?; F1", window.show_keys), ("About…", "", window.show_about))
    window.actions_by_name = _register(window)


def _register(window: "Window") -> dict[str, QAction]:
    """All actions of the menu bar by name, which is made from the title they have now; with icons and tooltips."""
    found: dict[str, QAction] = {}

    def register(menu: QMenu, prefix: str = "") -> None:
        menu.aboutToShow.connect(lambda: dress(menu.actions(), window.theme))
        for action in menu.actions():
            submenu, title = action.menu(), action.text().replace("&", "").rstrip("…")
            name = prefix + re.sub(r"\W+", "-", title.lower()).strip("-")
            if isinstance(submenu, QMenu):
                register(submenu, f"{name}-")
            elif not action.isSeparator():
                assert name not in found, f"two actions are named {name}"
                found[name] = action
                action.setObjectName(name)
                action.setProperty("title", title)
                action.setProperty(NAME, ICONS.get(name))

    for menu in _menus(window):
        register(menu)
    return found


def _menus(window: "Window") -> Iterator[QMenu]:
    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        yield menu


def _fill(menu: QMenu, *entries: Entry | None) -> None:
    """Add entries (title, keys apart by "; ", what to do); None is a line between two of them."""
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        title, keys, act = entry
        action = QAction(title, menu)
        action.setShortcuts(QKeySequence.listFromString(keys) if keys else [])
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
