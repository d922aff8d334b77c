import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Cancelled, ConfigError
from core.generation import SamplingConfig, SketchDecoder, kernels, prior_codes
from core.generation.batch import FEW, DecodingBatch
from core.loss import mixture_parameters
from core.model import POINT
from core.sketch import START_TOKEN, stroke3_to_stroke5
from tests.core.conftest import TINY, VARIANTS, make_model

SCALE = 12.5
END_BIAS = 2
NEVER = -1e9


def codes_of(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, TINY.latent), dtype=np.float32)


def endless(model):
    """The same model, but that its sketches never end by themselves."""
    with torch.no_grad():
        model.decoder.output.bias[END_BIAS] = NEVER
    return model


def assert_same(drawings, others):
    for one, other in zip(drawings, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * SCALE)


# -- the outputs -------------------------------------------------------------------------------


@pytest.fixture
def steps(monkeypatch):
    """Every step of decoding as (rows of the batch, raw outputs, points drawn)."""
    recorded = []
    draw = DecodingBatch._draw

    def spy(batch, step):
        rows = batch.alive.copy()
        ended = draw(batch, step)
        outputs = batch._raw.T + batch._weights.output_bias
        recorded.append((rows, outputs, batch._inputs[:POINT].T.copy()))
        return ended

    monkeypatch.setattr(DecodingBatch, "_draw", spy)
    return recorded


@pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0])
def test_outputs_step_by_step_are_the_teacher_forced_ones(variant, steps, temperature):
    """Each sketch is decoded, then its own points are given to the model's forward pass at once."""
    codes, limit = codes_of(6), 40
    config = SamplingConfig(temperature=temperature, max_points=limit)
    drawings = SketchDecoder(variant.decoder, SCALE).decode(codes, range(6), config)
    lengths = [len(drawing) for drawing in drawings]
    if temperature == 1:
        assert len(set(lengths)) > 2  # they left the batch at different steps
    for sketch in range(6):
        raw = np.stack([outputs[rows == sketch][0] for rows, outputs, _ in steps if sketch in rows])
        points = np.stack([drawn[rows == sketch][0] for rows, _, drawn in steps if sketch in rows])
        inputs = np.vstack([START_TOKEN, points[:-1]]).astype(np.float32)
        with torch.inference_mode():
            forced = variant.decoder(torch.from_numpy(codes[sketch : sketch + 1]), torch.from_numpy(inputs[None]))
        assert len(raw) == min(lengths[sketch] + 1, limit)
        np.testing.assert_allclose(raw, forced[0], rtol=0, atol=1e-4)
        points = points[: lengths[sketch]]
        np.testing.assert_allclose(drawings[sketch][:, :2], SCALE * points[:, :2], rtol=1e-6)
        np.testing.assert_array_equal(drawings[sketch][:, 2], points[:, 3])


def greedy(model, code, limit):
    """The most probable drawing, by the model's own forward pass: everything anew at each step."""
    inputs = torch.tensor([[START_TOKEN]])
    drawn = []
    for _ in range(limit):
        with torch.inference_mode():
            raw = model.decoder(torch.from_numpy(code[None]), inputs)[0, -1]
        pen = int(raw[:3].argmax())
        if pen == 2:
            break
        mixture = mixture_parameters(raw)
        best = int(mixture.log_weight.argmax())
        x, y = mixture.mean_x[best].item(), mixture.mean_y[best].item()
        drawn.append((SCALE * x, SCALE * y, float(pen == 1)))
        point = torch.zeros(1, 1, 5)
        point[0, 0, :2] = torch.tensor([x, y])
        point[0, 0, 2 + pen] = 1
        inputs = torch.cat([inputs, point], dim=1)
    return np.array(drawn, dtype=np.float32).reshape(-1, 3)


