"""A dataset becomes a map: encode, lay out by PCA at once, refine by UMAP, remember the result."""

import hashlib
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from core.atlas import Atlas, make_atlas
from core.checkpoint import content_digest, load_tensors, write_atomically
from core.dataset import SketchDataset
from core.encoding import encode_dataset
from core.errors import CheckpointError
from core.model import SketchVAE
from core.projection import Floats, LayoutConfig, pca_layout, umap_layout


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


def build_atlas(
    model: SketchVAE, dataset: SketchDataset, scale: float, layout: LayoutConfig | None = None
) -> Generator[MapProgress, None, Atlas]:
    """Encode a dataset and lay it out.

    A generator: yields progress and returns the atlas. Raises ProjectionError if UMAP fails.
    """
    encoding = encode_dataset(model, dataset, scale)
    while True:
        try:
            yield MapProgress("encoding drawings", next(encoding))
        except StopIteration as finished:
            latents, losses = finished.value
            break
    atlas = make_atlas(dataset, latents, losses, pca_layout(latents))
    yield MapProgress("laid out by PCA", 1.0, atlas=atlas)
    refining = umap_layout(latents, atlas.positions, layout)
    try:
        while True:
            try:
                frame = next(refining)
            except StopIteration as finished:
                return replace(atlas, positions=finished.value)
            yield MapProgress(frame.stage, frame.fraction, positions=frame.positions)
    finally:
        refining.close()


class AtlasCache:
    """Atlases on disk, by the digest of the data and of the checkpoint that encoded it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, data_digest: str, checkpoint_digest: str, latent: int) -> Atlas | None:
        """The atlas kept for this pair, or None if there is none, or none that is whole."""
        path = self._path(data_digest, checkpoint_digest)
        if not path.exists():
            return None
        try:
            payload = load_tensors(path)
            content = payload["atlas"]
            if payload["sha256"] != content_digest(content):
                return None
            return Atlas.from_dict(content, latent)
        except (CheckpointError, KeyError, TypeError, RuntimeError):
            return None  # a damaged cache is a cache miss: it is written anew

    def save(self, data_digest: str, checkpoint_digest: str, atlas: Atlas) -> None:
        """Keep an atlas. Raises CheckpointError if it cannot be written."""
        content = atlas.to_dict()
        payload = {"sha256": content_digest(content), "atlas": content}
        write_atomically(self._path(data_digest, checkpoint_digest), lambda path: torch.save(payload, path))

    def _path(self, data_digest: str, checkpoint_digest: str) -> Path:
        key = hashlib.sha256(f"{data_digest} {checkpoint_digest}".encode()).hexdigest()[:32]
        return self._folder / f"{key}.atlas"
