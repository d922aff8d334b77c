"""All keys and gestures on one page, read from the actions themselves."""

from collections.abc import Iterator
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QMenu, QMenuBar, QVBoxLayout, QWidget

from explorer.gestures import GESTURES

KEYS = 150
"""Pixels for the keys."""
Section = tuple[str, list[tuple[str, str]]]
"""A title, and (key, what it does) in rows."""


def sections(bar: QMenuBar) -> list[Section]:
    """One for each menu that has keys, then the mouse."""
    menus = [menu for menu in (action.menu() for action in bar.actions()) if isinstance(menu, QMenu)]
    found = [(_plain(menu.title()), [_row(each) for each in _actions(menu) if each.shortcuts()]) for menu in menus]
    mouse = [(gesture.how, f"{gesture.where}: {gesture.what}") for gesture in GESTURES]
    return [*((title, rows) for title, rows in found if rows), ("Mouse", mouse)]


def _actions(menu: QMenu) -> Iterator[QAction]:
    for action in menu.actions():
        submenu = action.menu()
        if isinstance(submenu, QMenu):
            yield from _actions(submenu)
        else:
            yield action


def _plain(title: str) -> str:
    return title.replace("&", "")


def _row(action: QAction) -> tuple[str, str]:
    title = action.property("title") or action.text()  # that of undo says what would be undone
    return action.shortcut().toString(QKeySequence.SequenceFormat.NativeText), _plain(title).rstrip("…")


def _columns(found: list[Section]) -> tuple[list[Section], list[Section]]:
    """Two, of as nearly the same height as their order allows."""
    heights = [len(rows) + 2 for _, rows in found]
    cuts = range(1, len(found))
    cut = min(cuts, key=lambda cut: abs(sum(heights[:cut]) - sum(heights[cut:])), default=0)
    return found[:cut], found[cut:]


class CheatSheet(QDialog):
    """A panel of two columns; any click or Escape closes it."""

    def __init__(self, bar: QMenuBar, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        row = QHBoxLayout()
        row.setSpacing(36)
        for column in _columns(sections(bar)):
            label = QLabel("".join(_as_html(section) for section in column))
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            row.addWidget(label)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(24, 14, 24, 18)
        whole.addLayout(row)

    def mousePressEvent(self, event: object) -> None:
        self.close()


def _as_html(section: Section) -> str:
    """A table whose first column is as wide in every section."""
    title, rows = section
    cells = "".join(
        f"<tr><td width='{KEYS}'><b>{escape(key)}</b></td><td>{escape(what)}</td></tr>" for key, what in rows
    )
    return f"<h4 style='margin: 10px 0 4px 0'>{escape(title)}</h4><table cellspacing='1'>{cells}</table>"
