"""Layouts of the open map: a better one in the background, another one on demand."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.requests import AtCode, AtPosition, Steered, Target, on_map, total
from explorer.state import Laid, State
from explorer.workers import Cancel, Job, LatestWorker

if TYPE_CHECKING:
    from core.expression import Code
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
    """Lays out the studio's map; one layout at a time.

    What a user asks for becomes `State.layout` when it is done or stopped. The map that was opened may be laid
    out too, better than it came or as its session says: that is no step, but what no layout means from then on.
    """

    progressed = Signal(str, object)
    """(stage, fraction) while a layout runs; an empty stage at the end."""
    moved = Signal(object)
    """The Opened at better positions."""
    relocated = Signal(object)
    """A Relocated, after the map has moved."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._reference: Floats | None = None
        """[N, 2]: as the map came; all layouts are turned to it."""
        self._first: Opened | None = None
        """The map of a state without a layout."""
        self._first_config: LayoutConfig | None = None
        self._asked: LayoutConfig | None = None
        """Of the layout that runs, if a user asked for it."""
        self._restoring = False
        """Whether it is that of a session."""
        self._job = Job("layout", self)
        self._job.progressed.connect(self._on_progress)
        self._job.succeeded.connect(self._keep)
        self._job.failed.connect(self._on_failed)
        self._relocator = LatestWorker(relocate, "relocate", self)
        self._relocator.answered.connect(self._on_relocated)
        self._relocator.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)
        studio.map_moved.connect(self._on_map_moved)

    @property
    def running(self) -> bool:
        return self._job.running

    @property
    def config(self) -> "LayoutConfig | None":
        """Of the layout that runs, or of the one on view; None for the one that the map came with."""
        shown = self._studio.state.layout
        return self._asked or (self._first_config if shown is None else shown.config)

    def start(self, config: "LayoutConfig") -> None:
        """Lay the open map out by `config`; what runs is stopped, what is shown stays until there is better."""
        if self._studio.current is not None:
            self.cancel()
            self._asked = config
            self._run(config)

    def restore(self, config: "LayoutConfig") -> None:
        """Lay out the map as the session says that was opened with it."""
        if config != self._first_config:
            self._end()
            self._first_config, self._restoring = config, True
            self._run(config)

    def cancel(self) -> None:
        """Stop the layout that runs; the map stays as it lies now."""
        if self.running and self._studio.current is not None:
            self._keep(self._studio.current)

    def follow(self, before: State, after: State) -> None:
        """Bring the map to the layout of another state; a layout that runs is of no use then."""
        opened = self._map_of(after)
        shown = opened is self._studio.current  # as that of a checkpoint just opened, which may be being laid out
        if opened is not None and not shown and after.differs(before, "layout"):
            self._end()
            self.moved.emit(opened)

    def _map_of(self, state: State) -> "Opened | None":
        return self._first if state.layout is None else state.layout.opened

    def _run(self, config: "LayoutConfig") -> None:
        opened, reference = self._studio.current, self._reference
        assert opened is not None
        assert reference is not None

        def make() -> Generator[Any, None, Any]:
            from explorer.opening import lay_out_again

            return (yield from lay_out_again(opened, config, reference))

        self._job.start(make)
        self.progressed.emit("laying out the map", None)

    def _end(self) -> None:
        """Want nothing of the layout that runs."""
        if self.running:
            self._job.cancel()
            self._ended()

    def _ended(self) -> None:
        self._asked, self._restoring = None, False
        self.progressed.emit("", None)

    def _keep(self, opened: "Opened") -> None:
        """The layout is over, and the map is `opened` from now on."""
        asked, restoring = self._asked, self._restoring
        self._job.cancel()
        self._ended()
        if opened is self._map_of(self._studio.state):
            return  # it was ended before the map moved
        if asked is not None:
            self._studio.edit("layout of the map", layout=Laid(asked, opened), **self._off_the_map())
            return
        self._first = opened
        self.moved.emit(opened)
        if restoring:
            self._studio.look_again()
        else:
            self._studio.edit("keeping places of the map", **self._off_the_map())

    def _off_the_map(self) -> dict[str, Any]:
        """What in the state are places of the map, as the codes that they had there."""
        studio, state, changes = self._studio, self._studio.state, {}
        if studio.here is not None and studio.drawn:
            changes["target"] = _kept(state.target, studio.here.place.code, studio.here.title)
        film, route = studio.film, state.route
        known = film is not None and len(film.corners) == len(route.points) and studio.filming.at_rest
        if known and any(map(on_map, route.points)):
            codes = film.way[film.corners]
            points = [_kept(*each, "on the path") for each in zip(route.points, codes, strict=True)]
            changes["route"] = replace(route, points=tuple(points))
        return changes

    def _on_opened(self, opened: "Opened") -> None:
        self._end()
        self._relocator.cancel()
        self._reference, self._first, self._first_config = opened.atlas.positions, opened, None
        if not opened.refined:
            from core.projection import LayoutConfig

            self._first_config = LayoutConfig()
            self._run(self._first_config)

    def _on_progress(self, laying: "Laying") -> None:
        self.progressed.emit(laying.stage, laying.fraction)
        if laying.opened is not None:
            self.moved.emit(laying.opened)

    def _on_failed(self, message: str, details: str) -> None:
        self._ended()
        settled = self._map_of(self._studio.state)
        if settled is not None and settled is not self._studio.current:
            self.moved.emit(settled)
        self.failed.emit(message, details)

    def _on_map_moved(self, opened: "Opened") -> None:
        self._relocator.submit(RelocateRequest(opened, self._studio.here, self._studio.film), preempt=False)

    def _on_relocated(self, number: int, answer: Relocated) -> None:
        if self._relocator.current(number):
            self.relocated.emit(answer)

    def close(self) -> None:
        self._job.close()
        self._relocator.stop()


def _kept(target: Target | None, code: "Code", title: str) -> Target | None:
    """A target whose code is known, if it is a place of the map, by its code."""
    if isinstance(target, Steered) and on_map(target):
        return replace(target, base=AtCode(code - total(target.offsets), title))
    return AtCode(code, title) if isinstance(target, AtPosition) else target
