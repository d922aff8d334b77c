"""The losses against torch.distributions in float64."""

import math

import pytest
import torch
from torch.distributions import Categorical, MixtureSameFamily, MultivariateNormal, Normal, kl_divergence

from core.loss import (
    MAX_LOG_SIGMA,
    MAX_RHO,
    category_loss,
    kl_annealing,
    kl_loss,
    mixture_parameters,
    pen_log_probabilities,
    reconstruction_loss,
    tempered,
)

B, T, M = 5, 12, 20
N_MAX = 30


def reference(raw, targets, lengths, max_points):
    """L_s and L_p [B] by the definition, in float64."""
    raw, targets = raw.double(), targets.double()
    logits, mean_x, mean_y, log_x, log_y, rho = raw[..., 3:].unflatten(-1, (6, -1)).unbind(-2)
    sigma_x, sigma_y = log_x.exp(), log_y.exp()
    covariance = MAX_RHO * rho.tanh() * sigma_x * sigma_y
    matrix = torch.stack([sigma_x**2, covariance, covariance, sigma_y**2], dim=-1).unflatten(-1, (2, 2))
    normals = MultivariateNormal(torch.stack([mean_x, mean_y], dim=-1), matrix)
    log_density = MixtureSameFamily(Categorical(logits=logits), normals).log_prob(targets[..., :2])
    real = torch.arange(targets.shape[1]) < lengths[:, None]
    log_pen = Categorical(logits=raw[..., :3]).log_prob(targets[..., 2:].argmax(dim=-1))
    return -(log_density * real).sum(1) / max_points, -log_pen.sum(1) / max_points


