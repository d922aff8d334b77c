"""Practice: the decoder draws alone, and is led towards those of its drawings that show what they are of.

Trained on drawings of people alone, a decoder never meets its own slips, and what it draws drifts off
(exposure bias; Ranzato et al. 2016). Here it draws each code several times, and a classifier of pictures
(`core.picture_classifier`) looks at them: the reward rises with the probability p of the code's category. From a
code between two drawings it may be either's category, and from a code of the prior any: the likeliest of them counts.
The gradient is REINFORCE (Williams 1992), of the best and the worst drawing of a code, each the other's baseline.

Only what the decoder chooses is led, the pen's state and the component of the mixture: in the gradient of where
within a component a point falls there is fifty times the noise, and no signal that could be measured.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.dataset import Batch, BatchSource, SketchDataset, batch_of, batches_by_length, evened, teacher_forcing
from core.encoding import encode_batches
from core.generation import SamplingConfig, SketchDecoder
from core.generation.sampling import Floats
from core.loss import step_log_probabilities, tempered
from core.model import Decoder, SketchVAE
from core.picture_classifier import PictureClassifier

TEMPERATURE = 0.3
"""tau of what is drawn: low as when drawing for people, high enough that drawings of a code differ."""
ATTEMPTS = 8
"""Drawings of each code, of which the best and the worst are learnt from: drawing is the cheaper part."""
SHARES = {"mean": 0.25, "sampled": 0.2, "between": 0.1, "prior": 0.45}
"""Of the codes: mu of training drawings, mu + sigma noise, points between two mu, and codes of the prior."""
KEPT = 0.5
"""This share of the codes is learnt from, those whose best and worst drawing are farthest apart."""
PER_DRAWING = 2
"""Drawings of its own that are learnt from, for each one of people."""
STEPS = 8
"""Batches of a round: the last is learnt from when the weights have changed so many times."""
LEAST = 0.1
"""Rewards are log(LEAST + p): how unlikely what is hopeless is, is not to outweigh what could be clear. p is 0 for a
drawing that does not end, or has no point."""
LARGEST_ADVANTAGE = 2.0
"""In standard deviations; a few drawings are not to outweigh a batch."""
AT_ONCE = 512
"""Drawings decoded together."""


@dataclass(frozen=True, eq=False)
class Attempts:
    """B drawings of the decoder's own, of near-equal length."""

    codes: Tensor
    """[B, N_z]: what they are drawings of."""
    advantages: Tensor
    """[B]: see `best_and_worst`."""
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
    model: SketchVAE,
    classifier: PictureClassifier,
    dataset: SketchDataset,
    indices: NDArray[np.int64],
    scale: float,
    batch_size: int,
    seed: Sequence[int],
    cancelled: Callable[[], bool] | None = None,
    *,
    bfloat16: bool = False,
) -> tuple[list[Attempts], float]:
    """At most STEPS batches of attempts at codes, and the mean reward of all that was drawn.

    Codes of drawings are those of the drawings `indices`, and the classifier knows all categories of `dataset`.
    Drawing takes a good part of a minute where batches are large: `cancelled` is asked as it goes on, and Cancelled
    is raised when it says so.
    """
    rng = np.random.default_rng(seed)
    in_bfloat16 = torch.autocast("cpu", torch.bfloat16, enabled=bfloat16)
    with in_bfloat16:
        codes, allowed = _codes(model, dataset, indices, scale, STEPS * batch_size, rng)
    places = [classifier.categories.index(name) for name in dataset.categories]
    seeds = rng.integers(1 << 31, size=len(codes) * ATTEMPTS).tolist()
    sampling = SamplingConfig(TEMPERATURE, dataset.max_points)
    repeated = np.repeat(codes, ATTEMPTS, axis=0)
    drawings = SketchDecoder(model.decoder, scale, bfloat16=bfloat16).decode_all(
        repeated, seeds, sampling, AT_ONCE, cancelled
    )
    lengths = np.array([len(drawing) for drawing in drawings])

    with in_bfloat16:
        log_p = classifier.log_probabilities(drawings)[:, places]
    shown = np.where(np.repeat(allowed, ATTEMPTS, axis=0), log_p, -np.inf).max(axis=1)
    good = (lengths > 0) & (lengths < dataset.max_points)
    rewards = np.log(LEAST + np.where(good, np.exp(shown), 0)).astype(np.float32)
    telling, advantages = best_and_worst(rewards.reshape(-1, ATTEMPTS))
    attempts = [
        Attempts(
            torch.from_numpy(repeated[part]).to(model.device),
            torch.from_numpy(advantages[part]).to(model.device),
            batch_of([drawings[i] for i in part], scale, dataset.max_points, model.device),
        )
        for part in batches_by_length(lengths, telling[lengths[telling] > 0], batch_size)
    ]
    return [attempts[i] for i in rng.permutation(len(attempts))], float(rewards.mean())


