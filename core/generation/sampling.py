"""How to draw from the decoder's outputs, and the noise to do it with: a stream a sketch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError

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


class Noise:
    """The noise of B sketches, one seed each, drawn beforehand and scaled by the temperature."""

    def __init__(self, seeds: Sequence[int], mixtures: int, config: SamplingConfig) -> None:
        """Raises ValueError if a seed is negative."""
        count, steps = len(seeds), config.max_points
        self.gumbel = np.empty((count, steps, 3 + mixtures), dtype=np.float32)
        """tau times Gumbel noise, for pen states and components."""
        self.normal = np.empty((count, steps, 2), dtype=np.float32)
        """sqrt(tau) times standard normal noise, for offsets."""
        for row, seed in enumerate(seeds):
            # A stream each, so that a lower limit on points cuts a drawing short, and changes nothing else.
            np.random.default_rng([seed, 0]).standard_exponential(out=self.gumbel[row], dtype=np.float32)
            np.random.default_rng([seed, 1]).standard_normal(out=self.normal[row], dtype=np.float32)
        np.maximum(self.gumbel, np.finfo(np.float32).tiny, out=self.gumbel)
        np.log(self.gumbel, out=self.gumbel)
        self.gumbel *= -config.temperature
        self.normal *= math.sqrt(config.temperature)
