"""Autoregressive decoding of latent codes: batched, cached, cancellable between steps.

A step is one product with the decoder's weights, and for a few sketches at a time NumPy makes it two
to three times faster on a CPU than torch does, so the weights are copied out of the model once. Two
identities save most of the rest:

* z is the same at every step: its share of the gates is computed once.
* Q, K and V are linear in the points (R^5 plus a bias), so q . k is a 6 x 6 bilinear form of two
  points, and the context's share of the gates is a 6-row matrix applied to an average of points.
  Keeping the points is keeping the keys and values.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from core.attention import CausalAttention, sinusoids
from core.errors import Cancelled, ConfigError
from core.loss import MAX_LOG_SIGMA, MAX_RHO
from core.model import POINT, Decoder
from core.sketch import START_TOKEN

Floats = NDArray[np.float32]
PEN_DOWN, PEN_UP, END = range(3)


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
        if not 1 <= self.max_points <= 10_000:
            raise ConfigError(f"The limit on points must be from 1 to 10,000, not {self.max_points}.")


@dataclass(frozen=True)
class Partial:
    """Drawings in progress; the arrays are copies."""

    strokes: list[Floats]
    """stroke-3 [n, 3] of each sketch so far, in the data's units."""
    finished: bool
    """Whether this is the last report."""


class SketchDecoder:
    """The decoder's weights, laid out for decoding step by step; safe to share between threads."""

    def __init__(self, decoder: Decoder, scale: float) -> None:
        """`scale` is the checkpoint's scale factor: decoded offsets are multiplied by it."""
        config = decoder.config
        self.latent, self.mixtures, self.scale = config.latent, config.mixtures, scale
        self._hidden = config.decoder_hidden
        self._start = _affine(decoder.initial_state)
        self._output = _affine(decoder.output)
        weights = _array(decoder.lstm.weight_ih_l0).T
        recurrent = _array(decoder.lstm.weight_hh_l0).T
        bias = _array(decoder.lstm.bias_ih_l0) + _array(decoder.lstm.bias_hh_l0)
        self._z_gates = np.vstack([weights[POINT : POINT + self.latent], bias])
        rows = [weights[:POINT]]
        self._attention = decoder.attention is not None
        if decoder.attention is not None:
            self._scores = _score_form(decoder.attention)
            self._positions = _positions(decoder.attention)
            rows.append(_affine(decoder.attention.value) @ weights[POINT + self.latent :])
        self._step = np.ascontiguousarray(np.vstack([*rows, recurrent]))

    def decode(
        self,
        codes: Floats,
        seeds: Sequence[int],
        config: SamplingConfig | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Floats]:
        """stroke-3 drawings of codes [B, N_z], one sampling seed each."""
        for partial in self.stream(codes, seeds, config, cancelled, every=None):
            if partial.finished:
                return partial.strokes
        return []

    def stream(
        self,
        codes: Floats,
        seeds: Sequence[int],
        config: SamplingConfig | None = None,
        cancelled: Callable[[], bool] | None = None,
        every: int | None = 8,
    ) -> Iterator[Partial]:
        """Yield the drawings of codes [B, N_z] every `every` steps (None: only at the end) and at the end.

        A sketch depends on its own code and seed alone, whatever shares its batch (up to the rounding
        of the products), and a lower limit on points cuts it short. `cancelled` is asked before each
        step; Cancelled is raised when it says so. Raises ValueError if the shapes do not fit or a seed
        is negative.
        """
        codes = np.ascontiguousarray(codes, dtype=np.float32)
        if codes.ndim != 2 or codes.shape[1] != self.latent or len(seeds) != len(codes):
            raise ValueError(f"codes {codes.shape} and {len(seeds)} seeds do not fit a latent size of {self.latent}")
        config = config or SamplingConfig()
        state = _State(self, codes, seeds, config)
        for step in range(config.max_points):
            if cancelled is not None and cancelled():
                raise Cancelled
            if not state.advance(step):
                break
            if every is not None and step % every == 0:
                yield Partial(state.strokes(), finished=False)
        yield Partial(state.strokes(), finished=True)


