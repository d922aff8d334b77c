"""Fewer drawings of a dataset: to learn how much data a model needs, or for a map that fits."""

import hashlib
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.dataset import TRAIN, SketchDataset
from core.errors import DataError


def training_subset(dataset: SketchDataset, count: int, seed: int = 0) -> SketchDataset:
    """`dataset` with only `count` of its training drawings; the other splits are whole.

    They are the first of an order that `seed` decides, so that of two subsets the smaller is part of
    the larger. Raises DataError if there are fewer.
    """
    training = dataset.indices(TRAIN)
    if not 1 <= count <= len(training):
        raise DataError(f"This data has {len(training):,} training drawings, not {count:,} to choose from it.")
    kept = np.ones(len(dataset), dtype=bool)
    kept[np.random.default_rng(seed).permutation(training)[count:]] = False
    return _only(dataset, kept)


def even_sample(dataset: SketchDataset, count: int, seed: int = 0) -> SketchDataset:
    """`count` drawings of `dataset`, as many of each category as of any other, or all it has.

    The same ones for the same `seed`; the dataset itself if it has no more. Raises ValueError if
    `count` is not positive.
    """
    if count < 1:
        raise ValueError(f"a sample has at least one drawing, not {count}")
    if len(dataset) <= count:
        return dataset
    order = np.random.default_rng(seed).permutation(len(dataset))
    by_category = order[np.argsort(dataset.labels[order], kind="stable")]
    sizes = np.bincount(dataset.labels, minlength=len(dataset.categories))
    rank = np.arange(len(dataset)) - np.repeat(np.cumsum(sizes) - sizes, sizes)  # within its category
    kept = np.zeros(len(dataset), dtype=bool)
    kept[by_category[np.argsort(rank, kind="stable")[:count]]] = True
    return _only(dataset, kept)


def _only(dataset: SketchDataset, kept: NDArray[np.bool_]) -> SketchDataset:
    """The drawings where `kept` [N] is set, in their order."""
    starts = np.zeros(int(kept.sum()) + 1, dtype=np.int64)
    np.cumsum(dataset.lengths[kept], out=starts[1:])
    return replace(
        dataset,
        points=dataset.points[np.repeat(kept, dataset.lengths)],
        starts=starts,
        labels=dataset.labels[kept],
        splits=dataset.splits[kept],
        rows=dataset.rows[kept],
        digest=hashlib.sha256(dataset.digest.encode() + np.packbits(kept).tobytes()).hexdigest(),
    )
