"""A dataset becomes a map: encode, lay out by PCA at once, refine by UMAP, remember the results."""

import contextlib
import hashlib
import json
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from core.atlas import Atlas, make_atlas
from core.checkpoint import content_digest, load_tensors, write_atomically
from core.dataset import SketchDataset
from core.encoding import encode_dataset
from core.errors import CheckpointError
from core.model import SketchVAE
from core.neighbours import GRAPH_NEIGHBOURS, MAX_MEMBERS, NeighbourGraph, build_graph
from core.projection import Floats, LayoutConfig, LayoutFrame, pca_layout, umap_layout

_GRAPH = ("members", "data", "indices", "indptr")
"""What a kept graph has: its members, and the arrays of its edges."""
ABANDONED_SECONDS = 24 * 3600
"""A half-written file of a cache that is older was left by a program that was killed."""


@dataclass(frozen=True, eq=False)
class MapProgress:
    """One report of a map being made."""

    stage: str
    fraction: float
    """Of this stage, 0 to 1."""
    atlas: Atlas | None = None
    """Set once, when the codes are there and PCA has placed them."""
    positions: Floats | None = None
    """[N, 2], whenever they have moved since."""


def encode_atlas(
    model: SketchVAE, dataset: SketchDataset, scale: float
) -> Generator[MapProgress, None, tuple[Atlas, Floats]]:
    """Encode a dataset and lay it out by PCA.

    A generator: yields progress and returns the atlas and the latents [N, N_z] before they were quantised.
    """
    encoding = encode_dataset(model, dataset, scale)
    while True:
        try:
            yield MapProgress("encoding drawings", next(encoding))
        except StopIteration as finished:
            latents, losses = finished.value
            return make_atlas(dataset, latents, losses, pca_layout(latents)), latents


def build_atlas(
    model: SketchVAE, dataset: SketchDataset, scale: float, layout: LayoutConfig | None = None
) -> Generator[MapProgress, None, Atlas]:
    """Encode a dataset, lay it out by PCA and refine that by UMAP.

    A generator: yields progress and returns the atlas. Raises ProjectionError if UMAP fails.
    """
    atlas, latents = yield from encode_atlas(model, dataset, scale)
    yield MapProgress("laid out by PCA", 1.0, atlas=atlas)
    refining = umap_layout(latents, atlas.positions, layout)
    try:
        while True:
            try:
                frame = next(refining)
            except StopIteration as finished:
                return atlas.moved(finished.value)
            yield MapProgress(frame.stage, frame.fraction, positions=frame.positions)
    finally:
        refining.close()


def lay_out(latents: Floats, config: LayoutConfig, cache: "LayoutCache") -> Generator[LayoutFrame, None, Floats]:
    """Positions [N, 2] of latents [N, N_z] under `config`: kept ones at once, else PCA's, then better ones.

    A generator: yields frames and returns the final positions. The same latents and settings give the same
    positions. Raises ProjectionError if UMAP fails.
    """
    initial = pca_layout(latents)
    if config.method == "pca":
        return initial
    kept = cache.load(latents, config)
    if kept is not None:
        return kept
    yield LayoutFrame("laid out by PCA", 0.0, initial)
    positions = yield from umap_layout(latents, initial, config)
    try:
        cache.save(latents, config, positions)
    except CheckpointError as error:
        yield LayoutFrame(f"The layout is not kept for the next time: {error}", 1.0, positions)
    return positions