class _State:
    """A batch being decoded. Rows of finished sketches leave the arrays; `alive` names the rest."""

    def __init__(self, decoder: SketchDecoder, codes: Floats, seeds: Sequence[int], config: SamplingConfig) -> None:
        count, steps = len(codes), config.max_points
        self.decoder, self.temperature = decoder, config.temperature
        self.alive = np.arange(count)
        self.drawn = np.zeros((count, steps, 3), dtype=np.float32)
        self.counts = np.zeros(count, dtype=np.int64)
        self.uniform = np.empty((count, steps, 2), dtype=np.float32)
        self.normal = np.empty((count, steps, 2), dtype=np.float32)
        for row, seed in enumerate(seeds):
            # A stream each, so that a lower limit on points cuts a drawing short, and changes nothing else.
            np.random.default_rng([seed, 0]).random(out=self.uniform[row], dtype=np.float32)
            np.random.default_rng([seed, 1]).standard_normal(out=self.normal[row], dtype=np.float32)
        ones = np.ones((count, 1), dtype=np.float32)
        with_bias = np.hstack([codes, ones])
        self.hidden, self.cell = np.split(np.tanh(with_bias @ decoder._start), 2, axis=1)
        self.z_gates = with_bias @ decoder._z_gates
        self.point = np.tile(np.array(START_TOKEN, dtype=np.float32), (count, 1))
        width = len(decoder._scores) if decoder._attention else 0
        self.past = np.zeros((count, steps, width), dtype=np.float32)

    def advance(self, step: int) -> bool:
        """Draw one point of every living sketch; False once none is left."""
        if len(self.alive) == 0:
            return False
        parts = [self.point, self._context(step), self.hidden] if self.decoder._attention else [self.point, self.hidden]
        gates = np.concatenate(parts, axis=1) @ self.decoder._step
        gates += self.z_gates
        size = self.decoder._hidden
        candidate = np.tanh(gates[:, 2 * size : 3 * size])
        sigmoid = _sigmoid_(gates)
        self.cell = sigmoid[:, size : 2 * size] * self.cell + sigmoid[:, :size] * candidate
        self.hidden = sigmoid[:, 3 * size :] * np.tanh(self.cell)
        weights = self.decoder._output
        self._draw(step, self.hidden @ weights[:-1] + weights[-1])
        return True

    def _context(self, step: int) -> Floats:
        """The attention's average of past points [B, 6] (point and a constant 1), this one included."""
        decoder = self.decoder
        row = self.past[:, step]
        row[:, :POINT] = self.point
        row[:, POINT] = 1
        if decoder._positions is not None:
            row[:, POINT + 1 :] = decoder._positions(step)
        past = self.past[:, : step + 1]
        scores = np.matmul(past, (row @ decoder._scores)[:, :, None])[:, :, 0]
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        return np.matmul(weights[:, None], past[:, :, : POINT + 1])[:, 0]

    def _draw(self, step: int, raw: Floats) -> None:
        """Sample pen and offset from raw outputs [B, 6M + 3] and let ended sketches leave."""
        count = len(raw)
        every = np.arange(count)
        pen = _choose(raw[:, :3], self.uniform[:, step, 0], self.temperature)
        mixture = raw[:, 3:].reshape(count, 6, self.decoder.mixtures)
        chosen = _choose(mixture[:, 0], self.uniform[:, step, 1], self.temperature)
        _, mean_x, mean_y, log_x, log_y, rho = mixture[every, :, chosen].T
        rho = np.tanh(rho) * np.float32(MAX_RHO)
        spread = np.float32(math.sqrt(self.temperature))
        first, second = self.normal[:, step].T
        sigma_x = np.exp(np.clip(log_x, -MAX_LOG_SIGMA, MAX_LOG_SIGMA)) * spread
        sigma_y = np.exp(np.clip(log_y, -MAX_LOG_SIGMA, MAX_LOG_SIGMA)) * spread
        point = np.zeros((count, POINT), dtype=np.float32)
        point[:, 0] = mean_x + sigma_x * first
        point[:, 1] = mean_y + sigma_y * (rho * first + np.sqrt(1 - rho * rho) * second)
        point[every, 2 + pen] = 1
        self.point = point
        living = pen != END
        rows = self.alive[living]
        self.drawn[rows, step, :2] = point[living, :2] * self.decoder.scale
        self.drawn[rows, step, 2] = pen[living] == PEN_UP
        self.counts[rows] = step + 1
        if not living.all():
            self.alive = rows
            for name in ("uniform", "normal", "hidden", "cell", "z_gates", "point", "past"):
                setattr(self, name, getattr(self, name)[living])

    def strokes(self) -> list[Floats]:
        return [drawn[:count].copy() for drawn, count in zip(self.drawn, self.counts, strict=True)]


def _choose(logits: Floats, uniform: Floats, temperature: float) -> NDArray[np.int64]:
    """One category a row of logits [B, K]: the inverse of the cumulative softmax at `uniform` [B]."""
    if temperature == 0:
        return logits.argmax(axis=1)
    # The lower bound keeps the quotient within float32; far above it the coldest draw is the greedy one.
    scaled = (logits - logits.max(axis=1, keepdims=True)) / np.float32(max(temperature, 1e-6))
    weights = np.exp(scaled).cumsum(axis=1)
    return (weights <= uniform[:, None] * weights[:, -1:]).sum(axis=1).clip(max=logits.shape[1] - 1)


def _sigmoid_(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) in place; the clip keeps exp finite in float32."""
    np.clip(x, -60, 60, out=x)
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    return np.reciprocal(x, out=x)


def _array(tensor: object) -> Floats:
    return tensor.detach().float().cpu().numpy()  # pyright: ignore[reportAttributeAccessIssue]


def _affine(linear: nn.Linear) -> Floats:
    """[in + 1, out]: the weights with the bias as a last row, for inputs that end with a 1."""
    return np.ascontiguousarray(np.vstack([_array(linear.weight).T, _array(linear.bias)]))


def _score_form(attention: CausalAttention) -> Floats:
    """The matrix S of q_t . k_j / sqrt(d) = x_t S x_j over rows x = (point, 1[, position])."""
    query, key = _affine(attention.query), _affine(attention.key)
    if attention.positional_encoding:
        identity = np.eye(attention.dim, dtype=np.float32)
        query, key = np.vstack([query, identity]), np.vstack([key, identity])
    return query @ key.T / np.float32(math.sqrt(attention.dim))


def _positions(attention: CausalAttention) -> Callable[[int], Floats] | None:
    if not attention.positional_encoding:
        return None
    table = _array(sinusoids(10_000, attention.dim))
    return table.__getitem__
