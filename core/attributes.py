"""What the drawings of a map can be coloured, filtered and ranked by: one value or one class a drawing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # both bring in torch, which a window that only names attributes can do without
    from core.atlas import Atlas

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

ATTRIBUTES = {
    "category": "Category",
    "split": "Split",
    "strokes": "Strokes",
    "points": "Points",
    "loss": "Reconstruction loss",
    "norm": "‖z‖",
    "distance": "Distance to the current code",
}
"""Name -> title, in the order they are offered in."""
CLASSES = ("category", "split")
RANGE_PERCENTILES = (1, 99)
"""What colours span: a few extremes would leave one colour to all others."""


@dataclass(frozen=True, eq=False)
class Classes:
    """An attribute of few values that have names."""

    name: str
    labels: NDArray[np.integer]
    """[N]: index into `names`."""
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    """Drawings per name."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """An attribute that is a number."""

    name: str
    values: Floats
    """[N]"""
    low: float
    high: float
    """The middle 98 percent: what colours span."""
    least: float
    most: float

    def steps(self, count: int) -> NDArray[np.intp]:
        """Each value's place [N] among `count` equal steps from `low` to `high`, those beyond at the ends."""
        span = self.high - self.low
        share = (self.values - self.low) / span if span > 0 else np.full(len(self.values), 0.5)
        return (share * count).clip(0, count - 1).astype(np.intp)


Attribute = Classes | Numbers


def attribute(atlas: "Atlas", name: str, code: Floats | None = None) -> Attribute:
    """The attribute `name`, one of ATTRIBUTES, of every drawing.

    `distance` is that in R^N_z to `code` [N_z]. Raises ValueError for an unknown name or a lacking code.
    """
    from core.dataset import SPLITS

    match name:
        case "category":
            return _classes(name, atlas.labels, atlas.categories)
        case "split":
            return _classes(name, atlas.splits, SPLITS)
        case "strokes":
            return _numbers(name, atlas.stroke_counts)
        case "points":
            return _numbers(name, atlas.point_counts)
        case "loss":
            return _numbers(name, atlas.losses)
        case "norm":
            return _numbers(name, atlas.norms)
        case "distance" if code is not None:
            return _numbers(name, np.linalg.norm(atlas.latents - code, axis=1))
    raise ValueError(f"no attribute {name!r}, or no code to measure it from")


def worst(atlas: "Atlas", count: int, among: Mask | None = None) -> NDArray[np.int64]:
    """Indices of the `count` drawings with the largest reconstruction loss, the worst first.

    Of those that `among` [N] allows, if it is given.
    """
    allowed = np.arange(len(atlas)) if among is None else np.flatnonzero(among)
    order = np.argsort(-atlas.losses[allowed], kind="stable")[:count]
    return allowed[order].astype(np.int64)


def _classes(name: str, labels: NDArray[np.integer], names: tuple[str, ...]) -> Classes:
    return Classes(name, labels, names, np.bincount(labels, minlength=len(names)))


def _numbers(name: str, values: NDArray) -> Numbers:
    values = values.astype(np.float32, copy=False)
    low, high = np.percentile(values, RANGE_PERCENTILES).tolist()
    return Numbers(name, values, low, high, float(values.min()), float(values.max()))


@dataclass(frozen=True)
class Filter:
    """Which drawings are shown, as far as one attribute goes."""

    hidden: frozenset[int] = frozenset()
    """Labels of a Classes that are not shown."""
    low: float | None = None
    high: float | None = None
    """Of a Numbers, what is shown lies from `low` to `high`; None is no limit."""

    def __bool__(self) -> bool:
        return bool(self.hidden) or self.low is not None or self.high is not None

    def mask(self, attribute: Attribute) -> Mask:
        """[N]: whether each drawing passes."""
        if isinstance(attribute, Classes):
            shown = np.ones(len(attribute.names), dtype=bool)
            shown[[label for label in self.hidden if label < len(shown)]] = False
            return shown[attribute.labels]
        mask = np.ones(len(attribute.values), dtype=bool)
        if self.low is not None:
            mask &= attribute.values >= self.low
        if self.high is not None:
            mask &= attribute.values <= self.high
        return mask

    def toggled(self, label: int) -> "Filter":
        """With `label` hidden if it was shown, shown if it was hidden."""
        return Filter(self.hidden ^ {label})

    def isolated(self, label: int, count: int) -> "Filter":
        """With `label` alone shown of `count`; with all, if it is alone already."""
        others = frozenset(range(count)) - {label}
        return Filter() if self.hidden == others else Filter(others)