def test_temperature_0_is_greedy(variant):
    decoder, codes = SketchDecoder(variant.decoder, SCALE), codes_of(3)
    config = SamplingConfig(temperature=0, max_points=25)
    drawings = decoder.decode(codes, [0, 0, 0], config)
    assert_same(drawings, [greedy(variant, code, 25) for code in codes])
    for one, other in zip(drawings, decoder.decode(codes, [7, 8, 9], config), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("temperature", [1e-300, 1e-40, 1e-8])
def test_a_temperature_near_0_draws_as_0_does(temperature):
    decoder, codes = SketchDecoder(make_model().decoder, SCALE), codes_of(3)
    cold, frozen = (
        decoder.decode(codes, range(3), SamplingConfig(temperature=t, max_points=30)) for t in (temperature, 0)
    )
    for one, other in zip(cold, frozen, strict=True):
        np.testing.assert_allclose(one, other, atol=0.05)


@pytest.mark.parametrize("temperature", [0.25, 1.0])
def test_draws_have_the_distributions_they_should(temperature):
    """A decoder of constant outputs, so that every point of every sketch is one draw from them."""
    model = make_model(attention=False, mixtures=2)
    pen, mixture = [0.5, -0.2, NEVER], [0.3, -0.3]
    mean_x, mean_y, log_x, log_y, rho = [3.0, -2.0], [1.0, 4.0], [0.1, -0.7], [-0.5, 0.3], [0.8, -1.2]
    with torch.no_grad():
        model.decoder.output.weight.zero_()
        model.decoder.output.bias[:] = torch.tensor(pen + mixture + mean_x + mean_y + log_x + log_y + rho)
    config = SamplingConfig(temperature=temperature, max_points=200)
    drawn = np.concatenate(SketchDecoder(model.decoder, 1.0).decode(codes_of(60), range(60), config))
    assert len(drawn) == 12_000

    def share(logits):
        return 1 / (1 + math.exp((logits[1] - logits[0]) / temperature))

    assert drawn[:, 2].mean() == pytest.approx(1 - share(pen), abs=0.02)
    weights = np.array([share(mixture), 1 - share(mixture)])
    means, sigma = np.array([mean_x, mean_y]), np.exp([log_x, log_y]) * math.sqrt(temperature)
    mean = means @ weights
    covariance = np.cov(means, aweights=weights, ddof=0) + np.diag(sigma**2 @ weights)  # of means + mean of each
    covariance += (1 - np.eye(2)) * ((0.999 * np.tanh(rho) * sigma.prod(axis=0)) @ weights)
    np.testing.assert_allclose(drawn[:, :2].mean(axis=0), mean, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn[:, :2].T), covariance, rtol=0.05)
    first = drawn[drawn[:, 0] > 0.5, :2]
    if temperature < 1:  # the two hardly overlap
        assert np.corrcoef(first.T)[0, 1] == pytest.approx(math.tanh(rho[0]), abs=0.02)


# -- seeds and batches -------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_a_code_decoded_alone_or_in_any_batch_gives_the_same_drawing(name):
    decoder = SketchDecoder(make_model(**VARIANTS[name]).decoder, SCALE)
    codes, seeds, config = codes_of(8), [5, 3, 3, 0, 1 << 40, 7, 8, 9], SamplingConfig(temperature=0.5, max_points=40)
    together = decoder.decode(codes, seeds, config)
    alone = [decoder.decode(codes[i : i + 1], seeds[i : i + 1], config)[0] for i in range(8)]
    assert_same(together, alone)
    order = [3, 7, 0, 1]
    assert_same([together[i] for i in order], decoder.decode(codes[order], [seeds[i] for i in order], config))


