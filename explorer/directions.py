"""Going along directions of latent space: the principal ones of the map, and those from one group to another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.finding import THUMBNAIL_TEMPERATURE
from explorer.requests import Offset, Steered, Strokes, Target
from explorer.workers import Cancel, LatestWorker

if TYPE_CHECKING:
    from core.directions import AttributeDirection, PrincipalDirections
    from core.expression import Code
    from explorer.opening import Opened
    from explorer.studio import Studio

COUNT = 10
"""Principal directions that can be gone along."""
REACH = 3.0
"""Standard deviations that a principal direction is gone to either side."""
ATTRIBUTE_REACH = 2.0
"""Differences of the groups' means that an attribute direction is gone to either side."""


@dataclass(frozen=True, eq=False)
class Found:
    """The principal directions of a map, and how their ends look as soon as that is drawn."""

    principal: "PrincipalDirections"
    ends: tuple[tuple[Strokes, Strokes], ...]
    """The mean code, REACH deviations down and up along each direction."""


def find(opened: "Opened", cancelled: Cancel) -> Iterator[Found]:
    """The principal directions of a map: first their numbers, then their sketches too."""
    from core.directions import principal_directions
    from core.generation import SamplingConfig

    principal = principal_directions(opened.atlas.latents, COUNT)
    yield Found(principal, ())
    steps = REACH * principal.deviations[:, None] * principal.axes
    codes = np.concatenate([principal.mean - steps, principal.mean + steps])
    sampling = SamplingConfig(THUMBNAIL_TEMPERATURE, opened.checkpoint.max_points)
    sketches = opened.decoder.decode(codes, [0] * len(codes), sampling, cancelled)
    yield Found(principal, tuple(zip(sketches[: len(steps)], sketches[len(steps) :], strict=True)))


@dataclass(frozen=True, eq=False)
class DirectionRequest:
    """Which direction leads from some drawings to others, by the names of groups or categories?"""

    opened: "Opened"
    groups: "Mapping[str, Code]"
    low: str
    high: str


@dataclass(frozen=True, eq=False)
class Added:
    """A direction with its name."""

    name: str
    direction: "AttributeDirection"


def lead(request: DirectionRequest, _cancelled: Cancel) -> Iterator[Added]:
    """Answer a DirectionRequest. Raises SelectionError."""
    from core.directions import attribute_direction

    atlas = request.opened.atlas

    def codes(name: str) -> "Code":
        if name in request.groups:
            return request.groups[name]
        return atlas.latents[atlas.labels == atlas.categories.index(name)]

    direction = attribute_direction(codes(request.low), codes(request.high))
    yield Added(f"{request.low} → {request.high}", direction)


def principal_key(axis: int) -> str:
    """The name of a principal direction, counted from 0, among the offsets of a target."""
    return f"principal {axis + 1}"


class Directions(QObject):
    """The directions of the studio's map, and how far the current code was moved along each."""

    found = Signal(object)
    """A Found."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self.shown: Found | None = None
        self._asked = False
        self._steered: Target | None = None
        """What a slider in motion has made current last."""
        self._finder = LatestWorker(find, "directions", self)
        self._leader = LatestWorker(lead, "direction", self)
        self._finder.answered.connect(self._on_found)
        self._leader.answered.connect(self._on_added)
        for worker in (self._finder, self._leader):
            worker.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)

    def _on_opened(self) -> None:
        self._finder.cancel()
        self._leader.cancel()
        self.shown, self._asked = None, False

    def find(self) -> None:
        """Find the principal directions, if nobody has yet."""
        if self._studio.current is not None and not self._asked:
            self._asked = True
            self._finder.submit(self._studio.current)

    def _on_found(self, number: int, found: Found) -> None:
        if self._finder.current(number):
            self.shown = found
            self.found.emit(found)

    # -- directions between groups -----------------------------------------------------------

    def names(self) -> list[str]:
        """What a direction can lead from and to: groups, then categories."""
        opened = self._studio.current
        return [*self._studio.state.groups, *([] if opened is None else opened.category_means)]

    def add(self, low: str, high: str) -> None:
        """Have a direction from one group or category to another; `failed` says why there is none."""
        if self._studio.current is not None and low in self.names() and high in self.names():
            groups = {name: group.codes for name, group in self._studio.state.groups.items()}
            self._leader.submit(DirectionRequest(self._studio.current, groups, low, high))

    def _on_added(self, number: int, added: Added) -> None:
        if self._leader.current(number):
            directions = {**self._studio.state.directions, added.name: added.direction}
            self._studio.edit(f"direction {added.name}", directions=directions)

    def remove(self, name: str) -> None:
        """Forget a direction between groups."""
        directions = self._studio.state.directions
        if name in directions:
            others = {other: direction for other, direction in directions.items() if other != name}
            self._studio.edit(f"forgetting {name}", directions=others)

    # -- going along them --------------------------------------------------------------------

    @property
    def steered(self) -> bool:
        """Whether the current target was moved along any direction."""
        return isinstance(self._studio.state.target, Steered)

    def amount(self, name: str) -> float:
        """How far the current target was moved along a direction."""
        target = self._studio.state.target
        offset = target.offsets.get(name) if isinstance(target, Steered) else None
        return 0.0 if offset is None else offset.amount

    def _unit(self, name: str) -> "Code | None":
        direction = self._studio.state.directions.get(name)
        if direction is not None:
            return direction.step
        if self.shown is not None:
            principal = self.shown.principal
            for axis, deviation in enumerate(principal.deviations):
                if principal_key(axis) == name:
                    return (deviation * principal.axes[axis]).astype(np.float32)
        return None

    def steer(self, name: str, amount: float, *, live: bool = False) -> None:
        """Have the current target so far along a direction; `live` while a slider is being dragged."""
        target, unit = self._studio.state.target, self._unit(name)
        if target is None or unit is None:
            return
        base, offsets = (target.base, target.offsets) if isinstance(target, Steered) else (target, {})
        moved = {key: offset for key, offset in offsets.items() if key != name}
        if amount:
            moved[name] = Offset(amount, unit)
        there = Steered(base, moved) if moved else replace(base)
        self._steered = there if live else None
        self._studio.choose(there, live=live)

    def settle(self) -> None:
        """The slider is at rest: draw what it led to once more, with all that waits for the end of a drag."""
        target = self._studio.state.target
        if target is not None and target is self._steered:
            self._studio.choose(replace(target))
        self._steered = None

    def reset(self) -> None:
        """Go back to where all sliders are in the middle."""
        target = self._studio.state.target
        if isinstance(target, Steered):
            self._studio.choose(target.base)

    def close(self) -> None:
        self._finder.stop()
        self._leader.stop()
