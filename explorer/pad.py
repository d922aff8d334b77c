"""The drawing pad without its widgets: strokes by hand, their code, their completions."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.freehand import Stroke, continued
from explorer.by_hand import WAYS, CompletionRequest, Completions, ReadRequest, complete, read
from explorer.records import MOST, MOST_ROWS
from explorer.requests import ByHand, Located, Sketch
from explorer.state import State
from explorer.workers import LatestWorker

if TYPE_CHECKING:
    from explorer.studio import Studio

MOST_STROKES, MOST_POINTS = MOST, MOST_ROWS
"""Of a drawing, and of a stroke: what a session can hold."""
TOO_MUCH = f"This is no drawing by hand: it may have up to {MOST_STROKES:,} strokes of {MOST_POINTS:,} points."


class Pad(QObject):
    """A drawing by hand. Each change of it makes it the current code, and is a step that can be undone."""

    said = Signal(str)
    """What stands in the way, in one sentence, or nothing."""
    located = Signal(object)
    """A Located: where the drawing lies; its reconstruction follows. None where it has no code."""
    reconstructed = Signal(object)
    """A Sketch: the drawing as the model draws it, perhaps in progress."""
    completing = Signal()
    """Other completions follow."""
    completed = Signal(object)
    """Completions, perhaps in progress; None where there are none any more."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.completions: Completions | None = None
        self._studio = studio
        self._seed = 0
        self._completer = LatestWorker(complete, "complete", self)
        self._reader = LatestWorker(read, "read", self)
        self._completer.answered.connect(self._on_completed)
        self._completer.failed.connect(self._on_failed)
        self._reader.answered.connect(self._on_read)
        self._reader.failed.connect(self._on_failed)
        studio.state_changed.connect(self._on_state)
        studio.opened.connect(self.drop_completions)
        studio.located.connect(self._on_located)
        studio.sketch_changed.connect(self._on_sketch)

    @property
    def strokes(self) -> tuple[Stroke, ...]:
        return self._studio.state.pad

    # -- the drawing -------------------------------------------------------------------------

    def add(self, stroke: Stroke) -> None:
        """Draw a stroke [k, 2], k >= 2, in the unit square."""
        self._edit("stroke", (*self.strokes, stroke))

    def erase(self, index: int) -> None:
        """Take one stroke away."""
        self._edit("erasing", (*self.strokes[:index], *self.strokes[index + 1 :]))

    def take_back(self) -> None:
        """Take the last stroke away."""
        if self.strokes:
            self._edit("taking back a stroke", self.strokes[:-1])

    def clear(self) -> None:
        """Begin with an empty pad; what is current stays so."""
        if self.strokes:
            self._edit("clearing the pad", ())

    def open(self, source: Path | bytes) -> None:
        """Read an SVG file, or the bytes of one, in place of what is drawn."""
        self._reader.submit(ReadRequest(source))

    def _on_read(self, number: int, strokes: tuple[Stroke, ...]) -> None:
        if self._reader.current(number):
            self._edit("opening a drawing", strokes)

    # -- completing it -----------------------------------------------------------------------

    def complete(self) -> None:
        """Continue the drawing in nine ways, others each time."""
        opened = self._studio.current
        if opened is None or not self.strokes:
            return
        seeds = tuple(range(self._seed, self._seed + WAYS))
        self._seed += WAYS
        self.said.emit("")
        self.completing.emit()
        self._completer.submit(CompletionRequest(opened, self.strokes, seeds, self._studio.temperature))

    def take(self, index: int) -> None:
        """Make completion `index` the drawing."""
        found = self.completions
        if found is not None and index < len(found.sketches):
            self._edit("completion", continued(found.strokes, found.sketches[index], found.given))

    def drop_completions(self) -> None:
        """Want none of them."""
        self._completer.cancel()
        self.completions = None
        self.completed.emit(None)

    def _on_completed(self, number: int, answer: Completions) -> None:
        if self._completer.current(number):
            self.completions = answer
            self.completed.emit(answer)

    def _on_failed(self, message: str, details: str) -> None:
        """What can be expected is said beside the drawing; only a surprise is worth a dialog."""
        if details:
            self.failed.emit(message, details)
        else:
            self.said.emit(message)
            self.drop_completions()

    # -- what follows from it ----------------------------------------------------------------

    def _edit(self, text: str, strokes: tuple[Stroke, ...]) -> None:
        """Change the drawing, and with it what is current, in one step; an empty pad leaves that as it is."""
        if len(strokes) > MOST_STROKES or max(map(len, strokes), default=0) > MOST_POINTS:
            self.said.emit(TOO_MUCH)
            return
        target = ByHand(strokes) if strokes else self._studio.state.target
        self._studio.live = False
        self._studio.edit(text, pad=strokes, target=target)

    def _on_state(self, before: State, after: State) -> None:
        if after.pad is not before.pad:
            self._seed = 0
            self.drop_completions()
            self.said.emit("")

    def refuse(self, message: str) -> None:
        """The drawing as it is now has no code."""
        self.located.emit(None)
        self.said.emit(message)

    @property
    def current(self) -> bool:
        """Whether the current code is that of the drawing."""
        return isinstance(self._studio.state.target, ByHand)

    def _on_located(self, located: Located) -> None:
        if self.current:
            self.located.emit(located)

    def _on_sketch(self, sketch: Sketch) -> None:
        if self.current:
            self.reconstructed.emit(sketch)

    # -- the end -----------------------------------------------------------------------------

    def close(self) -> None:
        self._completer.stop()
        self._reader.stop()
