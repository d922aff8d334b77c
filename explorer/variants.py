"""Nine sketches of the current code: what differs between them is chance alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.requests import VARIANTS, Sketch, Varied
from explorer.workers import Cancel, LatestWorker

if TYPE_CHECKING:
    from core.expression import Code
    from explorer.opening import Opened
    from explorer.studio import Studio


@dataclass(frozen=True, eq=False)
class VariantsRequest:
    """Draw one code with VARIANTS seeds, `seed` and those after it."""

    opened: "Opened"
    code: "Code"
    seed: int
    temperature: float


def draw_variants(request: VariantsRequest, cancelled: Cancel) -> Iterator[Varied]:
    """Answer a VariantsRequest."""
    from core.generation import SamplingConfig

    opened = request.opened
    sampling = SamplingConfig(request.temperature, opened.checkpoint.max_points)
    codes = request.code[None].repeat(VARIANTS, axis=0)
    seeds = range(request.seed, request.seed + VARIANTS)
    for partial in opened.decoder.stream(codes, seeds, sampling, cancelled, every=12):
        yield Varied(request.code, request.seed, request.temperature, partial.strokes, partial.finished)


class Variants(QObject):
    """Follows the current code while somebody looks."""

    varied = Signal(object)
    """A Varied."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.watched = False
        self.shown: Varied | None = None
        self._studio = studio
        self._asked: object = None
        self._worker = LatestWorker(draw_variants, "variants", self)
        self._worker.answered.connect(self._on_varied)
        self._worker.failed.connect(self.failed)
        studio.sketch_changed.connect(self._on_sketch)
        studio.opened.connect(self._on_opened)

    def watch(self, watched: bool) -> None:
        """Whether anybody looks."""
        self.watched = watched
        if watched and self._studio.drawn:
            self._ask()
        elif not watched:
            self._worker.cancel()
            self._asked = None

    def take(self, number: int) -> None:
        """Make variant `number` the current sketch."""
        shown, here = self.shown, self._studio.here
        if shown is not None and here is not None and np.array_equal(shown.code, here.place.code):
            self._studio.edit("variant", seed=shown.seed + number, taken=True)

    def _on_opened(self) -> None:
        self._worker.cancel()
        self.shown = self._asked = None

    def _on_sketch(self, sketch: Sketch) -> None:
        if sketch.finished and self.watched:
            self._ask()  # only now: the current sketch goes first

    def _ask(self) -> None:
        opened, here, state = self._studio.current, self._studio.here, self._studio.state
        if opened is None or here is None:
            return
        seed = state.seed
        own = state.taken or not state.clearest
        if own and self.shown is not None and 0 <= seed - self.shown.seed < VARIANTS:
            seed = self.shown.seed
        asked = (opened, here.place.code.tobytes(), seed, state.temperature)
        if asked == self._asked:  # a variant that was taken leaves the nine as they are
            return
        self._asked = asked
        sketch = self._studio.sketch
        compared = None if sketch is None else sketch.compared
        if compared is not None and asked[1:] == (compared.code.tobytes(), compared.seed, compared.temperature):
            self._worker.cancel()
            self._show(compared)
        else:
            self._worker.submit(VariantsRequest(opened, here.place.code, seed, state.temperature))

    def _on_varied(self, number: int, varied: Varied) -> None:
        if self._worker.current(number):
            self._show(varied)

    def _show(self, varied: Varied) -> None:
        self.shown = varied
        self.varied.emit(varied)

    def close(self) -> None:
        self._worker.stop()
