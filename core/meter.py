"""What the steps of a training measured: read from the device seldom, judged step by step."""

import math
import statistics
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from core.evaluation import Losses

MEMORY = 200
"""Steps whose losses say what is usual."""
ENOUGH = 50
"""Fewer of them say nothing."""
RISE = 2.0
"""Nats a point: no smaller rise is a spike …"""
DEVIATIONS = 10
"""… nor one of fewer median absolute deviations."""
PATIENCE = 3
"""Steps in a row; a single bad batch does no harm, since gradients are clipped."""


@dataclass(frozen=True)
class Steps:
    """Some steps that were read from the device, as lists with an entry each."""

    losses: list[Losses]
    norms: list[float]
    """Of the gradient, before it was clipped."""
    sketches: list[int]
    points: list[int]
    """Real points of the drawings."""

    def are_finite(self) -> bool:
        return all(math.isfinite(losses.total(1) + norm) for losses, norm in zip(self.losses, self.norms, strict=True))

    def costs(self, max_points: int, kl_weight: float) -> list[float]:
        """Nats a real point of each, plus the weighted L_KL: alike for short drawings and for long ones."""
        return [
            losses.L_R * max_points * sketches / points + kl_weight * losses.L_KL
            for losses, sketches, points in zip(self.losses, self.sketches, self.points, strict=True)
        ]


class Meter:
    """Keeps what steps measured on the device, where nothing waits for it, until it is read."""

    def __init__(self) -> None:
        self._rows: list[Tensor] = []
        self._sketches: list[int] = []
        self._points: list[int] = []
        self._since = time.perf_counter()
        self.mean = Losses(math.nan, math.nan, math.nan)
        """Of the steps that were read last."""
        self.norm = math.nan
        self.rate = 0.0
        """Sketches a second between the last two readings."""

    def add(self, row: Tensor, sketches: int, points: int) -> None:
        """One step: [L_s, L_p, L_KL, gradient norm] on the device, and how many drawings and points it had."""
        self._rows.append(row)
        self._sketches.append(sketches)
        self._points.append(points)

    def read(self) -> Steps:
        """The steps since the last reading. This waits for the device, once."""
        rows = torch.stack(self._rows).tolist() if self._rows else []
        steps = Steps([Losses(*row[:3]) for row in rows], [row[3] for row in rows], self._sketches, self._points)
        now = time.perf_counter()
        if rows:
            means = [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
            self.mean, self.norm = Losses(*means[:3]), means[3]
            self.rate = sum(self._sketches) / (now - self._since)
        self._rows, self._sketches, self._points = [], [], []
        self._since = now
        return steps


class EpochMean:
    """Mean losses of an epoch's drawings. Its sums are plain numbers, so that an epoch can be interrupted."""

    def __init__(self, sums: list[float] | None = None) -> None:
        self.sums = list(sums) if sums else [0.0] * 4
        """Of L_s, L_p and L_KL over drawings, and the drawings."""

    def add(self, steps: Steps) -> None:
        for losses, sketches in zip(steps.losses, steps.sketches, strict=True):
            for i, value in enumerate((losses.L_s, losses.L_p, losses.L_KL, 1.0)):
                self.sums[i] += value * sketches

    def take(self) -> Losses:
        """The mean (NaN of no drawings), and start anew."""
        *sums, count = self.sums
        self.sums = [0.0] * 4
        return Losses(*(value / count if count else math.nan for value in sums))


class SpikeDetector:
    """Tells when the cost of steps has risen far above its running median, and stays there.

    The threshold is by the median and the median absolute deviation of the last steps, which a spike
    cannot move as it moves a mean and a standard deviation. Steps above it do not count as usual.
    """

    def __init__(self, state: Sequence[float] | None = None) -> None:
        """`state` is what another one's `state` returned: to go on where that was."""
        above, *usual = state or [0]
        self._usual: deque[float] = deque(usual, maxlen=MEMORY)
        self._above = int(above)

    def state(self) -> list[float]:
        """What it remembers, as plain numbers."""
        return [self._above, *self._usual]

    @property
    def calm(self) -> bool:
        """Whether the last step was as usual."""
        return self._above == 0

    def sees_spike(self, costs: list[float]) -> bool:
        """Whether the steps that cost this end in, or contain, a spike."""
        for cost in costs:
            if len(self._usual) >= ENOUGH and cost > self._threshold():
                self._above += 1
                if self._above == PATIENCE:
                    self._above = 0
                    return True
            else:
                self._above = 0
                self._usual.append(cost)
        return False

    def _threshold(self) -> float:
        median = statistics.median(self._usual)
        deviation = statistics.median(abs(cost - median) for cost in self._usual)
        return median + max(RISE, DEVIATIONS * deviation)
