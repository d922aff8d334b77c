"""Left of the map: what its colours mean, and which of them are shown."""

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QRectF, QSize, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from core.attributes import ATTRIBUTES, Classes, Filter
from explorer.finding import Coloured
from explorer.group_list import GroupList
from explorer.palette import category_colour
from explorer.range_bar import RangePanel
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

WIDTH = 186
ROW = 22
SWATCH = 9
MANY = 20
"""More classes than this get a line to look for one."""
COUNT_ROLE = Qt.ItemDataRole.UserRole
SHOWN_ROLE = Qt.ItemDataRole.UserRole + 1
LABEL_ROLE = Qt.ItemDataRole.UserRole + 2
TIP = "Click hides or shows, Alt-click or double click shows it alone. Space and Return do the same."


class ClassModel(QAbstractListModel):
    """The classes of an attribute that have drawings, with what of them is shown."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: Classes | None = None
        self._labels: list[int] = []
        self._filter = Filter()

    def set_classes(self, classes: Classes) -> None:
        self.beginResetModel()
        self._classes = classes
        self._labels = [label for label, count in enumerate(classes.counts.tolist()) if count]
        self.endResetModel()

    def set_filter(self, chosen: Filter) -> None:
        self._filter = chosen
        if self._labels:
            self.dataChanged.emit(self.index(0), self.index(len(self._labels) - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return len(self._labels)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if self._classes is None:
            return None
        label = self._labels[index.row()]
        name, count, shown = self._classes.names[label], int(self._classes.counts[label]), self._shown(label)
        values = {
            Qt.ItemDataRole.DisplayRole: name,
            Qt.ItemDataRole.ToolTipRole: TIP,
            Qt.ItemDataRole.AccessibleTextRole: f"{name}, {count} drawings, {'shown' if shown else 'hidden'}",
            COUNT_ROLE: count,
            SHOWN_ROLE: shown,
            LABEL_ROLE: label,
        }
        return values.get(Qt.ItemDataRole(role) if role < COUNT_ROLE else role)

    def _shown(self, label: int) -> bool:
        return label not in self._filter.hidden


class ClassRow(QStyledItemDelegate):
    """A dot of the colour (a ring where it is hidden), the name, how many."""

    def __init__(self, theme: Theme | LiveTheme, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(WIDTH - 20, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        shown, area = index.data(SHOWN_ROLE), QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = category_colour(index.data(LABEL_ROLE))
        dot = QRectF(area.left() + 10, area.center().y() - SWATCH / 2, SWATCH, SWATCH)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(colour if shown else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(dot)
        current = option.state & option.state.State_HasFocus and option.widget.hasFocus()
        ink = self._theme.accent if current else self._theme.ink if shown else self._theme.faint
        count = f"{index.data(COUNT_ROLE):,}"
        room = painter.fontMetrics().horizontalAdvance(count)
        text = area.adjusted(28, 0, -room - 16, 0)
        vertical = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(QColor(ink))
        name = painter.fontMetrics().elidedText(
            index.data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideRight, int(text.width())
        )
        painter.drawText(text, vertical | Qt.AlignmentFlag.AlignLeft, name)
        painter.setPen(QColor(self._theme.faint))
        painter.drawText(area.adjusted(0, 0, -10, 0), vertical | Qt.AlignmentFlag.AlignRight, count)
        painter.restore()


class ClassList(QListView):
    """The rows of a Classes; what they do to the filter."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio = studio
        self._before = Filter()
        self.classes = ClassModel()
        self.found = QSortFilterProxyModel()
        self.found.setSourceModel(self.classes)
        self.found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self.found)
        self.setItemDelegate(ClassRow(theme, self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Legend")

    def _toggle(self, label: int) -> None:
        showing = self._studio.showing
        showing.set_filter(showing.filter.toggled(label))

    def _isolate(self, label: int, before: Filter) -> None:
        showing = self._studio.showing
        if showing.shown is not None and isinstance(showing.shown.attribute, Classes):
            showing.set_filter(before.isolated(label, len(showing.shown.attribute.names)))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if not index.isValid() or event.button() != Qt.MouseButton.LeftButton:
            return
        self._before = self._studio.showing.filter
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self._isolate(index.data(LABEL_ROLE), self._before)
        else:
            self._toggle(index.data(LABEL_ROLE))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._isolate(index.data(LABEL_ROLE), self._before)  # as it was before the first click hid it

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if index.isValid() and event.key() == Qt.Key.Key_Space:
            self._toggle(index.data(LABEL_ROLE))
        elif index.isValid() and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._isolate(index.data(LABEL_ROLE), self._studio.showing.filter)
        else:
            super().keyPressEvent(event)


class Legend(QWidget):
    """Colour by what; the meaning of each colour; how much is shown; the groups."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio = studio
        self.setObjectName("legend")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self.by = QComboBox()
        for name, title in ATTRIBUTES.items():
            self.by.addItem(title, name)
        self.by.setAccessibleName("Colour by")
        self.by.setToolTip("What the colours of the map show (Ctrl+K)")
        self.look_for = QLineEdit()
        self.look_for.setObjectName("small")
        self.look_for.setPlaceholderText("Filter")
        self.look_for.setClearButtonEnabled(True)
        self.look_for.setAccessibleName("Filter the legend")
        self.rows = ClassList(studio, theme)
        self.range = RangePanel(studio, theme)
        self.pages = QStackedWidget()
        self.pages.addWidget(self.rows)
        self.pages.addWidget(self.range)
        self.count = QLabel()
        self.count.setObjectName("faint")
        self.everything = QPushButton("Show all")
        self.everything.setObjectName("flat")
        self.everything.setToolTip("Hide nothing any more (Ctrl+Shift+A)")
        self.groups = GroupList(studio, theme)
        self._lay_out()
        self.by.activated.connect(lambda: studio.showing.colour_by(self.by.currentData()))
        self.look_for.textChanged.connect(self.rows.found.setFilterFixedString)
        self.everything.clicked.connect(studio.showing.show_all)
        studio.showing.coloured.connect(self._on_coloured)
        studio.showing.filtered.connect(self._on_filtered)
        studio.opened.connect(self._on_filtered)

    def _lay_out(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(10, 8, 10, 4)
        head.setSpacing(6)
        head.addWidget(self.by)
        head.addWidget(self.look_for)
        foot = QHBoxLayout()
        foot.setContentsMargins(10, 4, 6, 6)
        foot.addWidget(self.count, 1)
        foot.addWidget(self.everything)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.pages, 1)
        column.addLayout(foot)
        column.addWidget(self.groups)
        self.look_for.hide()
        self.everything.hide()

    def _on_coloured(self, coloured: Coloured) -> None:
        found = coloured.attribute
        self.by.setCurrentIndex(self.by.findData(found.name))
        many = isinstance(found, Classes) and len(found.names) > MANY
        self.look_for.setVisible(many)
        if not many:
            self.look_for.clear()
        if isinstance(found, Classes):
            self.rows.classes.set_classes(found)
            self.rows.classes.set_filter(self._studio.showing.filter)
            self.pages.setCurrentWidget(self.rows)
        else:
            self.range.show_numbers(found)
            self.pages.setCurrentWidget(self.range)

    def _on_filtered(self) -> None:
        if self._studio.current is None:
            return
        mask, total = self._studio.showing.mask, len(self._studio.current.atlas)
        self.rows.classes.set_filter(self._studio.showing.filter)
        self.range.show_filter(self._studio.showing.filter)
        self.everything.setVisible(mask is not None)
        self.count.setText(f"{total:,} shown" if mask is None else f"{int(mask.sum()):,} of {total:,}")

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self.rows.viewport().update()
        super().changeEvent(event)
