"""Codes under the pointer: dragged from wherever one is shown to whatever takes one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import msgspec
import numpy as np
from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QDrag, QDropEvent, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from explorer.ink import paint_sketch
from explorer.records import LARGEST
from explorer.requests import Strokes

if TYPE_CHECKING:
    from core.expression import Code

MIME = "application/x-sketch-explorer-code"
SIDE = 72
"""Pixels of the sketch under the pointer."""
MOST_DIMENSIONS, MOST_POINTS, LONGEST_TITLE = 65_536, 10_000, 1_000


class CarriedCode(NamedTuple):
    """What is dragged."""

    title: str
    code: "Code"
    """[N_z]"""
    stroke3: Strokes


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    """The same as JSON: it may come from another program, so it is checked when it is read."""

    title: Annotated[str, msgspec.Meta(max_length=LONGEST_TITLE)]
    code: Annotated[list[float], msgspec.Meta(min_length=1, max_length=MOST_DIMENSIONS)]
    stroke3: Annotated[list[tuple[float, float, float]], msgspec.Meta(max_length=MOST_POINTS)]


def code_mime(title: str, code: "Code", stroke3: Strokes) -> QMimeData:
    """A code as it travels, and its title as text for other programs."""
    mime = QMimeData()
    wire = _Wire(title[:LONGEST_TITLE], code.tolist(), [tuple(row) for row in stroke3.tolist()])
    mime.setData(MIME, QByteArray(msgspec.json.encode(wire)))
    mime.setText(title)
    return mime


def dropped_code(mime: QMimeData) -> CarriedCode | None:
    """The code that arrives, or None if there is none that can be used, whoever made the bytes."""
    try:
        wire = msgspec.json.decode(mime.data(MIME).data(), type=_Wire)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    with np.errstate(over="ignore"):
        code = np.array(wire.code, dtype=np.float32)
        stroke3 = np.array(wire.stroke3, dtype=np.float32).reshape(-1, 3)
    if not ((np.abs(code) <= LARGEST).all() and (np.abs(stroke3) <= LARGEST).all()):  # not so for NaN either
        return None
    return CarriedCode(wire.title, code, stroke3)


def drag_code(source: QWidget, title: str, code: "Code", stroke3: Strokes) -> None:
    """Let a code hang on the pointer, by its sketch, until the button is released. `source` is where it was."""
    ratio = source.devicePixelRatioF()
    pixmap = QPixmap(round(SIDE * ratio), round(SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        paint_sketch(painter, stroke3, QRectF(0, 0, SIDE, SIDE), source.palette().windowText().color())
    drag = QDrag(source)
    drag.setMimeData(code_mime(title, code, stroke3))
    drag.setPixmap(pixmap)
    drag.setHotSpot(QPoint(SIDE // 2, SIDE // 2))
    drag.exec(Qt.DropAction.CopyAction)


class DragSource(QObject):
    """Lets the codes that a widget shows be dragged away; clicks remain the widget's own."""

    def __init__(self, widget: QWidget, carried: Callable[[QPointF], CarriedCode | None]) -> None:
        """`carried` says what is at a place of the widget."""
        super().__init__(widget)
        self._widget, self._carried = widget, carried
        self._pressed: QPointF | None = None
        self._dragged = False
        """Whether the gesture has become a drag."""
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent):
            return False
        held = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if event.type() == QEvent.Type.MouseButtonPress:
            self._pressed = event.position() if event.button() == Qt.MouseButton.LeftButton else None
            self._dragged = False
        elif event.type() == QEvent.Type.MouseMove and held and not self._dragged and self._pressed is not None:
            if (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
                carried, self._pressed = self._carried(self._pressed), None
                if carried is not None:
                    self._dragged = True
                    drag_code(self._widget, *carried)
        elif event.type() == QEvent.Type.MouseButtonRelease:
            self._pressed = None
        return self._dragged  # the rest of the gesture is no business of the widget


class DropTarget(QObject):
    """Lets codes be dropped onto a widget."""

    def __init__(self, widget: QWidget, take: Callable[[CarriedCode], object]) -> None:
        super().__init__(widget)
        self._take = take
        self.alone = False
        """Whether the widget itself takes nothing: what is no code is left to those around it."""
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QDropEvent):  # which those of entering and moving are too
            return False
        if not event.mimeData().hasFormat(MIME):
            if self.alone:
                event.ignore()
            return self.alone
        carried = dropped_code(event.mimeData()) if event.type() == QEvent.Type.Drop else None
        event.setDropAction(Qt.DropAction.CopyAction)
        event.setAccepted(carried is not None or event.type() != QEvent.Type.Drop)
        if carried is not None:
            self._take(carried)
        return True
