"""The window: map, sketch, bench, and the status line."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QProgressBar,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.bench import Bench
from explorer.filmstrip import Filmstrip
from explorer.map_view import MapView, Tool
from explorer.requests import Sketch
from explorer.sketch_panel import SketchPanel
from explorer.studio import Studio
from explorer.theme import Theme

if TYPE_CHECKING:
    from explorer.opening import Opened

TOOLS = {
    Tool.EXPLORE: ("Explore", "V", "Click or drag on the map: the model draws what lies there."),
    Tool.PATH: ("Path", "P", "Drag across the map: the sketches along the way appear below it."),
}


class Window(QMainWindow):
    """Arranges the widgets; all they do is in the studio."""

    def __init__(self, studio: Studio, theme: Theme) -> None:
        super().__init__()
        self.studio = studio
        self.setWindowTitle("Sketch Explorer")
        self.resize(1280, 820)
        self.map = MapView(studio, theme)
        self.panel = SketchPanel(studio, theme)
        self.film = Filmstrip(studio, theme)
        self.bench = Bench(studio, theme)
        self.hint = QLabel()
        self.hint.setObjectName("faint")
        self._build()
        self._build_status()
        self._build_actions()
        studio.opening.connect(self._on_opening)
        studio.opened.connect(self._on_opened)
        studio.sketch_changed.connect(self._on_sketch)
        studio.failed.connect(self._on_failed)
        self.map.hovered.connect(self._on_hover)
        self.set_tool(Tool.EXPLORE)
        self.map.setFocus()

    # -- building ----------------------------------------------------------------------------

    def _build(self) -> None:
        self.tool_buttons: dict[Tool, QToolButton] = {}
        bar = QHBoxLayout()
        bar.setContentsMargins(10, 7, 10, 7)
        bar.setSpacing(6)
        for tool, (name, key, what) in TOOLS.items():
            button = QToolButton()
            button.setText(name)
            button.setCheckable(True)
            button.setToolTip(f"{what} ({key})")
            button.clicked.connect(lambda _=False, tool=tool: self.set_tool(tool))
            self.tool_buttons[tool] = button
            bar.addWidget(button)
        bar.addSpacing(8)
        bar.addWidget(self.hint, 1)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.map, 1)
        top = QSplitter(Qt.Orientation.Horizontal)
        top.addWidget(left)
        top.addWidget(self.panel)
        top.setSizes([853, 427])
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.film, 1)
        column.addWidget(self.bench)
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(top)
        whole.addWidget(below)
        whole.setSizes([620, 180])
        for splitter in (top, whole):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
        whole.setStretchFactor(0, 1)
        top.setStretchFactor(0, 1)
        self.setCentralWidget(whole)

    def _build_status(self) -> None:
        self.status = QLabel()
        self.progress = QProgressBar()
        self.progress.setFixedWidth(160)
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.under_pointer = QLabel()
        bar = self.statusBar()
        bar.setContentsMargins(8, 0, 8, 0)
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.status)
        bar.addWidget(self.progress)
        bar.addPermanentWidget(self.under_pointer)

    def _build_actions(self) -> None:
        group = QActionGroup(self)
        for tool, (name, key, _) in TOOLS.items():
            action = QAction(name, group)
            action.setShortcut(QKeySequence(key))
            action.triggered.connect(lambda _=False, tool=tool: self.set_tool(tool))
            self.addAction(action)
        for keys, act in (("Ctrl+D", self.studio.pin), ("Ctrl+L", self.bench.line.setFocus), ("Ctrl+Q", self.close)):
            action = QAction(self)
            action.setShortcut(QKeySequence(keys))
            action.triggered.connect(lambda _=False, act=act: act())
            self.addAction(action)

    # -- doing -------------------------------------------------------------------------------

    def set_tool(self, tool: Tool) -> None:
        self.map.set_tool(tool)
        for other, button in self.tool_buttons.items():
            button.setChecked(other is tool)
        self.hint.setText(f"{TOOLS[tool][2]}  Wheel zooms, middle button or space pans.")

    def _on_opening(self, stage: str, fraction: float | None) -> None:
        self.status.setText(stage[:1].upper() + stage[1:] + (" …" if stage else ""))
        self.progress.setVisible(bool(stage))
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * fraction))
        if not stage and self.studio.current is not None:
            count = len(self.studio.current.atlas)
            self.status.setText(f"{count:,} drawings in {len(self.studio.current.category_means)} categories")

    def _on_opened(self, opened: "Opened") -> None:
        self.setWindowTitle(f"{opened.title} – Sketch Explorer")

    def _on_sketch(self, sketch: Sketch) -> None:
        if sketch.finished and not self.progress.isVisible():
            self.status.setText(f"{len(sketch.stroke3)} points drawn in {1000 * sketch.seconds:.0f} ms")

    def _on_hover(self, index: int | None) -> None:
        atlas = self.studio.current.atlas if self.studio.current is not None else None
        self.under_pointer.setText("" if index is None or atlas is None else f"{atlas.category(index)} #{index}")

    def _on_failed(self, message: str, details: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Sketch Explorer", message, parent=self)
        box.setDetailedText(details)
        box.open()

    # -- the end -----------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        self.studio.close()
        super().closeEvent(event)
