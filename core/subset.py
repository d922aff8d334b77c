"""Fewer training drawings of a dataset: how much data a model needs."""

import hashlib
from dataclasses import replace

import numpy as np

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
    left_out = np.random.default_rng(seed).permutation(training)[count:]
    kept = np.ones(len(dataset), dtype=bool)
    kept[left_out] = False
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
