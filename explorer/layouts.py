"""Layouts of the open map: a better one in the background, another one on demand."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.workers import Cancel, Job, LatestWorker

if TYPE_CHECKING:
    from core.projection import Floats, LayoutConfig
    from explorer.opening import Laying, Opened
    from explorer.requests import Film, Located
    from explorer.studio import Studio


@dataclass(frozen=True, eq=False)
class RelocateRequest:
    """Where on a map that has moved are the current code and the frames of the film?"""

    opened: "Opened"
    here: "Located | None"
    film: "Film | None"


@dataclass(frozen=True, eq=False)
class Relocated:
    """The answer: both with their places on the new map."""

    here: "Located | None"
    film: "Film | None"


def relocate(request: RelocateRequest, _cancelled: Cancel) -> Iterator[Relocated]:
    """Answer a RelocateRequest."""
    navigator, here, film = request.opened.navigator, request.here, request.film
    if here is not None:
        index = here.place.index
        position = navigator.to_map(here.place.code) if index is None else navigator.atlas.positions[index].tolist()
        here = replace(here, position=tuple(position))
    if film is not None:
        film = replace(film, positions=navigator.positions_of(film.codes), line=navigator.positions_of(film.way))
    yield Relocated(here, film)


class Layouts(QObject):
    """Lays out the studio's map; one layout at a time."""

    progressed = Signal(str, object)
    """(stage, fraction) while a layout runs; an empty stage at the end."""
    moved = Signal(object)
    """The Opened at better positions."""
    relocated = Signal(object)
    """A Relocated, after the map has moved."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.config: LayoutConfig | None = None
        """Of the layout that was last asked for; None for the one the map came with."""
        self._studio = studio
        self._reference: Floats | None = None
        self._job = Job("layout", self)
        self._job.progressed.connect(self._on_progress)
        self._job.succeeded.connect(self._on_done)
        self._job.failed.connect(self._on_failed)
        self._relocator = LatestWorker(relocate, "relocate", self)
        self._relocator.answered.connect(self._on_relocated)
        self._relocator.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)
        studio.map_moved.connect(self._on_map_moved)

    @property
    def running(self) -> bool:
        return self._job.running

    def start(self, config: "LayoutConfig") -> None:
        """Lay the open map out by `config`; what runs is ended, what is shown stays until there is better."""
        opened, reference = self._studio.current, self._reference
        if opened is None or reference is None:
            return
        self.config = config

        def make() -> Generator[Any, None, Any]:
            from explorer.opening import lay_out_again

            return (yield from lay_out_again(opened, config, reference))

        self._job.start(make)
        self.progressed.emit("laying out the map", None)

    def cancel(self) -> None:
        """End the layout that runs; the map stays as it is."""
        if self.running:
            self._job.cancel()
            self.progressed.emit("", None)

    def _on_opened(self, opened: "Opened") -> None:
        self.cancel()
        self._relocator.cancel()
        self._reference = opened.atlas.positions
        self.config = None
        if not opened.refined:
            from core.projection import LayoutConfig

            self.start(LayoutConfig())

    def _on_progress(self, laying: "Laying") -> None:
        self.progressed.emit(laying.stage, laying.fraction)
        if laying.opened is not None:
            self.moved.emit(laying.opened)

    def _on_done(self, opened: "Opened") -> None:
        self.progressed.emit("", None)
        self.moved.emit(opened)

    def _on_failed(self, message: str, details: str) -> None:
        self.progressed.emit("", None)
        self.failed.emit(message, details)

    def _on_map_moved(self, opened: "Opened") -> None:
        self._relocator.submit(RelocateRequest(opened, self._studio.here, self._studio.film), preempt=False)

    def _on_relocated(self, number: int, answer: Relocated) -> None:
        if self._relocator.current(number):
            self.relocated.emit(answer)

    def close(self) -> None:
        self._job.close()
        self._relocator.stop()
