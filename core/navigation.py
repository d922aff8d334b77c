"""Where things are in an atlas: neighbours, ways through the data, from the map to a code and back."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.atlas import Atlas
from core.interpolation import path
from core.neighbours import NeighbourGraph, NeighbourSearch

if TYPE_CHECKING:
    from scipy.spatial import KDTree

Floats = NDArray[np.float32]
NEIGHBOURS = 8
CANDIDATES = 16
"""Map neighbours of a place, of which the NEIGHBOURS that are nearest to one another in R^N_z count."""
FEW = 64
"""So many map neighbours are looked through for an allowed drawing, or this part of all that are allowed."""


@dataclass(frozen=True, eq=False)
class Place:
    """A code and how it relates to the atlas."""

    code: Floats
    """[N_z]"""
    index: int | None
    """The drawing it is, if it is one."""
    nearest: int
    """The drawing nearest to it in R^N_z."""
    distance: float
    """To that drawing, in units of the data's typical distance between near drawings: 1 is at home."""


class Navigator:
    """Answers where things are in an atlas. Safe to share between threads."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self._latents = atlas.latents
        self._search = NeighbourSearch(atlas.latents)
        self._tree: KDTree | None = None

    def moved(self, positions: Floats) -> "Navigator":
        """The same codes at other map positions [N, 2]."""
        navigator = copy.copy(self)
        navigator.atlas = self.atlas.moved(positions)
        if self._tree is not None:
            navigator.prepare()
        return navigator

    def prepare(self) -> None:
        """Make questions about the map fast, if there are to be many; on any thread."""
        from scipy.spatial import KDTree  # its import takes a good part of the program's start

        self._tree = KDTree(self.atlas.positions)
        _ = self._typical  # the first place between drawings need not wait for it

    def nearest(self, code: Floats, count: int = 1) -> tuple[NDArray[np.int64], Floats]:
        """Indices and distances of the `count` drawings nearest to `code` in R^N_z, nearest first.

        For codes [B, N_z] both are [B, count], at hardly more than the price of one.
        """
        return self._search.nearest(code, count)

    def at_drawing(self, index: int) -> Place:
        """The code of drawing `index`."""
        return Place(self._latents[index], index, index, 0.0)

    def on_map(self, x: float, y: float, among: NDArray[np.bool_] | None = None) -> tuple[int, float]:
        """The drawing nearest to a map position, and its distance on the map.

        Of those that `among` [N] allows, if it is given; the distance is infinite where it allows none.
        """
        if among is None:
            distances, indices = self._map_neighbours(x, y, 1)
            return int(indices[0]), float(distances[0])
        few, count = max(FEW, np.count_nonzero(among) // FEW), 1
        while count <= min(few, len(self.atlas)):
            distances, indices = self._map_neighbours(x, y, count)
            allowed = among[indices]
            if allowed.any():
                first = int(allowed.argmax())
                return int(indices[first]), float(distances[first])
            count *= 8
        rows = np.flatnonzero(among)
        if not len(rows):
            return 0, float("inf")
        distances = np.hypot(*(self.atlas.positions[rows] - np.array((x, y))).T)
        nearest = int(distances.argmin())
        return int(rows[nearest]), float(distances[nearest])

    def _map_neighbours(self, x: float, y: float, count: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Distances and indices [count] of the drawings nearest on the map, nearest first."""
        if self._tree is not None:
            distances, indices = self._tree.query((x, y), k=count)
            return np.atleast_1d(distances), np.atleast_1d(indices).astype(np.intp)
        distances = np.hypot(*(self.atlas.positions - np.array((x, y))).T)
        chosen = np.argpartition(distances, count - 1)[:count]
        order = chosen[np.argsort(distances[chosen], kind="stable")]
        return distances[order], order

    def from_map(self, x: float, y: float) -> Place:
        """`code_at` a place of the map, and how it relates to the atlas."""
        return self.place(self.code_at(x, y))

    def code_at(self, x: float, y: float) -> Floats:
        """A code [N_z] for any place of the map.

        UMAP can put strangers side by side. So of twice as many map neighbours as are wanted, those
        count that are nearest in R^N_z to the one in their middle (the medoid, by the same weights as
        the mean: at a drawing's own position that drawing). They are weighted by the inverse square
        of their distance on the map. The mean of codes is shorter than the codes, so the norm is
        restored to the neighbours' own.
        """
        distances, indices = self._map_neighbours(x, y, min(CANDIDATES, len(self.atlas)))
        codes = self._latents[indices]
        weights = 1 / np.maximum(distances, 1e-9 + 1e-3 * distances[-1]) ** 2
        apart = np.linalg.norm(codes[:, None] - codes, axis=2)
        medoid = int((apart @ weights).argmin())
        kept = np.argsort(apart[medoid], kind="stable")[:NEIGHBOURS]
        weights = weights[kept] / weights[kept].sum()
        code = weights @ codes[kept]
        length = float(np.linalg.norm(code))
        if length > 0:
            code = code * (float(weights @ np.linalg.norm(codes[kept], axis=1)) / length)
        return code.astype(np.float32)

    def place(self, code: Floats) -> Place:
        """Relate any code to the atlas."""
        indices, distances = self.nearest(code)
        return Place(code, None, int(indices[0]), float(distances[0]) / self._typical)

    def to_map(self, code: Floats) -> tuple[float, float]:
        """A map position for any code: the mean of its nearest drawings' positions, near ones first."""
        x, y = self.positions_of(code[None])[0].tolist()
        return x, y

    def positions_of(self, codes: Floats) -> NDArray[np.float64]:
        """`to_map` for codes [B, N_z] at once: [B, 2]."""
        indices, distances = self.nearest(codes, NEIGHBOURS)
        weights = 1 / np.maximum(distances, 1e-6 + 1e-3 * distances[:, -1:]) ** 2
        # Neighbours from another continent of the map would pull the mean into the sea between.
        positions = self.atlas.positions[indices]
        apart = np.linalg.norm(positions - positions[:, :1], axis=2)
        weights = weights * (apart <= np.maximum(2 * np.median(apart, axis=1, keepdims=True), 1e-12))
        return np.einsum("bk,bkd->bd", weights, positions) / weights.sum(axis=1, keepdims=True)

    def path_through_data(self, graph: NeighbourGraph, codes: Sequence[Floats], frames: int) -> Floats:
        """`frames` codes [frames, N_z] from the first of `codes` through all others, from drawing to drawing.

        Between two codes it takes the shortest path of `graph` (of this atlas's latents) from the
        member nearest to the one to that nearest to the other. The speed is constant in R^N_z. So
        no frame is farther from a drawing than half the longest edge taken, but on the legs from
        and to a code that is no drawing. Raises ValueError without codes or frames.
        """
        return path(self.stops_through_data(graph, codes), frames)

    def stops_through_data(self, graph: NeighbourGraph, codes: Sequence[Floats]) -> list[Floats]:
        """The codes between which `path_through_data` is straight: `codes` and the drawings on the ways between."""
        every = len(graph.members) == len(self._latents)
        members = self._search if every else NeighbourSearch(self._latents[graph.members])
        nearest = [int(graph.members[members.nearest(code)[0][0]]) for code in codes]
        stops = list(codes[:1])
        for first, last, code in zip(nearest, nearest[1:], codes[1:], strict=False):
            stops += [*self._latents[graph.route(first, last)], code]
        return stops

    @cached_property
    def _typical(self) -> float:
        """Median distance of a sample of drawings to their nearest other drawing in R^N_z."""
        sample = np.random.default_rng(0).permutation(len(self.atlas))[:200]
        if len(self.atlas) < 2:
            return 1.0
        typical = float(np.median(self.nearest(self._latents[sample], 2)[1][:, -1]))
        return typical or 1.0
