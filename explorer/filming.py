"""The film of the path: coarse while the path is being changed, all of it when it rests."""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from explorer.requests import AtPosition, Film, Mode, Route, Strokes, Target, code_of, snapped
from explorer.state import State
from explorer.workers import Cancel, Job, LatestWorker

if TYPE_CHECKING:
    from core.expression import Code
    from core.neighbours import NeighbourGraph
    from explorer.opening import Opened
    from explorer.studio import Studio

COARSE = 10
"""Frames decoded at once while the path is being changed."""
COARSE_S = 0.045
"""What decoding them may take; sketches that are not done by then are shown as far as they are."""
COARSE_PIECES, FINE_PIECES = 16, 240
"""Of the path's line on the map while it changes, and at rest: each costs a search of all drawings."""
SEARCHING = "finding the ways through the data"
REST_MS = 120
"""A path that has not changed for so long is at rest."""
SEED = 0
"""Of all frames: what differs between them is the code alone."""


@dataclass(frozen=True, eq=False)
class FilmRequest:
    """Draw the frames of a route."""

    opened: "Opened"
    route: Route
    temperature: float
    graph: "NeighbourGraph | None" = None
    """For a path through the data; without it that is straight."""
    coarse: bool = False
    kept: Film | None = None
    """An earlier film: of frames that are in it too, the sketches are taken from it."""


def film(request: FilmRequest, cancelled: Cancel) -> Iterator[Film]:
    """Answer a FilmRequest: with one coarse film if that is wanted, else with ever finer ones."""
    reel = _Reel(request)
    began = time.perf_counter()
    if request.coarse:
        for _ in reel.decode(reel.spread(COARSE), cancelled, every=8):
            if time.perf_counter() - began > COARSE_S:
                break
    else:
        for count in (COARSE, len(reel.codes)):
            for _ in reel.decode(reel.spread(count), cancelled, every=24):
                made = reel.film()
                yield made
                if made.finished:
                    return  # said once: the same again, late, might follow the map having moved
    yield reel.film()


class _Reel:
    """A film in the making."""

    def __init__(self, request: FilmRequest) -> None:
        from core.interpolation import path, subdivided

        opened, route = request.opened, request.route
        corners = [code_at(target, opened) for target in route.points]
        stops = corners
        if route.mode is Mode.DATA and request.graph is not None:
            stops = opened.navigator.stops_through_data(request.graph, corners)
        spherical = route.mode is Mode.SPHERICAL
        self.codes = path(stops, route.frames, spherical=spherical)
        pieces = COARSE_PIECES if request.coarse else FINE_PIECES
        self._way, self._shares = subdivided(stops, pieces, spherical=spherical)
        self._corners = _found(corners, self._way)
        self._request = request
        self._place(coarse=request.coarse)
        self._source = (opened.decoder, request.temperature)
        self._sketches: list[Strokes | None] = [None] * route.frames
        self._whole = np.zeros(route.frames, dtype=bool)
        self._take_over(request.kept)

    def _place(self, *, coarse: bool) -> None:
        """Find the line on the map, and the frames on it: in a coarse film they are where it is nearby."""
        navigator = self._request.opened.navigator
        if coarse:
            self._line = navigator.positions_of(self._way)
            at = np.linspace(0, 1, len(self.codes))
            self._positions = np.column_stack([np.interp(at, self._shares, axis) for axis in self._line.T])
        else:
            places = navigator.positions_of(np.concatenate([self.codes, self._way]))
            self._positions, self._line = places[: len(self.codes)], places[len(self.codes) :]

    def _take_over(self, kept: Film | None) -> None:
        if kept is None or kept.source != self._source:
            return
        known = {code.tobytes(): i for i, code in enumerate(kept.codes) if kept.whole[i]}
        for frame, code in enumerate(self.codes):
            if (earlier := known.get(code.tobytes())) is not None:
                self._sketches[frame], self._whole[frame] = kept.sketches[earlier], True

    def spread(self, count: int) -> NDArray[np.intp]:
        """So many of the frames that are not whole, evenly spread."""
        missing = np.flatnonzero(~self._whole)
        count = min(count, len(missing))
        return missing[np.linspace(0, len(missing) - 1, count).round().astype(int)] if count else missing

    def decode(self, frames: NDArray[np.intp], cancelled: Cancel, every: int) -> Iterator[None]:
        """Decode some frames together, pausing after every so many points."""
        from core.generation import SamplingConfig

        if not len(frames):
            return
        opened = self._request.opened
        sampling = SamplingConfig(self._request.temperature, opened.checkpoint.max_points)
        seeds = [SEED] * len(frames)
        for partial in opened.decoder.stream(self.codes[frames], seeds, sampling, cancelled, every=every):
            longest = max(map(len, partial.strokes))
            for frame, sketch in zip(frames, partial.strokes, strict=True):
                self._sketches[frame] = sketch
                self._whole[frame] = partial.finished or len(sketch) < longest
            yield

    def film(self) -> Film:
        """What there is by now."""
        drawn = np.array([sketch is not None for sketch in self._sketches])
        own = np.flatnonzero(drawn)
        nearest = own[np.abs(own - np.arange(len(drawn))[:, None]).argmin(axis=1)]
        return Film(
            self.codes,
            self._positions,
            self._way,
            self._shares,
            self._line,
            self._corners,
            [sketch for i in nearest if (sketch := self._sketches[i]) is not None],
            drawn,
            self._whole.copy(),
            self._source,
        )


