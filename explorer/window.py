"""The window: map, sketch, bench, and the status line."""

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer import gestures
from explorer.bench import Bench
from explorer.directions_panel import DirectionsPanel
from explorer.files import Files
from explorer.film_bar import FilmPanel
from explorer.filmstrip import Filmstrip
from explorer.icons import NAME, dress
from explorer.layout_panel import LayoutPanel
from explorer.legend import Legend
from explorer.map_view import MapView, Tool
from explorer.menus import build_menus
from explorer.notice import Notice
from explorer.pad_panel import PadPanel
from explorer.requests import Sketch
from explorer.search import Search
from explorer.selection_bar import SelectionBar
from explorer.sketch_panel import SketchPanel
from explorer.strip import Strip
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme
from explorer.toolbar import Hint, Toolbar
from explorer.training_dialog import TrainingDialog, may_close

if TYPE_CHECKING:
    from explorer.session import Session, View

TOOLS = {
    Tool.EXPLORE: ("Explore", "V", "Click or drag on the map: the model draws what is there."),
    Tool.PATH: ("Path", "P", "Drag, or click point by point. Del removes, Enter begins anew."),
    Tool.SELECT: ("Select", "S", "Drag around drawings. Shift adds, Ctrl subtracts. S: {other}."),
}
NOTHING_OPEN = ("Nothing is open. Drop a checkpoint or a session here.",)
HIGH = 600
"""Pixels that the directions and the strip below them need."""
DONE = {"opening": "opened", "layout": "laid out"}
"""What is said of a job that has ended."""


