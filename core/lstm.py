"""An LSTM over whole sequences in bfloat16, for CPUs with AMX: faster there than PyTorch's own, gradients included.

The products of a step are PyTorch's, [4H, I + H] @ [I + H, B]: with the weights on the left nothing of them has to
be laid out anew at each step, and since the steps stand side by side as columns, the gradient of the weights is one
product for all of them. What lies between the products is compiled, in float32 (`core.lstm_kernels`).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

MOST_THREADS = 2
"""From three on, PyTorch's own shares its work better."""
ALIGNED = 32
"""I + H is filled up to a multiple of this, at which the products are faster."""


def is_faster(device: torch.device) -> bool:
    """Whether `lstm_states` is worth calling: in bfloat16 on a CPU with AMX, by half in a process a core.

    In two threads it gains little, since what is compiled runs in one, and without AMX PyTorch's own is faster.
    """
    few = torch.get_num_threads() <= MOST_THREADS
    return device.type == "cpu" and torch.is_autocast_enabled("cpu") and few and torch.cpu._is_amx_tile_supported()


def lstm_states(
    layer: nn.LSTM,
    inputs: Tensor,
    constant: Tensor | None = None,
    place: int = 0,
    state: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Hidden states [H, T, B] in bfloat16 of a one-layer LSTM for inputs [B, T, I].

    `constant` [B, C] are further inputs, the same at each step, which stand before input `place`; `state`
    is the hidden state and cell [B, H] to begin with, zeros if not given.
    """
    batch, _, width = inputs.shape
    weight_in, weight_hidden, bias_in, bias_hidden = layer.parameters()
    shared = (bias_in + bias_hidden)[:, None]
    if constant is not None:
        after = place + constant.shape[1]
        shared = shared + weight_in[:, place:after] @ constant.T
        weight_in = torch.cat([weight_in[:, :place], weight_in[:, after:]], dim=1)
    padding = -(width + layer.hidden_size) % ALIGNED
    weights = torch.cat([F.pad(weight_in, (0, padding)), weight_hidden], dim=1)
    columns = F.pad(inputs.permute(2, 1, 0), (0, 0, 0, 0, 0, padding))
    nothing = torch.zeros(batch, layer.hidden_size)
    hidden, cell = (part.T for part in state or (nothing, nothing))
    return _Lstm.apply(columns, shared.expand(-1, batch), weights, hidden, cell)


class _Lstm(torch.autograd.Function):
    """Hidden states [H, T, B] in bfloat16 of inputs [I, T, B].

    `shared` [4H, B] is added to the gates at each step, `weights` [4H, I + H] are those of inputs and hidden state,
    `hidden` and `cell` [H, B] the state to begin with.
    """

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, shared: Tensor, weights: Tensor, hidden: Tensor, cell: Tensor) -> Tensor:
        from core import lstm_kernels as kernels  # imports numba

        width, steps, batch = inputs.shape
        size = len(hidden)
        rounded = weights.bfloat16()
        columns = torch.empty(width + size, (steps + 1) * batch, dtype=torch.bfloat16)
        """Of each step, what is multiplied: its inputs above the hidden state of the step before."""
        columns[:width, : steps * batch] = inputs.reshape(width, -1)
        columns[width:, :batch] = hidden
        cells, gates = torch.empty(steps + 1, size, batch), torch.empty(steps, 4 * size, batch)
        cells[0] = cell
        products, scratch = torch.empty(4 * size, batch, dtype=torch.bfloat16), torch.empty(size, batch)
        on_shared, on_cells, on_gates, on_scratch = (
            tensor.numpy() for tensor in (shared.float().contiguous(), cells, gates, scratch)
        )
        states, on_products = _by_step(_bits(columns[width:]), batch), _bits(products)
        for step, column in enumerate(columns.split(batch, dim=1)[:-1]):
            torch.mm(rounded, column, out=products)
            kernels.forward(
                on_products, on_shared, on_cells[step], on_cells[step + 1], on_gates[step], on_scratch, states[step + 1]
            )
        ctx.save_for_backward(columns, cells, gates, rounded)
        return columns[width:, batch:].unflatten(1, (steps, batch))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        from core import lstm_kernels as kernels

        columns, cells, gates, rounded = ctx.saved_tensors
        steps, _, batch = gates.shape
        size = cells.shape[1]
        width = len(columns) - size
        transposed = rounded[:, width:].T.contiguous()
        grad_products = torch.empty(4 * size, steps * batch, dtype=torch.bfloat16)
        grad_hidden = torch.zeros(size, batch, dtype=torch.bfloat16)
        grad_cell, grad_shared = torch.zeros(size, batch), torch.zeros(4 * size, batch)
        scratch = torch.empty(5 * size, batch)
        on_cells, on_gates, on_grad_cell, on_grad_shared, on_scratch = (
            tensor.numpy() for tensor in (cells, gates, grad_cell, grad_shared, scratch)
        )
        on_grad_hidden, on_grad_states = _bits(grad_hidden), _by_step(_bits(grad_states.bfloat16().flatten(1)), batch)
        on_grad_products, by_step = _by_step(_bits(grad_products), batch), grad_products.split(batch, dim=1)
        for step in reversed(range(steps)):
            kernels.backward(
                on_grad_states[step],
                on_grad_hidden,
                on_gates[step],
                on_cells[step],
                on_cells[step + 1],
                on_grad_cell,
                on_scratch,
                on_grad_products[step],
                on_grad_shared,
            )
            torch.mm(transposed, by_step[step], out=grad_hidden)
        grad_inputs = (rounded[:, :width].T.contiguous() @ grad_products).unflatten(1, (steps, batch))
        grad_weights = grad_products @ columns[:, : steps * batch].T
        return grad_inputs.float(), grad_shared, grad_weights.float(), grad_hidden.float(), grad_cell


def _bits(tensor: Tensor) -> NDArray[np.uint16]:
    """The memory of a bfloat16 tensor: NumPy has no such type."""
    return tensor.view(torch.uint16).numpy()


def _by_step(columns: NDArray[np.uint16], batch: int) -> list[NDArray[np.uint16]]:
    """Views [rows, B] of each step of [rows, T B]."""
    return np.split(columns, columns.shape[1] // batch, axis=1)
