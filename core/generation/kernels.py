"""The loops of a decoding step, compiled: what NumPy would need dozens of small calls for.

All arithmetic is in float32. Only what decodes imports this module (see `core.compiled`).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled, tanh
from core.generation.sampling import END, PEN_UP, Floats
from core.generation.weights import CONTEXT
from core.loss import MAX_LOG_SIGMA, MAX_RHO
from core.model import POINT

_ZERO, _HALF, _ONE = np.float32(0), np.float32(0.5), np.float32(1)
_LIMIT = np.float32(MAX_LOG_SIGMA)
_RHO = np.float32(MAX_RHO)


@compiled
def multiply(matrix: Floats, columns: Floats, out: Floats) -> None:
    """matrix [m, k] @ columns [k, B] into `out` [m, B], for small B: each row is read once."""
    rows = np.ascontiguousarray(columns.T)
    for i in range(len(matrix)):
        for b in range(len(rows)):
            total = _ZERO
            for k in range(matrix.shape[1]):
                total += matrix[i, k] * rows[b, k]
            out[i, b] = total


@compiled
def attend(
    inputs: Floats, past: Floats, sketches: NDArray[np.int64], bilinear: Floats, positions: Floats, step: int
) -> None:
    """Fill the attention's rows of `inputs` [inputs, B] from its points and those before them.

    `past` [N, width, steps] holds the rows (point, 1[, position]) of all N sketches; those of `step`
    are added. `sketches` [B] are the rows of `past` that the columns belong to.
    """
    weights = np.empty(step + 1, dtype=np.float32)
    for column in range(len(sketches)):
        rows = past[sketches[column]]
        for feature in range(POINT):
            rows[feature, step] = inputs[feature, column]
        rows[POINT, step] = _ONE
        for feature in range(CONTEXT, len(rows)):
            rows[feature, step] = positions[step, feature - CONTEXT]
        weights[:] = _ZERO
        for feature in range(len(rows)):
            query = _ZERO
            for other in range(len(rows)):
                query += rows[other, step] * bilinear[other, feature]
            for j in range(step + 1):
                weights[j] += query * rows[feature, j]
        largest = weights.max()
        total = _ZERO
        for j in range(step + 1):
            weights[j] = np.exp(weights[j] - largest)
            total += weights[j]
        for feature in range(CONTEXT):
            average = _ZERO
            for j in range(step + 1):
                average += weights[j] * rows[feature, j]
            inputs[POINT + feature, column] = average / total


@compiled
def lstm(gates: Floats, from_z: Floats, cell: Floats, hidden: Floats) -> None:
    """The LSTM's cell and hidden state [H, B], in place, of the gates [4 H, B], less their share of z.

    The gates are write, keep, show and candidate, the first three halved (see StepWeights).
    """
    gate, constant = gates.reshape(-1), from_z.reshape(-1)
    memory, shown = cell.reshape(-1), hidden.reshape(-1)
    n = len(memory)
    for i in range(n):
        write = _HALF + _HALF * tanh(gate[i] + constant[i])
        keep = _HALF + _HALF * tanh(gate[n + i] + constant[n + i])
        show = _HALF + _HALF * tanh(gate[2 * n + i] + constant[2 * n + i])
        candidate = tanh(gate[3 * n + i] + constant[3 * n + i])
        memory[i] = keep * memory[i] + write * candidate
        shown[i] = show * tanh(memory[i])


@compiled
def _argmax(raw: Floats, bias: Floats, noise: Floats, first: int, end: int, column: int) -> int:
    best, largest = first, raw[first, column] + bias[first] + noise[first]
    for category in range(first + 1, end):
        value = raw[category, column] + bias[category] + noise[category]
        if value > largest:
            best, largest = category, value
    return best - first


@compiled
def draw(
    raw: Floats,
    bias: Floats,
    gumbel: Floats,
    normal: Floats,
    sketches: NDArray[np.int64],
    given: NDArray[np.int64],
    drawn: Floats,
    counts: NDArray[np.int64],
    inputs: Floats,
    scale: Any,
    step: int,
) -> bool:
    """Draw a point of each column of `raw` [6M + 3, B] and make it the next input; True if any ends.

    A category of logits l at temperature tau is argmax(l + tau G) with Gumbel noise G (Gumbel 1954;
    Maddison et al. 2014): exactly softmax(l / tau) for tau > 0, and greedy at 0. `gumbel` [N, steps,
    3 + M] is tau G and `normal` [N, steps, 2] is normal noise times sqrt(tau); `sketches` [B] are the
    rows that the columns belong to. Points are stored in `drawn` [N, steps, 3] in data units; those
    that are there already, the first `given` [N], are taken instead of new ones.
    """
    mixtures = gumbel.shape[2] - 3
    ended = False
    for column in range(len(sketches)):
        sketch = sketches[column]
        if step < given[sketch]:
            x, y = drawn[sketch, step, 0] / scale, drawn[sketch, step, 1] / scale
            pen = int(drawn[sketch, step, 2] > _HALF)
        else:
            noise, normals = gumbel[sketch, step], normal[sketch, step]
            pen = _argmax(raw, bias, noise, 0, 3, column)
            mean = 3 + mixtures + _argmax(raw, bias, noise, 3, 3 + mixtures, column)
            sigma = mean + 2 * mixtures
            rho = _RHO * tanh(raw[mean + 4 * mixtures, column] + bias[mean + 4 * mixtures])
            across = rho * normals[0] + np.sqrt(_ONE - rho * rho) * normals[1]
            log_x = raw[sigma, column] + bias[sigma]
            log_y = raw[sigma + mixtures, column] + bias[sigma + mixtures]
            x = raw[mean, column] + bias[mean] + np.exp(min(max(log_x, -_LIMIT), _LIMIT)) * normals[0]
            mean += mixtures
            y = raw[mean, column] + bias[mean] + np.exp(min(max(log_y, -_LIMIT), _LIMIT)) * across
            if pen == END:
                ended = True
            else:
                drawn[sketch, step, 0] = x * scale
                drawn[sketch, step, 1] = y * scale
                drawn[sketch, step, 2] = _ONE if pen == PEN_UP else _ZERO
                counts[sketch] = step + 1
        inputs[0, column], inputs[1, column] = x, y
        for state in range(3):
            inputs[2 + state, column] = _ONE if state == pen else _ZERO
    return ended
