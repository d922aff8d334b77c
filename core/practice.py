"""Practice: the decoder draws alone, and is led towards those of its drawings that show their category.

Trained on drawings of people alone, a decoder never meets its own slips, and what it draws drifts off
(exposure bias; Ranzato et al. 2016). Here it draws each code several times, and the encoder reads what
it drew: the reward is the log probability of the code's category. The gradient is REINFORCE
(Williams 1992), with the mean reward of the drawings of the same code as baseline (Kool et al. 2019).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from core.dataset import TRAIN, Batch, SketchDataset, batch_of, batches_by_length, teacher_forcing
from core.encoding import encode_means
from core.generation import SamplingConfig, SketchDecoder
from core.generation.sampling import Floats
from core.loss import step_log_probabilities, tempered
from core.model import Decoder, SketchVAE

TEMPERATURE = 0.3
"""tau of what is drawn: low as when drawing for people, high enough that drawings of a code differ."""
ATTEMPTS = 4
"""Drawings of each code."""
PRIOR_SHARE = 0.4
"""This share of the codes is drawn from the prior, the rest are means of training drawings."""
KEPT = 0.5
"""This share of them is learnt from, those of the largest advantages either way: drawing is the cheaper part."""
STEPS = 8
"""Batches of a round: the last is learnt from when the weights have changed so many times."""
LARGEST_ADVANTAGE = 2.0
"""In standard deviations; a few drawings are not to outweigh a batch."""
AT_ONCE = 256
"""Drawings decoded together."""


@dataclass(frozen=True, eq=False)
class Attempts:
    """B drawings of the decoder's own, of near-equal length."""

    codes: Tensor
    """[B, N_z]: what they are drawings of."""
    advantages: Tensor
    """[B]: see `advantages_of`."""
    batch: Batch

    def to_dict(self) -> dict[str, Tensor]:
        return {
            "codes": self.codes,
            "advantages": self.advantages,
            "targets": self.batch.targets,
            "lengths": self.batch.lengths,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Tensor], device: torch.device) -> "Attempts":
        """Raises KeyError if something is missing."""
        codes, advantages, targets, lengths = (
            values[name].to(device) for name in ("codes", "advantages", "targets", "lengths")
        )
        return cls(codes, advantages, teacher_forcing(targets, lengths))


def draw_round(
    model: SketchVAE, head: nn.Linear, dataset: SketchDataset, scale: float, batch_size: int, seed: Sequence[int]
) -> tuple[list[Attempts], float]:
    """STEPS batches of attempts at codes of training drawings and of the prior, and their mean reward.

    `head` tells the category of a code; a code of the prior is of the one that it names. A drawing that
    does not end earns as little as the worst of the round, as does one without a point, which is left out.
    """
    rng = np.random.default_rng(seed)
    codes, categories = _codes(model, head, dataset, scale, max(1, round(STEPS * batch_size / KEPT / ATTEMPTS)), rng)
    codes, categories = np.repeat(codes, ATTEMPTS, axis=0), np.repeat(categories, ATTEMPTS)
    seeds = rng.integers(1 << 31, size=len(codes)).tolist()
    sampling = SamplingConfig(TEMPERATURE, dataset.max_points)
    drawings = SketchDecoder(model.decoder, scale).decode_all(codes, seeds, sampling, AT_ONCE)
    lengths = np.array([len(drawing) for drawing in drawings])

    def batches(chosen: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Batch]]:
        for part in batches_by_length(lengths, chosen, batch_size):
            yield part, batch_of([drawings[i] for i in part], scale, dataset.max_points, model.device)

    rewards = np.zeros(len(drawings), dtype=np.float32)
    for part, batch in batches(np.flatnonzero(lengths)):
        rewards[part] = _rewards(model, head, batch, categories[part])
    good = (lengths > 0) & (lengths < dataset.max_points)
    rewards[~good] = rewards[good].min(initial=0)
    advantages = advantages_of(rewards.reshape(-1, ATTEMPTS)).reshape(-1)
    telling = np.argsort(-np.abs(advantages), kind="stable")[: round(KEPT * len(drawings))]
    attempts = [
        Attempts(
            torch.from_numpy(codes[part]).to(model.device), torch.from_numpy(advantages[part]).to(model.device), batch
        )
        for part, batch in batches(telling[lengths[telling] > 0])
    ]
    return [attempts[i] for i in rng.permutation(len(attempts))], float(rewards.mean())


def advantages_of(rewards: Floats) -> Floats:
    """By how much each reward [codes, ATTEMPTS] is above the mean of its row, in standard deviations of that."""
    above = rewards - rewards.mean(axis=1, keepdims=True)
    return np.clip(above / max(float(above.std()), 1e-6), -LARGEST_ADVANTAGE, LARGEST_ADVANTAGE)


def practice_loss(decoder: Decoder, attempts: Attempts, max_points: int) -> Tensor:
    """[B]: what a step down makes drawings of a large advantage likelier, and others less likely.

    In the units of L_R, but only of what was decided in drawing: nothing follows the end of a sketch.
    """
    raw = tempered(decoder(attempts.codes, attempts.batch.inputs), TEMPERATURE)
    targets, lengths = attempts.batch.targets, attempts.batch.lengths[:, None]
    step = torch.arange(targets.shape[1], device=targets.device)
    log_density, log_pen = step_log_probabilities(raw, targets)
    log_p = torch.where(step < lengths, log_density, 0) + torch.where(step <= lengths, log_pen, 0)
    return -attempts.advantages * log_p.sum(1) / max_points


def _codes(
    model: SketchVAE, head: nn.Linear, dataset: SketchDataset, scale: float, count: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.int64]]:
    """`count` codes and the categories that drawings of them are to show."""
    chosen = rng.choice(dataset.indices(TRAIN), count - round(PRIOR_SHARE * count))
    from_prior = rng.standard_normal((count - len(chosen), model.config.latent), dtype=np.float32)
    with torch.inference_mode():
        named = head(torch.from_numpy(from_prior).to(model.device)).argmax(-1).cpu().numpy()
    codes = np.concatenate([encode_means(model, dataset, scale, chosen), from_prior])
    return codes, np.concatenate([dataset.labels[chosen].astype(np.int64), named])


def _rewards(model: SketchVAE, head: nn.Linear, batch: Batch, categories: NDArray[np.int64]) -> Floats:
    """log p(category | drawing) [B], by what the encoder makes of it."""
    with torch.inference_mode():
        mean, _ = model.encoder(batch.points(), batch.lengths)
        log_p = F.log_softmax(head(mean), dim=-1).cpu().numpy()
    return log_p[np.arange(len(categories)), categories]
