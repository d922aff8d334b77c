import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from core import practice
from core.dataset import TRAIN, BatchSource, batch_of
from core.encoding import encode_batches, encode_means
from core.generation import SamplingConfig, SketchDecoder, prior_codes
from core.picture_classifier import learn_pictures, new_classifier
from core.practice import KEPT, SHARES, STEPS, TEMPERATURE, Attempts, best_and_worst, draw_round, practice_loss
from core.sketch import stroke5_to_stroke3
from tests.core.conftest import TINY, make_model

CPU = torch.device("cpu")
LED = 3 + TINY.mixtures
"""How many outputs are led: the logits of the pen and of the components."""


@pytest.fixture
def model():
    """At TEMPERATURE about one drawing in seven does not end by 48 points, and one in ten has no point."""
    model = make_model()
    with torch.no_grad():
        model.decoder.output.bias[2] += 2
    return model


@pytest.fixture(scope="module")
def classifier(dataset):
    """Of the dataset's categories and one more, in another order."""
    classifier = new_classifier(("zebra", *dataset.categories[::-1]), 0, CPU)
    for _ in learn_pictures(classifier, replace(dataset, labels=3 - dataset.labels), 0):
        pass
    return classifier


@pytest.fixture
def draw(model, classifier, dataset):
    def draw(seed=0, batch_size=16):
        return draw_round(model, classifier, dataset, dataset.indices(TRAIN), 20.0, batch_size, (seed,))

    return draw


def test_a_batch_of_drawings_is_that_of_the_dataset(dataset):
    indices = dataset.indices(TRAIN)[:5]
    ours = batch_of([dataset.stroke3(i) for i in indices], 20.0, dataset.max_points, CPU)
    theirs = BatchSource(dataset, 20.0, CPU).batch(indices)
    for name in ("inputs", "targets", "lengths"):
        torch.testing.assert_close(getattr(ours, name), getattr(theirs, name))


def test_of_each_code_the_best_and_the_worst_are_learnt_from():
    rewards = np.array([[-1, -3, -2, -2], [-9, -9, -9, -9], [-5, -5, -5, -5.2], [-7, -4, -4, -1]], dtype=np.float32)
    numbers, advantages = best_and_worst(rewards)
    assert sorted(numbers.tolist()) == [0, 1, 12, 15]  # of the half of the codes whose drawings differ most
    within = rewards - rewards.mean(axis=1, keepdims=True)
    assert advantages[0] == pytest.approx(1 / within.std())
    assert advantages[15] == min(3 / within.std(), practice.LARGEST_ADVANTAGE)
    np.testing.assert_array_equal(advantages.reshape(4, 4).sum(axis=1), 0)
    assert len(best_and_worst(np.zeros((3, 4), dtype=np.float32))[0]) == 0
    outlier = np.zeros((50, 4), dtype=np.float32)
    outlier[0, 0] = -100
    assert np.abs(best_and_worst(outlier)[1]).max() == practice.LARGEST_ADVANTAGE


def test_a_round_is_of_pairs_of_attempts_at_the_same_codes(draw):
    attempts, reward = draw()
    codes = torch.cat([each.codes for each in attempts])
    advantages = torch.cat([each.advantages for each in attempts])
    assert 0.8 * STEPS * 16 < len(codes) <= 2 * KEPT * STEPS * 16
    _, counts = codes.unique(dim=0, return_counts=True)
    assert (counts >= 2).float().mean() > 0.6  # less those without a point, which are often the worst
    up, down = advantages[advantages > 0].sort().values, -advantages[advantages < 0].sort(descending=True).values
    assert len(up) >= len(down)
    assert all((up - each).abs().min() < 1e-6 for each in down)
    assert all(len(each.codes) <= 16 for each in attempts)
    assert math.log(practice.LEAST) < reward < math.log(1 + practice.LEAST)
    again, _ = draw()
    assert all(torch.equal(one.batch.targets, other.batch.targets) for one, other in zip(attempts, again, strict=True))
    another, _ = draw(seed=1)
    assert not torch.equal(another[0].codes, attempts[0].codes)


def test_what_does_not_end_earns_least(draw, dataset):
    attempts, _ = draw()
    lengths, advantages = (
        torch.cat(parts) for parts in zip(*((each.batch.lengths, each.advantages) for each in attempts), strict=True)
    )
    cut = lengths == dataset.max_points
    assert 0.05 < cut.float().mean() < 0.9
    assert (advantages[cut] < 0).all()


