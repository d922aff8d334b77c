"""Latents to the plane: PCA at once, UMAP or densMAP refining it in a child process.

umap-learn takes seconds to import and half a minute to compile, so it never runs in the caller's
process; a pickled UMAP object breaks across versions, so only positions are kept.
"""

import io
import multiprocessing
import signal
import threading
from collections.abc import Generator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, ProjectionError

Floats = NDArray[np.float32]
FRAMES = 40
"""How many intermediate layouts a child sends."""
POLL_SECONDS = 0.1
PCA_BLOCK = 16_384
"""Rows that are made float64 at a time."""
EXACT_NEIGHBOURS = 50_000
"""Up to so many drawings comparing all with all takes less than compiling umap's approximate search (a minute)."""


METHODS = ("pca", "umap", "densmap")
METRICS = ("euclidean", "cosine")
DENSMAP = {"lambda": 2.0, "frac": 0.3, "var_shift": 0.1}
"""Weight of the density term, the share of epochs that have it, and its regularisation, as umap-learn sets them."""


@dataclass(frozen=True)
class LayoutConfig:
    """How to lay out a map: PCA, UMAP (McInnes et al. 2018) or densMAP (Narayan et al. 2021)."""

    method: str = "umap"
    """pca is there at once; densmap keeps dense places dense, where umap evens them out."""
    neighbours: int = 15
    """Size of the local neighbourhood: small shows detail, large the overall shape."""
    min_dist: float = 0.1
    """How tightly points may sit."""
    metric: str = "euclidean"
    """Distance in latent space: euclidean or cosine."""
    epochs: int | None = None
    """Optimisation epochs; by size if not given, as umap-learn chooses."""
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ConfigError(f"A layout is by pca, umap or densmap, not {self.method!r}.")
        if self.neighbours < 2:
            raise ConfigError(f"UMAP needs at least 2 neighbours, not {self.neighbours}.")
        if not 0 <= self.min_dist <= 1:
            raise ConfigError(f"UMAP's min_dist must be from 0 to 1, not {self.min_dist}.")
        if self.metric not in METRICS:
            raise ConfigError(f"The metric must be euclidean or cosine, not {self.metric!r}.")
        if self.epochs is not None and self.epochs < 1:
            raise ConfigError(f"A layout needs at least one epoch, not {self.epochs}.")
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"The seed must be from 0 to {2**32 - 1}, not {self.seed}.")


@dataclass(frozen=True, eq=False)
class LayoutFrame:
    """One report of a running layout."""

    stage: str
    fraction: float
    """Of the optimisation, 0 to 1."""
    positions: Floats | None
    """[N, 2], or None while nothing has moved yet."""


def pca_layout(latents: Floats) -> Floats:
    """Positions [N, 2] on the two principal axes of latents [N, N_z], scaled to a standard deviation of 1.

    The sign of an axis is arbitrary; each is turned so that its largest loading is positive, which
    keeps the layout the same from run to run.
    """
    centred = latents - latents.mean(axis=0)
    if len(latents) < 2 or not centred.any():
        return np.zeros((len(latents), 2), dtype=np.float32)
    covariance = np.zeros((latents.shape[1], latents.shape[1]))
    for start in range(0, len(centred), PCA_BLOCK):
        block = centred[start : start + PCA_BLOCK].astype(np.float64)
        covariance += block.T @ block
    _, vectors = np.linalg.eigh(covariance)
    axes = vectors[:, :-3:-1]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    positions = np.zeros((len(latents), 2))
    positions[:, : axes.shape[1]] = centred @ axes.astype(np.float32)
    return (positions / positions.std(axis=0).max()).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Similarity:
    """A move of the plane: a rotation or reflection, a size, a shift."""

    turn: NDArray[np.float64]
    """[2, 2], with the size in it; positions are multiplied by it from the right."""
    shift: NDArray[np.float64]
    """[2]"""

    @classmethod
    def fit(cls, positions: Floats, reference: Floats) -> "Similarity":
        """What lays positions [N, 2] as nearly as can be on `reference` [N, 2].

        The rotation or reflection is that of orthogonal Procrustes analysis (Schönemann 1966). The size is
        that of the reference (equal mean squares), not the least-squares one, which shrinks whatever differs.
        """
        wide, target = positions.astype(np.float64), reference.astype(np.float64)
        centre, home = wide.mean(axis=0), target.mean(axis=0)
        spread = float(np.linalg.norm(wide - centre))
        if spread == 0:
            return cls(np.eye(2), home - centre)
        from scipy.linalg import orthogonal_procrustes  # not among what every start imports

        turn, _ = orthogonal_procrustes(wide - centre, target - home)
        turn = turn * (float(np.linalg.norm(target - home)) / spread or 1.0)
        return cls(turn, home - centre @ turn)

    def __call__(self, positions: Floats) -> Floats:
        return (positions @ self.turn + self.shift).astype(np.float32)


