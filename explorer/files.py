"""Opening and saving as the window does it: dialogs, dropped files, recent files, and asking before work is lost."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSettings, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox

from core.file_paths import exists
from explorer.options import SHIPPED, SUFFIX, shipped_checkpoints
from explorer.studio import Studio

if TYPE_CHECKING:
    from explorer.window import Window

SESSIONS = f"Sessions (*{SUFFIX})"
CHECKPOINTS = "Checkpoints (*.pt)"
DRAWINGS = "Drawings (*.npz *.ndjson *.ndjson.gz *.bin *.json *.svg);;All files (*)"
MOST_RECENT = 10


class Files(QObject):
    """The File menu's work, and what is dropped on the window."""

    def __init__(self, window: "Window", studio: Studio) -> None:
        super().__init__(window)
        self.asks = False
        """Whether the user is asked before unsaved work is lost; not by a window that nobody sees."""
        self.device = "auto"
        self._window, self._studio = window, studio
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        studio.keeping.took.connect(self._remember)
        studio.keeping.saved.connect(self._remember)

    # -- opening -----------------------------------------------------------------------------

    def open_checkpoint(self) -> None:
        """Ask for a checkpoint and open it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a checkpoint", self._folder(), CHECKPOINTS)
        if path:
            self.open([Path(path)])

    def open_data(self) -> None:
        """Ask for drawings and map them with the checkpoint that is open."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open drawings", self._folder(), DRAWINGS)
        if paths:
            self.open([Path(path) for path in paths])

    def open_session(self) -> None:
        """Ask for a session and open it."""
        path, _ = QFileDialog.getOpenFileName(self._window, "Open a session", self._folder(), SESSIONS)
        if path:
            self.open([Path(path)])

    def open(self, paths: Sequence[Path]) -> None:
        """Open a session, a checkpoint, or drawings, told apart by their endings.

        Drawings are mapped by the checkpoint among the files, else by the one that is open, else by the shipped one.
        """
        self.ask(lambda: self._open(paths))

    def _open(self, paths: Sequence[Path]) -> None:
        endings = {path.suffix.lower() for path in paths}
        source = self._studio.keeping.source
        checkpoints = [path for path in paths if path.suffix.lower() == ".pt"]
        drawings = [path for path in paths if path.suffix.lower() != ".pt"]
        if len(checkpoints) > 1 or (SUFFIX in endings and len(paths) > 1):
            self._studio.failed.emit("One session or one checkpoint can be open in a window, not several files.", "")
        elif SUFFIX in endings:
            self._studio.reopen(paths[0], self.device)
        elif checkpoints:
            self._studio.open(str(checkpoints[0]), drawings, self.device)
        else:
            self._studio.open(SHIPPED if source is None else source.checkpoint, drawings, self.device)

    def _folder(self) -> str:
        """Where dialogs begin: beside the session, else where something was opened last."""
        recent = [Path(paths[0]).parent for paths in self.recent]
        path = self._studio.keeping.path
        folders = [path.parent] if path is not None else recent
        return str(folders[0]) if folders else ""

    def fill_shipped(self, menu: QMenu) -> None:
        """The checkpoints that come with the program as entries of `menu`, that which is open checked."""
        menu.clear()
        source = self._studio.keeping.source
        for name in shipped_checkpoints():
            action = menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(source is not None and source.checkpoint == name and not source.data)
            action.triggered.connect(
                lambda _=False, name=name: self.ask(lambda: self._studio.open(name, device=self.device))
            )

    # -- saving ------------------------------------------------------------------------------

    def save(self) -> None:
        """Save the session where it was saved before, or ask where."""
        self._save()

    def save_as(self) -> None:
        """Ask where to save the session."""
        self._save(elsewhere=True)

    def _save(self, then: Callable[[], object] | None = None, *, elsewhere: bool = False) -> None:
        keeping = self._studio.keeping
        if self._studio.current is None:
            return
        path = keeping.path
        if path is None or elsewhere:
            suggested = str(path or Path(self._folder()) / f"{self._studio.current.title}{SUFFIX}")
            chosen, _ = QFileDialog.getSaveFileName(self._window, "Save the session", suggested, SESSIONS)
            if not chosen:
                return
            path = Path(chosen)
            if path.suffix.lower() != SUFFIX:
                path = path.with_name(path.name + SUFFIX)
        keeping.save(path, then)

    # -- asking ------------------------------------------------------------------------------

    def ask(self, then: Callable[[], object]) -> bool:
        """Do `then` once nothing can be lost by it: at once (True), or after the user has saved or discarded."""
        if not self.asks or not self._studio.keeping.modified:
            then()
            return True
        buttons = QMessageBox.StandardButton
        box = QMessageBox(
            QMessageBox.Icon.Question,
            "Sketch Explorer",
            "Save this session first?",
            buttons.Save | buttons.Discard | buttons.Cancel,
            self._window,
        )
        box.setInformativeText("Otherwise the pins, groups, paths and expressions that you made are lost.")
        box.setDefaultButton(buttons.Save)
        box.button(buttons.Save).clicked.connect(lambda: self._save(then))
        box.button(buttons.Discard).clicked.connect(then)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
        return False

    # -- recent files ------------------------------------------------------------------------

    @property
    def recent(self) -> list[list[str]]:
        """What was opened lately and is still there, the newest first: the files opened together."""
        try:
            entries = json.loads(str(QSettings().value("recent", "[]")))
            known = [[str(path) for path in entry] for entry in entries if entry]
        except (ValueError, TypeError):
            return []  # written by something else
        return [entry for entry in known if all(exists(path) for path in entry)]

    def _remember(self) -> None:
        keeping = self._studio.keeping
        if keeping.path is not None:
            entry = [str(keeping.path)]
        elif keeping.source is not None:
            entry = list(keeping.source.data) or [keeping.source.checkpoint]
        else:
            return
        if all(Path(path).is_absolute() for path in entry):
            others = [other for other in self.recent if other != entry]
            QSettings().setValue("recent", json.dumps([entry, *others][:MOST_RECENT]))

    def fill_recent(self, menu: QMenu) -> None:
        """The recent files as entries of `menu`."""
        menu.clear()
        for entry in self.recent:
            paths = [Path(path) for path in entry]
            action = menu.addAction(", ".join(path.name for path in paths))
            action.setToolTip("\n".join(entry))
            action.triggered.connect(lambda _=False, paths=paths: self.open(paths))
        if menu.isEmpty():
            menu.addAction("Nothing yet").setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction("Clear").triggered.connect(lambda: QSettings().remove("recent"))

    # -- dropping ----------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QDragEnterEvent | QDropEvent):
            return False
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if not paths:
            return False
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            self.open(paths)
        return True
