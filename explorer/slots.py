"""The pinned codes in a row: each a sketch with a name, and a last place that takes more."""

from functools import partial

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QLabel, QMenu, QScrollArea, QSizePolicy, QWidget

from explorer.code_drag import CarriedCode, DragSource, DropTarget
from explorer.ink import paint_sketch
from explorer.inline_editor import InlineEditor
from explorer.state import Pin, State
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

SLOT = 56
WIDEST = 104
"""Pixels of a slot with a long name."""
NAME = 15
"""Pixels of the line with a name of more than two letters."""
SPACING = 6


class Slot(QAbstractButton):
    """A pinned code: its sketch and its name."""

    renaming = Signal()
    removing = Signal()
    inserting = Signal()

    def __init__(self, pin: Pin, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self.pin, self._theme = pin, theme
        self._bold = QFont(self.font())
        self._bold.setWeight(QFont.Weight.DemiBold)
        width = QFontMetrics(self._bold).horizontalAdvance(pin.name) + 10
        self.setFixedSize(min(max(SLOT, width), WIDEST), SLOT)
        self.setToolTip(
            f"{pin.name}: {pin.title}\nClick to draw it, drag it elsewhere, double-click to rename, Delete to unpin"
        )
        self.setAccessibleName(f"Pinned code {pin.name}: {pin.title}")
        DragSource(self, self._carried)

    def _carried(self, _at: QPointF) -> CarriedCode:
        self.setDown(False)  # this press is no click
        return CarriedCode(self.pin.title, self.pin.code, self.pin.stroke3)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.renaming.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removing.emit()
        elif event.key() == Qt.Key.Key_F2:
            self.renaming.emit()
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if asked and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_F2):
            event.accept()  # the slot's own, whatever menu has that key too
            return True
        return super().event(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def menu(self) -> QMenu:
        """What can be done with it."""
        menu = QMenu(self)
        menu.addAction("Draw it", self.click)
        menu.addAction("Put into the expression", self.inserting.emit)
        menu.addAction("Rename…", self.renaming.emit)
        menu.addSeparator()
        menu.addAction("Unpin", self.removing.emit)
        return menu

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            area = QRectF(self.rect())
            painter.fillRect(area, QColor(self._theme.paper))
            beside = len(self.pin.name) <= 2
            sketch = area.adjusted(10, 0, 0, 0) if beside else area.adjusted(4, NAME - 2, -4, 0)
            paint_sketch(painter, self.pin.stroke3, sketch, QColor(self._theme.ink))
            painter.setFont(self._bold)
            painter.setPen(QColor(self._theme.accent if self.hasFocus() or self.underMouse() else self._theme.faint))
            room = area.adjusted(5, 2, -3, 0)
            name = painter.fontMetrics().elidedText(self.pin.name, Qt.TextElideMode.ElideRight, int(room.width()))
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, name)


class EmptySlot(QAbstractButton):
    """Invites to pin what is current, or to drop a sketch."""

    def __init__(self, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(SLOT, SLOT)
        self.setToolTip("Click to pin the current code (Ctrl+D), or drop a sketch here")
        self.setAccessibleName("Pin the current code")

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            lively = self.hasFocus() or self.underMouse()
            pen = QPen(QColor(self._theme.accent if lively else self._theme.faint), 1)
            pen.setDashPattern([3, 3])
            painter.setPen(pen)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 4, 4)
            pen.setStyle(Qt.PenStyle.SolidLine)
            painter.setPen(pen)
            middle = QRectF(self.rect()).center()
            for arm in (QPointF(6, 0), QPointF(0, 6)):
                painter.drawLine(middle - arm, middle + arm)


