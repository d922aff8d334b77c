"""Reading what steps measured, and telling a spike from a bad batch."""

import math

import numpy as np
import pytest
import torch

from core.meter import ENOUGH, EpochMean, Meter, SpikeDetector, Steps

ROWS = [[1.0, 0.5, 0.2, 3.0], [3.0, 0.5, 0.4, 1.0], [2.0, 2.0, 0.0, 2.0]]


def read(rows, sketches):
    meter = Meter()
    for row, count in zip(rows, sketches, strict=True):
        meter.add(torch.tensor(row), count, 10 * count)
    return meter, meter.read()


def noisy(count, mean=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, 0.3, count).tolist()


def test_a_reading_is_of_the_steps_since_the_last():
    meter, steps = read(ROWS, (8, 8, 4))
    assert [losses.L_R for losses in steps.losses] == [1.5, 3.5, 4.0]
    assert (meter.mean.L_s, meter.mean.L_p, meter.norm) == (2.0, 1.0, 2.0)
    assert meter.rate > 0
    assert meter.read() == Steps([], [], [], [])
    assert meter.norm == 2.0


def test_costs_do_not_depend_on_the_length_of_drawings():
    """Twice the points at the same cost each are twice the L_R."""
    _, short = read([[0.1, 0.1, 0.2, 1.0]], (8,))
    _, long = read([[0.2, 0.2, 0.2, 1.0]], (8,))
    long.points[0] *= 2
    assert short.costs(200, 0.5) == long.costs(200, 0.5) == [pytest.approx(0.2 * 200 / 10 + 0.1)]


@pytest.mark.parametrize("column", range(4))
def test_anything_that_is_not_a_number_is_found(column):
    rows = [list(row) for row in ROWS]
    assert read(rows, (8, 8, 4))[1].are_finite()
    rows[1][column] = math.inf
    assert not read(rows, (8, 8, 4))[1].are_finite()


def test_the_mean_of_an_epoch_is_over_its_drawings_wherever_it_is_read():
    weights = (8, 8, 4)
    expected = np.average(np.array(ROWS)[:, :3], axis=0, weights=weights)
    whole, parts = EpochMean(), EpochMean()
    whole.add(read(ROWS, weights)[1])
    parts.add(read(ROWS[:1], weights[:1])[1])
    parts = EpochMean(parts.sums)  # as from a file
    parts.add(read(ROWS[1:], weights[1:])[1])
    means = [mean.take() for mean in (whole, parts)]
    assert means[0] == means[1]
    np.testing.assert_allclose([means[0].L_s, means[0].L_p, means[0].L_KL], expected)
    assert math.isnan(whole.take().L_s)


class TestSpikes:
    def test_noise_and_learning_are_none(self):
        detector = SpikeDetector()
        assert not detector.sees_spike(noisy(5_000))
        learning = (6 * np.exp(-np.arange(2_000) / 300) + noisy(2_000)).tolist()
        assert not SpikeDetector().sees_spike(learning)

    def test_a_rise_that_stays_is_one(self):
        detector = SpikeDetector()
        assert not detector.sees_spike(noisy(200))
        assert detector.sees_spike([9.0, 8.0, 9.0])

    def test_it_is_seen_across_readings(self):
        detector = SpikeDetector()
        detector.sees_spike(noisy(200))
        assert [detector.sees_spike([9.0]) for _ in range(3)] == [False, False, True]

    def test_a_bad_batch_is_none_but_not_calm_either(self):
        detector = SpikeDetector()
        detector.sees_spike(noisy(200))
        for _ in range(20):
            assert not detector.sees_spike([50.0, 50.0])
            assert not detector.calm
            assert not detector.sees_spike([1.0])
            assert detector.calm

    def test_what_varies_much_may_rise_much(self):
        costs = np.random.default_rng(0).normal(0, 5, 200).tolist()
        assert not SpikeDetector().sees_spike([*costs, 20.0, 20.0, 20.0])

    def test_spikes_do_not_become_usual(self):
        detector = SpikeDetector()
        detector.sees_spike(noisy(200))
        assert all(detector.sees_spike([9.0] * 3) for _ in range(100))

    def test_the_beginning_is_left_alone(self):
        assert not SpikeDetector().sees_spike([1.0] * (ENOUGH - 10) + [100.0] * 10)
