"""What was made and not saved, kept in the user's state folder so that a crash takes none of it.

Each process writes a file of its own there and holds a lock beside it. A file whose lock is free is of a
process that ended without a word.
"""

import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import filelock
import platformdirs
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from explorer.workers import Cancel, LatestWorker

if TYPE_CHECKING:
    from explorer.session import Session
    from explorer.studio import Studio

DELAY_MS = 30_000
"""From a change until it is written."""


def default_folder() -> Path:
    """Where autosaved sessions are."""
    return platformdirs.user_state_path("sketch-explorer") / "open"


@dataclass(frozen=True, eq=False)
class WriteRequest:
    """Write `session` to `file`; None removes the file."""

    session: "Session | None"
    file: Path


def write(request: WriteRequest, _cancelled: Cancel) -> Iterator[Path]:
    """Answer a WriteRequest."""
    if request.session is None:
        request.file.unlink(missing_ok=True)
    else:
        from explorer.session import write_session

        write_session(request.session, request.file)
    yield request.file


class Orphan:
    """An autosaved session of a process that is no more; nobody else takes it while this object holds it."""

    def __init__(self, file: Path, lock: filelock.FileLock) -> None:
        self.file, self._lock = file, lock

    def drop(self) -> None:
        """Remove it."""
        self.file.unlink(missing_ok=True)
        self.leave()

    def leave(self) -> None:
        """Leave it to the next start."""
        _unlock(self._lock, self.file)


class Autosave(QObject):
    """Keeps the studio's session in `folder` while it holds something that is in no other file."""

    written = Signal()
    """The file is up to date."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio", folder: Path) -> None:
        """Raises OSError if the folder cannot be used."""
        super().__init__(studio)
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / f"{uuid.uuid4().hex}.sketchspace"
        self._keeping = studio.keeping
        self._lock = _lock_of(self.file)
        self._lock.acquire(timeout=1)  # a window that starts just now may look at it
        self._kept = False
        """Whether the file is there, or is being written."""
        self._timer = QTimer(self, interval=DELAY_MS, singleShot=True)
        self._timer.timeout.connect(self.save)
        self._worker = LatestWorker(write, "autosave", self)
        self._worker.answered.connect(self._on_answered)
        self._worker.failed.connect(self.failed)
        self._keeping.changed.connect(self._on_changed)
        application = QGuiApplication.instance()
        assert isinstance(application, QGuiApplication)
        application.applicationStateChanged.connect(self._on_application)

    def _on_changed(self) -> None:
        if self._keeping.modified:
            if not self._timer.isActive():
                self._timer.start()
        else:
            self._timer.stop()
            if self._kept:
                self._kept = False
                self._worker.submit(WriteRequest(None, self.file))

    def _on_application(self, state: Qt.ApplicationState) -> None:
        if state != Qt.ApplicationState.ApplicationActive and self._timer.isActive():
            self.save()

    def save(self) -> None:
        """Write now what there is."""
        self._timer.stop()
        if self._keeping.modified:
            self._kept = True
            self._worker.submit(WriteRequest(self._keeping.session(), self.file), preempt=False)

    def _on_answered(self, number: int, _file: Path) -> None:
        if self._worker.current(number):
            self.written.emit()

    def end(self) -> None:
        """A clean end: nothing remains."""
        self._timer.stop()
        self._worker.stop()
        self.file.unlink(missing_ok=True)
        _unlock(self._lock, self.file)


def orphans(folder: Path) -> list[Orphan]:
    """The sessions in `folder` whose process ended without a word, the newest first.

    What else such processes left there, half files and locks, is removed.
    """
    found = []
    files = {*folder.glob("*.sketchspace"), *(lock.with_suffix(".sketchspace") for lock in folder.glob("*.lock"))}
    for file in sorted(files, key=_age):
        lock = _lock_of(file)
        try:
            lock.acquire(timeout=0)
        except (filelock.Timeout, OSError):
            continue  # its window is open
        for half in folder.glob(f".{file.name}.*.part"):
            half.unlink(missing_ok=True)
        if file.exists():
            found.append(Orphan(file, lock))
        else:  # nothing was made, or its window ended well since
            _unlock(lock, file)
    return found


def _age(file: Path) -> float:
    try:
        return -file.stat().st_mtime
    except OSError:
        return 0.0  # it has gone meanwhile


def _lock_of(file: Path) -> filelock.FileLock:
    return filelock.FileLock(file.with_suffix(".lock"))


def _unlock(lock: filelock.FileLock, file: Path) -> None:
    """Release a lock and remove its file, unless the session it guards remains."""
    if not file.exists():
        with contextlib.suppress(OSError):  # another process looks at it just now
            file.with_suffix(".lock").unlink(missing_ok=True)
    lock.release()
