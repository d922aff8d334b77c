"""The page for drawing by hand: the sheet, what the model makes of it, and how it would go on."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QMimeData
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.freehand import Stroke
from explorer.by_hand import Completions
from explorer.code_drag import CarriedCode, DragSource
from explorer.pad_view import PadView
from explorer.requests import ByHand, Located, Sketch
from explorer.sketch_grid import SketchGrid
from explorer.sketch_view import SketchView
from explorer.state import State
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

if TYPE_CHECKING:
    from explorer.opening import Opened

SVG_TYPES = ("image/svg+xml", "image/x-inkscape-svg")
MODEL = "As the model draws it"
NOTHING_TO_PASTE = "There is no drawing in the clipboard: copy an SVG first."
NOTHING_ADDED = "The model would add nothing: it takes this for finished."


class PadPanel(QWidget):
    """Draw, see where it lies and what the model makes of it, and let the model go on."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._pad = studio, studio.pad
        self._begun = False
        """Whether the grid shows something of the completions last asked for."""
        self._known: tuple[Stroke, ...] = ()
        """The drawing of which is known, whatever is current now, …"""
        self._located: Located | None = None
        self._sketch: Sketch | None = None
        """… where it lies and what the model makes of it."""
        self.sheet = PadView(theme)
        self.view = SketchView(theme)
        self.view.setMinimumSize(90, 90)
        self.view.setAccessibleName("The drawing as the model draws it")
        self.grid = SketchGrid(theme)
        self.grid.setAccessibleName("Nine ways to go on")
        self.place = QLabel()
        self.place.setObjectName("faint")
        self.words = QLabel()
        for label in (self.place, self.words):
            label.setWordWrap(True)
        self._lay_out()
        self.setAcceptDrops(True)
        DragSource(self.view, lambda _at: self._carried())
        self.sheet.drawn.connect(self._pad.add)
        self.sheet.erased.connect(self._pad.erase)
        self.grid.taken.connect(self._pad.take)
        studio.opened.connect(self._on_opened)
        studio.state_changed.connect(self._on_state)
        self._pad.said.connect(self.words.setText)
        self._pad.located.connect(self._on_located)
        self._pad.reconstructed.connect(self._on_reconstructed)
        self._pad.completing.connect(self._on_completing)
        self._pad.completed.connect(self._on_completed)
        self._show_strokes()
        self._show_known()

    def _lay_out(self) -> None:
        model = QVBoxLayout()
        model.setSpacing(4)
        model.addWidget(self.view, 1)
        model.addWidget(self.place)
        model.addStretch()
        drawing = QWidget()
        self._parts = QBoxLayout(QBoxLayout.Direction.LeftToRight, drawing)
        self._parts.setContentsMargins(0, 0, 0, 0)
        self._parts.setSpacing(10)
        self._parts.addWidget(self.sheet, 5)
        self._parts.addLayout(model, 2)
        self.pages = QStackedWidget()
        self.pages.addWidget(drawing)
        self.pages.addWidget(self.grid)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addWidget(self.pages, 1)
        column.addWidget(self.words)
        column.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(6)

        def button(text: str, what: str, act: object) -> QPushButton:
            made = QPushButton(text)
            made.setToolTip(what)
            made.clicked.connect(act)
            row.addWidget(made)
            return made

        self.complete = button("Complete it", "Let the model go on, in nine ways (Ctrl+Return)", self._pad.complete)
        row.addStretch()
        self.back = button("Back", "Back to the drawing", self._pad.drop_completions)
        self.undo = button("Undo stroke", "Take the last stroke away", self._pad.take_back)
        self.clear = button("Clear", "Begin with an empty sheet", self._pad.clear)
        self.open = button("Open…", "Open an SVG as the drawing; it can be pasted or dropped too", self._open)
        self.pin = button("Pin", "Give this code a letter for the expression line (Ctrl+D)", self._pin)
        return row

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the model's drawing where the sheet leaves room: beside it or below."""
        wide = self.width() > 0.8 * self.height()
        self._parts.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        self.view.setMaximumHeight(self.width() * 2 // 7 if wide else self.height())

    # -- what is shown -----------------------------------------------------------------------

    def _on_opened(self, opened: "Opened") -> None:
        self.view.attend = opened.decoder.attention_of
        self._known, self._located, self._sketch = (), None, None
        self._show_known()

    def _on_state(self, before: State, after: State) -> None:
        if after.pad is not before.pad:
            self._show_strokes()
        if after.differs(before, "pad", "target") and not self._on_its_way:
            self._show_known()

    def _show_strokes(self) -> None:
        strokes = self._pad.strokes
        self.sheet.show_strokes(strokes)
        for button in (self.complete, self.undo, self.clear, self.pin):
            button.setEnabled(bool(strokes))
        self._show_page(self.pages.widget(0))

    def _show_page(self, page: QWidget) -> None:
        completing = page is self.grid
        self.pages.setCurrentWidget(page)
        self.complete.setText("Nine others" if completing else "Complete it")
        self.back.setVisible(completing)
        for button in (self.undo, self.clear, self.open, self.pin):
            button.setVisible(not completing)

    @property
    def _is_known(self) -> bool:
        return bool(self._known) and _same(self._known, self._pad.strokes)

    @property
    def _on_its_way(self) -> bool:
        """Whether it is asked for, so that what is known of the drawing before may stay so long."""
        target = self._studio.state.target
        return not self._is_known and isinstance(target, ByHand) and _same(target.strokes, self._pad.strokes)

    def _on_located(self, located: Located | None) -> None:
        target = self._studio.state.target
        assert isinstance(target, ByHand)
        self._known, self._located, self._sketch = target.strokes, located, None
        self._show_known()

    def _on_reconstructed(self, sketch: Sketch) -> None:
        self._sketch = sketch
        if self._is_known:
            self.view.show_sketch(sketch)

    def _show_known(self) -> None:
        """What the model makes of the drawing on the sheet, as far as that is known."""
        if not self._is_known or self._located is None:
            self.view.clear()
            self.place.setText(MODEL)
            return
        self.view.begin()
        self.place.setText(f"{MODEL}; {self._located.detail}")
        if self._sketch is not None:
            self.view.show_sketch(self._sketch)

    def _carried(self) -> CarriedCode | None:
        located, sketch = self._located, self._sketch
        if not self._is_known or located is None or sketch is None or not sketch.finished:
            return None
        return CarriedCode(located.title, located.place.code, sketch.stroke3)

    def _pin(self) -> None:
        """Pin the drawing's code, also where something else has become current, as soon as it is known."""
        carried = self._carried()
        if carried is not None and not self._pad.current:
            self._studio.pin_code(*carried)
            return
        if not self._pad.current or (self._is_known and self._located is None):  # it is said again why
            self._studio.choose(ByHand(self._pad.strokes))
        self._studio.pin()

    # -- completions -------------------------------------------------------------------------

    def _on_completing(self) -> None:
        self._begun = False
        self._show_page(self.grid)
        self.grid.setFocus()

    def _on_completed(self, completions: Completions | None) -> None:
        if completions is None:
            self.grid.clear()
            self._show_page(self.pages.widget(0))
            return
        if not self._begun:
            self._begun = True
            self.grid.begin(completions.given)
        self.grid.show_sketches(completions.sketches, finished=completions.finished)
        if completions.finished:
            added = max(map(len, completions.sketches)) > completions.given
            self._pad.said.emit("Click one to take it." if added else NOTHING_ADDED)

    # -- pictures from elsewhere -------------------------------------------------------------

    def paste(self) -> None:
        """Take the clipboard's SVG as the drawing."""
        mime = QGuiApplication.clipboard().mimeData() or QMimeData()  # there is none where nothing was copied
        source = svg_in(mime) or (mime.text().encode() if mime.hasText() else None)
        if source is None:
            self._pad.said.emit(NOTHING_TO_PASTE)
        else:
            self._pad.open(source)

    def _open(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a drawing", "", "SVG (*.svg)")
        if name:
            self._pad.open(Path(name))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if svg_in(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        source = svg_in(event.mimeData())
        if source is not None:
            event.acceptProposedAction()
            self._pad.open(source)


def _same(strokes: tuple[Stroke, ...], others: tuple[Stroke, ...]) -> bool:
    """Whether it is the same drawing; that of a session comes twice, on the pad and as what is current."""
    return strokes is others or (len(strokes) == len(others) and all(map(np.array_equal, strokes, others)))


def svg_in(mime: QMimeData) -> Path | bytes | None:
    """The SVG that is dragged or was copied: a file, or its bytes."""
    for url in mime.urls():
        if url.isLocalFile() and url.toLocalFile().lower().endswith(".svg"):
            return Path(url.toLocalFile())
    for kind in SVG_TYPES:
        if mime.hasFormat(kind):
            return mime.data(kind).data()
    text = mime.text().lstrip() if mime.hasText() else ""
    return text.encode() if text.startswith("<") else None