def align(positions: Floats, reference: Floats) -> Floats:
    """Positions [N, 2] moved, turned, mirrored and resized to lie as nearly as they can on `reference` [N, 2]."""
    return Similarity.fit(positions, reference)(positions)


def umap_layout(
    latents: Floats, initial: Floats, config: LayoutConfig | None = None
) -> Generator[LayoutFrame, None, Floats]:
    """Refine positions `initial` [N, 2] of latents [N, N_z] by UMAP or densMAP in a child process.

    Each frame is aligned to the one before, so that points glide and the map never turns or grows.

    A generator: yields frames (ten a second without news, so that it can be closed at any time, which
    ends the child) and returns the final positions. Raises ProjectionError if the child dies.
    """
    if len(latents) < 4:
        return initial  # nothing to lay out
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    arguments = (sender, latents, initial, config or LayoutConfig())
    process = context.Process(target=_child, args=arguments, daemon=True, name="umap")
    process.start()
    sender.close()
    frame = LayoutFrame("starting UMAP", 0.0, None)
    try:
        while True:
            if not receiver.poll(POLL_SECONDS):
                yield replace(frame, positions=None)
                continue
            kind, value = receiver.recv()
            if kind == "done":
                return value
            if kind == "error":
                raise ProjectionError(f"UMAP could not lay out the map: {value}.")
            frame = value
            yield frame
    except EOFError as error:
        raise ProjectionError("The process that lays out the map ended before it was done.") from error
    finally:
        receiver.close()
        process.terminate()
        process.join()


def _child(sender: Connection, latents: Floats, initial: Floats, config: LayoutConfig) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends this process
    try:
        sender.send(("done", _run_umap(sender, latents, initial, config)))
    except BrokenPipeError:
        return  # the parent has lost interest
    except Exception as error:  # noqa: BLE001 -- whatever it is, the parent must hear of it
        sender.send(("error", f"{type(error).__name__}: {error}"))
    finally:
        sender.close()


def _run_umap(sender: Connection, latents: Floats, initial: Floats, config: LayoutConfig) -> Floats:
    """The steps of umap.UMAP.fit, taken apart so that positions can be watched while they move."""
    from tqdm import tqdm
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample

    tqdm.set_lock(threading.RLock())  # its own lock is a semaphore, which a terminated process leaks
    random = np.random.RandomState(config.seed)
    count = len(latents)
    neighbours = min(config.neighbours, count - 1)
    dense = config.method == "densmap"
    epochs = config.epochs or (500 if count <= 10_000 else 200) + (200 if dense else 0)
    sender.send(("frame", LayoutFrame("finding neighbours", 0.0, None)))
    indices, distances = _nearest_neighbours(latents, neighbours, config.metric, random)
    known = (indices, distances)
    whole: Any = fuzzy_simplicial_set(latents, neighbours, random, config.metric, {}, *known, return_dists=True)
    graph, apart = whole[0].tocoo(), whole[3]
    # Edges too weak to be sampled even once, as umap drops them.
    strong = graph.data >= graph.data.max() / epochs
    head, tail, weight = graph.row[strong], graph.col[strong], graph.data[strong]
    embedding = _distinct(initial, random)
    a, b = find_ab_params(1.0, config.min_dist)
    watcher = _Watcher(sender, initial, embedding, epochs)
    optimize_layout_euclidean(
        embedding,
        embedding,
        head,
        tail,
        epochs,
        count,
        make_epochs_per_sample(weight, epochs),
        a,
        b,
        random.randint(np.iinfo(np.int32).min, np.iinfo(np.int32).max, 3).astype(np.int64),
        parallel=False,  # the parallel version is not reproducible
        move_other=True,
        densmap=dense,
        densmap_kwds=_densities(head, tail, weight, apart, count) if dense else None,
        tqdm_kwds={"disable": False, "file": watcher, "bar_format": "{n}", "mininterval": 0, "miniters": 1},
    )
    return watcher.aligned()


