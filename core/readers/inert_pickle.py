"""NumPy object arrays out of a pickle, without letting the pickle run anything.

The published sketch-rnn files hold object arrays, which NumPy stores as pickles, and a pickle may
call any function it can name. Here the only three names admitted (`_reconstruct`, `ndarray`,
`dtype`) are bound to inert stand-ins of our own: reading calls no NumPy code at all, and the bytes
become arrays only after shape and type were checked.

Before anything is unpickled the opcodes are looked through: only those that NumPy writes pass, the
lengths that they claim are there, and the memo stays small. The unpickler in C would otherwise keep a
table as large as the largest index that the file names, so that ten bytes can claim gigabytes. Where
an opcode is described: the standard library's `pickletools`.
"""

import io
import math
import pickle
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError

LONGEST_NAME = 40
"""Letters of a name that a message quotes."""
_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = frozenset(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"])
MAX_REPEATED_BYTES = 1 << 26
"""A pickle may name one array many times; beyond this it is no file of drawings."""
MAX_STRUCTURE_BYTES = 1 << 25
"""Opcodes besides the drawings' own bytes: what a million drawings need. Each byte may claim about 25."""

# A run of opcodes of fixed length. LONG_BINPUT (r) only up to 2^23: the memo takes 16 bytes an index.
# FRAME (\x95) only up to 2^27.
_RUN = re.compile(
    rb"(?:[]()aetRbN\x85-\x89\x93\x94]|[Khq\x80].|M..|[Jj]....|r..[\x00-\x7f]\x00|\x95...[\x00-\x07]\x00{4}"
    rb"|c[a-z_.]{1,40}\n[a-z_.]{1,40}\n)*+",
    re.DOTALL,
)
_STOP = ord(".")
_COUNTED = {ord(code): size for code, size in {"U": 1, "C": 1, "\x8c": 1, "T": 4, "B": 4, "X": 4}.items()}
"""Opcodes of a string: how many bytes its length takes."""


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


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module in _ARRAY_MODULES and name == "_reconstruct":
            return _Array
        if module == "numpy" and name == "ndarray":
            return "numpy.ndarray"  # an argument of _reconstruct, only ever named
        if module == "numpy" and name == "dtype":
            return _Dtype
        raise DataError(
            f"it asks to run {module[:LONGEST_NAME]}.{name[:LONGEST_NAME]}, which no file of drawings needs"
        )


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


def _check_opcodes(data: bytes, start: int) -> None:
    """Raise DataError if the pickle at `start` holds any opcode but NumPy's, or claims what is not there."""
    position, structure = start, 0
    while True:
        end = _RUN.match(data, position).end()  # pyright: ignore[reportOptionalMemberAccess] an empty run matches too
        structure += end - position
        opcode = data[end] if end < len(data) else None
        if opcode == _STOP:
            return
        width = _COUNTED.get(opcode) if opcode is not None else None
        if width is None or structure > MAX_STRUCTURE_BYTES:
            raise DataError("its pickled part is damaged, or holds more than arrays of numbers")
        position = end + 1 + width
        position += int.from_bytes(data[end + 1 : position], "little")
        structure += 1 + width


def load_object_array(data: bytes, start: int = 0) -> list[NDArray[Any]]:
    """The numeric arrays inside the pickled 1-D NumPy object array at `start` of `data`.

    Raises DataError, a clause that completes "FILE cannot be read: …", on anything else.
    """
    _check_opcodes(data, start)
    stream = io.BytesIO(data)
    stream.seek(start)
    try:
        # Buffered, since the unpickler would otherwise ask for every single opcode.
        outer = _Unpickler(io.BufferedReader(stream), encoding="latin1").load()  # pyright: ignore[reportArgumentType]
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