class Window(QMainWindow):
    """Arranges the widgets; all they do is in the studio."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self.studio = studio
        self.theme = theme
        self.actions_by_name: dict[str, QAction] = {}
        """Everything that a menu offers."""
        self._jobs: dict[str, tuple[str, float | None]] = {}
        """What goes on in the background, the newest last: its stage and how much of that is done."""
        self._since: dict[str, float] = {}
        """When each of them began."""
        self._layout_panel: LayoutPanel | None = None
        self._training_dialog: TrainingDialog | None = None
        self._nothing_open: Notice | None = None
        self._may_close = False
        self.setWindowTitle("Sketch Explorer")
        self.resize(1280, 820)
        self.map = MapView(studio, theme)
        self.panel = SketchPanel(studio, theme)
        self.pad = PadPanel(studio, theme)
        self.film = Filmstrip(studio, theme)
        self.bench = Bench(studio, theme)
        self.legend = Legend(studio, theme)
        self.strip = Strip(studio, theme)
        self.directions = DirectionsPanel(studio, theme)
        self.search = Search(studio)
        self.selected = SelectionBar(studio, self.map)
        self.hint = Hint()
        self.files = Files(self, studio)
        self.toolbar = Toolbar(self.hint, self.search)
        self._build()
        self._build_status()
        build_menus(self)
        self._fill_toolbar()
        studio.opening.connect(lambda stage, fraction: self._on_job("opening", stage, fraction))
        studio.layouts.progressed.connect(lambda stage, fraction: self._on_job("layout", stage, fraction))
        studio.training.progressed.connect(lambda stage, fraction: self._on_job("training", stage, fraction))
        studio.training.ended.connect(self._on_trained)
        studio.exporting.progressed.connect(lambda stage, fraction: self._on_job("export", stage, fraction))
        studio.exporting.exported.connect(self.status.setText)
        studio.filming.progressed.connect(lambda stage, fraction: self._on_job("ways", stage, fraction))
        studio.keeping.saved.connect(self.status.setText)
        studio.keeping.changed.connect(self._on_keeping)
        studio.keeping.took.connect(self._on_took)
        studio.keeping.view = self.view
        studio.ask = self.files.ask
        self.search.missed.connect(self.status.setText)
        self.search.found.connect(self._on_found)
        self.map.marquee.shape_changed.connect(lambda: self.set_tool(self.map.tool))
        studio.sketch_changed.connect(self._on_sketch)
        studio.failed.connect(self._on_failed)
        self.map.hovered.connect(self._on_hover)
        self.set_tool(Tool.EXPLORE)
        self.map.setFocus()

    # -- building ----------------------------------------------------------------------------

    def _build(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.toolbar)
        across = QHBoxLayout()
        across.setSpacing(0)
        across.addWidget(self.legend)
        across.addWidget(self.map, 1)
        column.addLayout(across, 1)
        top = QSplitter(Qt.Orientation.Horizontal)
        top.addWidget(left)
        self.side = QTabWidget()
        self.side.setDocumentMode(True)
        self.side.addTab(self.panel, "Sketch")
        self.side.addTab(self.pad, "Draw")
        self.side.addTab(self.directions, "Directions")
        for page, tip in enumerate(("The current sketch", "Draw by hand (D)", "Sliders through latent space (Ctrl+2)")):
            self.side.setTabToolTip(page, tip)
        self.right = right = QSplitter(Qt.Orientation.Vertical)
        right.addWidget(self.side)
        right.addWidget(self.strip)
        right.setStretchFactor(0, 1)
        right.installEventFilter(self)
        self.side.currentChanged.connect(self._share_height)
        top.addWidget(right)
        top.setSizes([880, 400])
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(FilmPanel(self.studio, self.theme, self.film), 1)
        column.addWidget(self.bench)
        whole = QSplitter(Qt.Orientation.Vertical)
        whole.addWidget(top)
        whole.addWidget(below)
        whole.setSizes([600, 210])
        for splitter in (top, right, whole):
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
        for label in (self.status, self.under_pointer):
            label.setTextFormat(Qt.TextFormat.PlainText)  # names come from files
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
        self.tool_actions: dict[Tool, QAction] = {}
        for tool, (name, key, what) in TOOLS.items():
            action = self.tool_actions[tool] = QAction(name, group)
            action.setCheckable(True)
            action.setShortcut(QKeySequence(key))
            action.setToolTip(f"{what.format(other='lasso')} ({key})")
            action.triggered.connect(lambda _=False, tool=tool: self._choose_tool(tool))
            menu.addAction(action)
        lasso = QAction("Lasso or rectangle", self)
        lasso.setShortcut(QKeySequence("Shift+S"))
        lasso.triggered.connect(lambda: self._choose_tool(Tool.SELECT, lasso=not self.map.marquee.lasso))
        menu.addAction(lasso)

    def _fill_toolbar(self) -> None:
        actions = self.actions_by_name
        near = [actions[name] for name in ("open-session", "save-session", "undo", "redo")]
        for action, words in zip(near, ("Open a session", "Save the session", "Undo", "Redo"), strict=True):
            action.setToolTip(f"{words} ({action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)})")
        actions["layout"].setToolTip("How the map is laid out: UMAP, densMAP or PCA (Ctrl+Shift+L)")
        self.tool_buttons = self.toolbar.fill(near, self.tool_actions, actions["layout"])
        self._shown_actions = [*near, *self.tool_actions.values(), actions["layout"]]
        dress(self._shown_actions, self.theme)

    # -- doing -------------------------------------------------------------------------------

    def _choose_tool(self, tool: Tool, *, lasso: bool | None = None) -> None:
        """Take up a tool; the select tool, taken up again, changes its shape."""
        again = tool is Tool.SELECT and self.map.tool is tool
        self.set_tool(tool)
        if lasso is not None or again:
            self.map.marquee.set_lasso(not self.map.marquee.lasso if lasso is None else lasso)

    def set_tool(self, tool: Tool) -> None:
        self.map.set_tool(tool)
        self.tool_actions[tool].setChecked(True)
        lasso = self.map.marquee.lasso
        select = self.tool_actions[Tool.SELECT]
        select.setIconText("Lasso" if lasso else "Select")
        select.setProperty(NAME, "lasso-select" if lasso else "square-dashed")
        dress([select], self.theme)
        what = TOOLS[tool][2].format(other="rectangle" if lasso else "lasso")
        self.hint.setText(what)
        self.hint.setToolTip(f"{what}\n{gestures.CAMERA_HINT}")

    def draw_by_hand(self) -> None:
        self.side.setCurrentWidget(self.pad)
        self.pad.sheet.setFocus()

    def paste(self) -> None:
        """Take the clipboard's picture as the drawing by hand."""
        self.draw_by_hand()
        self.pad.paste()

    def find(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    def name_selection(self) -> None:
        self.selected.name.setFocus()

    def list_nearest(self) -> None:
        self._show_strip()
        self.studio.listing.list_nearest()

    def list_worst(self) -> None:
        self._show_strip()
        self.studio.listing.list_worst()

    def _show_strip(self) -> None:
        if self.strip.isHidden():
            self.side.setCurrentWidget(self.panel)

    def _share_height(self) -> None:
        """In a low window the directions have the height of the strip too."""
        self.strip.setVisible(self.side.currentWidget() is not self.directions or self.right.height() >= HIGH)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.right and event.type() == QEvent.Type.Resize:
            self._share_height()
        return False

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

    def show_training(self) -> None:
        """Open the training, which goes on if this is closed."""
        if self._training_dialog is None:
            self._training_dialog = TrainingDialog(self.studio, self.theme, self)
            self._training_dialog.ask = self.files.ask
        self._training_dialog.show()
        self._training_dialog.raise_()
        self._training_dialog.activateWindow()

    def show_keys(self) -> None:
        """Open the sheet of all keys and gestures."""
        from explorer.cheat_sheet import CheatSheet

        _open(CheatSheet(self.menuBar(), self))

    def show_about(self) -> None:
        """Open a box about the program and the checkpoint."""
        from explorer.about import about

        box = QMessageBox(QMessageBox.Icon.NoIcon, "About", about(self.studio.current), parent=self)
        _open(box)

    def escape(self) -> None:
        """Select nothing; if nothing is selected, end what runs; in any case end the film and the path, to the map."""
        if self.studio.selection.count:
            self.studio.selection.clear()
        elif self.studio.pad.completions is not None:
            self.studio.pad.drop_completions()
        else:
            self.stop_job()
        self.studio.player.put_away()
        self.map.path.begin_anew()
        self.map.setFocus()

    def stop_job(self) -> None:
        """End the layout, export or search that runs; what there is stays."""
        self.studio.layouts.cancel()
        self.studio.exporting.cancel()
        self.studio.filming.stop_search()

    def refresh_theme(self) -> None:
        """Take up the theme's present colours, wherever they are kept."""
        self.studio.showing.set_dark(bool(self.theme.dark))
        self.map.set_theme(self.theme)
        dress(self._shown_actions, self.theme)  # menus are dressed when they open
        for widget in self.findChildren(QWidget):
            widget.update()

    def _on_job(self, job: str, stage: str, fraction: float | None) -> None:
        began = self._since.setdefault(job, time.monotonic())
        if stage:
            self._jobs[job] = (stage, fraction)
        else:
            self._jobs.pop(job, None)
            del self._since[job]
        self.progress.setVisible(bool(self._jobs))
        self.stop.setVisible(bool(self._jobs.keys() & {"layout", "export", "ways"}))
        if not self._jobs:
            self._say_what_is_open(f", {DONE[job]} in {time.monotonic() - began:.1f} s" if job in DONE else "")
            return
        stage, fraction = list(self._jobs.values())[-1]
        self.status.setText(f"{stage[:1].upper()}{stage[1:]} …")
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * fraction))

    def _say_what_is_open(self, took: str = "") -> None:
        opened = self.studio.current
        if opened is None:
            self.status.clear()
        else:
            count, names = len(opened.atlas), len(opened.category_means)
            self.status.setText(f"{count:,} drawings in {names} categories{took}")

    def _on_trained(self) -> None:
        training = self.studio.training
        self.status.setText(training.problem or f"The training of {training.name} has ended")

    def _on_found(self, index: int) -> None:
        self.map.bring_into_view(index)
        self.map.setFocus()

    def _on_keeping(self) -> None:
        keeping, opened = self.studio.keeping, self.studio.current
        if opened is not None:
            name = opened.title if keeping.path is None else keeping.path.stem
            self.setWindowTitle(f"{name}[*] – Sketch Explorer")
            self.setWindowModified(keeping.modified)

    def view(self) -> "View":
        """How the map is looked at now."""
        from explorer.session import View

        return View(self.map.camera, not self.legend.isHidden())

    def _on_took(self, session: "Session") -> None:
        if session.view is not None:
            self.legend.setVisible(session.view.legend)
            QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)  # the map has its width before it looks
            self.map.look_at(session.view.camera)

    def _on_sketch(self, sketch: Sketch) -> None:
        if sketch.finished and not self.progress.isVisible():
            self.status.setText(f"{len(sketch.stroke3)} points drawn in {1000 * sketch.seconds:.0f} ms")

    def _on_hover(self, index: int | None) -> None:
        atlas = self.studio.current.atlas if self.studio.current is not None else None
        self.under_pointer.setText("" if index is None or atlas is None else f"{atlas.category(index)} #{index}")

    def _on_failed(self, message: str, details: str) -> None:
        box = QMessageBox(QMessageBox.Icon.Warning, "Sketch Explorer", message, parent=self)
        box.setDetailedText(details)
        _open(box)
        if not self._jobs:
            self._say_what_is_open()  # what has failed was not done in so many seconds
        if self.studio.current is None and self._nothing_open is None:
            self._nothing_open = Notice(NOTHING_OPEN, [("Open…", self.files.open_checkpoint)], self.map)
            self._nothing_open.closed.connect(self._on_notice_closed)
            self.studio.opened.connect(self._nothing_open.close)

    def _on_notice_closed(self) -> None:
        self._nothing_open = None

    # -- the end -----------------------------------------------------------------------------

    def _close(self) -> None:
        self._may_close = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not may_close(self, self.studio.training):
            event.ignore()
            return
        if not self._may_close and self.files.asks and self.studio.keeping.modified:
            event.ignore()
            self.files.ask(self._close)
            return
        self.map.stop()
        self.studio.close()
        super().closeEvent(event)


def _open(dialog: QDialog) -> None:
    """Show a dialog that is made anew each time."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
