"""The shared state: what is open, current, pinned. Widgets talk to it and hear from it, not from one another."""

import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from explorer.layouts import Layouts, Relocated
from explorer.listing import Listing
from explorer.requests import (
    AtCode,
    AtDrawing,
    ByExpression,
    Calculated,
    DrawRequest,
    Film,
    FilmRequest,
    Located,
    Misread,
    Sketch,
    Strokes,
    Target,
    draw,
    film,
)
from explorer.selection import Selection
from explorer.showing import Showing
from explorer.workers import GeneratorThread, LatestWorker

if TYPE_CHECKING:
    from core.expression import Code
    from explorer.opening import Opened

FRAMES = 10
PIN_NAMES = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, eq=False)
class Pin:
    """A code with a name."""

    name: str
    title: str
    code: "Code"
    stroke3: Strokes


class Studio(QObject):
    """Everything the window can do, without a window."""

    opening = Signal(str, object)
    """(stage, fraction or None) while something is being opened."""
    opened = Signal(object)
    """An Opened: another map is there."""
    map_moved = Signal(object)
    """The Opened with its map's positions refined."""
    located = Signal(object)
    """A Located: what is current now."""
    sketch_changed = Signal(object)
    """A Sketch: the current drawing, perhaps in progress."""
    path_changed = Signal(object)
    """The map positions of the path's ends, as they are dragged."""
    film_changed = Signal(object)
    """A Film."""
    pins_changed = Signal()
    calculated = Signal(object)
    """A Calculated or a Misread, for the expression last given."""
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current: Opened | None = None
        self.here: Located | None = None
        self.sketch: Sketch | None = None
        self.film: Film | None = None
        self.pins: dict[str, Pin] = {}
        self.temperature = 0.2
        self.seed = 0
        self.live = False
        """Whether the current code follows a moving pointer, so that nothing should take its time."""
        self._target: Target | None = None
        self._path: tuple[Target, ...] = ()
        self._opener: GeneratorThread | None = None
        self._prepared: object = None
        """The decoder of the map whose navigator is prepared, or is being so."""
        self._drawer = LatestWorker(draw, "draw", self)
        self._filmer = LatestWorker(film, "film", self)
        self._drawer.answered.connect(self._on_drawn)
        self._filmer.answered.connect(self._on_film)
        self.showing = Showing(self)
        self.selection = Selection(self)
        self.layouts = Layouts(self)
        self.listing = Listing(self)
        self.layouts.moved.connect(self._on_moved)
        self.layouts.relocated.connect(self._on_relocated)
        for part in (self._drawer, self._filmer, self.showing, self.selection, self.layouts, self.listing):
            part.failed.connect(self.failed)

    # -- opening -----------------------------------------------------------------------------

    def open(self, name: str, data: Sequence[Path] = (), device: str = "auto") -> None:
        """Open a checkpoint, on its own atlas or on other drawings; what is open stays until it is there."""
        if self._opener is not None:
            self._opener.cancel()  # it ends by itself; what it still says is not heard

        def make() -> Generator[Any, None, Any]:
            from explorer.opening import open_checkpoint  # brings in torch, on that thread

            return (yield from open_checkpoint(name, data, device))

        self._opener = GeneratorThread(make, self)
        self._opener.progressed.connect(self._on_opening)
        self._opener.succeeded.connect(self._on_opened)
        self._opener.failed.connect(self._on_opening_failed)
        self._opener.start()

    def _on_opening(self, progress: Any) -> None:
        if self.sender() is self._opener:
            self.opening.emit(progress.stage, progress.fraction)

    def _on_opened(self, opened: "Opened") -> None:
        if self.sender() is self._opener:
            self._show(opened)
            self.opening.emit("", None)

    def _on_opening_failed(self, message: str, details: str) -> None:
        if self.sender() is self._opener:
            self.opening.emit("", None)
            self.failed.emit(message, details)

    def _on_moved(self, opened: "Opened") -> None:
        self.current = opened
        self.map_moved.emit(opened)

    def _on_relocated(self, answer: Relocated) -> None:
        """The current code and the film as they lie now, unless others have become current meanwhile."""
        if self.here is not None and answer.here is not None and self.here.place is answer.here.place:
            self.here = answer.here
        if self.film is not None and answer.film is not None and self.film.codes is answer.film.codes:
            self.film = replace(self.film, positions=answer.film.positions)

    def _show(self, opened: "Opened") -> None:
        self.current = opened
        self._drawer.cancel()
        self._filmer.cancel()
        self.pins.clear()
        self.here = self.sketch = self.film = None
        self.opened.emit(opened)
        self.pins_changed.emit()
        first, last = opened.beginning
        self.choose(AtDrawing(first))
        self.set_path([AtDrawing(first), AtDrawing(last)])

    # -- the current code --------------------------------------------------------------------

    def choose(self, target: Target, *, live: bool = False) -> None:
        """Make `target` current and draw it; `live` while the pointer is still moving."""
        self._target, self.live = target, live
        self._draw(preempt=not live)

    def choose_drawing(self, index: int) -> None:
        """Make drawing `index` of the map current."""
        self.choose(AtDrawing(index))

    def choose_frame(self, index: int) -> None:
        """Make a frame of the filmstrip current."""
        if self.film is not None and index < len(self.film.codes):
            self.choose(AtCode(self.film.codes[index], f"frame {index + 1} of {len(self.film.codes)}"))

    def choose_pin(self, name: str) -> None:
        self.choose(AtCode(self.pins[name].code, name))

    def set_temperature(self, temperature: float) -> None:
        """Draw with another temperature from now on, the current sketch and film at once."""
        self.temperature = temperature
        self._draw(preempt=False)
        self._draw_film()

    def resample(self) -> None:
        """Draw the current code again with another seed."""
        self.seed += 1
        self._draw(preempt=True)

    def _draw(self, *, preempt: bool) -> None:
        if self.current is not None and self._target is not None:
            request = DrawRequest(self.current, self._target, self.seed, self.temperature)
            self._drawer.submit(request, preempt=preempt)

    def _on_drawn(self, number: int, answer: Any) -> None:
        if not self._drawer.current(number):
            return
        if isinstance(answer, Located):
            self.here = answer
            self.located.emit(answer)
        elif isinstance(answer, Sketch):
            self.sketch = answer
            self.sketch_changed.emit(answer)
            if answer.finished:
                self._prepare()
        elif isinstance(answer, Calculated | Misread):
            self.calculated.emit(answer)

    def _prepare(self) -> None:
        """Let questions about the map be answered faster, once nobody waits for the first drawing."""
        if self.current is not None and self._prepared is not self.current.decoder:
            self._prepared = self.current.decoder
            threading.Thread(target=self.current.navigator.prepare, name="prepare", daemon=True).start()

    # -- paths -------------------------------------------------------------------------------

    def set_path(self, targets: Sequence[Target]) -> None:
        """Draw a film from the first target through all others."""
        self._path = tuple(targets)
        self.path_changed.emit(self._path)
        self._draw_film()

    def _draw_film(self) -> None:
        if self.current is not None and len(self._path) > 1:
            # One seed for all frames: what differs between them is the code alone.
            self._filmer.submit(FilmRequest(self.current, self._path, FRAMES, 0, self.temperature), preempt=False)

    def _on_film(self, number: int, answer: Film) -> None:
        if self._filmer.current(number):
            self.film = answer
            self.film_changed.emit(answer)

    # -- pins and expressions ----------------------------------------------------------------

    def pin(self) -> str | None:
        """Give the current code the next free letter, which is returned (None if there is nothing to pin)."""
        free = [name for name in PIN_NAMES if name not in self.pins]
        if self.here is None or self.sketch is None or not free:
            return None
        self.pins[free[0]] = Pin(
            free[0], f"{self.here.title}, {self.here.detail}", self.here.place.code, self.sketch.stroke3
        )
        self.pins_changed.emit()
        return free[0]

    def unpin(self, name: str) -> None:
        if self.pins.pop(name, None) is not None:
            self.pins_changed.emit()

    def calculate(self, text: str, scalars: dict[str, float] | None = None) -> None:
        """Make the value of an expression current, or say through `calculated` why it has none."""
        pinned = {name: pin.code for name, pin in self.pins.items()}
        groups = {name: group.codes for name, group in self.selection.groups.items()}
        self.choose(ByExpression(text, pinned, scalars or {}, groups))

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """End all threads and child processes."""
        for opener in self.findChildren(GeneratorThread, options=Qt.FindChildOption.FindDirectChildrenOnly):
            opener.cancel()
            opener.wait()
        for part in (self.showing, self.selection, self.layouts, self.listing):
            part.close()
        self._drawer.stop()
        self._filmer.stop()
