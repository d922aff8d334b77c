"""NumPy object arrays out of a pickle, without letting the pickle run anything.

The published sketch-rnn files hold object arrays, which NumPy stores as pickles, and a pickle may
call any function it can name. Here the only three names admitted (`_reconstruct`, `ndarray`,
`dtype`) are bound to inert stand-ins of our own: reading calls no NumPy code at all, and the bytes
become arrays only after shape and type were checked.

The unpickler is the one of the standard library that is written in Python: the one in C keeps its
memo in a table as large as the largest index that the file names, so that ten bytes can claim
gigabytes of memory.
"""

import io
import math
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError

_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = frozenset(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
MAX_REPEATED_BYTES = 1 << 26
"""A pickle may name one array many times; beyond this it is no file of drawings."""


class _Dtype:
    """Stands in for numpy.dtype(code, align, copy) and its pickled state."""

    code: object = ""
    byte_order = "="

    def __init__(self, code: object = "", *_: object) -> None:
        self.code = code.decode("latin1") if isinstance(code, bytes) else code

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.byte_order = state[1]

    def numeric(self) -> np.dtype[Any]:
        """The plain integer or float type meant; DataError for any other."""
        code = self.code
        if not isinstance(code, str) or code not in _NUMERIC:
            raise DataError("a drawing in it is not an array of numbers")
        return np.dtype(self.byte_order.replace("|", "=") + code)


class _Array:
    """Stands in for the empty array that _reconstruct makes, and takes its pickled state."""

    state: object = None

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        self.state = state

    def parts(self) -> tuple[tuple[int, ...], _Dtype, bool, object]:
        state = self.state
        if not (isinstance(state, tuple) and len(state) == 5):
            raise DataError("an array in it is damaged")
        _, shape, dtype, fortran, data = state
        plain = isinstance(shape, tuple) and all(isinstance(n, int) and 0 <= n < 1 << 31 for n in shape)
        if not plain or len(shape) > 2:
            raise DataError("an array in it has no valid shape")
        if not isinstance(dtype, _Dtype):
            raise DataError("an array in it has no valid type")
        return shape, dtype, bool(fortran), data


class _Unpickler(pickle._Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _ARRAY_MODULES and name == "_reconstruct":
            return _Array
        if module == "numpy" and name == "ndarray":
            return "numpy.ndarray"  # an argument of _reconstruct, only ever named
        if module == "numpy" and name == "dtype":
            return _Dtype
        raise DataError(f"it asks to run {module}.{name}, which no file of drawings needs")


def _numeric_array(item: object) -> NDArray[Any]:
    if not isinstance(item, _Array):
        raise DataError("a drawing in it is not an array")
    shape, dtype, fortran, data = item.parts()
    if isinstance(data, str):
        data = data.encode("latin1", "ignore")  # how Python 2 bytes arrive
    numeric = dtype.numeric()
    if not isinstance(data, bytes) or len(data) != math.prod(shape) * numeric.itemsize:
        raise DataError("a drawing in it is cut short")
    return np.frombuffer(data, dtype=numeric).reshape(shape, order="F" if fortran else "C")


def load_object_array(data: bytes) -> list[NDArray[Any]]:
    """The numeric arrays inside a pickled 1-D NumPy object array.

    Raises DataError, a clause that completes "FILE cannot be read: …", on anything else.
    """
    try:
        outer = _Unpickler(io.BytesIO(data), encoding="latin1").load()
    except DataError:
        raise
    except Exception as error:  # a damaged pickle raises nearly anything
        raise DataError("its pickled part is damaged") from error
    if not isinstance(outer, _Array):
        raise DataError("it does not hold an array of drawings")
    shape, dtype, _, items = outer.parts()
    if dtype.code not in ("O8", "O4", "O") or not isinstance(items, list) or shape != (len(items),):
        raise DataError("it does not hold a list of drawings")
    arrays, size = [], 0
    for item in items:
        arrays.append(_numeric_array(item))
        size += arrays[-1].nbytes
        if size > len(data) + MAX_REPEATED_BYTES:
            raise DataError("it repeats a drawing more often than its size allows")
    return arrays