def _densities(
    head: NDArray[np.integer], tail: NDArray[np.integer], weight: NDArray[np.floating], apart: Any, count: int
) -> dict[str, Any]:
    """What densMAP's objective needs: the local radius of each point in latent space, standardised.

    As umap.umap_.simplicial_set_embedding computes it, edge by edge; `apart` is the sparse matrix of distances.
    """
    squares = np.asarray(apart.tocsr()[head, tail]).ravel().astype(np.float64) ** 2

    def total(values: NDArray[np.floating]) -> NDArray[Any]:
        return np.bincount(head, values, count) + np.bincount(tail, values, count)

    mass = total(weight)
    radii = np.log(1e-8 + total(weight * squares) / np.maximum(mass, 1e-12))
    standard = (radii - radii.mean()) / max(float(radii.std()), 1e-12)
    return {**DENSMAP, "mu": weight, "mu_sum": mass.astype(np.float32), "R": standard.astype(np.float32)}


def _nearest_neighbours(
    latents: Floats, count: int, metric: str, random: np.random.RandomState
) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    """Indices and distances [N, count] of each code's nearest codes, itself the first of them."""
    if len(latents) <= EXACT_NEIGHBOURS:
        from sklearn.neighbors import NearestNeighbors

        search = NearestNeighbors(n_neighbors=count, algorithm="brute", metric=metric).fit(latents)
        distances, indices = search.kneighbors(latents)
    else:
        from umap.umap_ import nearest_neighbors

        indices, distances, _ = nearest_neighbors(latents, count, metric, {}, False, random)
    return indices, distances


def _distinct(initial: Floats, random: np.random.RandomState) -> Floats:
    """Positions in [0, 10]^2 with a little noise, since the optimiser cannot part equal points."""
    low, high = initial.min(axis=0), initial.max(axis=0)
    spread = np.where(high > low, high - low, 1)
    scaled = 10 * (initial - low) / spread + random.normal(scale=1e-3, size=initial.shape)
    return np.ascontiguousarray(scaled, dtype=np.float32)


class _Watcher(io.TextIOBase):
    """A file for tqdm to write its count to; the one hook umap's optimiser offers between epochs."""

    def __init__(self, sender: Connection, initial: Floats, embedding: Floats, epochs: int) -> None:
        self._sender, self._embedding, self._epochs = sender, embedding, epochs
        self._sent = -1
        self._previous = initial

    def aligned(self) -> Floats:
        """The positions as they are now, turned to the frame before."""
        self._previous = align(self._embedding, self._previous)
        return self._previous

    def write(self, text: str) -> int:
        digits = text.strip()
        if digits.isdigit() and int(digits) * FRAMES // self._epochs > self._sent:
            self._sent = int(digits) * FRAMES // self._epochs
            stage = f"UMAP epoch {int(digits)} of {self._epochs}"
            self._sender.send(("frame", LayoutFrame(stage, int(digits) / self._epochs, self.aligned())))
        return len(text)