def example(spread=1.0, seed=0, steps=T):
    generator = torch.Generator().manual_seed(seed)
    raw = spread * torch.randn(B, steps, 6 * M + 3, generator=generator)
    lengths = torch.tensor([1, 4, 7, steps - 1, steps])
    pen = torch.randint(3, 5, (B, steps), generator=generator) - 1
    pen[torch.arange(steps) >= lengths[:, None]] = 4
    targets = torch.zeros(B, steps, 5)
    targets[..., :2] = 2 * torch.randn(B, steps, 2, generator=generator)
    targets.scatter_(-1, pen[..., None], 1)
    return raw, targets, lengths


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread", [0.1, 1.0, 2.0])
def test_reconstruction_is_that_of_torch_distributions(spread, seed):
    raw, targets, lengths = example(spread, seed)
    loss = reconstruction_loss(raw, targets, lengths, N_MAX)
    offsets, pen = reference(raw, targets, lengths, N_MAX)
    torch.testing.assert_close(loss.offsets.double(), offsets, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(loss.pen.double(), pen, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(loss.total, loss.offsets + loss.pen)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_a_temperature_flattens_choices_and_widens_offsets(temperature):
    """Ha & Eck 2017, equation 8: of the pen, of the components, and of the spread around each."""
    raw, _, _ = example()
    changed = tempered(raw, temperature)
    pen = (raw[..., :3].double() / temperature).log_softmax(-1)
    torch.testing.assert_close(pen_log_probabilities(changed).double(), pen, rtol=1e-5, atol=1e-5)
    before, after = mixture_parameters(raw), mixture_parameters(changed)
    weights = before.log_weight.double().exp() ** (1 / temperature)
    torch.testing.assert_close(
        after.log_weight.double().exp(), weights / weights.sum(-1, keepdim=True), rtol=1e-5, atol=1e-6
    )
    for axis in ("log_sigma_x", "log_sigma_y"):
        variances = (2 * getattr(before, axis)).exp() * temperature
        torch.testing.assert_close((2 * getattr(after, axis)).exp(), variances)
    for same in ("mean_x", "mean_y", "rho"):
        assert torch.equal(getattr(after, same), getattr(before, same))


def test_half_precision_outputs_are_judged_in_float32():
    raw, targets, lengths = example()
    loss = reconstruction_loss(raw.bfloat16(), targets, lengths, N_MAX)
    offsets, _ = reference(raw.bfloat16(), targets, lengths, N_MAX)
    assert loss.offsets.dtype == torch.float32
    torch.testing.assert_close(loss.offsets.double(), offsets, rtol=1e-5, atol=1e-5)


def test_padding_costs_in_the_pen_and_not_in_the_offsets():
    raw, targets, lengths = example()
    raw[..., :3] = 0  # each pen state costs log 3
    loss = reconstruction_loss(raw, targets, lengths, N_MAX)
    torch.testing.assert_close(loss.pen, torch.full((B,), T * math.log(3) / N_MAX))
    garbage = raw.clone()
    garbage[torch.arange(T) >= lengths[:, None]] = 1e6
    torch.testing.assert_close(reconstruction_loss(garbage, targets, lengths, N_MAX).offsets, loss.offsets)


def test_both_parts_are_divided_by_n_max():
    raw, targets, lengths = example()
    once, twice = (reconstruction_loss(raw, targets, lengths, n) for n in (N_MAX, 2 * N_MAX))
    torch.testing.assert_close(once.offsets, 2 * twice.offsets)
    torch.testing.assert_close(once.pen, 2 * twice.pen)


@pytest.mark.parametrize("sigma", [-MAX_LOG_SIGMA, -3.0, 0.0])
def test_a_terrible_fit_is_finite_and_has_a_gradient_towards_better(sigma):
    raw = torch.zeros(1, 1, 6 * M + 3)
    raw[..., 3 + 3 * M : 3 + 5 * M] = sigma
    raw.requires_grad_()
    targets = torch.tensor([[[1e4, -1e4, 1.0, 0.0, 0.0]]])
    loss = reconstruction_loss(raw, targets, torch.tensor([1]), 1).total.sum()
    loss.backward()
    assert loss.isfinite()
    assert raw.grad.isfinite().all()
    slopes = mixture_parameters(raw.grad)
    assert (slopes.mean_x < 0).all()  # down the slope the means go right …
    assert (slopes.mean_y > 0).all()  # … and up
    assert slopes.mean_x.abs().sum() > 1


def test_components_far_apart_do_not_hide_each_other():
    """Log-sum-exp: the density at the far component is its own, not a clipped sum."""
    raw = torch.zeros(1, 1, 6 * 2 + 3)
    raw[..., 5], raw[..., 6] = 0.0, 5e3  # mean_x of the two
    targets = torch.tensor([[[5e3, 0.0, 1.0, 0.0, 0.0]]])
    loss = reconstruction_loss(raw, targets, torch.tensor([1]), 1)
    assert loss.offsets.item() == pytest.approx(math.log(2) + math.log(2 * math.pi), rel=1e-5)


def test_kl_is_that_of_torch_distributions():
    generator = torch.Generator().manual_seed(0)
    mean, log_variance = 2 * torch.randn(2, 7, 16, generator=generator)
    reference = kl_divergence(
        Normal(mean.double(), (log_variance.double() / 2).exp()), Normal(torch.zeros(()).double(), 1.0)
    ).mean(-1)
    torch.testing.assert_close(kl_loss(mean, log_variance).double(), reference, rtol=1e-5, atol=1e-5)
    assert kl_loss(torch.zeros(1, 16), torch.zeros(1, 16)).item() == 0


def test_the_category_costs_what_it_is_unlikely():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]])) + 7
    loss = category_loss(logits, torch.tensor([1, 2]), max_points=200)
    torch.testing.assert_close(loss, -torch.log(torch.tensor([0.25, 0.8])) / 200)


def test_annealing_is_that_of_the_paper_by_steps():
    rate, eta_min, batch = 0.99995, 0.01, 100
    for step in (0, 1, 1000, 100_000):
        published = 1 - (1 - eta_min) * rate**step
        assert kl_annealing(step * batch, eta_min, -batch / math.log(rate)) == pytest.approx(published, abs=1e-12)