def test_a_seed_decides_the_drawing():
    decoder, config = SketchDecoder(endless(make_model()).decoder, SCALE), SamplingConfig(temperature=0.5)
    code = codes_of(1)
    first, again, other = (decoder.decode(code, [seed], config)[0] for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1
    twins = decoder.decode(np.repeat(code, 2, axis=0), [4, 5], config)
    assert_same(twins, [first, other])


def test_a_lower_limit_cuts_a_drawing_short_and_changes_nothing_else():
    decoder = SketchDecoder(make_model().decoder, SCALE)
    long, short = (decoder.decode(codes_of(5), range(5), SamplingConfig(0.5, limit)) for limit in (60, 9))
    assert max(map(len, short)) == 9
    assert_same([drawing[:9] for drawing in long], short)


PROPERTY = settings(max_examples=25, deadline=None)
DECODERS = {name: SketchDecoder(make_model(**changes).decoder, SCALE) for name, changes in VARIANTS.items()}


@PROPERTY
@given(st.sampled_from(list(VARIANTS)), st.permutations(range(6)), st.integers(1, 6), st.integers(0, 2**63))
def test_order_and_company_do_not_matter(name, order, count, seed):
    decoder, codes, config = DECODERS[name], codes_of(6), SamplingConfig(0.5, 20)
    seeds = [seed + i for i in range(6)]
    together, chosen = decoder.decode(codes, seeds, config), order[:count]
    others = decoder.decode(codes[chosen], [seeds[i] for i in chosen], config)
    assert_same([together[i] for i in chosen], others)


@PROPERTY
@given(st.sampled_from(list(VARIANTS)), st.integers(1, 40), st.floats(0, 2), st.integers(0, 2**63))
def test_any_lower_limit_gives_a_beginning(name, limit, temperature, seed):
    long, short = (
        DECODERS[name].decode(codes_of(2), [seed, seed + 1], SamplingConfig(temperature, n)) for n in (40, limit)
    )
    assert_same([drawing[:limit] for drawing in long], short)


def test_large_and_small_batches_draw_alike():
    """Small ones are multiplied by a loop of our own."""
    decoder, config = DECODERS["attention"], SamplingConfig(0.5, 30)
    codes, seeds = codes_of(4 * FEW), range(4 * FEW)
    together = decoder.decode(codes, seeds, config)
    few = [decoder.decode(codes[i : i + FEW], seeds[i : i + FEW], config) for i in range(0, 4 * FEW, FEW)]
    assert_same(together, [drawing for drawings in few for drawing in drawings])


# -- compiled loops ----------------------------------------------------------------------------


def test_tanh_is_as_exact_as_float32():
    x = np.concatenate([np.linspace(-12, 12, 100_001), np.geomspace(1e-30, 1e30, 1001)]).astype(np.float32)
    cell, gates = np.zeros((len(x), 1), dtype=np.float32), np.zeros((4 * len(x), 1), dtype=np.float32)
    hidden = np.empty_like(cell)
    saturated = np.full_like(cell, 100)
    gates[3 * len(x) :] = x[:, None]  # candidates, written and shown in full, nothing kept
    kernels.lstm(gates, np.concatenate([saturated, -saturated, saturated, 0 * saturated]), cell, hidden)
    np.testing.assert_allclose(cell[:, 0], np.tanh(x.astype(np.float64)), rtol=0, atol=5e-7)
    np.testing.assert_allclose(hidden, np.tanh(cell), rtol=0, atol=5e-7)
    assert [float(kernels.tanh(np.float32(x))) for x in (0, 1e-6, -1e-6)] == pytest.approx([0, 1e-6, -1e-6], rel=1e-6)


def test_a_window_can_open_without_what_compiles():
    command = "import sys, core.generation; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", command], timeout=60).returncode == 0


# -- completion and unconditional drawings -----------------------------------------------------

POINTS = st.tuples(st.floats(-200, 200, width=32), st.floats(-200, 200, width=32), st.sampled_from([0.0, 1.0]))
BEGINNING = st.lists(POINTS, max_size=15).map(lambda rows: np.array(rows, dtype=np.float32).reshape(-1, 3))


@PROPERTY
@given(st.lists(BEGINNING, min_size=1, max_size=4), st.sampled_from(list(VARIANTS)), st.integers(0, 2**63))
def test_completed_drawings_begin_with_exactly_what_was_given(beginnings, name, seed):
    codes, seeds = codes_of(len(beginnings)), [seed + i for i in range(len(beginnings))]
    config = SamplingConfig(0.7, 20)
    first, *_, last = DECODERS[name].stream(codes, seeds, config, beginnings=beginnings)
    for beginning, early, whole in zip(beginnings, first.strokes, last.strokes, strict=True):
        np.testing.assert_array_equal(early[: len(beginning)], beginning)
        np.testing.assert_array_equal(whole[: len(beginning)], beginning)
        assert len(whole) <= 20