def test_drawings_are_rewarded_for_the_category_of_their_code(draw, classifier, dataset, model):
    known = torch.from_numpy(encode_means(model, dataset, 20.0, dataset.indices(TRAIN)))
    labels = dataset.labels[dataset.indices(TRAIN)]
    right = []
    for each in draw(batch_size=64)[0]:
        for code, advantage, targets, length in zip(
            each.codes, each.advantages, each.batch.targets, each.batch.lengths, strict=True
        ):
            from_data = (known - code).abs().max(dim=1).values
            if advantage > 0 and from_data.min() < 1e-3:
                own = stroke5_to_stroke3(targets[:length].numpy()) * (20, 20, 1)
                log_p = classifier.log_probabilities([own.astype(np.float32)])[0, 1:][::-1]
                right.append(log_p.argmax() == labels[from_data.argmin()])
    assert len(right) > 40
    assert np.mean(right) > 0.5  # chance is a third


def test_codes_are_means_samples_points_between_and_of_the_prior(model, dataset):
    """Of the sampled, that the variances of both add up tells how far they lie from the means."""
    codes, allowed = practice._codes(model, dataset, dataset.indices(TRAIN), 20.0, 2000, np.random.default_rng(0))
    train, latent = dataset.indices(TRAIN), model.config.latent
    means, sigmas = np.empty((2, len(train), latent))
    for batch in encode_batches(model, BatchSource(dataset, 20.0, CPU), dataset.lengths, train, decode=False):
        means[batch.chosen], sigmas[batch.chosen] = batch.mean.numpy(), torch.exp(batch.log_variance / 2).numpy()
    ends = np.round(np.cumsum([*SHARES.values()]) * 2000).astype(int)
    exact, sampled, between, prior = np.split(codes, ends[:-1])
    assert [len(part) for part in (exact, sampled, between, prior)] == [500, 400, 200, 900]

    distances = np.abs(exact[:, None] - means).max(axis=2)
    assert distances.min(axis=1).max() < 1e-5
    assert (dataset.labels[train][distances.argmin(axis=1)] == allowed[:500].argmax(axis=1)).all()
    expected = means.var(axis=0) + (sigmas**2).mean(axis=0)
    assert (sampled.var(axis=0) / expected).mean() == pytest.approx(1, abs=0.1)
    # Between two of them: the variance is that of a point at a random place of a segment, 2/3.
    assert (between.var(axis=0) / means.var(axis=0)).mean() == pytest.approx(2 / 3, abs=0.1)
    np.testing.assert_allclose(prior.var(axis=0), 1, atol=0.25)


def test_what_a_code_may_show(model, dataset):
    """Of a drawing its category, between two drawings either's, of the prior any."""
    train = dataset.indices(TRAIN)
    _, allowed = practice._codes(model, dataset, train, 20.0, 1000, np.random.default_rng(0))
    exact, sampled, between, prior = np.split(allowed, np.round(np.cumsum([*SHARES.values()])[:-1] * 1000).astype(int))
    assert (exact.sum(axis=1) == 1).all()
    assert (sampled.sum(axis=1) == 1).all()
    assert np.isin(between.sum(axis=1), (1, 2)).all()
    assert (between.sum(axis=1) == 2).mean() > 0.5  # of three categories two thirds of the pairs
    assert prior.all()


def test_rare_categories_are_practised_oftener_than_they_are_drawn(model, dataset):
    """Each as often as the root of its size."""
    train = dataset.indices(TRAIN)
    few = np.concatenate([train[dataset.labels[train] == 0][:4], train[dataset.labels[train] == 1][:64]])
    _, allowed = practice._codes(model, dataset, few, 20.0, 4000, np.random.default_rng(0))
    own = allowed[: round((SHARES["mean"] + SHARES["sampled"]) * 4000)]
    assert own[:, 0].mean() == pytest.approx(2 / (2 + 8), abs=0.04)


