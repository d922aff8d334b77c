"""The named groups, under the legend."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

ROW = 22
MOST_ROWS = 6


class GroupList(QWidget):
    """One row a group: activating it selects its drawings, Delete forgets it."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self.rows = QListWidget()
        self.rows.setAccessibleName("Groups")
        self.rows.setToolTip("Click to select the group again, press Delete to forget it")
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.installEventFilter(self)
        title = QLabel("Groups")
        title.setObjectName("faint")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 10, 8)
        column.setSpacing(2)
        column.addWidget(title)
        column.addWidget(self.rows)
        self.hide()
        self.rows.itemClicked.connect(self._choose)
        self.rows.itemActivated.connect(self._choose)
        studio.selection.groups_changed.connect(self._on_groups)

    def _on_groups(self) -> None:
        groups = self._studio.selection.groups
        self.rows.clear()
        for group in groups.values():
            item = QListWidgetItem(f"{group.name}   {len(group.indices):,}")
            item.setData(Qt.ItemDataRole.UserRole, group.name)
            self.rows.addItem(item)
        self.rows.setFixedHeight(ROW * min(len(groups), MOST_ROWS) + 4)
        self.setVisible(bool(groups))

    def _choose(self, item: QListWidgetItem) -> None:
        self._studio.selection.choose_group(item.data(Qt.ItemDataRole.UserRole))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        deletes = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        item = self.rows.currentItem()
        if not isinstance(event, QKeyEvent) or event.key() not in deletes or item is None:
            return False
        if event.type() == QEvent.Type.KeyPress:
            self._studio.selection.drop_group(item.data(Qt.ItemDataRole.UserRole))
        return True
