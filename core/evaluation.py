"""The losses of a model on drawings it is not trained on."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from core.dataset import BatchSource
from core.encoding import encode_batches
from core.loss import kl_loss
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
    generator = torch.Generator().manual_seed(sample_seed or 0)
    noise = torch.randn(len(indices), model.config.latent, generator=generator)
    result = np.empty((len(indices), 3))
    for batch in encode_batches(
        model,
        source,
        lengths,
        indices,
        batch_size=batch_size,
        full_length=full_length,
        noise=None if sample_seed is None else noise,
    ):
        assert batch.losses is not None
        kl = kl_loss(batch.mean, batch.log_variance)
        columns = torch.stack([batch.losses.offsets, batch.losses.pen, kl], dim=-1)
        result[batch.chosen] = columns.cpu().numpy()
    return result
