import math

import numpy as np
import pytest
import torch

from core.attention import CausalAttention
from core.dataset import BatchSource
from core.errors import ConfigError
from core.model import ModelConfig, SketchVAE
from tests.core.conftest import TINY, make_model


def sequence(batch, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pen = torch.eye(3)[torch.randint(0, 3, (batch, steps), generator=generator)]
    return torch.cat([torch.randn(batch, steps, 2, generator=generator), pen], dim=-1)


@pytest.mark.parametrize("at", [1, 7, 19])
def test_no_future_point_changes_an_earlier_output(variant, at):
    inputs, z = sequence(3, 20), torch.randn(3, TINY.latent)
    changed = inputs.clone()
    changed[:, at:] = sequence(3, 20, seed=1)[:, at:]
    with torch.inference_mode():
        before, after = variant.decoder(z, inputs), variant.decoder(z, changed)
    torch.testing.assert_close(before[:, :at], after[:, :at], rtol=0, atol=1e-6)
    assert (before[:, at] - after[:, at]).abs().max() > 1e-3


def test_every_earlier_point_reaches_the_attention():
    torch.manual_seed(0)
    attention = CausalAttention(8)
    points = sequence(1, 6).requires_grad_()
    attention(points)[0, 4].sum().backward()
    reached = points.grad[0].abs().sum(dim=-1)
    assert (reached[:5] > 0).all()
    assert reached[5] == 0


@pytest.mark.parametrize("positional_encoding", [False, True])
def test_attention_is_that_of_the_formula(positional_encoding):
    torch.manual_seed(0)
    attention = CausalAttention(6, positional_encoding).double()
    points = sequence(2, 9).double()
    query, key, value = (layer(points) for layer in (attention.query, attention.key, attention.value))
    if positional_encoding:  # Vaswani et al. 2017: sin and cos of position / 10000^(2i/d)
        position = torch.tensor(
            [[f(t / 10_000 ** (2 * i / 6)) for i in range(3) for f in (math.sin, math.cos)] for t in range(9)],
            dtype=torch.float64,
        )
        query, key = query + position, key + position
    with torch.no_grad():
        actual = attention(points)
    for b in range(2):
        for t in range(9):
            scores = key[b, : t + 1] @ query[b, t] / math.sqrt(6)
            expected = (scores.softmax(0)[:, None] * value[b, : t + 1]).sum(0)
            torch.testing.assert_close(actual[b, t], expected, rtol=1e-5, atol=1e-6)


def test_the_encoder_ignores_padding(dataset):
    model = make_model()
    source = BatchSource(dataset, 10.0, torch.device("cpu"))
    indices = np.array([0, 60, 130, 10])
    with torch.inference_mode():
        batch = source.batch(indices, full_length=True)
        together = model.encoder(batch.points(), batch.lengths)
        alone = [model.encoder(b.points(), b.lengths) for b in (source.batch(indices[i : i + 1]) for i in range(4))]
        bare = model.encoder(batch.points()[:1, : batch.lengths[0]], batch.lengths[:1])
        garbage = batch.points().clone()
        for row, length in enumerate(batch.lengths):
            garbage[row, length:] = torch.nan
        spoilt = model.encoder(garbage, batch.lengths)
    for part in range(2):
        torch.testing.assert_close(together[part], torch.cat([code[part] for code in alone]), rtol=0, atol=1e-6)
        torch.testing.assert_close(together[part][:1], bare[part], rtol=0, atol=1e-6)
        torch.testing.assert_close(together[part], spoilt[part], rtol=0, atol=1e-6)


def test_the_encoder_reads_a_drawing_both_ways():
    """Its backward half is a forward LSTM of the reversed drawing; its forward half one of the drawing."""
    encoder, points, lengths = make_model().encoder, sequence(1, 7), torch.tensor([5])
    with torch.inference_mode():
        forward = encoder.forward_lstm(points[:, :5])[0][:, -1]
        backward = encoder.backward_lstm(points[:, :5].flip(1))[0][:, -1]
        expected = encoder.mean(torch.cat([forward, backward], dim=-1))
        torch.testing.assert_close(encoder(points, lengths)[0], expected, rtol=0, atol=1e-6)


def test_z_is_drawn_from_the_encoders_normal():
    model, points, lengths = make_model(), sequence(2, 6), torch.tensor([6, 4])
    noise = torch.randn(2, TINY.latent)
    with torch.inference_mode():
        raw, mean, log_variance = model(points, lengths, points, noise)
        expected = model.decoder(mean + log_variance.exp().sqrt() * noise, points)
        torch.testing.assert_close(raw, expected)
        torch.testing.assert_close(model(points, lengths, points, None)[0], model.decoder(mean, points))
    assert raw.shape == (2, 6, 6 * TINY.mixtures + 3)


def test_recurrent_weights_start_orthogonal_and_forget_gates_open():
    model = SketchVAE(TINY)
    for lstm in (model.encoder.forward_lstm, model.encoder.backward_lstm, model.decoder.lstm):
        hidden = lstm.hidden_size
        for gate in lstm.weight_hh_l0.detach().split(hidden):
            torch.testing.assert_close(gate @ gate.T, torch.eye(hidden), rtol=0, atol=1e-5)
        bias = (lstm.bias_ih_l0 + lstm.bias_hh_l0).detach()
        assert bias.tolist() == [0.0] * hidden + [1.0] * hidden + [0.0] * 2 * hidden


def test_the_config_survives_as_plain_values():
    config = ModelConfig(latent=7, attention=False)
    assert ModelConfig.from_dict(config.to_dict()) == config


@pytest.mark.parametrize(
    "change",
    [
        {"latent": 0},
        {"latent": -1},
        {"latent": 1_000_000},
        {"latent": 8.0},
        {"latent": "8"},
        {"latent": None},
        {"latent": True},
        {"mixtures": [4]},
        {"encoder_hidden": float("nan")},
        {"decoder_hidden": 1 << 40},
        {"attention": 1},
        {"attention": "yes"},
        {"positional_encoding": None},
        {"layers": 2},
        {3: 4},
    ],
)
def test_nonsense_is_refused(change):
    with pytest.raises(ConfigError):
        ModelConfig.from_dict({**TINY.to_dict(), **change})
