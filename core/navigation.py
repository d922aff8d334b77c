"""Where things are in an atlas: neighbours, ways through the data, from the map to a code and back."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from core.atlas import Atlas
from core.interpolation import path
from core.neighbours import NeighbourGraph, NeighbourSearch

Floats = NDArray[np.float32]
NEIGHBOURS = 8
CANDIDATES = 16
"""Map neighbours of a place, of which the NEIGHBOURS that are nearest to one another in R^N_z count."""


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
        self._map = KDTree(atlas.positions)
        self._typical = self._typical_distance()

    def moved(self, positions: Floats) -> "Navigator":
        """The same codes at other map positions [N, 2]."""
        navigator = copy.copy(self)
        navigator.atlas = replace(self.atlas, positions=positions)
        navigator._map = KDTree(positions)
        return navigator

    def nearest(self, code: Floats, count: int = 1) -> tuple[NDArray[np.int64], Floats]:
        """Indices and distances of the `count` drawings nearest to `code` in R^N_z, nearest first.

        For codes [B, N_z] both are [B, count], at hardly more than the price of one.
        """
        return self._search.nearest(code, count)

    def at_drawing(self, index: int) -> Place:
        """The code of drawing `index`."""
        return Place(self._latents[index], index, index, 0.0)

    def on_map(self, x: float, y: float) -> tuple[int, float]:
        """The drawing nearest to a map position, and its distance on the map."""
        distance, index = self._map.query((x, y))
        return int(index), float(distance)

    def from_map(self, x: float, y: float) -> Place:
        """A code for any place of the map.

        UMAP can put strangers side by side. So of twice as many map neighbours as are wanted, those
        count that are nearest in R^N_z to the one in their middle (the medoid, by the same weights as
        the mean: at a drawing's own position that drawing). They are weighted by the inverse square
        of their distance on the map. The mean of codes is shorter than the codes, so the norm is
        restored to the neighbours' own.
        """
        distances, indices = self._map.query((x, y), k=min(CANDIDATES, len(self.atlas)))
        distances, indices = np.atleast_1d(distances), np.atleast_1d(indices)
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
        return self.place(code.astype(np.float32))

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
        members = NeighbourSearch(self._latents[graph.members])
        nearest = [int(graph.members[members.nearest(code)[0][0]]) for code in codes]
        stops = list(codes[:1])
        for first, last, code in zip(nearest, nearest[1:], codes[1:], strict=False):
            stops += [*self._latents[graph.route(first, last)], code]
        return path(stops, frames)

    def _typical_distance(self) -> float:
        """Median distance of a sample of drawings to their nearest other drawing in R^N_z."""
        sample = np.random.default_rng(0).permutation(len(self.atlas))[:200]
        if len(self.atlas) < 2:
            return 1.0
        typical = float(np.median(self.nearest(self._latents[sample], 2)[1][:, -1]))
        return typical or 1.0
