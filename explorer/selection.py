"""The drawings that are selected, and the groups they were named as."""

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from core.selection import Combine, combine
from explorer.finding import PickRequest, pick
from explorer.state import Group, Mask, State
from explorer.workers import LatestWorker

if TYPE_CHECKING:
    from explorer.studio import Studio

NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")


def name_problem(name: str, taken: Collection[str]) -> str:
    """Why something cannot have this name, in one sentence; empty if it can."""
    if not NAME.fullmatch(name):
        return "A name is words of letters and digits, beginning with a letter."
    if name in taken:
        return f"{name!r} is the name of a code, a group or a category already."
    return ""


class Selection(QObject):
    """What is selected on the map of the studio."""

    changed = Signal()
    groups_changed = Signal()
    refused = Signal(str)
    """Why a group cannot have the name it was given."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._how = Combine.REPLACE
        self._picker = LatestWorker(pick, "pick", self)
        self._picker.answered.connect(self._on_picked)
        self._picker.failed.connect(self.failed)
        studio.opened.connect(self._picker.cancel)
        studio.state_changed.connect(self._on_state)

    def _on_state(self, before: State, after: State) -> None:
        if after.groups is not before.groups:
            self.groups_changed.emit()
        if after.selected is not before.selected:
            self.changed.emit()

    # -- selecting ---------------------------------------------------------------------------

    @property
    def mask(self) -> Mask:
        """Whether each of the N drawings is selected."""
        return self._studio.state.selected

    @property
    def count(self) -> int:
        return int(np.count_nonzero(self.mask))

    @property
    def indices(self) -> NDArray[np.int64]:
        """Numbers of the selected drawings."""
        return np.flatnonzero(self.mask)

    def pick(self, outline: NDArray[np.float64], how: Combine) -> None:
        """Select what is shown inside an outline [K, 2] on the map, or add or subtract it."""
        if self._studio.current is not None:
            self._how = how
            self._picker.submit(PickRequest(self._studio.current, outline, self._studio.showing.mask))

    def _on_picked(self, number: int, inside: Mask) -> None:
        if self._picker.current(number):
            self._set(combine(self.mask, inside, self._how))

    def pick_one(self, index: int, how: Combine) -> None:
        """Select drawing `index`, or add or subtract it."""
        picked = np.zeros_like(self.mask)
        picked[index] = True
        self._set(combine(self.mask, picked, how))

    def choose(self, indices: NDArray[np.integer]) -> None:
        """Select these drawings."""
        mask = np.zeros_like(self.mask)
        mask[indices] = True
        self._set(mask)

    def choose_category(self, label: int) -> None:
        """Select the drawings of a category."""
        if self._studio.current is not None:
            self._set(self._studio.current.atlas.labels == label)

    def choose_all(self) -> None:
        """Select all that is shown."""
        shown = self._studio.showing.mask
        self._set(np.ones_like(self.mask) if shown is None else shown.copy())

    def clear(self) -> None:
        """Select nothing."""
        self._set(np.zeros_like(self.mask))

    def _set(self, mask: Mask) -> None:
        if not np.array_equal(mask, self.mask):
            self._studio.edit("selection", selected=mask)

    # -- groups ------------------------------------------------------------------------------

    @property
    def groups(self) -> Mapping[str, Group]:
        return self._studio.state.groups

    def name_group(self, name: str) -> str:
        """Name what is selected; the name, or an empty one and `refused` if it cannot be a name."""
        assert self._studio.current is not None
        name = " ".join(name.split())
        problem = name_problem(name, [*self._studio.pins, *self._studio.current.category_means])
        if problem:
            self.refused.emit(problem)
            return ""
        group = Group(name, self.indices, self._studio.current.atlas.latents[self.mask])
        self._studio.edit(f"group {name}", groups={**self.groups, name: group})
        return name

    def choose_group(self, name: str) -> None:
        """Select a group again."""
        self.choose(self.groups[name].indices)

    def drop_group(self, name: str) -> None:
        """Forget a group."""
        if name in self.groups:
            others = {other: group for other, group in self.groups.items() if other != name}
            self._studio.edit(f"forgetting {name}", groups=others)

    # -- shown alone -------------------------------------------------------------------------

    def toggle_alone(self) -> None:
        """Show the selection alone; show all again if something is shown alone."""
        showing = self._studio.showing
        showing.show_alone(None if showing.alone is not None or not self.count else self.mask)

    def close(self) -> None:
        self._picker.stop()
