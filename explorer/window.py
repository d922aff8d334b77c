"""The window: map, sketch, bench, and the status line."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.bench import Bench
from explorer.film_bar import FilmPanel
from explorer.filmstrip import Filmstrip
from explorer.layout_panel import LayoutPanel
from explorer.legend import Legend
from explorer.map_view import MapView, Tool
from explorer.menus import build_menus
from explorer.requests import Sketch
from explorer.search import Search
from explorer.selection_bar import SelectionBar
from explorer.sketch_panel import SketchPanel
from explorer.strip import Strip
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

if TYPE_CHECKING:
    from explorer.opening import Opened

TOOLS = {
    Tool.EXPLORE: ("Explore", "V", "Click or drag on the map: the model draws what is there."),
    Tool.PATH: ("Path", "P", "Drag, or click point by point. Del removes, Enter begins anew."),
    Tool.SELECT: ("Select", "S", "Drag around drawings. Shift adds, Ctrl subtracts. S: {other}."),
}


class Window(QMainWindow):
    """Arranges the widgets; all they do is in the studio."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self.studio = studio
        self._theme = theme
        self._jobs: dict[str, tuple[str, float | None]] = {}
        """What goes on in the background, the newest last: its stage and how much of that is done."""
        self._layout_panel: LayoutPanel | None = None
        self.setWindowTitle("Sketch Explorer")
        self.resize(1280, 820)
        self.map = MapView(studio, theme)
        self.panel = SketchPanel(studio, theme)
        self.film = Filmstrip(studio, theme)
        self.bench = Bench(studio, theme)
        self.legend = Legend(studio, theme)
        self.strip = Strip(studio, theme)
        self.search = Search(studio)
        self.selected = SelectionBar(studio, self.map)
        self.hint = QLabel()
        self.hint.setObjectName("faint")
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # cut short before it widens
        self._build()
        self._build_status()
        build_menus(self)
        studio.opening.connect(lambda stage, fraction: self._on_job("opening", stage, fraction))
        studio.layouts.progressed.connect(lambda stage, fraction: self._on_job("layout", stage, fraction))
        studio.filming.progressed.connect(lambda stage, fraction: self._on_job("ways", stage, fraction))
        studio.selection.exporting.connect(lambda stage, fraction: self._on_job("export", stage, fraction))
        studio.selection.exported.connect(self.status.setText)
        self.search.missed.connect(self.status.setText)
        self.search.found.connect(self._on_found)
        self.map.marquee.shape_changed.connect(lambda: self.set_tool(self.map.tool))
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
            button.setToolTip(f"{what.format(other='lasso')} ({key})")
            button.clicked.connect(lambda _=False, tool=tool: self.set_tool(tool))
            self.tool_buttons[tool] = button
            bar.addWidget(button)
        bar.addSpacing(8)
        bar.addWidget(self.hint, 1)
        layout = QToolButton()
        layout.setText("Layout…")
        layout.setToolTip("How the map is laid out: UMAP, densMAP or PCA, and their settings (Ctrl+Shift+L)")
        layout.clicked.connect(self.show_layout)
        bar.addWidget(layout)
        bar.addWidget(self.search)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self.legend)
        across.addWidget(self.map, 1)
        column.addLayout(across, 1)
        top = QSplitter(Qt.Orientation.Horizontal)
        top.addWidget(left)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.side = QTabWidget()
        self.side.setDocumentMode(True)
        self.side.addTab(self.panel, "Sketch")
        column.addWidget(self.side, 1)
        column.addWidget(self.strip)
        top.addWidget(right)
        top.setSizes([880, 400])
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(FilmPanel(self.studio, self._theme, self.film), 1)
        column.addWidget(self.bench)
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(top)
        whole.addWidget(below)
        whole.setSizes([600, 210])
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
        self.stop = QPushButton("Stop")
        self.stop.setObjectName("flat")
        self.stop.setToolTip("End this and keep what is there (Esc)")
        self.stop.clicked.connect(self.stop_job)
        self.stop.hide()
        self.under_pointer = QLabel()
        bar = self.statusBar()
        bar.setContentsMargins(8, 0, 8, 0)
        bar.setSizeGripEnabled(False)
        bar.addWidget(self.status)
        bar.addWidget(self.progress)
        bar.addWidget(self.stop)
        bar.addPermanentWidget(self.under_pointer)

    def add_tools(self, menu: QMenu) -> None:
        """The tools as menu entries."""
        group = QActionGroup(self)
        for tool, (name, key, _) in TOOLS.items():
            action = QAction(name, group)
            action.setShortcut(QKeySequence(key))
            action.triggered.connect(lambda _=False, tool=tool: self._choose_tool(tool))
            menu.addAction(action)
        lasso = QAction("Lasso or rectangle", self)
        lasso.setShortcut(QKeySequence("Shift+S"))
        lasso.triggered.connect(lambda: self._choose_tool(Tool.SELECT, lasso=not self.map.marquee.lasso))
        menu.addAction(lasso)

    # -- doing -------------------------------------------------------------------------------

    def _choose_tool(self, tool: Tool, *, lasso: bool | None = None) -> None:
        """Take up a tool; the select tool, taken up again, changes its shape."""
        again = tool is Tool.SELECT and self.map.tool is tool
        self.set_tool(tool)
        if lasso is not None or again:
            self.map.marquee.set_lasso(not self.map.marquee.lasso if lasso is None else lasso)

    def set_tool(self, tool: Tool) -> None:
        self.map.set_tool(tool)
        for other, button in self.tool_buttons.items():
            button.setChecked(other is tool)
        lasso = self.map.marquee.lasso
        self.tool_buttons[Tool.SELECT].setText("Lasso" if lasso else "Select")
        what = TOOLS[tool][2].format(other="rectangle" if lasso else "lasso")
        self.hint.setText(what)
        self.hint.setToolTip(f"{what}\nThe wheel zooms, the middle button or space pans.")

    def find(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def name_selection(self) -> None:
        self.selected.name.setFocus()

    def choose_colours(self) -> None:
        self.legend.show()
        self.legend.by.setFocus()
        self.legend.by.showPopup()

    def toggle_legend(self) -> None:
        self.legend.setVisible(not self.legend.isVisible())

    def show_layout(self) -> None:
        """Open the settings of the layout."""
        if self._layout_panel is None:
            self._layout_panel = LayoutPanel(self.studio, self)
        self._layout_panel.show()
        self._layout_panel.raise_()
        self._layout_panel.activateWindow()

    def escape(self) -> None:
        """Select nothing; if nothing is selected, end what runs; in any case end the film and the path, to the map."""
        if self.studio.selection.count:
            self.studio.selection.clear()
        else:
            self.stop_job()
        self.studio.player.put_away()
        self.map.path.begin_anew()
        self.map.setFocus()

    def stop_job(self) -> None:
        """End the layout, export or search that runs; what there is stays."""
        self.studio.layouts.cancel()
        self.studio.selection.cancel_export()
        self.studio.filming.stop_search()

    def refresh_theme(self) -> None:
        """Take up the theme's present colours, wherever they are kept."""
        self.studio.showing.set_dark(bool(self._theme.dark))
        self.map.set_theme(self._theme)
        for widget in self.findChildren(QWidget):
            widget.update()

    def _on_job(self, job: str, stage: str, fraction: float | None) -> None:
        self._jobs.pop(job, None)
        if stage:
            self._jobs[job] = (stage, fraction)
        self.progress.setVisible(bool(self._jobs))
        self.stop.setVisible(bool(self._jobs.keys() & {"layout", "export", "ways"}))
        if not self._jobs:
            if self.studio.current is not None:
                count = len(self.studio.current.atlas)
                self.status.setText(f"{count:,} drawings in {len(self.studio.current.category_means)} categories")
            else:
                self.status.clear()
            return
        stage, fraction = list(self._jobs.values())[-1]
        self.status.setText(f"{stage[:1].upper()}{stage[1:]} …")
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * fraction))

    def _on_found(self, index: int) -> None:
        self.map.bring_into_view(index)
        self.map.setFocus()

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
        self.map.stop()
        self.studio.close()
        super().closeEvent(event)
