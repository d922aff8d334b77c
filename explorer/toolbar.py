"""Over the map: files, undo, the tools, a hint, the layout and the search, as icons."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from explorer.icons import SIZE

LEAST_HINT = 150
"""Pixels below which a hint says nothing."""


class Hint(QLabel):
    """One line of faint text that is cut short before it widens the window."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("faint")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.width() >= LEAST_HINT:
            with QPainter(self) as painter:
                words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, words)


class Toolbar(QWidget):
    """A row of the actions that a hand wants near."""

    def __init__(self, hint: Hint, search: QWidget) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 6, 10, 6)
        self._row.setSpacing(2)
        self._row.addWidget(hint, 1)
        self._row.addWidget(search)

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