def best_and_worst(rewards: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Which of the drawings with `rewards` [codes, ATTEMPTS] to learn from, by number, and all their advantages.

    Those are half of what is between the best and the worst of a code, up for the one and down for the other, in
    standard deviations of the rewards within a code.
    """
    rows = np.arange(len(rewards))
    best, worst = rewards.argmax(axis=1), rewards.argmin(axis=1)
    deviation = float((rewards - rewards.mean(axis=1, keepdims=True)).std())
    apart = (rewards[rows, best] - rewards[rows, worst]) / 2 / max(deviation, 1e-6)
    advantages = np.zeros_like(rewards)
    advantages[rows, best] = np.minimum(apart, LARGEST_ADVANTAGE)
    advantages[rows, worst] = -advantages[rows, best]
    kept = np.argsort(-apart, kind="stable")[: round(KEPT * len(rewards))]
    kept = kept[apart[kept] > 0]
    first = kept * rewards.shape[1]
    return np.concatenate([first + best[kept], first + worst[kept]]), advantages.reshape(-1)


def practice_loss(decoder: Decoder, attempts: Attempts, max_points: int) -> Tensor:
    """[B]: what a step down makes drawings of a large advantage likelier, and others less likely.

    In the units of L_R, but only of what was decided in drawing: nothing follows the end of a sketch.
    """
    raw = tempered(decoder(attempts.codes, attempts.batch.inputs), TEMPERATURE)
    logits = 3 + decoder.config.mixtures  # of the pen's states, then of the components
    raw = torch.cat([raw[..., :logits], raw[..., logits:].detach()], dim=-1)
    targets, lengths = attempts.batch.targets, attempts.batch.lengths[:, None]
    step = torch.arange(targets.shape[1], device=targets.device)
    log_density, log_pen = step_log_probabilities(raw, targets)
    log_p = torch.where(step < lengths, log_density, 0) + torch.where(step <= lengths, log_pen, 0)
    return -attempts.advantages * log_p.sum(1) / max_points


def _codes(
    model: SketchVAE,
    dataset: SketchDataset,
    indices: NDArray[np.int64],
    scale: float,
    count: int,
    rng: np.random.Generator,
) -> tuple[Floats, NDArray[np.bool_]]:
    """`count` codes [count, N_z], in the order of SHARES, and what each may show [count, categories]."""
    ends = np.round(np.cumsum(list(SHARES.values())) * count).astype(int).tolist()
    of_mean, own, of_drawings = ends[:3]
    chosen = rng.choice(indices, 2 * of_drawings - own, p=evened(dataset.labels[indices]))
    means, sigmas = np.empty((2, len(chosen), model.config.latent), dtype=np.float32)
    source = BatchSource(dataset, scale, model.device)
    for batch in encode_batches(model, source, dataset.lengths, chosen, decode=False):
        means[batch.chosen] = batch.mean.float().cpu().numpy()
        sigmas[batch.chosen] = torch.exp(batch.log_variance.float() / 2).cpu().numpy()

    codes = rng.standard_normal((count, model.config.latent), dtype=np.float32)  # those of the prior stay so
    codes[:of_mean] = means[:of_mean]
    codes[of_mean:own] = means[of_mean:own] + sigmas[of_mean:own] * codes[of_mean:own]
    one, other = means[own:of_drawings], means[of_drawings:]
    codes[own:of_drawings] = one + rng.random((len(one), 1), dtype=np.float32) * (other - one)

    allowed = np.zeros((count, len(dataset.categories)), dtype=bool)
    labels = dataset.labels[chosen]
    allowed[np.arange(of_drawings), labels[:of_drawings]] = True
    allowed[np.arange(own, of_drawings), labels[of_drawings:]] = True
    allowed[of_drawings:] = True
    return codes, allowed
