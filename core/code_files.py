"""Codes as a file for other programs: npz for NumPy, csv for tables."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class NamedCode:
    """A code and what it is."""

    kind: str
    """Current, frame or pin."""
    name: str
    code: NDArray[np.float32]
    """[N_z]"""


def codes_npz(codes: Sequence[NamedCode]) -> bytes:
    """`kinds` [n] and `names` [n], text, and `codes` [n, N_z], float32; np.load needs no pickle for it."""
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        kinds=np.array([entry.kind for entry in codes]),
        names=np.array([entry.name for entry in codes]),
        codes=np.stack([entry.code for entry in codes]),
    )
    return stream.getvalue()


def codes_csv(codes: Sequence[NamedCode]) -> bytes:
    """A row a code: kind, name, z0, z1, …; nine digits, which give each float32 back."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["kind", "name", *(f"z{axis}" for axis in range(len(codes[0].code)))])
    for entry in codes:
        table.writerow([entry.kind, entry.name, *(f"{value:.9g}" for value in entry.code.tolist())])
    return stream.getvalue().encode()
