"""Memory that NumPy and torch share, so that each does what it is faster at.

For a few sketches NumPy multiplies about twice as fast as torch, whose calls cost more; from MANY
on, torch uses all cores for tanh too.
"""

import numpy as np
import torch

from core.generation.sampling import Floats

MANY = 24
"""Columns from which on torch is faster."""


class Shared:
    """One float32 matrix as `array` and as `tensor`."""

    def __init__(self, array: Floats) -> None:
        self.array = np.ascontiguousarray(array, dtype=np.float32)
        self.tensor = torch.from_numpy(self.array)

    @classmethod
    def empty(cls, rows: int, columns: int) -> "Shared":
        return cls(np.empty((rows, columns), dtype=np.float32))


def multiply(matrix: Shared, columns: Shared, out: Shared) -> None:
    """matrix [m, k] @ columns [k, B] into `out` [m, B]."""
    if columns.array.shape[1] < MANY:
        np.dot(matrix.array, columns.array, out=out.array)
    else:
        torch.mm(matrix.tensor, columns.tensor, out=out.tensor)


def tanh(x: Shared, out: Shared) -> None:
    """Elementwise, of x [n, B] into `out` [n, B], which may be x."""
    if x.array.shape[1] < MANY:
        np.tanh(x.array, out=out.array)
    else:
        torch.tanh(x.tensor, out=out.tensor)
