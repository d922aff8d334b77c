"""Over the map: files, undo, the tools, a hint, the layout and the search, as icons."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from explorer.icons import SIZE


class Toolbar(QWidget):
    """A row of the actions that a hand wants near."""

    def __init__(self, hint: QLabel, search: QWidget) -> None:
        super().__init__()
        hint.setObjectName("faint")
        hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # cut short before it widens
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 6, 10, 6)
        self._row.setSpacing(2)
        self._row.addWidget(hint, 1)
        self._row.addWidget(search)
        self._hint = hint

    def fill(self, near: list[QAction], tools: Mapping[Any, QAction], beside_search: QAction) -> dict[Any, QToolButton]:
        """Buttons for the actions; those of the tools, which have their names beside them."""
        place = 0
        for action in near:
            self._row.insertWidget(place, self._button(action))
            place += 1
        self._row.insertSpacing(place, 8)
        buttons = {}
        for tool, action in tools.items():
            place += 1
            buttons[tool] = self._button(action)
            buttons[tool].setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self._row.insertWidget(place, buttons[tool])
        self._row.insertSpacing(place + 1, 8)
        self._row.insertWidget(self._row.count() - 1, self._button(beside_search))
        return buttons

    def _button(self, action: QAction) -> QToolButton:
        button = QToolButton()
        button.setObjectName("tool")
        button.setDefaultAction(action)
        button.setIconSize(QSize(SIZE, SIZE))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