def _found(codes: "list[Code]", way: NDArray[np.float32]) -> NDArray[np.intp]:
    """Where in `way` [K, N_z] each of `codes` is, in the same order."""
    indices, at = [], 0
    for code in codes:
        at += int((way[at:] == code).all(axis=1).argmax())
        indices.append(at)
    return np.array(indices)


def code_at(target: Target, opened: "Opened") -> "Code":
    """`code_of` a control point, without asking where a place between drawings lies."""
    if isinstance(target, AtPosition):
        target = snapped(target, opened)
    return opened.navigator.code_at(target.x, target.y) if isinstance(target, AtPosition) else code_of(target, opened)


class Filming(QObject):
    """Draws the film of the studio's path whenever that changes."""

    changed = Signal(object)
    """A Film, or None where the path has a single point."""
    progressed = Signal(str, object)
    """(stage, fraction) while the ways through the data are being found; an empty stage at the end."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._graph: NeighbourGraph | None = None
        self._finder = Job("ways", self)
        self._finder.progressed.connect(lambda fraction: self.progressed.emit(SEARCHING, fraction))
        self._finder.succeeded.connect(self._on_ways)
        self._finder.failed.connect(self._on_search_failed)
        self._fine = False
        """Whether the film last asked for is a fine one: a coarse one need not wait for that."""
        self._worker = LatestWorker(film, "film", self)
        self._worker.answered.connect(self._on_film)
        self._worker.failed.connect(self.failed)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(lambda: self.ask(coarse=False))
        studio.opened.connect(self._on_opened)
        studio.state_changed.connect(self._on_state)

    @property
    def stand_in(self) -> bool:
        """Whether the straight path is shown because the way through the data is not known yet."""
        return self._studio.state.route.mode is Mode.DATA and self._graph is None

    @property
    def at_rest(self) -> bool:
        """Whether the film of the present path has been asked for in full, and answered."""
        return self._fine and not self._rest.isActive() and self._worker.idle

    def cancel(self) -> None:
        """Want no film of anything asked so far."""
        self._rest.stop()
        self._worker.cancel()

    def _on_opened(self) -> None:
        self._end_search()
        self._graph = None

    def _on_state(self, before: State, after: State) -> None:
        if not after.differs(before, "route", "temperature"):
            return
        if after.route.mode is Mode.DATA and self._graph is None:
            self._find_ways()
        elif after.route.mode is not Mode.DATA:
            self._end_search()
        if len(after.route.points) < 2:
            self.cancel()
            self.changed.emit(None)
            return
        self.ask(coarse=True)
        self._rest.start()

    def ask(self, *, coarse: bool) -> None:
        """Want the film of the present path; a fine one is preempted by the next."""
        opened, state = self._studio.current, self._studio.state
        if opened is not None and len(state.route.points) >= 2:  # ways may be found after the path was removed
            request = FilmRequest(opened, state.route, state.temperature, self._graph, coarse, self._studio.film)
            # A path being dragged changes faster than films are drawn: a coarse one is always let finish.
            self._worker.submit(request, preempt=self._fine)
            self._fine = not coarse

    def _on_film(self, number: int, answer: Film) -> None:
        if self._worker.current(number):
            self.changed.emit(answer)

    # -- ways through the data ---------------------------------------------------------------

    def _find_ways(self) -> None:
        opened = self._studio.current
        if opened is None or self._finder.running:
            return

        def make() -> Generator[Any, None, Any]:
            from core.mapping import GraphCache, find_graph
            from explorer.opening import default_cache

            return (yield from find_graph(opened.atlas.latents, GraphCache(default_cache())))

        self._finder.start(make)
        self.progressed.emit(SEARCHING, None)

    def stop_search(self) -> None:
        """End the search for ways; the path is straight then."""
        if self._finder.running:
            self._studio.set_mode(Mode.STRAIGHT)

    def _on_ways(self, graph: "NeighbourGraph") -> None:
        self._graph = graph
        self.progressed.emit("", None)
        self.ask(coarse=False)

    def _on_search_failed(self, message: str, details: str) -> None:
        self.progressed.emit("", None)
        self._studio.set_mode(Mode.STRAIGHT)
        self.failed.emit(message, details)

    def _end_search(self) -> None:
        if self._finder.running:
            self._finder.cancel()
            self.progressed.emit("", None)

    def close(self) -> None:
        self.cancel()
        self._finder.close()
        self._worker.stop()
