"""How the drawings of the map are shown: by which attribute they are coloured, and which are hidden."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from core.attributes import Attribute, Filter, attribute
from explorer.finding import Coloured, ColourRequest, colour
from explorer.state import Mask, State
from explorer.workers import LatestWorker

if TYPE_CHECKING:
    from explorer.opening import Opened
    from explorer.requests import Located
    from explorer.studio import Studio


class Showing(QObject):
    """Colours and filters of the map. Filters by several attributes hold together."""

    coloured = Signal(object)
    """A Coloured: the attribute and everybody's colour."""
    filtered = Signal()
    """`mask` has changed."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.dark = False
        self.shown: Coloured | None = None
        self.mask: Mask | None = None
        """[N]: which drawings are shown; None where all are."""
        self._studio = studio
        self._attributes: dict[str, Attribute] = {}
        self._worker = LatestWorker(colour, "colour", self)
        self._worker.answered.connect(self._on_coloured)
        self._worker.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)
        studio.located.connect(self._on_located)
        studio.state_changed.connect(self._on_state)

    @property
    def name(self) -> str:
        """Of the attribute that colours show."""
        return self._studio.state.colour_by

    @property
    def filters(self) -> Mapping[str, Filter]:
        return self._studio.state.filters

    @property
    def alone(self) -> Mask | None:
        """[N]: the drawings that are shown alone, if some are."""
        return self._studio.state.alone

    def _on_state(self, before: State, after: State) -> None:
        if after.colour_by != before.colour_by:
            self._ask()
        if after.differs(before, "filters", "alone"):
            self._filter()

    # -- colours -----------------------------------------------------------------------------

    def colour_by(self, name: str) -> None:
        """Colour by the attribute `name` of core.attributes."""
        self._studio.edit("colours", colour_by=name)

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
        self.shown = self.mask = None
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
            name = self.shown.attribute.name
            # A range follows a drag of its handles.
            merge = None if chosen.hidden or not chosen else f"filter {name}"
            self._studio.edit("filter", merge=merge, filters={**self.filters, name: chosen})

    def show_alone(self, mask: Mask | None) -> None:
        """Show these drawings [N] alone; None shows the others again."""
        self._studio.edit("showing the selection alone" if mask is not None else "showing all", alone=mask)

    def show_all(self) -> None:
        """Hide nothing any more."""
        if self.mask is not None:
            self._studio.edit("showing all", filters={}, alone=None)

    def _filter(self) -> None:
        masks = [chosen.mask(self._attribute(name)) for name, chosen in self.filters.items() if chosen]
        if self.alone is not None:
            masks.append(self.alone)
        self.mask = np.logical_and.reduce(masks) if masks else None
        self.filtered.emit()

    def _attribute(self, name: str) -> Attribute:
        """The attribute `name`, found here if no colours have shown it yet."""
        if name not in self._attributes:
            opened, here = self._studio.current, self._studio.here
            assert opened is not None
            code = here.place.code if here is not None else opened.atlas.latents[0]
            self._attributes[name] = attribute(opened.atlas, name, code)
        return self._attributes[name]

    def close(self) -> None:
        self._worker.stop()
