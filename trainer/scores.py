"""The losses that are published of a model: all N_max steps, with sampled z and with mu."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.dataset import BatchSource, SketchDataset
from core.evaluation import Losses, losses_per_drawing
from core.model import SketchVAE

SAMPLE_SEED = 0
"""Of the noise in sampled z."""


@dataclass(frozen=True)
class Scores:
    """Mean losses of n drawings."""

    n: int
    max_points: int
    """N_max, which the losses are divided by."""
    points: int
    """Real points of all n drawings."""
    sampled: Losses
    """Decoded from z = mu + sigma * noise, as published figures are."""
    mean: Losses
    """Decoded from mu."""

    def per_point(self, losses: Losses) -> float:
        """L_R per real point, which does not depend on N_max."""
        return losses.L_R * self.max_points * self.n / self.points

    def to_dict(self) -> dict[str, float]:
        """By the names that `evaluate --json` and a checkpoint's figures use."""
        return {
            **_named(self.sampled, ""),
            **_named(self.mean, "_mu"),
            "L_R_per_point": self.per_point(self.sampled),
            "L_R_per_point_mu": self.per_point(self.mean),
            "n": self.n,
            "N_max": self.max_points,
        }


@dataclass(frozen=True, eq=False)
class DrawingLosses:
    """(L_s, L_p, L_KL) of each of n drawings."""

    sampled: NDArray[np.float64]
    """[n, 3]"""
    mean: NDArray[np.float64]
    """[n, 3]"""
    points: NDArray[np.int64]
    """[n]: real points."""
    labels: NDArray[np.int32]
    """[n]: categories."""
    max_points: int

    def scores(self, label: int | None = None) -> Scores:
        """Of all drawings, or of those of one category."""
        chosen = np.ones(len(self.labels), dtype=bool) if label is None else self.labels == label
        return Scores(
            n=int(chosen.sum()),
            max_points=self.max_points,
            points=int(self.points[chosen].sum()),
            sampled=Losses.mean(self.sampled[chosen]),
            mean=Losses.mean(self.mean[chosen]),
        )


def measure(model: SketchVAE, dataset: SketchDataset, scale: float, indices: NDArray[np.int64]) -> DrawingLosses:
    """Run the drawings `indices` through the model for all N_max steps, twice."""
    source = BatchSource(dataset, scale, model.device)
    sampled, mean = (
        losses_per_drawing(model, source, dataset.lengths, indices, full_length=True, sample_seed=seed)
        for seed in (SAMPLE_SEED, None)
    )
    return DrawingLosses(sampled, mean, dataset.lengths[indices], dataset.labels[indices], dataset.max_points)


def _named(losses: Losses, suffix: str) -> dict[str, float]:
    return {f"{name}{suffix}": getattr(losses, name) for name in ("L_s", "L_p", "L_R", "L_KL")}