class AtlasCache:
    """Atlases on disk, by the digest of the data and of the checkpoint that encoded it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, data_digest: str, checkpoint_digest: str, latent: int) -> Atlas | None:
        """The atlas kept for this pair, or None if there is none, or none that is whole."""
        try:
            content = _kept(self._path(data_digest, checkpoint_digest))
            return None if content is None else Atlas.from_dict(content, latent)
        except CheckpointError:
            return None

    def save(self, data_digest: str, checkpoint_digest: str, atlas: Atlas) -> None:
        """Keep an atlas. Raises CheckpointError if it cannot be written."""
        _keep(self._path(data_digest, checkpoint_digest), atlas.to_dict())

    def _path(self, data_digest: str, checkpoint_digest: str) -> Path:
        key = hashlib.sha256(f"{data_digest} {checkpoint_digest}".encode()).hexdigest()[:32]
        return self._folder / f"{key}.atlas"


class LayoutCache:
    """Map positions on disk, by the digest of the latents and of the settings that laid them out."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, latents: Floats, config: LayoutConfig) -> Floats | None:
        """The positions [N, 2] kept for these latents and settings, or None if there are none that are whole."""
        content = _kept(self._path(latents, config))
        positions = content.get("positions") if content is not None else None
        if not isinstance(positions, torch.Tensor) or positions.shape != (len(latents), 2):
            return None
        if positions.dtype != torch.float32 or not torch.isfinite(positions).all():
            return None
        return positions.numpy()

    def save(self, latents: Floats, config: LayoutConfig, positions: Floats) -> None:
        """Keep positions. Raises CheckpointError if they cannot be written."""
        _keep(self._path(latents, config), {"positions": torch.from_numpy(np.ascontiguousarray(positions))})

    def _path(self, latents: Floats, config: LayoutConfig) -> Path:
        key = hashlib.sha256(json.dumps([latents.shape, asdict(config)], sort_keys=True).encode())
        key.update(np.ascontiguousarray(latents).data)
        return self._folder / f"{key.hexdigest()[:32]}.layout"


class GraphCache:
    """Neighbour graphs on disk, by the digest of the latents that they join."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, latents: Floats) -> NeighbourGraph | None:
        """The graph kept for these latents, or None if there is none that is whole."""
        from scipy.sparse import csr_array

        content = _kept(self._path(latents))
        if content is None:
            return None
        try:
            members, *parts = (content[name].numpy() for name in _GRAPH)
            edges = csr_array(tuple(parts), shape=(len(members), len(members)))
            edges.check_format()
        except (KeyError, AttributeError, TypeError, ValueError):
            return None
        fits = members.size and members[-1] < len(latents)
        return NeighbourGraph(members, edges) if fits else None

    def save(self, latents: Floats, graph: NeighbourGraph) -> None:
        """Keep a graph. Raises CheckpointError if it cannot be written."""
        edges = graph.edges
        parts = (graph.members, edges.data, edges.indices, edges.indptr)
        content = {name: torch.from_numpy(part) for name, part in zip(_GRAPH, parts, strict=True)}
        _keep(self._path(latents), content)

    def _path(self, latents: Floats) -> Path:
        key = hashlib.sha256(json.dumps([latents.shape, GRAPH_NEIGHBOURS, MAX_MEMBERS]).encode())
        key.update(np.ascontiguousarray(latents).data)
        return self._folder / f"{key.hexdigest()[:32]}.graph"


def find_graph(latents: Floats, cache: GraphCache) -> Generator[float, None, NeighbourGraph]:
    """`build_graph` of latents [N, N_z], or the graph kept for them.

    A generator: yields the fraction done and returns the graph.
    """
    graph = cache.load(latents)
    if graph is None:
        graph = yield from build_graph(latents)
        with contextlib.suppress(CheckpointError):  # it will be built again, that is all
            cache.save(latents, graph)
    return graph


def _kept(path: Path) -> dict[str, Any] | None:
    """The contents of a file of a cache; a damaged file is a miss: it is written anew."""
    if not path.exists():
        return None
    try:
        payload = load_tensors(path)
        content = payload["content"]
        return content if payload["sha256"] == content_digest(content) else None
    except (CheckpointError, KeyError, TypeError, RuntimeError):
        return None


def _keep(path: Path, content: dict[str, Any]) -> None:
    payload = {"sha256": content_digest(content), "content": content}
    write_atomically(path, lambda temporary: torch.save(payload, temporary))
    for half in path.parent.glob(".*.part"):
        with contextlib.suppress(OSError):  # another program clears it away too
            if time.time() - half.stat().st_mtime > ABANDONED_SECONDS:
                half.unlink()
