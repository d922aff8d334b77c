"""The losses of a model on drawings it is not trained on."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.dataset import BatchSource, batches_by_length
from core.loss import kl_loss, reconstruction_loss
from core.model import SketchVAE


@dataclass(frozen=True)
class Losses:
    """Means over drawings."""

    L_s: float
    L_p: float
    L_KL: float

    @property
    def L_R(self) -> float:
        return self.L_s + self.L_p

    def total(self, kl_weight: float) -> float:
        return self.L_R + kl_weight * self.L_KL

    @classmethod
    def mean(cls, per_drawing: NDArray[np.floating]) -> "Losses":
        """Of (L_s, L_p, L_KL) [n, 3]."""
        return cls(*per_drawing.mean(axis=0).tolist())


def losses_per_drawing(
    model: SketchVAE,
    source: BatchSource,
    lengths: NDArray[np.int64],
    indices: NDArray[np.int64],
    *,
    batch_size: int = 128,
    full_length: bool = False,
    sample_seed: int | None = None,
) -> NDArray[np.float64]:
    """(L_s, L_p, L_KL) [n, 3] of each of the drawings `indices`, in their order.

    They are encoded with mu, or with sampled z given a seed. With `full_length` every drawing is run
    for all N_max steps, as published; without it only as far as its batch needs, which leaves out pen
    terms of padding that a trained model predicts surely. `lengths` [N] are those of all drawings.
    """
    was_training = model.training
    model.eval()
    generator = torch.Generator().manual_seed(sample_seed or 0)
    noise = torch.randn(len(indices), model.config.latent, generator=generator)
    result = np.empty((len(indices), 3))
    with torch.inference_mode():
        for chosen in batches_by_length(lengths[indices], np.arange(len(indices)), batch_size):
            batch = source.batch(indices[chosen], full_length=full_length)
            sampled = None if sample_seed is None else noise[chosen].to(model.device)
            raw, mean, log_variance = model(batch.points(), batch.lengths, batch.inputs, sampled)
            loss = reconstruction_loss(raw, batch.targets, batch.lengths, source.max_points)
            columns = torch.stack([loss.offsets, loss.pen, kl_loss(mean, log_variance)], dim=-1)
            result[chosen] = columns.cpu().numpy()
    model.train(was_training)
    return result
