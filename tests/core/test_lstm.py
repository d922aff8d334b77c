"""The LSTM in bfloat16 beside PyTorch's own in float32."""

import numpy as np
import pytest
import torch
from torch import nn

from core import lstm
from core.lstm import lstm_states
from core.lstm_kernels import rounded, widened
from tests.core.conftest import make_model

BATCH, STEPS, INPUTS, CONSTANT, HIDDEN = 9, 21, 7, 5, 24


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return nn.LSTM(INPUTS + CONSTANT, HIDDEN, batch_first=True)


def gradients(states, layer, *others):
    """Of the layer's weights and `others`, for a sum of the states [B, T, H] in which all weigh differently."""
    return torch.autograd.grad((states.float() * random(*states.shape, seed=9)).sum(), [*layer.parameters(), *others])


def assert_near(actual, expected, tolerance=0.02):
    assert (actual - expected).norm() < tolerance * expected.norm()


def test_states_and_gradients_are_those_of_pytorch(layer):
    inputs, constant = random(BATCH, STEPS, INPUTS).requires_grad_(), random(BATCH, CONSTANT, seed=1).requires_grad_()
    state = [random(BATCH, HIDDEN, seed=seed).requires_grad_() for seed in (2, 3)]
    place = 3
    repeated = constant[:, None].expand(-1, STEPS, -1)
    whole = torch.cat([inputs[..., :place], repeated, inputs[..., place:]], dim=-1)
    expected, _ = layer(whole, (state[0][None], state[1][None]))
    actual = lstm_states(layer, inputs, constant, place, tuple(state)).permute(2, 1, 0)
    assert actual.dtype == torch.bfloat16
    assert_near(actual.float(), expected)
    leaves = (inputs, constant, *state)
    for one, other in zip(gradients(actual, layer, *leaves), gradients(expected, layer, *leaves), strict=True):
        assert one.dtype == other.dtype
        assert_near(one, other)


def test_without_a_state_it_begins_with_zeros(layer):
    inputs = random(BATCH, STEPS, INPUTS + CONSTANT)
    expected, _ = layer(inputs)
    actual = lstm_states(layer, inputs).permute(2, 1, 0)
    assert_near(actual.float(), expected)
    for one, other in zip(gradients(actual, layer), gradients(expected, layer), strict=True):
        assert_near(one, other)


def test_what_is_not_a_number_is_not_hidden(layer):
    """A training looks for it in the losses and the gradient."""
    inputs = random(BATCH, STEPS, INPUTS + CONSTANT)
    inputs[2, 5, 1] = torch.nan
    assert not torch.isfinite(gradients(lstm_states(layer, inputs).permute(2, 1, 0), layer)[0]).all()


def test_bfloat16_is_rounded_as_pytorch_rounds_it():
    bits = np.random.default_rng(0).integers(0, 1 << 32, 100_000, dtype=np.uint32)
    bits = np.concatenate([bits, (bits & 0xFFFF0000) | 0x8000])  # half-way between two
    values = torch.from_numpy(bits.view(np.float32))
    values = values[torch.isfinite(values)]
    expected = values.bfloat16()
    ours = np.array([rounded(value) for value in values.numpy()], dtype=np.uint16)
    np.testing.assert_array_equal(ours, expected.view(torch.uint16).numpy())
    back = np.array([widened(each) for each in ours[:1000]], dtype=np.float32)
    np.testing.assert_array_equal(back, expected[:1000].float().numpy())


def test_a_model_is_the_same_either_way(monkeypatch):
    model = make_model()
    model.requires_grad_(True)
    points = torch.cat([random(6, 20, 2), torch.eye(3)[torch.randint(0, 2, (6, 20))]], dim=-1)
    lengths, noise = torch.tensor([3, 20, 7, 12, 19, 1]), random(6, model.config.latent)
    weights = [weight for name, weight in model.named_parameters() if name != "decoder.attention.key.bias"]  # no effect
    results = []
    for faster in (False, True):
        monkeypatch.setattr("core.model.is_faster", lambda _, faster=faster: faster)
        with torch.autocast("cpu", torch.bfloat16):
            outputs = model(points, lengths, points, noise)
        loss = sum((output.float() * random(*output.shape, seed=4)).sum() for output in outputs)
        results.append([*outputs, *torch.autograd.grad(loss, weights)])
    for plain, fast in zip(*results, strict=True):
        assert_near(fast.float(), plain, 0.05)


def test_it_is_for_bfloat16_on_a_cpu_with_amx_alone(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    cpu = torch.device("cpu")
    assert not lstm.is_faster(cpu)
    with torch.autocast("cpu", torch.bfloat16):
        assert lstm.is_faster(cpu)
        assert not lstm.is_faster(torch.device("cuda"))
        monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
        assert not lstm.is_faster(cpu)
        monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
        monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        assert not lstm.is_faster(cpu)
