"""What a checkpoint draws, as rows of a sheet: samples, reconstructions, interpolations, arithmetic."""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.atlas import Atlas
from core.dataset import SketchDataset
from core.encoding import encode_means
from core.errors import ConfigError, ExpressionError
from core.expression import CodeSpace, evaluate, quoted
from core.generation import SamplingConfig, SketchDecoder
from core.interpolation import path
from core.model import SketchVAE
from core.navigation import Navigator
from trainer.sheets import SheetRow

Codes = NDArray[np.float32]


class Drawer:
    """A model drawing `columns` sketches a row, the same ones for the same seed."""

    def __init__(
        self, model: SketchVAE, scale: float, max_points: int, columns: int, temperature: float, seed: int = 0
    ) -> None:
        """`scale` and `max_points` are those of its checkpoint; `seed` is of codes and noise."""
        self._model, self._scale = model, scale
        self._decoder = SketchDecoder(model.decoder, scale)
        self._columns, self._seed = columns, seed
        self._sampling = SamplingConfig(temperature, max_points)

    def unconditional(self, temperatures: Sequence[float]) -> list[SheetRow]:
        """Draws from the prior, a row a temperature; a column is the same code throughout."""
        codes = self.prior(self._columns)
        return [
            SheetRow(f"τ = {temperature:g}", self._draw(codes, replace(self._sampling, temperature=temperature)))
            for temperature in temperatures
        ]

    def reconstructions(self, dataset: SketchDataset, indices: NDArray[np.int64]) -> list[SheetRow]:
        """Each row of drawings, and under it what the model makes of their means mu."""
        rows = []
        for first in range(0, len(indices), self._columns):
            chosen = indices[first : first + self._columns]
            rows.append(SheetRow("original", [dataset.stroke3(int(index)) for index in chosen], original=True))
            rows.append(
                SheetRow(f"reconstructed, τ = {self._sampling.temperature:g}", self._draw(self.encode(dataset, chosen)))
            )
        return rows

    def interpolations(self, ends: Codes) -> list[SheetRow]:
        """Spherical ways from code 0 to 1, from 2 to 3, … of `ends` [2 k, N_z]; every column has one noise."""
        rows = []
        for number, (a, b) in enumerate(zip(ends[::2], ends[1::2], strict=True), 1):
            codes = path([a, b], self._columns, spherical=True)
            seeds = [self._seed] * self._columns
            rows.append(SheetRow(f"interpolation {number}", self._decoder.decode(codes, seeds, self._sampling)))
        return rows

    def arithmetic(self, atlas: Atlas, expressions: Sequence[str]) -> list[SheetRow]:
        """A row an expression over the mean codes of the atlas's categories. Raises ConfigError."""
        space = CodeSpace(Navigator(atlas), categories=atlas.category_means())
        rows = []
        for text in expressions:
            try:
                value = evaluate(text, space).value
            except ExpressionError as error:
                raise ConfigError(f"{text!r} cannot be drawn, column {error.column + 1}: {error}") from error
            if not isinstance(value, np.ndarray):
                raise ConfigError(f"{text!r} cannot be drawn: it is a number, not a code.")
            rows.append(SheetRow(text, self._draw(np.repeat(value[None], self._columns, axis=0))))
        return rows

    def prior(self, count: int) -> Codes:
        """Codes [count, N_z] from the standard normal distribution."""
        size = (count, self._decoder.latent)
        return np.random.default_rng(self._seed).standard_normal(size, dtype=np.float32)

    def encode(self, dataset: SketchDataset, indices: NDArray[np.int64]) -> Codes:
        """mu [n, N_z] of a few drawings."""
        return encode_means(self._model, dataset, self._scale, indices)

    def _draw(self, codes: Codes, sampling: SamplingConfig | None = None) -> list[NDArray[np.float32]]:
        seeds = range(self._seed, self._seed + len(codes))
        return self._decoder.decode(codes, seeds, sampling or self._sampling)


def chosen_drawings(dataset: SketchDataset, split: int, count: int, seed: int) -> NDArray[np.int64]:
    """Up to `count` random drawings of a split, or of all if it is empty."""
    indices = dataset.indices(split)
    if len(indices) == 0:
        indices = np.arange(len(dataset))
    return np.random.default_rng(seed).permutation(indices)[:count]


def usual_expressions(atlas: Atlas) -> list[str]:
    """Three categories, what they come to as a - b + c, and the same with the data's typical norm."""
    names = [quoted(name) for name in itertools.islice(atlas.category_means(), 3)]
    if len(names) < 3:
        return []
    total = f"{names[0]} - {names[1]} + {names[2]}"
    return [*names, total, f"rescale({total})"]
