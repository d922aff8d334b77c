"""Drawings for the map itself: which of those in view have room, and how they look; or the decoded lattice.

Both are chosen in map units and by levels of zoom, half an octave each, so that panning changes nothing.
"""

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from explorer.finding import THUMBNAIL_TEMPERATURE, drawings_of
from explorer.ink import paint_sketch
from explorer.requests import Strokes
from explorer.workers import Cancel

if TYPE_CHECKING:
    from explorer.opening import Opened

SIDE = 64
"""Pixels of a thumbnail, which it has at every zoom."""
PITCH = 74
"""Pixels from one thumbnail to the next, at least."""
ROOM = 6
"""Pixels between the points of a place, so that a thumbnail on it hides none too many."""
CELL = 1.15
"""Pitches from one cell of the lattice to the next: drawings near the middles of their cells have room."""
ROUNDS = 2
BATCH = 12
"""Drawings decoded at once: a newer view does not wait long."""
GROUND_ALPHA = 225
AWAY_ALPHA = 110
"""Of the ink where no drawing is near: what the model draws there is a guess."""

Places = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ViewRequest:
    """Which drawings belong on this part of the map, and how do those look that are not at hand?"""

    opened: "Opened"
    view: tuple[float, float, float, float]
    """left, bottom, right, top in map units"""
    level: int
    lattice: bool
    shown: NDArray[np.bool_] | None
    """[N]: the drawings that the map shows, if not all."""
    have: frozenset[Hashable]
    ratio: float
    """Device pixels to a pixel."""
    ink: str
    paper: str


@dataclass(frozen=True, eq=False)
class Chosen:
    """The drawings that belong on a view, by key, and their places [K, 2] on the map."""

    level: int
    keys: list[Hashable]
    places: Places


@dataclass(frozen=True, eq=False)
class Drawn:
    """Some of them as pictures."""

    pictures: dict[Hashable, QImage]


def level_of(pixels_per_unit: float) -> int:
    """The level of a zoom: its largest power of the square root of 2."""
    return math.floor(2 * math.log2(pixels_per_unit))


def scale_of(level: int) -> float:
    """Pixels per map unit where a level begins."""
    return 2 ** (level / 2)


def draw_view(request: ViewRequest, cancelled: Cancel) -> Iterator[Chosen | Drawn]:
    """Answer a ViewRequest: what there is first, then the pictures in batches."""
    pitch = PITCH / scale_of(request.level)
    if request.lattice:
        keys, places = _lattice(request, pitch)
    else:
        indices = with_room(request.opened.atlas.positions, pitch, request.view, request.shown)
        keys, places = [int(index) for index in indices], request.opened.atlas.positions[indices].astype(np.float64)
    yield Chosen(request.level, keys, places)
    left, bottom, right, top = request.view
    middle = np.array(((left + right) / 2, (bottom + top) / 2))
    missing = [i for i in np.argsort(np.hypot(*(places - middle).T)) if keys[i] not in request.have]
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        if request.lattice:
            strokes, alphas = _decoded(request, places[batch], pitch, cancelled)
        else:
            found = drawings_of(request.opened, [keys[i] for i in batch], THUMBNAIL_TEMPERATURE, cancelled)
            strokes, alphas = [drawing.stroke3 for drawing in found], [255] * len(batch)
        pictures = (picture(request, drawn, alpha) for drawn, alpha in zip(strokes, alphas, strict=True))
        yield Drawn(dict(zip((keys[i] for i in batch), pictures, strict=True)))


def with_room(
    positions: NDArray[np.float32],
    pitch: float,
    view: tuple[float, float, float, float],
    shown: NDArray[np.bool_] | None = None,
) -> NDArray[np.intp]:
    """Indices of drawings in a view of positions [N, 2], no two within `pitch` map units along both axes.

    Each cell of a lattice proposes the drawing nearest to its middle unless it is crowded; of two in each
    other's way the one nearer to its middle stays, the others get a second chance. What is so chosen
    depends on ROUNDS * 2 cells around it alone, not on the view.
    """
    left, bottom, right, top = view
    cell = CELL * pitch
    low = (np.floor(np.array((left, bottom)) / cell) - 2 * ROUNDS) * cell
    high = (np.floor(np.array((right, top)) / cell) + 2 * ROUNDS + 1) * cell
    near = ((positions >= low) & (positions < high)).all(axis=1)
    indices = np.flatnonzero(near if shown is None else near & shown)
    if not len(indices):
        return indices
    within, cells = np.modf((positions[indices].astype(np.float64) - low) / cell)
    off = np.abs(within - 0.5).max(axis=1)
    numbers = cells[:, 1] * (cells[:, 0].max() + 1) + cells[:, 0]
    order = np.lexsort((indices, off, numbers))
    _, first, counts = np.unique(numbers[order], return_index=True, return_counts=True)
    candidates = order[first[counts <= (CELL * PITCH / ROOM) ** 2]]
    candidates = candidates[np.lexsort((indices[candidates], off[candidates]))]
    places = positions[indices[candidates]].astype(np.float64)
    clash = (np.abs(places[:, None] - places) < pitch).all(axis=2)
    before = np.tri(len(candidates), k=-1, dtype=bool)
    alive, chosen = np.ones(len(candidates), dtype=bool), np.zeros(len(candidates), dtype=bool)
    for _ in range(ROUNDS):
        best = alive & ~(clash & before & alive).any(axis=1)
        chosen |= best
        alive &= ~(clash & best).any(axis=1)
    inside = (places >= (left, bottom)).all(axis=1) & (places <= (right, top)).all(axis=1)
    return indices[candidates[chosen & inside]]


def _lattice(request: ViewRequest, pitch: float) -> tuple[list[Hashable], Places]:
    left, bottom, right, top = (math.floor(edge / pitch) for edge in request.view)
    cells = [(column, row) for row in range(bottom, top + 1) for column in range(left, right + 1)]
    return [(request.level, *cell) for cell in cells], (np.array(cells) + 0.5) * pitch


def _decoded(request: ViewRequest, places: Places, pitch: float, cancelled: Cancel) -> tuple[list[Strokes], list[int]]:
    """What the model draws at places [B, 2], and how much ink each deserves."""
    from core.generation import SamplingConfig

    opened = request.opened
    codes = np.array([opened.navigator.code_at(x, y) for x, y in places.tolist()])
    away = [opened.navigator.on_map(x, y)[1] > pitch for x, y in places.tolist()]
    sampling = SamplingConfig(THUMBNAIL_TEMPERATURE, opened.checkpoint.max_points)
    strokes = opened.decoder.decode(codes, [0] * len(codes), sampling, cancelled)
    return strokes, [AWAY_ALPHA if far else 255 for far in away]


def picture(request: ViewRequest, stroke3: Strokes, alpha: int) -> QImage:
    """A drawing of SIDE pixels on a soft ground."""
    device = round(SIDE * request.ratio)
    image = QImage(device, device, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(request.ratio)
    image.fill(Qt.GlobalColor.transparent)
    ground, ink = QColor(request.paper), QColor(request.ink)
    ground.setAlpha(GROUND_ALPHA)
    ink.setAlpha(alpha)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(0, 0, SIDE, SIDE), 8, 8)
        paint_sketch(painter, stroke3, QRectF(0, 0, SIDE, SIDE), ink)
    return image
