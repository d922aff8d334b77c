"""The shared state: what is open, current, pinned. Widgets talk to it and hear from it, not from one another."""

import itertools
import secrets
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from core.expression_syntax import renamed
from explorer.arithmetic import Arithmetic
from explorer.directions import Directions
from explorer.exporting import Exporting
from explorer.filming import SEED as FILM_SEED
from explorer.filming import Filming
from explorer.keeping import MADE, Keeping
from explorer.layouts import Layouts, Relocated
from explorer.listing import Listing
from explorer.pad import Pad
from explorer.player import Player
from explorer.requests import (
    VARIANTS,
    AtCode,
    AtDrawing,
    ByHand,
    Codeless,
    DrawRequest,
    Film,
    Located,
    Mode,
    Route,
    Sketch,
    Strokes,
    Target,
    Waypoint,
    draw,
    on_map,
)
from explorer.selection import Selection, name_problem
from explorer.showing import Showing
from explorer.state import Change, Pin, State
from explorer.training import Training
from explorer.variants import Variants
from explorer.workers import Job, LatestWorker

if TYPE_CHECKING:
    from core.expression import Code
    from explorer.code_drag import CarriedCode
    from explorer.opening import Opened
    from explorer.session import Session

MOST_STEPS = 500
"""That can be undone."""
RANDOM_SEEDS = 100_000
"""How many: few digits are easy to read and to type."""
PIN_NAMES = "abcdefghijklmnopqrstuvwxyz"


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
    state_changed = Signal(object, object)
    """(the State before, that of now): something was done, undone or redone, or another map is there."""
    film_changed = Signal(object)
    """A Film, or None where the path has a single point."""
    calculated = Signal(object)
    """A Calculated or a Misread, for the expression as it stands."""
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current: Opened | None = None
        self.here: Located | None = None
        self.sketch: Sketch | None = None
        self.film: Film | None = None
        self.state = State()
        self.ask: Callable[[Callable[[], object]], object] = lambda then: then()
        """Does what would close the present session, once that is saved or given up."""
        self._left = self.state
        """The state in which something was asked to be opened."""
        self.history = QUndoStack(self)
        self.history.setUndoLimit(MOST_STEPS)
        self.drawn = False
        """Whether `sketch` is the whole drawing of the code `here`, and nothing else has been asked for."""
        self._asked = 0
        """The number of what was asked for last."""
        self._whole: Located | None = None
        """The last of which the whole drawing is known."""
        self._pin_drawn = False
        """Whether the current code is to be pinned when it is drawn."""
        self.live = False
        """Whether the current code follows a moving pointer, so that nothing should take its time."""
        self._gesture = 0
        self._opener = Job("open", self)
        self._opener.progressed.connect(lambda progress: self.opening.emit(progress.stage, progress.fraction))
        self._opener.succeeded.connect(self._on_opened)
        self._opener.failed.connect(self._on_opening_failed)
        self._prepared: object = None
        """The decoder of the map whose navigator is prepared, or is being so."""
        self._drawer = LatestWorker(draw, "draw", self)
        self._drawer.answered.connect(self._on_drawn)
        self.showing = Showing(self)
        self.selection = Selection(self)
        self.layouts = Layouts(self)
        self.listing = Listing(self)
        self.arithmetic = Arithmetic(self)
        self.directions = Directions(self)
        self.variants = Variants(self)
        self.filming = Filming(self)
        self.player = Player(self)
        self.pad = Pad(self)
        self.exporting = Exporting(self)
        self.training = Training(self)
        self.keeping = Keeping(self)
        self._parts = (
            *(self.showing, self.selection, self.layouts, self.listing, self.filming),
            *(self.arithmetic, self.directions, self.variants, self.pad, self.exporting, self.keeping),
        )
        self.filming.changed.connect(self._on_film)
        self.arithmetic.calculated.connect(self.calculated)
        self.layouts.moved.connect(self._on_moved)
        self.layouts.relocated.connect(self._on_relocated)
        for part in (self._drawer, *self._parts):
            part.failed.connect(self.failed)

    # -- opening -----------------------------------------------------------------------------

    def open(self, name: str, data: Sequence[Path] = (), device: str = "auto") -> None:
        """Open a checkpoint, on its own atlas or on other drawings; what is open stays until it is there."""

        def make() -> Generator[Any, None, Any]:
            from explorer.opening import open_checkpoint  # brings in torch, on that thread
            from explorer.session import Session, Source

            source = Source.of(name, data)
            opened = yield from open_checkpoint(name, data, device)
            return Session(source, opened, self._beginning(opened))

        self._left = self.state
        self._opener.start(make)

    def reopen(self, path: Path, device: str = "auto", *, recovered: bool = False) -> None:
        """Open a session; what is open stays until it is there, and for good if it cannot be opened.

        `recovered` for an autosaved one, whose file is not the user's.
        """

        def make() -> Generator[Any, None, Any]:
            from explorer.session import open_session

            return (yield from open_session(path, device, recovered=recovered))

        self._left = self.state
        self._opener.start(make)

    def _on_opened(self, session: "Session") -> None:
        def take() -> None:
            self._show(session.opened, session.state)
            self.keeping.keep(session)

        if self.state.differs(self._left, *MADE):
            self.ask(take)  # about what was made meanwhile
        else:
            take()
        self.opening.emit("", None)

    def _on_opening_failed(self, message: str, details: str) -> None:
        self.opening.emit("", None)
        self.failed.emit(message, details)

    def _on_moved(self, opened: "Opened") -> None:
        self.current = opened
        self.map_moved.emit(opened)

    def _on_relocated(self, answer: Relocated) -> None:
        """The current code and the film as they lie now, unless others have become current meanwhile."""
        if self.here is not None and answer.here is not None and self.here.place is answer.here.place:
            if self._whole is self.here:
                self._whole = answer.here
            self.here = answer.here
        if self.film is not None and answer.film is not None and self.film.codes is answer.film.codes:
            # Its places alone: more of it may have been drawn meanwhile.
            self.film = replace(self.film, positions=answer.film.positions, line=answer.film.line)

    def _beginning(self, opened: "Opened") -> State:
        first, last = opened.beginning
        return State(
            target=AtDrawing(first),
            clearest=self.state.clearest,
            temperature=self.state.temperature,
            route=Route((AtDrawing(first), AtDrawing(last))),
            selected=np.zeros(len(opened.atlas), dtype=bool),
            pad=self.state.pad,
            colour_by=self.state.colour_by,
        )

    def _show(self, opened: "Opened", beginning: State) -> None:
        self.current = opened
        self._drawer.cancel()
        self.filming.cancel()
        self.here = self.sketch = self.film = None
        self.drawn = self._pin_drawn = False
        self.live = False
        self.history.clear()
        before, self.state = self.state, beginning
        self.opened.emit(opened)
        self._react(before, beginning)

    # -- what can be undone ------------------------------------------------------------------

    def edit(self, text: str, *, merge: str | None = None, **changes: Any) -> None:
        """Replace fields of the state, as a step that can be undone under the name `text`.

        Steps of one `merge` that follow one another are one, until `end_gesture`.
        """
        if changes.get("target", self.state.target) is not self.state.target:
            changes.setdefault("taken", False)  # what was chosen by eye was a sketch of another code
        after = replace(self.state, **changes)
        if after.differs(self.state):
            gesture = None if merge is None else (merge, self._gesture)
            self.history.push(Change(self._become, text, self.state, after, gesture))

    def end_gesture(self) -> None:
        """What comes next is another step, whatever it merges with."""
        self._gesture += 1

    def _become(self, state: State) -> None:
        before, self.state = self.state, state
        self._react(before, state)

    def _react(self, before: State, after: State) -> None:
        self.layouts.follow(before, after)
        if after.differs(before, "target", "seed", "clearest", "taken"):
            self._draw(preempt=not self.live)
        elif after.temperature != before.temperature:
            self._draw(preempt=False)
        self.state_changed.emit(before, after)

    @property
    def pins(self) -> Mapping[str, Pin]:
        return self.state.pins

    @property
    def seed(self) -> int:
        return self.state.seed

    @property
    def temperature(self) -> float:
        return self.state.temperature

    # -- the current code --------------------------------------------------------------------

    def choose(self, target: Target, *, live: bool = False, **drawing: Any) -> None:
        """Make `target` current and draw it; `live` while the pointer is still moving.

        `drawing` are other fields of the state that its sketch depends on.
        """
        merge = "going" if live or self.live else None
        self.live = live
        self.edit("going elsewhere", merge=merge, target=target, **drawing)
        if not live:
            self.end_gesture()

    def choose_drawing(self, index: int) -> None:
        """Make drawing `index` of the map current."""
        self.choose(AtDrawing(index))

    def choose_frame(self, index: int) -> None:
        """Make a frame of the filmstrip current."""
        if self.film is not None and index < len(self.film.codes):
            frame = AtCode(self.film.codes[index], f"frame {index + 1} of {len(self.film.codes)}")
            self.choose(frame, seed=FILM_SEED, taken=True)  # which was seen in the film

    def choose_code(self, carried: "CarriedCode") -> None:
        """Make a code that was dropped current, if it is one of this model."""
        if self._takes(carried.code):
            self.choose(AtCode(carried.code, carried.title))

    def choose_pin(self, name: str) -> None:
        if name in self.pins:
            self.choose(AtCode(self.pins[name].code, name))

    def set_temperature(self, temperature: float, *, live: bool = False) -> None:
        """Draw with another temperature from now on, the current sketch and film at once; `live` in a drag."""
        self.live = live
        self.edit("temperature", merge="temperature", temperature=temperature)

    def settle_temperature(self) -> None:
        """The slider is at rest: draw once more, with all that waits for the end of a drag."""
        if self.live:
            self.live = False
            self._draw(preempt=True)
        self.end_gesture()

    def resample(self) -> None:
        """Draw the current code again with another seed; with as many others as are on view or compared."""
        several = self.variants.watched or self.state.clearest
        self.edit("drawing again", seed=self.seed + (VARIANTS if several else 1), taken=False)

    def set_clearest(self, clearest: bool) -> None:
        """Whether from now on the clearest of several sketches is shown, of the current code at once."""
        self.edit("the clearest sketch" if clearest else "any sketch", clearest=clearest, taken=False)

    def choose_random(self) -> None:
        """Make a code drawn from the prior N(0, I) current; its title is the expression that gives it again."""
        if self.current is not None:
            from core.generation import prior_codes

            seed = secrets.randbelow(RANDOM_SEEDS)
            [code] = prior_codes([seed], self.current.decoder.latent)
            self.choose(AtCode(code, f"random({seed})"))

    def look_again(self) -> None:
        """Draw what now lies at places of the map that was laid out anew."""
        if on_map(self.state.target):
            self._draw(preempt=True)
        if any(map(on_map, self.state.route.points)):
            self.filming.ask(coarse=False)

    def _draw(self, *, preempt: bool) -> None:
        if self.current is not None and self.state.target is not None:
            clearest = self.state.clearest and not self.state.taken and not self.live
            request = DrawRequest(self.current, self.state.target, self.seed, self.temperature, clearest)
            self._asked = self._drawer.submit(request, preempt=preempt)
            self.drawn = self._pin_drawn = False

    def _on_drawn(self, number: int, answer: Any) -> None:
        if not self._drawer.current(number):
            return
        if isinstance(answer, Located):
            self.here = answer
            self.located.emit(answer)
        elif isinstance(answer, Sketch):
            self.sketch = answer
            if answer.finished:
                self._whole = self.here
                self.drawn = number == self._asked
            self.sketch_changed.emit(answer)
            if answer.finished:
                if self.drawn and self._pin_drawn:
                    self._pin_drawn = False
                    self.pin()
                self._prepare()
        elif isinstance(answer, Codeless):
            self.drawn, self._pin_drawn = self._whole is self.here, False  # that stays on view
            if isinstance(self.state.target, ByHand):
                self.pad.refuse(answer.message)

    def _prepare(self) -> None:
        """Let questions about the map be answered faster, once nobody waits for the first drawing."""
        if self.current is not None and self._prepared is not self.current.decoder:
            self._prepared = self.current.decoder
            threading.Thread(target=self.current.navigator.prepare, name="prepare", daemon=True).start()

    # -- paths -------------------------------------------------------------------------------

    def set_path(self, points: Sequence[Waypoint], *, live: bool = False) -> None:
        """Draw a film through `points`; `live` while one of them is being dragged."""
        self.set_route(replace(self.state.route, points=tuple(points)), live=live)

    def set_mode(self, mode: Mode) -> None:
        """Lead the path in another way."""
        self.set_route(replace(self.state.route, mode=mode))

    def set_route(self, route: Route, *, live: bool = False) -> None:
        """Draw the film of another route."""
        self.edit("path", merge="path", route=route)
        if not live:
            self.end_gesture()

    def _on_film(self, film: Film | None) -> None:
        self.film = film
        self.film_changed.emit(film)

    # -- pins and expressions ----------------------------------------------------------------

    def pin(self) -> str | None:
        """Give the current code the next free letter, which is returned (None if there is nothing to pin).

        While it is being drawn, it is pinned as soon as it is whole, and None is returned.
        """
        if self.here is None or self.sketch is None or not self.drawn:
            self._pin_drawn = self.current is not None
            return None
        title = f"{self.here.title}, {self.here.detail}"
        return self.pin_code(title, self.here.place.code, self.sketch.stroke3)

    def pin_code(self, title: str, code: "Code", stroke3: Strokes) -> str | None:
        """Give a code [N_z] the next free letter, which is returned (None if it is no code of this model)."""
        if not self._takes(code):
            return None
        assert self.current is not None
        names = (f"{letter}{turn if turn > 1 else ''}" for turn in itertools.count(1) for letter in PIN_NAMES)
        taken = {*self.pins, *self.state.groups, *self.current.category_means}
        name = next(name for name in names if name not in taken)
        self.edit(f"pin {name}", pins={**self.pins, name: Pin(name, title, code, stroke3)})
        return name

    def _takes(self, code: "Code") -> bool:
        """Whether a code is one of this model; `failed` says so if it is not."""
        takes = self.current is not None and code.shape == self.current.atlas.low.shape
        if not takes:
            self.failed.emit("This code is of another model and cannot be used here.", "")
        return takes

    def rename_pin(self, old: str, name: str) -> str:
        """Give a pinned code another name; why it cannot have that one, in a sentence, or nothing if it has it now."""
        name = " ".join(name.split())
        if name == old or old not in self.pins:
            return ""
        assert self.current is not None
        others = [*self.pins, *self.state.groups, *self.current.category_means]
        problem = name_problem(name, others)
        if problem:
            return problem
        pins = {pin.name: pin for pin in (replace(p, name=name) if p.name == old else p for p in self.pins.values())}
        self.edit(f"naming {name}", pins=pins, expression=renamed(self.state.expression, old, name))
        return ""

    def unpin(self, name: str) -> None:
        if name in self.pins:
            self.edit(f"unpin {name}", pins={other: pin for other, pin in self.pins.items() if other != name})

    def calculate(self, text: str, scalars: Mapping[str, float] | None = None, *, live: bool = False) -> None:
        """Make the value of an expression current; `calculated` says what it is, or why there is none.

        `live` while one of its free numbers is being dragged. Without words, what is current stays.
        """
        given = self.state.scalars if scalars is None else scalars
        if not live and not self.live and self.arithmetic.is_current(text, given):
            return
        target = self.arithmetic.target(text, given) if text.strip() else self.state.target
        self.live = live
        self.edit("expression", merge="expression", expression=text, scalars=given, target=target)

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        """End all threads and child processes."""
        for part in (self._opener, *self._parts, self.training):
            part.close()
        self._drawer.stop()
