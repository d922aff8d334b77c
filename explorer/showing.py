"""How the drawings of the map are shown: by which attribute they are coloured, and which are hidden."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.attributes import Attribute, Filter
from explorer.finding import Coloured, ColourRequest, colour
from explorer.workers import LatestWorker

if TYPE_CHECKING:
    from explorer.opening import Opened
    from explorer.requests import Located
    from explorer.studio import Studio

Mask = NDArray[np.bool_]


class Showing(QObject):
    """Colours and filters of the map. Filters by several attributes hold together."""

    coloured = Signal(object)
    """A Coloured: the attribute and everybody's colour."""
    filtered = Signal()
    """`mask` has changed."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.name = "category"
        self.dark = False
        self.shown: Coloured | None = None
        self.mask: Mask | None = None
        """[N]: which drawings are shown; None where all are."""
        self.filters: dict[str, Filter] = {}
        self.alone: Mask | None = None
        """[N]: the drawings that are shown alone, if some are."""
        self._studio = studio
        self._attributes: dict[str, Attribute] = {}
        self._worker = LatestWorker(colour, "colour", self)
        self._worker.answered.connect(self._on_coloured)
        self._worker.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)
        studio.located.connect(self._on_located)

    # -- colours -----------------------------------------------------------------------------

    def colour_by(self, name: str) -> None:
        """Colour by the attribute `name` of core.attributes."""
        self.name = name
        self._ask()

    def set_dark(self, dark: bool) -> None:
        """Use the colours for dark or light paper."""
        if dark != self.dark:
            self.dark = dark
            self._ask()

    def _ask(self) -> None:
        opened, here = self._studio.current, self._studio.here
        if opened is None or (self.name == "distance" and here is None):
            return
        code = here.place.code if here is not None and self.name == "distance" else None
        self._worker.submit(ColourRequest(opened, self.name, code, self.dark), preempt=False)

    def _on_opened(self, opened: "Opened") -> None:
        self._worker.cancel()
        self.shown = self.alone = self.mask = None
        self.filters.clear()
        self._attributes.clear()
        self.filtered.emit()
        self._ask()

    def _on_located(self, located: "Located") -> None:
        if self.name == "distance":
            self._ask()

    def _on_coloured(self, number: int, answer: Coloured) -> None:
        if not self._worker.current(number) or answer.attribute.name != self.name:
            return
        self.shown = answer
        self._attributes[self.name] = answer.attribute
        self.coloured.emit(answer)
        if self.filters.get(self.name):
            self._filter()

    # -- filters -----------------------------------------------------------------------------

    @property
    def filter(self) -> Filter:
        """The filter by the attribute that colours show."""
        return Filter() if self.shown is None else self.filters.get(self.shown.attribute.name, Filter())

    def set_filter(self, chosen: Filter) -> None:
        """Filter by the attribute that colours show."""
        if self.shown is not None:
            self.filters[self.shown.attribute.name] = chosen
            self._filter()

    def show_alone(self, mask: Mask | None) -> None:
        """Show these drawings [N] alone; None shows the others again."""
        self.alone = mask
        self._filter()

    def show_all(self) -> None:
        """Hide nothing any more."""
        self.filters.clear()
        self.alone = None
        self._filter()

    def _filter(self) -> None:
        masks = [chosen.mask(self._attributes[name]) for name, chosen in self.filters.items() if chosen]
        if self.alone is not None:
            masks.append(self.alone)
        self.mask = np.logical_and.reduce(masks) if masks else None
        self.filtered.emit()

    def close(self) -> None:
        self._worker.stop()
