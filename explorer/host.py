"""What a window that somebody looks at does beside its work: a welcome, and keeping what was made through a crash."""

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt

from explorer.autosave import Autosave, Orphan, orphans
from explorer.gestures import WELCOME
from explorer.notice import Notice
from explorer.window import Window

WELCOMED = "welcomed"


class Host(QObject):
    """Welcomes whoever sees the window first; autosaves into `folder` and offers what lies there."""

    def __init__(self, window: Window, folder: Path) -> None:
        super().__init__(window)
        self.notice: Notice | None = None
        self.autosave: Autosave | None = None
        self._window, self._folder = window, folder
        self._orphans: list[Orphan] = []
        try:
            self._orphans = orphans(folder)
            self.autosave = Autosave(window.studio, folder)
        except OSError as error:
            self._say(f"What you make is not kept through a crash: {folder} cannot be used ({error.strerror})")
        else:
            self.autosave.failed.connect(self._say)
        if self._orphans:
            self._offer()
        elif not QSettings().value(WELCOMED, False, bool):
            self.notice = Notice(WELCOME, [("Close", lambda: None)], window.map)
            self.notice.closed.connect(lambda: QSettings().setValue(WELCOMED, True))

    def _say(self, sentence: str, _details: str = "") -> None:
        self._window.status.setText(sentence)

    def _offer(self) -> None:
        several = f" ({len(self._orphans)} sessions)" if len(self._orphans) > 1 else ""
        lines = (f"Sketch Explorer ended without saving what you had made{several}.",)
        buttons = [("Reopen what was open", self._reopen), ("Discard it", self._discard), ("Later", lambda: None)]
        self.notice = Notice(lines, buttons, self._window.map)

    def _reopen(self) -> None:
        """Open the newest; its file goes as soon as its work is in this window's own."""
        orphan = self._orphans[0]
        keeping = self._window.studio.keeping

        def take(session: object) -> None:
            if getattr(session, "recovered", False) and self.autosave is not None:
                keeping.took.disconnect(take)
                self._orphans.remove(orphan)
                self.autosave.written.connect(orphan.drop, Qt.ConnectionType.SingleShotConnection)
                self.autosave.save()

        keeping.took.connect(take)
        studio, device = self._window.studio, self._window.files.device
        self._window.files.ask(lambda: studio.reopen(orphan.file, device, recovered=True))

    def _discard(self) -> None:
        while self._orphans:
            self._orphans.pop().drop()

    def end(self) -> None:
        """A clean end: nothing remains of this process, and what was not reopened is left to the next start."""
        for orphan in self._orphans:
            orphan.leave()
        if self.autosave is not None:
            self.autosave.end()