def test_in_bfloat16_the_drawings_are_nearly_those_of_float32(model):
    codes, sampling = prior_codes(range(60), 8), SamplingConfig(0, max_points=12)
    exact = SketchDecoder(model.decoder, 1.0).decode(codes, range(60), sampling)
    rough = SketchDecoder(model.decoder, 1.0, bfloat16=True).decode(codes, range(60), sampling)
    pairs = [(one, other) for one, other in zip(exact, rough, strict=True) if len(one) == len(other) > 0]
    apart = [np.abs(one - other).max() for one, other in pairs]
    assert len(apart) > 40
    assert 0 < np.median(apart) < 0.05
    few = SketchDecoder(model.decoder, 1.0, bfloat16=True).decode(codes[:2], range(2), sampling)
    np.testing.assert_allclose(few[0], exact[0], atol=1e-5)


def test_a_round_in_bfloat16_is_of_the_same_codes(model, classifier, dataset):
    rounds = [
        draw_round(model, classifier, dataset, dataset.indices(TRAIN), 20.0, 16, (0,), bfloat16=bfloat16)
        for bfloat16 in (False, True)
    ]
    assert rounds[1][1] == pytest.approx(rounds[0][1], abs=0.3)
    exact, rough = (torch.cat([each.codes for each in attempts]).unique(dim=0) for attempts, _ in rounds)
    assert all(
        each.dtype == torch.float32 for attempts, _ in rounds for each in (attempts[0].codes, attempts[0].advantages)
    )
    nearest = torch.cdist(rough, exact).min(dim=1).values
    assert (nearest < 0.05).float().mean() > 0.3  # half of the codes are kept, not quite the same half


def test_drawings_without_a_point_are_left_out(draw, model):
    with torch.no_grad():
        model.decoder.output.bias[2] += 1000
    assert draw()[0] == []


def test_attempts_survive_a_file(draw, model):
    before = draw()[0][0]
    after = Attempts.from_dict(before.to_dict(), CPU)
    assert practice_loss(model.decoder, after, 48).tolist() == practice_loss(model.decoder, before, 48).tolist()


def test_drawings_of_equal_worth_move_nothing_on_average(model, monkeypatch):
    """The mean of the score is zero under the distribution that was drawn from, and under no other."""
    code = torch.randn(1, 8, generator=torch.Generator().manual_seed(2))
    decoder, sampling = SketchDecoder(model.decoder, 20.0), SamplingConfig(TEMPERATURE, max_points=30)
    model.requires_grad_(True)
    drawings = decoder.decode(np.repeat(code.numpy(), 4000, axis=0), range(4000), sampling)

    def errors_from_zero():
        """In standard errors, for each bias of the outputs that are led."""
        scores = []
        for first in range(0, len(drawings), 100):
            batch = batch_of(drawings[first : first + 100], 20.0, 30, CPU)
            loss = practice_loss(model.decoder, Attempts(code.expand(100, 8), torch.ones(100), batch), 30).mean()
            scores.append(torch.autograd.grad(loss, model.decoder.output.bias)[0][:LED].numpy())
        return np.abs(np.mean(scores, axis=0)) / (np.std(scores, axis=0) / math.sqrt(len(scores)))

    assert errors_from_zero().max() < 4.5
    monkeypatch.setattr(practice, "TEMPERATURE", 0.4)
    assert errors_from_zero().max() > 20


def test_practice_makes_categories_show(draw, model, dataset):
    """The reward rises with nothing else to learn from."""
    model.requires_grad_(True)
    optimizer = torch.optim.Adam(model.decoder.parameters(), lr=1e-2)
    _, before = draw(seed=99, batch_size=128)
    for seed in range(6):
        for attempts in draw(seed, batch_size=32)[0]:
            optimizer.zero_grad()
            practice_loss(model.decoder, attempts, dataset.max_points).mean().backward()
            torch.nn.utils.clip_grad_norm_(model.decoder.parameters(), 1.0)
            optimizer.step()
    _, after = draw(seed=99, batch_size=128)
    assert after > before + 0.06


def test_where_in_a_component_a_point_falls_is_not_led(draw, model):
    """Of the output layer, the pen's and the components' logits alone have a gradient."""
    model.requires_grad_(True)
    loss = practice_loss(model.decoder, draw()[0][0], 48).mean()
    gradient = torch.autograd.grad(loss, model.decoder.output.bias)[0]
    assert (gradient[:LED] != 0).all()
    assert (gradient[LED:] == 0).all()
