"""Codes of the prior, each with a drawing to learn it by: what fills the gaps between the drawings' own codes.

Trained on their codes alone, a decoder knows nothing of most of the prior: drawings lie in clumps, and a code drawn
from N(0, I) is nearly always between them. Here codes of the prior are matched to drawings, one to one, so that the
sum of squared distances to their means is least (minibatch optimal transport, as in flow matching: Pooladian et al.
2023, Tong et al. 2024). Over all codes of the prior what is to be drawn is then as the drawings are, and near a
drawing's code it is what is drawn there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dataset import SketchDataset, batches_by_length, evened
from core.encoding import encode_means
from core.model import SketchVAE

TOGETHER = 4096
"""Drawings matched at a time: among more, each finds a code nearer to its own, but the time goes with the cube."""


@dataclass(frozen=True, eq=False)
class Coupled:
    """B drawings of near-equal length, and the code of the prior that each is matched to."""

    codes: Tensor
    """[B, N_z]"""
    drawings: NDArray[np.int64]
    """[B]: their indices."""

    def to_dict(self) -> dict[str, Tensor]:
        return {"codes": self.codes, "drawings": torch.from_numpy(self.drawings)}

    @classmethod
    def from_dict(cls, values: dict[str, Tensor], device: torch.device) -> "Coupled":
        """Raises KeyError if something is missing."""
        return cls(values["codes"].to(device), values["drawings"].cpu().numpy())


def couple_round(
    model: SketchVAE,
    dataset: SketchDataset,
    indices: NDArray[np.int64],
    scale: float,
    batch_size: int,
    seed: Sequence[int],
) -> list[Coupled]:
    """At most TOGETHER of the drawings `indices`, rare categories oftener, with codes of the prior, in batches."""
    rng = np.random.default_rng(seed)
    chances = evened(dataset.labels[indices])
    chosen = rng.choice(indices, min(TOGETHER, len(indices)), replace=False, p=chances)
    means = encode_means(model, dataset, scale, chosen)
    codes = matched(rng.standard_normal(means.shape, dtype=np.float32), means)
    return [
        Coupled(torch.from_numpy(codes[part]).to(model.device), chosen[part])
        for part in batches_by_length(dataset.lengths[chosen], np.arange(len(chosen)), batch_size, rng)
    ]


def matched(codes: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float32]:
    """`codes` [n, N_z] in the order in which the sum of squared distances to `means` [n, N_z] is least."""
    from scipy.optimize import linear_sum_assignment  # its import takes a part of the program's start

    _, order = linear_sum_assignment(means @ codes.T, maximize=True)  # the norms are the same in every order
    return codes[order]
