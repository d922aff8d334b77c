"""Moving through latent space: interpolation, paths, neighbours, from the map to a code and back."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from core.atlas import Atlas

Floats = NDArray[np.float32]
NEIGHBOURS = 8
SPARE_NEIGHBOURS = 16


def lerp(a: Floats, b: Floats, t: float) -> Floats:
    """Straight interpolation between codes [N_z]; a at t = 0, b at t = 1."""
    return ((1 - t) * a + t * b).astype(np.float32)


def slerp(a: Floats, b: Floats, t: float) -> Floats:
    """Spherical interpolation between codes [N_z] (Shoemake 1985), with the norm interpolated too.

    Where no great circle is defined (a zero vector, a single dimension) or needed (nearly one
    direction) it is lerp; between opposite directions it takes the half turn through one fixed
    perpendicular.
    """
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    norm_a, norm_b = float(np.linalg.norm(wide_a)), float(np.linalg.norm(wide_b))
    if norm_a == 0 or norm_b == 0 or len(a) == 1:
        return lerp(a, b, t)
    unit_a, unit_b = wide_a / norm_a, wide_b / norm_b
    cosine = float(np.clip(unit_a @ unit_b, -1, 1))
    if cosine > 1 - 1e-9:
        return lerp(a, b, t)
    across = unit_b - cosine * unit_a
    if cosine < -1 + 1e-9:
        # Any perpendicular will do; the axis in which a is smallest gives the steadiest one.
        across = np.eye(len(a))[int(np.argmin(np.abs(unit_a)))]
        across -= (across @ unit_a) * unit_a
    across /= np.linalg.norm(across)
    angle = np.arccos(cosine) * t
    norm = (1 - t) * norm_a + t * norm_b
    return (norm * (np.cos(angle) * unit_a + np.sin(angle) * across)).astype(np.float32)


def path(codes: Sequence[Floats], frames: int, *, spherical: bool = False) -> Floats:
    """`frames` codes [frames, N_z] along a polyline through `codes`, at constant speed in R^N_z.

    The first and the last code are frames (the first alone, of one frame). Along arcs (`spherical`)
    each leg takes as long as its chord. Raises ValueError without codes or frames.
    """
    if not codes or frames < 1:
        raise ValueError("a path needs at least one code and one frame")
    stacked = np.stack([np.asarray(code, dtype=np.float32) for code in codes])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(stacked, axis=0), axis=1))])
    if along[-1] == 0:
        return np.repeat(stacked[:1], frames, axis=0)
    step = slerp if spherical else lerp
    result = np.empty((frames, stacked.shape[1]), dtype=np.float32)
    for frame, distance in enumerate(np.linspace(0, along[-1], frames)):
        leg = min(int(np.searchsorted(along, distance, side="right")) - 1, len(codes) - 2)
        length = along[leg + 1] - along[leg]
        t = (distance - along[leg]) / length if length > 0 else 0.0
        result[frame] = step(stacked[leg], stacked[leg + 1], t)
    return result


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
        self._squares = np.einsum("ij,ij->i", self._latents, self._latents)
        self._map = KDTree(atlas.positions)
        self._typical = self._typical_distance()

    def moved(self, positions: Floats) -> "Navigator":
        """The same codes at other map positions [N, 2]."""
        navigator = copy.copy(self)
        navigator.atlas = self.atlas.moved(positions)
        navigator._map = KDTree(positions)
        return navigator

    def nearest(self, code: Floats, count: int = 1) -> tuple[NDArray[np.int64], Floats]:
        """Indices and distances of the `count` drawings nearest to `code` in R^N_z, nearest first."""
        count = min(count, len(self.atlas))
        squares = self._squares - 2 * (self._latents @ code)  # but for ||code||^2, the same for all
        # This expansion loses small distances to rounding, so some more are taken and computed exactly.
        wide = count + SPARE_NEIGHBOURS
        chosen = np.argpartition(squares, wide)[:wide] if wide < len(squares) else np.arange(len(squares))
        distances = np.linalg.norm(self._latents[chosen] - code, axis=1)
        order = np.argsort(distances, kind="stable")[:count]
        return chosen[order], distances[order]

    def at_drawing(self, index: int) -> Place:
        """The code of drawing `index`."""
        return Place(self._latents[index], index, index, 0.0)

    def on_map(self, x: float, y: float, among: NDArray[np.bool_] | None = None) -> tuple[int, float]:
        """The drawing nearest to a map position, and its distance on the map.

        Of those that `among` [N] allows, if it is given; the distance is infinite where it allows none.
        """
        count = 1
        while True:
            distances, indices = self._map.query((x, y), k=np.arange(1, count + 1))
            allowed = np.ones(count, dtype=bool) if among is None else among[indices]
            if allowed.any():
                first = int(np.argmax(allowed))
                return int(indices[first]), float(distances[first])
            if count == len(self.atlas):
                return 0, float("inf")
            count = min(8 * count, len(self.atlas))

    def from_map(self, x: float, y: float) -> Place:
        """A code for any place of the map.

        Map neighbours are weighted by their distance there; those that lie far apart from the
        nearest of them in R^N_z (UMAP can put strangers side by side) do not count. The mean of codes is
        shorter than the codes, so the norm is restored to the neighbours' own.
        """
        count = min(NEIGHBOURS, len(self.atlas))
        distances, indices = self._map.query((x, y), k=count)
        distances, indices = np.atleast_1d(distances), np.atleast_1d(indices)
        codes = self._latents[indices]
        apart = np.linalg.norm(codes - codes[0], axis=1)
        near = apart <= max(2 * float(np.median(apart)), 1e-12)
        weights = near / np.maximum(distances, 1e-9 + 1e-3 * distances[-1]) ** 2
        weights /= weights.sum()
        code = weights @ codes
        length = float(np.linalg.norm(code))
        if length > 0:
            code = code * (float(weights @ np.linalg.norm(codes, axis=1)) / length)
        return self.place(code.astype(np.float32))

    def place(self, code: Floats) -> Place:
        """Relate any code to the atlas."""
        indices, distances = self.nearest(code)
        return Place(code, None, int(indices[0]), float(distances[0]) / self._typical)

    def to_map(self, code: Floats) -> tuple[float, float]:
        """A map position for any code: the mean of its nearest drawings' positions, near ones first."""
        indices, distances = self.nearest(code, NEIGHBOURS)
        weights = 1 / np.maximum(distances, 1e-6 + 1e-3 * distances[-1]) ** 2
        # Neighbours from another continent of the map would pull the mean into the sea between.
        positions = self.atlas.positions[indices]
        apart = np.linalg.norm(positions - positions[0], axis=1)
        weights = weights * (apart <= max(2 * float(np.median(apart)), 1e-12))
        x, y = weights @ positions / weights.sum()
        return float(x), float(y)

    def _typical_distance(self) -> float:
        """Median distance of a sample of drawings to their nearest other drawing in R^N_z."""
        sample = np.random.default_rng(0).permutation(len(self.atlas))[:200]
        if len(self.atlas) < 2:
            return 1.0
        typical = float(np.median([self.nearest(self._latents[i], 2)[1][-1] for i in sample]))
        return typical or 1.0
