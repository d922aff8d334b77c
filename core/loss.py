"""Reconstruction and KL loss of the sketch VAE, in float32 by log-sum-exp.

Ha & Eck 2017, equations 9 to 11 and section 3.3. L_R depends on N_max, since both parts are divided
by it; a density is never clipped, so the gradient is largest where the fit is worst.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

_LOG_2_PI = math.log(2 * math.pi)
MAX_LOG_SIGMA = 8.0
"""exp(8) scale units is wider than any drawing; beyond it exp() would only breed infinities."""

MAX_RHO = 0.999
"""Correlations stay short of ±1, where the density is degenerate."""


class MixtureParameters(NamedTuple):
    """The Gaussian mixture of the next offset, each [..., M], float32."""

    log_weight: Tensor
    mean_x: Tensor
    mean_y: Tensor
    log_sigma_x: Tensor
    log_sigma_y: Tensor
    rho: Tensor


def mixture_parameters(raw: Tensor) -> MixtureParameters:
    """Name the last axis of the decoder's outputs [..., 6M + 3]."""
    logits, mean_x, mean_y, log_x, log_y, rho = raw[..., 3:].float().chunk(6, dim=-1)
    return MixtureParameters(
        F.log_softmax(logits, dim=-1),
        mean_x,
        mean_y,
        log_x.clamp(-MAX_LOG_SIGMA, MAX_LOG_SIGMA),
        log_y.clamp(-MAX_LOG_SIGMA, MAX_LOG_SIGMA),
        torch.tanh(rho) * MAX_RHO,
    )


def tempered(raw: Tensor, temperature: float) -> Tensor:
    """The outputs [..., 6M + 3] whose distributions are those that `raw` is drawn from at `temperature`.

    Logits are divided by tau, sigma multiplied by its square root (Ha & Eck 2017, equation 8).
    """
    pen, mixture = raw[..., :3].float(), raw[..., 3:].float()
    logits, mean_x, mean_y, log_x, log_y, rho = mixture.chunk(6, dim=-1)
    narrower = 0.5 * math.log(temperature)
    parts = [pen / temperature, logits / temperature, mean_x, mean_y, log_x + narrower, log_y + narrower, rho]
    return torch.cat(parts, dim=-1)


def mixture_log_density(mixture: MixtureParameters, offsets: Tensor) -> Tensor:
    """log sum_j pi_j N(dx, dy | ...) [...] of offsets [..., 2]."""
    dx, dy = offsets[..., 0:1].float(), offsets[..., 1:2].float()
    u = (dx - mixture.mean_x) * torch.exp(-mixture.log_sigma_x)
    v = (dy - mixture.mean_y) * torch.exp(-mixture.log_sigma_y)
    one_minus = 1 - mixture.rho.square()
    exponent = -(u.square() + v.square() - 2 * mixture.rho * u * v) / (2 * one_minus)
    log_norm = _LOG_2_PI + mixture.log_sigma_x + mixture.log_sigma_y + 0.5 * torch.log(one_minus)
    return torch.logsumexp(mixture.log_weight + exponent - log_norm, dim=-1)


def pen_log_probabilities(raw: Tensor) -> Tensor:
    """log q [..., 3] of the pen states (down, up, end of sketch)."""
    return F.log_softmax(raw[..., :3].float(), dim=-1)


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """L_s and L_p of each drawing, [B]; L_R is their sum."""

    offsets: Tensor
    pen: Tensor

    @property
    def total(self) -> Tensor:
        return self.offsets + self.pen


def step_log_probabilities(raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """log p of each offset and of each pen state, [B, T] both, of raw [B, T, 6M + 3] and targets [B, T, 5]."""
    log_density = mixture_log_density(mixture_parameters(raw), targets[..., :2])
    return log_density, (targets[..., 2:] * pen_log_probabilities(raw)).sum(-1)


def reconstruction_loss(raw: Tensor, targets: Tensor, lengths: Tensor, max_points: int) -> Reconstruction:
    """L_s = -(1/N_max) sum over real points, L_p = -(1/N_max) sum over all steps given.

    raw [B, T, 6M + 3], targets [B, T, 5], lengths [B]. With T = N_max this is the published loss;
    with a shorter T the pen terms of the missing padded steps, near zero once learned, are left out.
    """
    real = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    log_density, log_pen = step_log_probabilities(raw, targets)
    return Reconstruction(
        offsets=-torch.where(real, log_density, 0).sum(1) / max_points,
        pen=-log_pen.sum(1) / max_points,
    )


def kl_loss(mean: Tensor, log_variance: Tensor) -> Tensor:
    """L_KL [B] = -(1 / 2 N_z) sum (1 + sigma-hat - mu^2 - exp(sigma-hat))."""
    mean, log_variance = mean.float(), log_variance.float()
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).mean(-1)


def category_loss(logits: Tensor, labels: Tensor, max_points: int) -> Tensor:
    """L_C [B] = -(1 / N_max) log p(category | z), of logits [B, categories] and labels [B].

    In the units of L_R: with a weight of 1 the category is one more thing that the decoder has to
    tell from z, p(drawing, category | z) = p(drawing | z) p(category | z).
    """
    return F.cross_entropy(logits.float(), labels, reduction="none") / max_points


def kl_annealing(sketches: float, eta_min: float, scale: float) -> float:
    """eta = 1 - (1 - eta_min) exp(-sketches / scale): counted in drawings, not in steps.

    The published R^step with batches of B drawings is scale = -B / ln R.
    """
    return 1 - (1 - eta_min) * math.exp(-sketches / scale)
