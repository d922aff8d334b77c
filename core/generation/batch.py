"""A batch of sketches being decoded: one point of each a step; those that end leave it.

Arrays are [features, B], so that a gate of all sketches is one contiguous block.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.generation.sampling import END, PEN_UP, Floats, Sampler
from core.generation.shared import Shared, multiply, tanh
from core.generation.weights import CONTEXT, StepWeights
from core.model import POINT
from core.sketch import START_TOKEN


class DecodingBatch:
    """The state of N sketches; `alive` [B] names those that have not ended."""

    def __init__(
        self,
        weights: StepWeights,
        scale: float,
        codes: Floats,
        sampler: Sampler,
        beginnings: Sequence[Floats],
        steps: int,
    ) -> None:
        """`beginnings` are stroke-3 in data units, perhaps empty, none longer than `steps`."""
        count = len(codes)
        self._weights, self._scale, self._sampler = weights, scale, sampler
        self.alive = np.arange(count)
        self._drawn = np.zeros((count, steps, 3), dtype=np.float32)
        self._given = np.array([len(beginning) for beginning in beginnings], dtype=np.int64)
        self._longest_given = int(self._given.max(initial=0))
        self._counts = self._given.copy()
        for row, beginning in enumerate(beginnings):
            self._drawn[row, : len(beginning)] = beginning
        with_one = np.vstack([codes.T, np.ones((1, count), dtype=np.float32)])
        hidden, cell = np.split(np.tanh(weights.start @ with_one), 2)
        width = 0 if weights.attention is None else weights.attention.width
        self._past = np.zeros((count, steps, width), dtype=np.float32)
        inputs = np.zeros((weights.step.array.shape[1], count), dtype=np.float32)
        inputs[:POINT] = np.array(START_TOKEN)[:, None]
        inputs[-weights.hidden :] = hidden
        self._share(inputs, cell, weights.from_z @ with_one)

    def advance(self, step: int) -> None:
        """Draw one point of every living sketch."""
        attention = self._weights.attention
        if attention is not None:
            row = attention.rows(self._inputs.array[:POINT].T[:, None], step)[:, 0]
            self._past[:, step] = row
            self._inputs.array[POINT : POINT + CONTEXT] = attention.context(row, self._past[:, : step + 1]).T
        raw = self._outputs()
        offsets, pen = self._sampler.draw(raw, self.alive, step)
        if step < self._longest_given:
            self._follow_beginnings(step, offsets, pen)
        self._append(step, offsets, pen)

    def strokes(self) -> list[Floats]:
        """Copies of the drawings so far, stroke-3 [n, 3] in data units."""
        return [drawn[:count].copy() for drawn, count in zip(self._drawn, self._counts, strict=True)]

    def _share(self, inputs: Floats, cell: Floats, from_z: Floats) -> None:
        """Take the columns of the sketches that are left, and make room for their gates and outputs."""
        hidden, count = self._weights.hidden, len(self.alive)
        self._inputs, self._cell, self._from_z = Shared(inputs), Shared(cell), from_z
        self._hidden = Shared(self._inputs.array[-hidden:])  # the same memory
        self._gates = Shared.empty(4 * hidden, count)
        self._raw = Shared.empty(len(self._weights.output_bias), count)

    def _outputs(self) -> Floats:
        """One step of the LSTM, in place, and the raw outputs [6M + 3, B]."""
        weights, gates = self._weights, self._gates.array
        multiply(weights.step, self._inputs, out=self._gates)
        gates += self._from_z
        tanh(self._gates, out=self._gates)
        sigmoids = gates[: 3 * weights.hidden]
        sigmoids += 1
        sigmoids *= 0.5
        write, keep, show, candidate = np.split(gates, 4)
        candidate *= write
        self._cell.array *= keep
        self._cell.array += candidate
        tanh(self._cell, out=self._hidden)
        self._hidden.array *= show
        multiply(weights.output, self._hidden, out=self._raw)
        self._raw.array += weights.output_bias
        return self._raw.array

    def _follow_beginnings(self, step: int, offsets: Floats, pen: NDArray[np.int64]) -> None:
        """Replace what was drawn by the given points, in sketches that have one for this step."""
        given = np.flatnonzero(step < self._given[self.alive])
        points = self._drawn[self.alive[given], step]
        offsets[:, given] = points[:, :2].T / np.float32(self._scale)
        pen[given] = points[:, 2] > 0.5

    def _append(self, step: int, offsets: Floats, pen: NDArray[np.int64]) -> None:
        """Store the points of sketches that go on, as drawings and as the next inputs; the others leave."""
        inputs = self._inputs.array
        inputs[:2] = offsets
        inputs[2:POINT] = np.arange(3)[:, None] == pen
        living = pen != END
        if not living.all():
            offsets, pen = offsets[:, living], pen[living]
            self._keep(living)
        drawn = self.alive
        if step < self._longest_given:
            free = step >= self._given[drawn]
            drawn, offsets, pen = drawn[free], offsets[:, free], pen[free]
        self._drawn[drawn, step, :2] = offsets.T * np.float32(self._scale)
        self._drawn[drawn, step, 2] = pen == PEN_UP
        self._counts[drawn] = step + 1

    def _keep(self, living: NDArray[np.bool_]) -> None:
        self.alive = self.alive[living]
        self._past = self._past[living]
        self._share(self._inputs.array[:, living], self._cell.array[:, living], self._from_z[:, living])
