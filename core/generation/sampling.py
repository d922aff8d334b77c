"""Drawing pen states and offsets from the decoder's raw outputs, with a stream of noise a sketch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError
from core.loss import MAX_LOG_SIGMA, MAX_RHO

Floats = NDArray[np.float32]
PEN_DOWN, PEN_UP, END = range(3)
MAX_POINTS = 10_000
"""The largest limit on points."""


@dataclass(frozen=True)
class SamplingConfig:
    """How to draw from the decoder's distributions."""

    temperature: float = 0.2
    """tau: pen and mixture logits are divided by it, sigma multiplied by its square root; 0 is greedy."""
    max_points: int = 200
    """Sketches that have not ended by then are cut off."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise ConfigError(f"The temperature must be from 0 to 10, not {self.temperature}.")
        if not 1 <= self.max_points <= MAX_POINTS:
            raise ConfigError(f"The limit on points must be from 1 to {MAX_POINTS:,}, not {self.max_points}.")


class Sampler:
    """The noise of B sketches, one seed each, drawn beforehand; and what it chooses."""

    def __init__(self, seeds: Sequence[int], mixtures: int, config: SamplingConfig) -> None:
        """Raises ValueError if a seed is negative."""
        count, steps = len(seeds), config.max_points
        self._mixtures = mixtures
        self._gumbel = np.empty((count, steps, 3 + mixtures), dtype=np.float32)
        self._normal = np.empty((count, steps, 2), dtype=np.float32)
        for row, seed in enumerate(seeds):
            # A stream each, so that a lower limit on points cuts a drawing short, and changes nothing else.
            np.random.default_rng([seed, 0]).standard_exponential(out=self._gumbel[row], dtype=np.float32)
            np.random.default_rng([seed, 1]).standard_normal(out=self._normal[row], dtype=np.float32)
        np.maximum(self._gumbel, np.finfo(np.float32).tiny, out=self._gumbel)
        np.log(self._gumbel, out=self._gumbel)
        self._gumbel *= -config.temperature
        self._normal *= math.sqrt(config.temperature)

    def draw(self, raw: Floats, sketches: NDArray[np.int64], step: int) -> tuple[Floats, NDArray[np.int64]]:
        """Offsets [2, B] in scale units and pen states [B] of raw outputs [6M + 3, B].

        `sketches` [B] are the rows that the outputs belong to. A category of logits l at temperature
        tau is argmax(l + tau G) with Gumbel noise G (Gumbel 1954; Maddison et al. 2014): exactly
        softmax(l / tau) for tau > 0, and greedy at 0.
        """
        first_offset = 3 + self._mixtures
        noisy = raw[:first_offset] + self._gumbel[sketches, step].T
        pen, component = noisy[:3].argmax(axis=0), noisy[3:].argmax(axis=0)
        components = raw[first_offset:].reshape(5, self._mixtures, len(sketches))
        chosen = components[:, component, np.arange(len(sketches))]
        mean, log_sigma = chosen[:2], chosen[2:4]
        sigma = np.exp(np.clip(log_sigma, -MAX_LOG_SIGMA, MAX_LOG_SIGMA))
        rho = np.tanh(chosen[4]) * np.float32(MAX_RHO)
        noise = self._normal[sketches, step].T
        noise[1] = rho * noise[0] + np.sqrt(1 - rho * rho) * noise[1]
        return mean + sigma * noise, pen
