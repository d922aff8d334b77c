"""What lies between the products of an LSTM's steps, forwards and backwards, compiled.

Arrays are [features, B], gates in PyTorch's order: input, forget, candidate, output. NumPy has no bfloat16: arrays of
it are its bits, the upper half of those of a float32.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.compiled import compiled, tanh

Floats = NDArray[np.float32]
Bits = NDArray[np.uint16]
_HALF, _ONE = np.float32(0.5), np.float32(1)


@compiled
def widened(bits: Any) -> Any:
    """The float32 of a bfloat16."""
    return np.uint32(np.uint32(bits) << np.uint32(16)).view(np.float32)


@compiled
def rounded(value: Any) -> Any:
    """The bfloat16 nearest to a float32, of two the even one."""
    bits = np.float32(value).view(np.uint32)
    return np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@compiled
def _round(values: Floats, bits: Bits) -> None:
    """To bfloat16."""
    for j in range(len(values)):
        row, to = values[j], bits[j]
        for b in range(len(row)):
            to[b] = rounded(row[b])


@compiled
def forward(
    products: Bits, shared: Floats, before: Floats, after: Floats, gates: Floats, rough: Floats, hidden: Bits
) -> None:
    """Fill the gates [4H, B], the cell `after` and the hidden state [H, B] of the gates' `products` [4H, B].

    `shared` [4H, B] is what is added to the products at each step, `rough` [H, B] is room to work in.
    """
    product, constant, gate = products.reshape(-1), shared.reshape(-1), gates.reshape(-1)
    for i in range(len(gate)):
        gate[i] = widened(product[i]) + constant[i]
    old, new, shown = before.reshape(-1), after.reshape(-1), rough.reshape(-1)
    n = len(old)
    for i in range(n):
        write = _HALF + _HALF * tanh(_HALF * gate[i])
        keep = _HALF + _HALF * tanh(_HALF * gate[n + i])
        candidate = tanh(gate[2 * n + i])
        show = _HALF + _HALF * tanh(_HALF * gate[3 * n + i])
        cell = keep * old[i] + write * candidate
        gate[i], gate[n + i], gate[2 * n + i], gate[3 * n + i] = write, keep, candidate, show
        new[i] = cell
        shown[i] = show * tanh(cell)
    _round(rough, hidden)


@compiled
def backward(
    outside: Bits,
    later: Bits,
    gates: Floats,
    before: Floats,
    after: Floats,
    cell: Floats,
    rough: Floats,
    changes: Bits,
    total: Floats,
) -> None:
    """The gradient `changes` [4H, B] of the products of a step, also added to `total` [4H, B].

    That of the hidden state [H, B] after the step is the sum of two: `outside`, from what the state is the output
    for, and `later`, from the next step. `cell` is the gradient of the cell `after` the step, and becomes that of
    the one `before`. `rough` [5H, B] is room to work in.
    """
    size = len(before)
    hidden, change = rough[:size], rough[size:]
    for j in range(len(hidden)):
        row, one, other = hidden[j], outside[j], later[j]
        for b in range(len(row)):
            row[b] = widened(one[b]) + widened(other[b])
    gate, old, new = gates.reshape(-1), before.reshape(-1), after.reshape(-1)
    by_hidden, by_cell, by_gate, sums = hidden.reshape(-1), cell.reshape(-1), change.reshape(-1), total.reshape(-1)
    n = len(old)
    for i in range(n):
        write, keep, candidate, show = gate[i], gate[n + i], gate[2 * n + i], gate[3 * n + i]
        bent = tanh(new[i])
        through = by_cell[i] + by_hidden[i] * show * (_ONE - bent * bent)
        by_cell[i] = through * keep
        by_gate[i] = through * candidate * write * (_ONE - write)
        by_gate[n + i] = through * old[i] * keep * (_ONE - keep)
        by_gate[2 * n + i] = through * write * (_ONE - candidate * candidate)
        by_gate[3 * n + i] = by_hidden[i] * bent * show * (_ONE - show)
    for i in range(4 * n):
        sums[i] += by_gate[i]
    _round(change, changes)