def test_a_completed_drawing_goes_on_as_if_the_model_had_drawn_its_beginning(variant):
    """The rest of a drawing's own beginning is the rest of the drawing."""
    decoder, codes, config = SketchDecoder(variant.decoder, SCALE), codes_of(5), SamplingConfig(0.5, 40)
    whole = decoder.decode(codes, range(5), config)
    beginnings = [drawing[: len(drawing) // 2] for drawing in whole]
    assert max(map(len, beginnings)) > 5
    assert_same(decoder.decode(codes, range(5), config, beginnings=beginnings), whole)


def test_outputs_after_a_beginning_are_the_teacher_forced_ones(variant, steps):
    beginning = np.random.default_rng(3).normal(0, SCALE, (9, 3)).astype(np.float32)
    beginning[:, 2] = [0, 0, 1, 0, 0, 0, 1, 0, 0]
    codes = codes_of(1)
    SketchDecoder(variant.decoder, SCALE).decode(codes, [0], SamplingConfig(0.5, 10), beginnings=[beginning])
    points = np.column_stack([beginning[:, :2] / SCALE, 1 - beginning[:, 2], beginning[:, 2], np.zeros(9)])
    inputs = np.vstack([START_TOKEN, points]).astype(np.float32)
    with torch.inference_mode():
        forced = variant.decoder(torch.from_numpy(codes), torch.from_numpy(inputs[None]))[0]
    np.testing.assert_allclose(np.concatenate([raw for _, raw, _ in steps]), forced, rtol=0, atol=1e-4)


def test_one_beginning_is_completed_in_nine_ways():
    decoder = SketchDecoder(endless(make_model()).decoder, SCALE)
    beginning = np.array([[10, 0, 0], [0, 10, 1]], dtype=np.float32)
    codes = np.repeat(codes_of(1), 9, axis=0)
    drawings = decoder.decode(codes, range(9), SamplingConfig(0.7, 12), beginnings=[beginning] * 9)
    assert len({drawing.tobytes() for drawing in drawings}) == 9


def test_beginnings_that_do_not_fit_are_refused():
    decoder, codes, line = DECODERS["attention"], codes_of(1), np.zeros((5, 3), dtype=np.float32)
    with pytest.raises(ConfigError, match="5 points"):
        decoder.decode(codes, [0], SamplingConfig(max_points=4), beginnings=[line])
    assert len(decoder.decode(codes, [0], SamplingConfig(max_points=5), beginnings=[line])[0]) == 5
    for beginnings in ([], [line, line], [line[:, :2]], [line + np.nan]):
        with pytest.raises(ValueError, match="beginning"):
            decoder.decode(codes, [0], beginnings=beginnings)


def test_codes_of_the_prior_are_standard_normal_and_each_seeds_own():
    codes = prior_codes(range(400), 32)
    assert codes.mean() == pytest.approx(0, abs=0.03)
    assert codes.std() == pytest.approx(1, abs=0.03)
    np.testing.assert_array_equal(prior_codes([7], 32)[0], codes[7])
    assert prior_codes([], 32).shape == (0, 32)


# -- attention ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["attention", "positions"])
def test_the_attention_of_a_drawing_is_the_models(name):
    """Their average of the values is the context that the model computes."""
    model = make_model(**VARIANTS[name])
    drawing = SketchDecoder(endless(model).decoder, SCALE).decode(codes_of(1), [0], SamplingConfig(0.7, 12))[0]
    weights = SketchDecoder(model.decoder, SCALE).attention_of(drawing)
    assert weights.shape == (12, 12)
    np.testing.assert_array_equal(weights, np.tril(weights))
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    points = stroke3_to_stroke5(drawing / (SCALE, SCALE, 1), 12)
    inputs = torch.from_numpy(np.vstack([START_TOKEN, points[:-1]]).astype(np.float32))
    with torch.inference_mode():
        context = model.decoder.attention(inputs[None])[0]
        expected = torch.from_numpy(weights) @ model.decoder.attention.value(inputs)
    np.testing.assert_allclose(context, expected, atol=1e-5)


def test_attention_of_nothing_is_nothing():
    assert DECODERS["attention"].attention_of(np.zeros((0, 3), dtype=np.float32)).shape == (0, 0)
    assert DECODERS["baseline"].attention_of(np.zeros((4, 3), dtype=np.float32)) is None


# -- ends --------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 7, 200])
def test_sketches_without_an_end_have_exactly_the_points_allowed(limit):
    decoder = SketchDecoder(endless(make_model()).decoder, SCALE)
    drawings = decoder.decode(codes_of(3), range(3), SamplingConfig(1.0, limit))
    assert [drawing.shape for drawing in drawings] == [(limit, 3)] * 3
    assert all(np.isfinite(drawing).all() for drawing in drawings)
    assert set(np.unique(np.concatenate(drawings)[:, 2])) <= {0.0, 1.0}


def test_sketches_that_end_at_once_are_empty():
    model = make_model()
    with torch.no_grad():
        model.decoder.output.bias[END_BIAS] = -NEVER
    drawings = SketchDecoder(model.decoder, SCALE).decode(codes_of(3), range(3))
    assert [drawing.shape for drawing in drawings] == [(0, 3)] * 3


def test_no_codes_give_no_drawings():
    decoder = SketchDecoder(make_model().decoder, SCALE)
    assert decoder.decode(codes_of(0), []) == []
    assert [partial.finished for partial in decoder.stream(codes_of(0), [])] == [True]


# -- streams -----------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 5, 8])
def test_partial_drawings_are_beginnings_of_the_final_ones(every):
    decoder, config = SketchDecoder(make_model().decoder, SCALE), SamplingConfig(0.7, 50)
    partials = list(decoder.stream(codes_of(6), range(6), config, every=every))
    *early, last = partials
    assert [partial.finished for partial in partials] == [False] * len(early) + [True]
    assert max(map(len, early[0].strokes)) == 1  # first ink after the first step
    assert len(early) >= max(map(len, last.strokes)) // every
    for before, after in zip(early, partials[1:], strict=True):
        for part, more in zip(before.strokes, after.strokes, strict=True):
            np.testing.assert_array_equal(part, more[: len(part)])
    for one, other in zip(last.strokes, decoder.decode(codes_of(6), range(6), config), strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_listener_does_to_a_partial_drawing_stays_with_it():
    decoder, config = SketchDecoder(endless(make_model()).decoder, SCALE), SamplingConfig(0.7, 20)
    for partial in decoder.stream(codes_of(1), [0], config, every=1):
        final = partial.strokes[0].copy()
        partial.strokes[0][:] = np.nan
    np.testing.assert_array_equal(final, decoder.decode(codes_of(1), [0], config)[0])


def test_decoding_stops_when_it_is_cancelled():
    decoder = SketchDecoder(endless(make_model()).decoder, SCALE)
    asked = iter([False] * 5 + [True])
    with pytest.raises(Cancelled):
        decoder.decode(codes_of(2), [0, 1], cancelled=lambda: next(asked))
    assert next(asked, None) is None  # asked once a step, and not after
    seen = []
    asked = iter([False] * 5 + [True])
    with pytest.raises(Cancelled):
        seen.extend(decoder.stream(codes_of(2), [0, 1], cancelled=lambda: next(asked), every=2))
    decoder.decode(codes_of(2), [0, 1], cancelled=lambda: False)


# -- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codes", "seeds"),
    [
        (codes_of(2), [0]),
        (codes_of(2)[:, :-1], [0, 1]),
        (codes_of(2)[0], [0]),
        (codes_of(2), [0, -1]),
    ],
)
def test_shapes_that_do_not_fit_are_refused(codes, seeds):
    with pytest.raises(ValueError, match=r"fit|negative"):
        SketchDecoder(make_model().decoder, SCALE).decode(codes, seeds)


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -0.1},
        {"temperature": 11},
        {"temperature": math.nan},
        {"max_points": 0},
        {"max_points": 10_001},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError):
        SamplingConfig(**settings)
