"""A batch of sketches being decoded: one point of each a step; those that end leave it.

Arrays are [features, B], so that a gate of all sketches is one contiguous block.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from core.generation import kernels
from core.generation.sampling import END, Floats, Noise
from core.generation.weights import StepWeights
from core.model import POINT
from core.sketch import START_TOKEN

FEW = 4
"""Columns up to which a loop of our own multiplies, in one thread and as fast as BLAS does in one.

BLAS's threads wait for each other, for milliseconds a call where other programs are busy.
"""
ROUNDED_COLUMNS = 32
"""Products in bfloat16 are of a multiple of so many columns: for each new number of them a kernel is made."""


class DecodingBatch:
    """The state of N sketches; `alive` [B] names those that have not ended."""

    def __init__(
        self,
        weights: StepWeights,
        scale: float,
        codes: Floats,
        noise: Noise,
        beginnings: Sequence[Floats],
        steps: int,
    ) -> None:
        """`beginnings` are stroke-3 in data units, perhaps empty, none longer than `steps`."""
        count = len(codes)
        self._weights, self._scale, self._noise = weights, np.float32(scale), noise
        self.alive = np.arange(count)
        self._drawn = np.zeros((count, steps, 3), dtype=np.float32)
        self._given = np.array([len(beginning) for beginning in beginnings], dtype=np.int64)
        self._counts = self._given.copy()
        for row, beginning in enumerate(beginnings):
            self._drawn[row, : len(beginning)] = beginning
        with_one = np.vstack([codes.T, np.ones((1, count), dtype=np.float32)])
        hidden, cell = np.split(np.tanh(weights.start @ with_one), 2)
        width = 0 if weights.attention is None else weights.attention.width
        self._past = np.zeros((count, width, steps), dtype=np.float32)
        inputs = np.zeros((weights.step.shape[1], count), dtype=np.float32)
        inputs[:POINT] = np.array(START_TOKEN)[:, None]
        inputs[-weights.hidden :] = hidden
        self._take(inputs, cell, weights.from_z @ with_one)

    def advance(self, step: int) -> None:
        """Draw one point of every living sketch."""
        weights, attention, inputs = self._weights, self._weights.attention, self._inputs
        if attention is not None:
            kernels.attend(inputs, self._past, self.alive, attention.scores, attention.positions, step)
        _multiply(weights.step, self._inputs, out=self._gates, rounded=weights.rounded_step)
        kernels.lstm(self._gates, self._from_z, self._cell, self._hidden)
        _multiply(weights.output, self._hidden, out=self._raw)
        if self._draw(step):
            self._keep(inputs[2 + END] == 0)

    def strokes(self) -> list[Floats]:
        """Copies of the drawings so far, stroke-3 [n, 3] in data units."""
        return [drawn[:count].copy() for drawn, count in zip(self._drawn, self._counts, strict=True)]

    def _take(self, inputs: Floats, cell: Floats, from_z: Floats) -> None:
        """Go on with the columns of the sketches that are left, and make room for their gates and outputs."""
        hidden, count = self._weights.hidden, len(self.alive)
        self._inputs, self._cell, self._from_z = map(np.ascontiguousarray, (inputs, cell, from_z))
        self._hidden = self._inputs[-hidden:]  # the same memory
        self._gates = np.empty((4 * hidden, count), dtype=np.float32)
        self._raw = np.empty((len(self._weights.output_bias), count), dtype=np.float32)

    def _draw(self, step: int) -> bool:
        """Make the points drawn the next inputs, and store those of sketches that go on; whether any ends."""
        return kernels.draw(
            self._raw,
            self._weights.output_bias,
            self._noise.gumbel,
            self._noise.normal,
            self.alive,
            self._given,
            self._drawn,
            self._counts,
            self._inputs,
            self._scale,
            step,
        )

    def _keep(self, living: NDArray[np.bool_]) -> None:
        self.alive = self.alive[living]
        self._take(*(np.compress(living, each, axis=1) for each in (self._inputs, self._cell, self._from_z)))


def _multiply(matrix: Floats, columns: Floats, out: Floats, rounded: Tensor | None = None) -> None:
    """matrix [m, k] @ columns [k, B] into `out` [m, B]; for many columns by the matrix in bfloat16, if it is given."""
    if columns.shape[1] <= FEW:
        kernels.multiply(matrix, columns, out)
    elif rounded is not None:
        count = columns.shape[1]
        filled = F.pad(torch.from_numpy(columns).bfloat16(), (0, -count % ROUNDED_COLUMNS))
        torch.from_numpy(out).copy_((rounded @ filled)[:, :count])
    else:
        np.dot(matrix, columns, out=out)
