"""The session as a file: which one it is, whether it holds everything, and writing it off the GUI thread."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.state import FIELDS, State
from explorer.workers import Job

if TYPE_CHECKING:
    from explorer.session import Session, Source, View
    from explorer.studio import Studio

LOOKS = ("target", "seed", "clearest", "taken", "temperature", "selected", "colour_by", "filters", "alone")
"""Fields of the state that change by mere looking around: nobody is asked whether to save them."""
MADE = tuple(name for name in FIELDS if name not in LOOKS)

Saved = tuple["Session", Path, Callable[[], object] | None]
"""What was written, where, and what is to follow."""


class Keeping(QObject):
    """Saves the studio's session; what is saved while a file is being written is written after it."""

    changed = Signal()
    """`path` or `modified` is another."""
    took = Signal(object)
    """The Session that was opened, once it is shown."""
    saved = Signal(str)
    """One sentence: what was written."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.source: Source | None = None
        """What is open."""
        self.path: Path | None = None
        """The user's file, if there is one."""
        self.modified = False
        """Whether something was made that the user's file lacks."""
        self.view: Callable[[], View] | None = None
        """How the window looks at the map now."""
        self._studio = studio
        self._kept = State()
        self._saver = Job("save", self)
        self._saver.succeeded.connect(self._on_saved)
        self._saver.failed.connect(self.failed)
        studio.state_changed.connect(self._compare)

    def keep(self, session: "Session") -> None:
        """From now on it is this session that is saved."""
        self.source, self.path = session.source, session.path
        self._kept = State() if session.recovered else session.state
        if session.layout is not None:
            self._studio.layouts.restore(session.layout)
        self.took.emit(session)
        self._compare()

    def _compare(self) -> None:
        self.modified = self._studio.current is not None and self._studio.state.differs(self._kept, *MADE)
        self.changed.emit()

    def session(self) -> "Session | None":
        """What there is to save now."""
        from explorer.session import Session

        opened, source = self._studio.current, self.source
        if opened is None or source is None:
            return None
        view = None if self.view is None else self.view()
        return Session(source, opened, self._studio.state, view, self._studio.layouts.config, self.path)

    def save(self, path: Path, then: Callable[[], object] | None = None) -> None:
        """Write the session to `path`, which is its file from now on; `then` follows if that went well."""
        session = self.session()
        if session is None:
            return

        def make() -> Generator[None, None, Saved]:
            from explorer.session import write_session

            yield
            write_session(session, path)
            return session, path, then

        self._saver.enqueue(make)

    def _on_saved(self, what: Saved) -> None:
        session, path, then = what
        if session.source is self.source:  # not if something else was opened meanwhile
            self._kept, self.path = session.state, path
            self._compare()
        self.saved.emit(f"Saved as {path.name}")
        if then is not None:
            then()

    def close(self) -> None:
        """Wait until everything that was saved is written."""
        self._saver.finish()
