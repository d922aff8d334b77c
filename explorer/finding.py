"""What the tools for finding and selecting ask of their threads and what comes back: frozen values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.attributes import Attribute, Classes, attribute, worst
from core.selection import in_polygon
from explorer.palette import class_rgba, number_rgba
from explorer.requests import Strokes
from explorer.workers import Cancel

if TYPE_CHECKING:
    from core.drawing_files import Drawing
    from core.expression import Code
    from explorer.opening import Opened

Mask = NDArray[np.bool_]
THUMBNAIL_TEMPERATURE = 0.1
"""Low: a thumbnail shows what its code most likely is, the same each time."""
BATCH = 64


@dataclass(frozen=True, eq=False)
class ColourRequest:
    """Colour all drawings by an attribute."""

    opened: "Opened"
    name: str
    code: "Code | None"
    dark: bool


@dataclass(frozen=True, eq=False)
class Coloured:
    """An attribute and the colours [N, 4] that show it."""

    attribute: Attribute
    rgba: NDArray[np.uint8]


def colour(request: ColourRequest, _cancelled: Cancel) -> Iterator[Coloured]:
    """Answer a ColourRequest."""
    found = attribute(request.opened.atlas, request.name, request.code)
    if isinstance(found, Classes):
        yield Coloured(found, class_rgba(len(found.names))[found.labels])
    else:
        table = number_rgba(dark=request.dark)
        yield Coloured(found, table[found.steps(len(table))])


@dataclass(frozen=True, eq=False)
class PickRequest:
    """Which of the drawings that are shown lie inside an outline [K, 2] on the map?"""

    opened: "Opened"
    outline: NDArray[np.float64]
    shown: Mask | None


def pick(request: PickRequest, _cancelled: Cancel) -> Iterator[Mask]:
    """Answer a PickRequest with a mask [N]."""
    inside = in_polygon(request.opened.atlas.positions, request.outline)
    yield inside if request.shown is None else inside & request.shown


@dataclass(frozen=True, eq=False)
class ListRequest:
    """Which drawings are nearest to a code, or (without one) reconstructed worst, and how do they look?"""

    opened: "Opened"
    code: "Code | None"
    count: int
    among: Mask | None
    draw: bool
    """False while something else is being drawn: numbers are enough."""


@dataclass(frozen=True, eq=False)
class Listed:
    """Drawings in order, with what they are ordered by; sketches as far as they are there."""

    indices: NDArray[np.int64]
    values: NDArray[np.float32]
    nearest: bool
    """Whether the values are distances; otherwise they are losses."""
    drawings: "tuple[Drawing, ...]"


def list_drawings(request: ListRequest, cancelled: Cancel) -> Iterator[Listed]:
    """Answer a ListRequest: the order first, the drawings after."""
    opened, code = request.opened, request.code
    if code is None:
        indices = worst(opened.atlas, request.count, request.among)
        values = opened.atlas.losses[indices]
    else:
        indices, values = opened.navigator.nearest(code, request.count + 1)
        other = np.any(opened.atlas.latents[indices] != code, axis=1)  # the code's own drawing is no neighbour
        indices, values = indices[other][: request.count], values[other][: request.count]
    yield Listed(indices, values, code is not None, ())
    if request.draw:
        drawn = tuple(drawings_of(opened, indices, THUMBNAIL_TEMPERATURE, cancelled))
        yield Listed(indices, values, code is not None, drawn)


def drawings_of(
    opened: "Opened", indices: Sequence[int] | NDArray[np.integer], temperature: float, cancelled: Cancel
) -> "Iterator[Drawing]":
    """The drawings `indices`: originals where they are at hand, else decoded, in batches.

    Raises Cancelled when `cancelled` says so.
    """
    from core.drawing_files import Drawing
    from core.generation import SamplingConfig

    sampling = SamplingConfig(temperature, opened.checkpoint.max_points)
    for start in range(0, len(indices), BATCH):
        batch = np.asarray(indices[start : start + BATCH])
        if opened.dataset is not None:
            originals = opened.dataset
            yield from (Drawing(int(i), originals.stroke3(int(i)), decoded=False) for i in batch)
            continue
        codes = opened.atlas.latents[batch]
        decoded: list[Strokes] = opened.decoder.decode(codes, [0] * len(batch), sampling, cancelled)
        yield from (Drawing(int(i), strokes, decoded=True) for i, strokes in zip(batch, decoded, strict=True))