class SlotRow(QScrollArea):
    """All pinned codes, and the empty slot."""

    inserting = Signal(str)
    """The name of a pin that is wanted in the expression."""
    refused = Signal(str)
    """Why a pin cannot have the name that was typed."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedHeight(SLOT + 9)
        self.setMinimumWidth(2 * SLOT)
        self.setAccessibleName("Pinned codes")
        self.empty = EmptySlot(theme)
        self.empty.clicked.connect(studio.pin)
        row = QWidget()
        self._row = QHBoxLayout(row)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACING)
        self._row.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._row.addWidget(self.empty)
        self.words = QLabel("Pin a code (Ctrl+D)\nor drop a sketch here")
        self.words.setObjectName("faint")
        self._row.addWidget(self.words, 0, Qt.AlignmentFlag.AlignVCenter)
        self._to_end = False
        """Whether the newest slot is to be seen, since nobody has scrolled."""
        self.horizontalScrollBar().rangeChanged.connect(self._on_range)
        self.horizontalScrollBar().actionTriggered.connect(self._on_scrolled)
        self.setWidget(row)
        self.editor = InlineEditor(row)
        self.editor.setAccessibleName("Name of the pinned code")
        self._renamed = ""
        self.editor.entered.connect(self._rename)
        DropTarget(row, partial(self.drop, None))
        studio.state_changed.connect(self._on_state)

    def sizeHint(self) -> QSize:
        widths = [slot.width() for slot in (*self.slots(), self.empty)]  # the layout forgets those not yet shown
        if not self._studio.pins:
            widths.append(self.words.sizeHint().width())
        return QSize(sum(widths) + SPACING * len(widths), self.height())

    def slots(self) -> list[Slot]:
        """From left to right."""
        widgets = (self._row.itemAt(place).widget() for place in range(self._row.count()))
        return [widget for widget in widgets if isinstance(widget, Slot)]

    def _on_state(self, before: State, after: State) -> None:
        if after.pins is before.pins:
            return
        focused = next((slot.pin.name for slot in self.slots() if slot.hasFocus()), None)
        more = len(after.pins) > len(before.pins)
        self.editor.give_up()
        for slot in self.slots():
            self._row.removeWidget(slot)
            slot.hide()
            slot.deleteLater()
        for place, pin in enumerate(after.pins.values()):
            slot = self._slot(pin)
            self._row.insertWidget(place, slot)
            if pin.name == focused:
                slot.setFocus()
        self.words.setVisible(not after.pins)
        self._to_end = more
        self.updateGeometry()

    def _on_range(self, _low: int, high: int) -> None:
        """The newest slot is the last: show it."""
        if self._to_end:
            self.horizontalScrollBar().setValue(high)

    def _slot(self, pin: Pin) -> Slot:
        slot = Slot(pin, self._theme)
        slot.clicked.connect(lambda: self._studio.choose_pin(pin.name))
        slot.removing.connect(lambda: self._studio.unpin(pin.name))
        slot.inserting.connect(lambda: self.inserting.emit(pin.name))
        slot.renaming.connect(lambda: self.rename(slot))
        DropTarget(slot, partial(self.drop, pin.name))
        return slot

    def drop(self, before: str | None, carried: CarriedCode) -> str | None:
        """Pin what was dropped, or move it before the pin `before` (None: to the end) if it is pinned already."""
        name = self._studio.arithmetic.name_of(carried.code)
        if name is None:
            return self._studio.pin_code(*carried)
        self._studio.arithmetic.move_pin(name, before)
        return name

    # -- names -------------------------------------------------------------------------------

    def rename(self, slot: Slot) -> None:
        """Let the user type another name over a slot."""
        self._renamed = slot.pin.name
        self.editor.setGeometry(slot.x(), slot.y(), max(slot.width(), WIDEST - 20), self.editor.sizeHint().height())
        self.editor.ask(slot.pin.name)

    def _rename(self, name: str) -> None:
        if name.strip() and (problem := self._studio.rename_pin(self._renamed, name)):
            self.refused.emit(problem)

    def _on_scrolled(self) -> None:
        self._to_end = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._on_scrolled()
        bar, turn = self.horizontalScrollBar(), event.angleDelta()
        bar.setValue(bar.value() - (turn.y() or turn.x()))
        event.accept()
