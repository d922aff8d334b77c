"""What lies between the products of an LSTM's steps, forwards and backwards, compiled.

Arrays are [features, B], gates in PyTorch's order: input (`write`), forget (`keep`), candidate, output (`show`). NumPy
has no bfloat16: arrays of it are its bits, the upper half of those of a float32. What is not a number may come out of
`tanh` as one, since it is bounded; a training looks for it in the norm of the gradient.
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
    products: Bits, shared: Floats, before: Floats, after: Floats, gates: Floats, scratch: Floats, hidden: Bits
) -> None:
    """Fill the gates [4H, B], the cell `after` and the hidden state [H, B] of the gates' `products` [4H, B].

    `shared` [4H, B] is what is added to the products at each step, `scratch` [H, B] is room to work in.
    """
    product, constant, gate = products.reshape(-1), shared.reshape(-1), gates.reshape(-1)
    for i in range(len(gate)):
        gate[i] = widened(product[i]) + constant[i]
    old, new, shown = before.reshape(-1), after.reshape(-1), scratch.reshape(-1)
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
    _round(scratch, hidden)


@compiled
def backward(
    grad_states: Bits,
    grad_hidden: Bits,
    gates: Floats,
    before: Floats,
    after: Floats,
    grad_cell: Floats,
    scratch: Floats,
    grad_products: Bits,
    grad_shared: Floats,
) -> None:
    """The gradient of a step's products [4H, B], which is also added to that of what is shared [4H, B].

    That of the hidden state [H, B] after the step is the sum of two: `grad_states`, from what the state is the output
    for, and `grad_hidden`, from the next step. `grad_cell` is the gradient of the cell `after` the step, and becomes
    that of the one `before`. `scratch` [5H, B] is room to work in.
    """
    size = len(before)
    hidden, products = scratch[:size], scratch[size:]
    for j in range(size):
        row, one, other = hidden[j], grad_states[j], grad_hidden[j]
        for b in range(len(row)):
            row[b] = widened(one[b]) + widened(other[b])
    gate, old, new, shared = gates.reshape(-1), before.reshape(-1), after.reshape(-1), grad_shared.reshape(-1)
    by_hidden, by_cell, by_product = hidden.reshape(-1), grad_cell.reshape(-1), products.reshape(-1)
    n = len(old)
    for i in range(n):
        write, keep, candidate, show = gate[i], gate[n + i], gate[2 * n + i], gate[3 * n + i]
        bent = tanh(new[i])
        cell = by_cell[i] + by_hidden[i] * show * (_ONE - bent * bent)
        by_cell[i] = cell * keep
        by_product[i] = cell * candidate * write * (_ONE - write)
        by_product[n + i] = cell * old[i] * keep * (_ONE - keep)
        by_product[2 * n + i] = cell * write * (_ONE - candidate * candidate)
        by_product[3 * n + i] = by_hidden[i] * bent * show * (_ONE - show)
    for i in range(4 * n):
        shared[i] += by_product[i]
    _round(products, grad_products)
