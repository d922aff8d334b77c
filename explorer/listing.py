"""A short list of drawings: those nearest to the current code, or those that the model draws worst."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from explorer.finding import Listed, ListRequest, list_drawings
from explorer.requests import Sketch
from explorer.workers import LatestWorker

if TYPE_CHECKING:
    from explorer.studio import Studio

COUNT = 12


class Listing(QObject):
    """The drawings worth a look beside the current one."""

    listed = Signal(object)
    """A Listed: the order first, then with the drawings."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.nearest = True
        self.shown: Listed | None = None
        self._undrawn = False
        """Whether the list last asked for still lacks its drawings."""
        self._studio = studio
        self._worker = LatestWorker(list_drawings, "list", self)
        self._worker.answered.connect(self._on_listed)
        self._worker.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)
        studio.located.connect(self._on_located)
        studio.sketch_changed.connect(self._on_sketch)
        studio.showing.filtered.connect(self._on_filtered)
        studio.selection.changed.connect(self._on_filtered)

    def _on_opened(self) -> None:
        self._worker.cancel()
        self.shown = None

    def list_nearest(self) -> None:
        """List the nearest neighbours of the current code in R^N_z."""
        self.nearest = True
        self._ask(draw=self._idle())

    def list_worst(self) -> None:
        """List what is reconstructed worst, of the selection if there is one, else of what is shown."""
        self.nearest = False
        self._ask(draw=self._idle())

    def _idle(self) -> bool:
        """Whether the current sketch is done: its thumbnails must not keep it waiting."""
        return not self._studio.live and self._studio.sketch is not None and self._studio.sketch.finished

    def _ask(self, *, draw: bool) -> None:
        opened, here = self._studio.current, self._studio.here
        if opened is None or (self.nearest and here is None):
            return
        selection, showing = self._studio.selection, self._studio.showing
        among = selection.mask if selection.count else showing.mask
        code = here.place.code if self.nearest and here is not None else None
        self._undrawn = not draw
        self._worker.submit(ListRequest(opened, code, COUNT, among, draw), preempt=not self._studio.live)

    def _on_located(self) -> None:
        if self.nearest:
            self._ask(draw=False)

    def _on_sketch(self, sketch: Sketch) -> None:
        if sketch.finished and self._undrawn and not self._studio.live:
            self._ask(draw=True)

    def _on_filtered(self) -> None:
        if not self.nearest:
            self._ask(draw=True)

    def _on_listed(self, number: int, answer: Listed) -> None:
        if self._worker.current(number) and answer.nearest == self.nearest:
            self.shown = answer
            self.listed.emit(answer)

    def close(self) -> None:
        self._worker.stop()
