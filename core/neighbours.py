"""Nearest neighbours in R^N_z, and the graph they span: ways from drawing to drawing.

Comparing with all codes is one product that reads them once, 4 bytes a number: exact, nothing to build
and nothing to keep. docs/navigation.md has the measurements by which no index is used.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # imported where it is used: the program's start needs no SciPy

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

SPARE_NEIGHBOURS = 16
GRAPH_NEIGHBOURS = 10
"""Edges a member of the graph has at least (fewer only if there are fewer members)."""
MAX_MEMBERS = 30_000
"""Above so many codes the graph is spanned by a random sample of so many, which bounds time and memory."""
_BLOCK = 128
"""Rows compared with all members at a time: 15 MB for the largest graph."""


class NeighbourSearch:
    """Exact nearest neighbours among fixed codes [N, N_z]. Safe to share between threads."""

    def __init__(self, latents: Floats) -> None:
        self.latents = latents
        self._squares = np.einsum("ij,ij->i", latents, latents)

    def nearest(self, code: Floats, count: int = 1) -> tuple[Indices, Floats]:
        """Indices and distances of the `count` codes nearest to `code` [N_z], nearest first.

        For codes [B, N_z] both are [B, count], at hardly more than the price of one. Of fewer than
        `count` codes, all.
        """
        # The product with many codes at once reads the latents once for all of them.
        products = code @ self.latents.T
        if code.ndim == 1:
            return self._ranked(code, products, count)
        rows = [self._ranked(one, row, count) for one, row in zip(code, products, strict=True)]
        return np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])

    def _ranked(self, code: Floats, products: Floats, count: int) -> tuple[Indices, Floats]:
        count = min(count, len(self.latents))
        squares = self._squares - 2 * products  # but for ||code||^2, the same for all
        # This expansion loses small distances to rounding, so some more are taken and computed exactly.
        wide = count + SPARE_NEIGHBOURS
        chosen = np.argpartition(squares, wide)[:wide] if wide < len(squares) else np.arange(len(squares))
        distances = np.linalg.norm(self.latents[chosen] - code, axis=1)
        order = np.argsort(distances, kind="stable")[:count]
        return chosen[order], distances[order]


@dataclass(frozen=True, eq=False)
class NeighbourGraph:
    """Drawings joined to their nearest neighbours; every member can be reached from every other."""

    members: Indices
    """[M]: which drawings, in rising order."""
    edges: "csr_array"
    """[M, M], symmetric: distances in R^N_z."""

    def route(self, first: int, last: int) -> Indices:
        """The drawings of the shortest path between two members, given and returned by drawing, both included.

        The last few are remembered: of a path whose one point is dragged, the other legs stay.
        Raises ValueError if one of them is no member.
        """
        return self._remembered(first, last)

    @cached_property
    def _remembered(self) -> Callable[[int, int], Indices]:
        return lru_cache(maxsize=64)(self._shortest)

    def _shortest(self, first: int, last: int) -> Indices:
        from scipy.sparse.csgraph import dijkstra

        ends = np.searchsorted(self.members, (first, last))
        if (ends >= len(self.members)).any() or (self.members[ends] != (first, last)).any():
            raise ValueError(f"the graph does not have both {first} and {last}")
        start, at = ends.tolist()
        _, before = dijkstra(self.edges, indices=start, return_predecessors=True)
        stops = [at]
        while at != start:
            at = int(before[at])
            stops.append(at)
        return self.members[stops[::-1]]


def build_graph(
    latents: Floats, neighbours: int = GRAPH_NEIGHBOURS, max_members: int = MAX_MEMBERS
) -> Generator[float, None, NeighbourGraph]:
    """The k-nearest-neighbour graph of codes [N, N_z], made connected.

    Of more than `max_members` codes, a random sample (always the same) spans it. Pieces that share no
    edge are joined by the shortest edges between them. A generator: yields the fraction done and
    returns the graph; each step takes milliseconds, so that it can be closed at any time.
    """
    members = np.arange(len(latents))
    if len(latents) > max_members:
        members = np.sort(np.random.default_rng(0).permutation(len(latents))[:max_members])
    codes = latents[members]
    count = min(neighbours, len(codes) - 1)
    columns = np.empty((len(codes), count), dtype=np.int64)
    for start in range(0, len(codes), _BLOCK):
        block = np.arange(start, min(start + _BLOCK, len(codes)))
        squares = _squared_distances(codes[block], codes)
        squares[np.arange(len(block)), block] = np.inf
        if 0 < count < squares.shape[1]:
            columns[block] = np.argpartition(squares, count - 1, axis=1)[:, :count]
        yield float(block[-1] + 1) / len(codes)
    edges = _symmetric(codes, np.repeat(np.arange(len(codes)), count), columns.ravel())
    return NeighbourGraph(members, (yield from _joined(codes, edges)))


def _joined(codes: Floats, edges: "csr_array") -> Generator[float, None, "csr_array"]:
    """The graph with its pieces joined by their shortest connecting edges (Borůvka's algorithm)."""
    from scipy.sparse.csgraph import connected_components

    while True:
        pieces, labels = connected_components(edges, directed=False)
        if pieces == 1:
            return edges
        rows, columns = [], []
        largest = int(np.bincount(labels).argmax())
        for piece in range(pieces):
            if piece != largest:
                row, column = yield from _shortest_way_out(codes, labels == piece)
                rows.append(row)
                columns.append(column)
        known_rows, known_columns = edges.nonzero()
        edges = _symmetric(codes, np.concatenate([known_rows, rows]), np.concatenate([known_columns, columns]))


def _shortest_way_out(codes: Floats, inside: NDArray[np.bool_]) -> Generator[float, None, tuple[int, int]]:
    """The nearest pair (inside, outside) of members."""
    members, best, pair = np.flatnonzero(inside), np.inf, (0, 0)
    for start in range(0, len(members), _BLOCK):
        block = members[start : start + _BLOCK]
        squares = _squared_distances(codes[block], codes)
        squares[:, inside] = np.inf
        row, column = np.unravel_index(int(squares.argmin()), squares.shape)
        if squares[row, column] < best:
            best, pair = squares[row, column], (int(block[row]), int(column))
        yield 1.0
    return pair


def _squared_distances(a: Floats, b: Floats) -> Floats:
    """[len(a), len(b)], to the rounding of the expansion of ||a - b||^2."""
    squares = a @ b.T
    squares *= -2
    squares += np.einsum("ij,ij->i", b, b)
    squares += np.einsum("ij,ij->i", a, a)[:, None]
    return squares


def _symmetric(codes: Floats, rows: NDArray[Any], columns: NDArray[Any]) -> "csr_array":
    """Both directions of the given edges, with exact lengths; a length of 0 would be no edge."""
    from scipy.sparse import coo_array

    count = len(codes)
    rows, columns = rows.astype(np.int64), columns.astype(np.int64)
    either = np.concatenate([rows * count + columns, columns * count + rows])
    rows, columns = np.divmod(np.unique(either), count)
    lengths = np.empty(len(rows))
    for start in range(0, len(lengths), 50_000):
        part = slice(start, start + 50_000)
        lengths[part] = np.linalg.norm(codes[rows[part]] - codes[columns[part]], axis=1)
    return coo_array((np.maximum(lengths, np.finfo(np.float32).tiny), (rows, columns)), shape=(count, count)).tocsr()
