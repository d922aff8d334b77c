"""A dataset as latents and map positions: what a checkpoint carries instead of drawings.

Latents are kept at one byte a dimension with a range each; measured on the shipped checkpoint, this
changes the L_R of decoded codes by far less than 0.005.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.dataset import SPLITS, SketchDataset
from core.errors import CheckpointError
from core.sketch import stroke_count


@dataclass(frozen=True, eq=False)
class Atlas:
    """N drawings, by their codes."""

    quantised: NDArray[np.uint8]
    """[N, N_z]: latents as steps between `low` and `low + 255 * step`."""
    low: NDArray[np.float32]
    """[N_z]"""
    step: NDArray[np.float32]
    """[N_z]"""
    positions: NDArray[np.float32]
    """[N, 2]: where each drawing lies on the map."""
    labels: NDArray[np.int32]
    """[N]: index into `categories`."""
    splits: NDArray[np.uint8]
    """[N]: 0 train, 1 valid, 2 test."""
    rows: NDArray[np.int32]
    """[N]: position in its split of its source file."""
    point_counts: NDArray[np.int32]
    """[N]"""
    stroke_counts: NDArray[np.int32]
    """[N]"""
    losses: NDArray[np.float32]
    """[N]: reconstruction loss L_R, encoded with mu."""
    categories: tuple[str, ...]
    sources: tuple[str, ...]
    """File name per category."""

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def latents(self) -> NDArray[np.float32]:
        """[N, N_z]: the codes, within half a quantisation step of the encoder's means."""
        return (self.low + self.quantised * self.step).astype(np.float32, copy=False)

    @cached_property
    def norms(self) -> NDArray[np.float32]:
        """[N]: ||z||."""
        return np.linalg.norm(self.latents, axis=1)

    @cached_property
    def norm_range(self) -> tuple[float, float]:
        """What the middle nine tenths of the norms lie between."""
        low, high = np.percentile(self.norms, (5, 95)).tolist()
        return low, high

    @cached_property
    def typical_norm(self) -> float:
        """The median of the norms."""
        return float(np.median(self.norms))

    def moved(self, positions: NDArray[np.float32]) -> "Atlas":
        """The same drawings at other map positions [N, 2], with all that was derived from their codes."""
        atlas = copy.copy(self)
        object.__setattr__(atlas, "positions", positions)
        return atlas

    def category_means(self) -> dict[str, NDArray[np.float32]]:
        """The mean code of each category that has drawings."""
        return {
            name: self.latents[self.labels == label].mean(axis=0)
            for label, name in enumerate(self.categories)
            if (self.labels == label).any()
        }

    def category(self, index: int) -> str:
        """The category of drawing `index`."""
        return self.categories[self.labels[index]]

    def origin(self, index: int) -> str:
        """Split, row and file that drawing `index` comes from."""
        return f"{SPLITS[self.splits[index]]} {self.rows[index]} of {self.sources[self.labels[index]]}"

    def to_dict(self) -> dict[str, Any]:
        """Tensors and plain values only, as a checkpoint stores them."""
        arrays = {name: torch.from_numpy(np.ascontiguousarray(getattr(self, name))) for name in _ARRAYS}
        return {**arrays, "categories": list(self.categories), "sources": list(self.sources)}

    @classmethod
    def from_dict(cls, values: dict[str, Any], latent: int) -> "Atlas":
        """Raises CheckpointError if a field is missing, of a wrong shape or type, or out of range."""
        try:
            arrays = {name: values[name].numpy() for name in _ARRAYS}
            categories, sources = tuple(values["categories"]), tuple(values["sources"])
        except (KeyError, AttributeError, TypeError, RuntimeError) as error:
            raise CheckpointError("its atlas lacks a part") from error
        count = len(arrays["labels"]) if arrays["labels"].ndim else -1
        sizes = {"count": count, "latent": latent}
        for name, (dtype, axes) in _ARRAYS.items():
            shape = tuple(sizes.get(axis, 2) for axis in axes)
            array = arrays[name]
            if array.dtype != dtype or array.shape != shape:
                raise CheckpointError(f"its atlas has {name} of the wrong kind")
            if array.dtype == np.float32 and not np.isfinite(array).all():
                raise CheckpointError(f"its atlas has {name} that are not finite")
        if count < 1:
            raise CheckpointError("its atlas is empty")
        with np.errstate(over="ignore"):
            if not np.isfinite(arrays["low"] + 255 * arrays["step"]).all():
                raise CheckpointError("its atlas has latents that are not finite")
        names = isinstance(values["categories"], list) and all(map(is_name, categories + sources))
        if not names or len(sources) != len(categories) or len(set(categories)) < len(categories):
            raise CheckpointError("its atlas has no proper category names")
        tops = {"labels": len(categories), "splits": len(SPLITS)}
        for name in ("labels", "splits", "rows", "point_counts", "stroke_counts"):
            if arrays[name].min() < 0 or arrays[name].max() >= tops.get(name, math.inf):
                raise CheckpointError(f"its atlas has {name} out of range")
        return cls(**arrays, categories=categories, sources=sources)


def is_name(value: object) -> bool:
    """Whether `value` can be the name of a category or a file: text that can be written anywhere."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


_ARRAYS: dict[str, tuple[type, tuple[str, ...]]] = {
    "quantised": (np.uint8, ("count", "latent")),
    "low": (np.float32, ("latent",)),
    "step": (np.float32, ("latent",)),
    "positions": (np.float32, ("count", "two")),
    "labels": (np.int32, ("count",)),
    "splits": (np.uint8, ("count",)),
    "rows": (np.int32, ("count",)),
    "point_counts": (np.int32, ("count",)),
    "stroke_counts": (np.int32, ("count",)),
    "losses": (np.float32, ("count",)),
}
"""Field -> (type, axes), in the order of the dataclass."""


def make_atlas(
    dataset: SketchDataset,
    latents: NDArray[np.float32],
    losses: NDArray[np.float32],
    positions: NDArray[np.float32],
) -> Atlas:
    """The atlas of a dataset from its latents [N, N_z], losses [N] and map positions [N, 2]."""
    low = latents.min(axis=0)
    step = np.maximum((latents.max(axis=0) - low) / 255, np.finfo(np.float32).tiny)
    return Atlas(
        quantised=np.rint((latents - low) / step).clip(0, 255).astype(np.uint8),
        low=low.astype(np.float32),
        step=step.astype(np.float32),
        positions=positions.astype(np.float32),
        labels=dataset.labels,
        splits=dataset.splits,
        rows=dataset.rows,
        point_counts=dataset.lengths.astype(np.int32),
        stroke_counts=_per_drawing(dataset, stroke_count),
        losses=losses.astype(np.float32),
        categories=dataset.categories,
        sources=dataset.sources,
    )


def _per_drawing(dataset: SketchDataset, measure: Callable[[NDArray[np.int16]], int]) -> NDArray[np.int32]:
    return np.array([measure(dataset.stroke3(i)) for i in range(len(dataset))], dtype=np.int32)
