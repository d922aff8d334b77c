"""Latent codes become drawings: whole, as a stream of partial ones, or as the rest of given beginnings."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import Cancelled, ConfigError
from core.generation.sampling import Floats, Noise, SamplingConfig
from core.generation.weights import StepWeights
from core.model import Decoder, ModelConfig
from core.sketch import START_TOKEN, stroke3_to_stroke5


@dataclass(frozen=True)
class Partial:
    """Drawings in progress; the arrays are copies."""

    strokes: list[Floats]
    """stroke-3 [n, 3] of each sketch so far, in the data's units."""
    finished: bool
    """Whether this is the last report."""


def prior_codes(seeds: Sequence[int], latent: int) -> Floats:
    """Codes [B, N_z] drawn from the prior N(0, I), one seed each: what unconditional drawings start from."""
    codes = [np.random.default_rng(seed).standard_normal(latent, dtype=np.float32) for seed in seeds]
    return np.array(codes, dtype=np.float32).reshape(-1, latent)


class SketchDecoder:
    """Decodes with a copy of a decoder's weights; safe to share between threads."""

    def __init__(self, decoder: Decoder, scale: float, *, bfloat16: bool = False) -> None:
        """`scale` is the checkpoint's scale factor: decoded offsets are multiplied by it.

        With `bfloat16` the gates of more than a few sketches are computed in that precision: faster, where the
        CPU multiplies it, and for drawings that no one compares with others of the same seed.
        """
        self._weights = StepWeights(decoder, bfloat16=bfloat16)
        self.latent, self.scale = decoder.config.latent, scale

    def decode(
        self,
        codes: Floats,
        seeds: Sequence[int],
        config: SamplingConfig | None = None,
        cancelled: Callable[[], bool] | None = None,
        beginnings: Sequence[Floats] | None = None,
    ) -> list[Floats]:
        """stroke-3 drawings of codes [B, N_z], one sampling seed each; see `stream`."""
        *_, last = self.stream(codes, seeds, config, cancelled, every=None, beginnings=beginnings)
        return last.strokes

    def decode_all(
        self,
        codes: Floats,
        seeds: Sequence[int],
        config: SamplingConfig | None = None,
        at_once: int = 64,
        cancelled: Callable[[], bool] | None = None,
    ) -> list[Floats]:
        """`decode`, of any number of codes, so many at a time."""
        drawings: list[Floats] = []
        for first in range(0, len(codes), at_once):
            part = slice(first, first + at_once)
            drawings += self.decode(codes[part], seeds[part], config, cancelled)
        return drawings

    def stream(
        self,
        codes: Floats,
        seeds: Sequence[int],
        config: SamplingConfig | None = None,
        cancelled: Callable[[], bool] | None = None,
        every: int | None = 8,
        beginnings: Sequence[Floats] | None = None,
    ) -> Iterator[Partial]:
        """Yield the drawings of codes [B, N_z] after the first step, then every `every` steps, and at the end.

        A sketch depends on its own code, seed and beginning alone, whatever shares its batch (up to the
        rounding of the products), and a lower limit on points cuts it short. With `every` None only the
        end is yielded. `cancelled` is asked before each step; Cancelled is raised when it says so.

        `beginnings`, one stroke-3 [n, 3] in data units a sketch, are drawings to complete: each result
        begins with exactly those points, which count towards the limit, and goes on as the model would
        after drawing them. An empty one begins anew. To complete one drawing in several ways, repeat
        code and beginning with other seeds.

        Raises ValueError if the shapes do not fit, a seed is negative or a beginning not finite, and
        ConfigError if a beginning has more points than the limit.
        """
        from core.generation.batch import DecodingBatch  # imports numba, which only decoding needs

        codes = np.ascontiguousarray(codes, dtype=np.float32)
        if codes.ndim != 2 or codes.shape[1] != self.latent or len(seeds) != len(codes):
            raise ValueError(f"codes {codes.shape} and {len(seeds)} seeds do not fit a latent size of {self.latent}")
        config = config or SamplingConfig()
        begun = _check_beginnings(beginnings, len(codes), config.max_points)
        noise = Noise(seeds, self._weights.mixtures, config)
        batch = DecodingBatch(self._weights, self.scale, codes, noise, begun, config.max_points)
        for step in range(config.max_points):
            if cancelled is not None and cancelled():
                raise Cancelled
            if len(batch.alive) == 0:
                break
            batch.advance(step)
            if every is not None and step % every == 0:
                yield Partial(batch.strokes(), finished=False)
        yield Partial(batch.strokes(), finished=True)

    def attention_of(self, stroke3: Floats) -> Floats | None:
        """What the decoder attended to while it drew a drawing [n, 3] in data units.

        Returns [n, n], lower-triangular, each row summing to 1: row i belongs to point i, column 0 to
        the start of the drawing and column j to the point j - 1 before it. Queries and keys are linear
        maps of the points, so the weights do not depend on the code. None if the model has no attention.
        """
        attention = self._weights.attention
        if attention is None:
            return None
        points = stroke3_to_stroke5(stroke3, len(stroke3))
        points[:, :2] /= self.scale
        return attention.weights(np.vstack([np.array([START_TOKEN], dtype=np.float32), points])[:-1])


def _check_beginnings(beginnings: Sequence[Floats] | None, count: int, limit: int) -> list[Floats]:
    if beginnings is None:
        return [np.zeros((0, 3), dtype=np.float32)] * count
    checked = [np.asarray(beginning, dtype=np.float32) for beginning in beginnings]
    if len(checked) != count or any(beginning.ndim != 2 or beginning.shape[1] != 3 for beginning in checked):
        raise ValueError(f"{count} codes need {count} beginnings [n, 3]")
    if not all(np.isfinite(beginning).all() for beginning in checked):
        raise ValueError("a beginning has an offset that is not finite")
    longest = max(map(len, checked), default=0)
    if longest > limit:
        raise ConfigError(f"A drawing of {longest:,} points cannot be completed within a limit of {limit:,} points.")
    return checked


@functools.cache
def compile_steps() -> None:
    """Make the compiled loops of decoding ready, once: seconds the first time on a machine, a second from disk."""
    decoder = SketchDecoder(Decoder(ModelConfig(decoder_hidden=8, mixtures=2)), 1.0)
    decoder.decode(prior_codes(range(2), decoder.latent), range(2), SamplingConfig(max_points=2))
