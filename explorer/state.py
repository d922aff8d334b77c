"""What a user makes in the studio, as one value that is replaced whole: so any of it can be undone and saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QUndoCommand

from core.attributes import Filter
from explorer.requests import Route, Strokes, Target

if TYPE_CHECKING:
    from core.directions import AttributeDirection
    from core.expression import Code
    from core.projection import LayoutConfig
    from explorer.opening import Opened

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Pin:
    """A code with a name."""

    name: str
    title: str
    code: "Code"
    stroke3: Strokes


@dataclass(frozen=True, eq=False)
class Group:
    """Some drawings with a name."""

    name: str
    indices: NDArray[np.int64]
    """Numbers of the drawings."""
    codes: NDArray[np.float32]
    """[n, N_z]"""


@dataclass(frozen=True, eq=False)
class Laid:
    """A layout that was asked for."""

    config: "LayoutConfig"
    opened: "Opened"
    """The map as it came out, or as it was when the layout was stopped."""


@dataclass(frozen=True, eq=False)
class State:
    """Everything that can be undone and saved. Its values are never changed, only replaced."""

    layout: Laid | None = None
    """None for the map as it was opened."""
    target: Target | None = None
    """What is current."""
    seed: int = 0
    clearest: bool = True
    """Whether of the sketches by `seed` and the seeds after it the clearest is shown …"""
    taken: bool = False
    """… or that of `seed` all the same, since it was chosen by eye."""
    temperature: float = 0.2
    route: Route = field(default_factory=Route)
    """The path on the map that the film follows."""
    pins: Mapping[str, Pin] = field(default_factory=dict)
    """By name, in the order of the bench."""
    expression: str = ""
    scalars: Mapping[str, float] = field(default_factory=dict)
    """Values of the expression's free numbers."""
    rescale: bool = False
    """Whether results of expressions are brought to the data's typical norm."""
    groups: Mapping[str, Group] = field(default_factory=dict)
    selected: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool))
    """[N]: the drawings that are selected."""
    directions: "Mapping[str, AttributeDirection]" = field(default_factory=dict)
    """Attribute directions by name."""
    pad: tuple[NDArray[np.float64], ...] = ()
    """Strokes [n, 2] drawn by hand, in a unit square, y downwards."""
    colour_by: str = "category"
    filters: Mapping[str, Filter] = field(default_factory=dict)
    """By attribute."""
    alone: Mask | None = None
    """[N]: the drawings that are shown alone, if some are."""

    def differs(self, other: "State", *names: str) -> bool:
        """Whether any of these fields (all, if none is named) is another object in `other`."""
        return any(getattr(self, name) is not getattr(other, name) for name in names or FIELDS)


FIELDS = tuple(each.name for each in fields(State))


class Change(QUndoCommand):
    """One step that can be undone: from one state to another."""

    def __init__(
        self, become: Callable[[State], None], text: str, before: State, after: State, gesture: tuple[str, int] | None
    ) -> None:
        """Changes of one `gesture` that follow one another are one step."""
        super().__init__(text)
        self._become, self._before, self._after, self._gesture = become, before, after, gesture

    def id(self) -> int:
        """What Qt asks before it merges; -1 is never merged."""
        return -1 if self._gesture is None else 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, Change) or other._gesture != self._gesture:
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        self._become(self._after)

    def undo(self) -> None:
        self._become(self._before)
