"""Numbers of a file become polylines, checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError

MAX_COORDINATE = 1e9
"""Beyond this, a coordinate is damage."""


def polyline(points: object) -> NDArray[np.float64]:
    """[k, 2] of `points`, given as [k, 2] numbers. Raises DataError, a clause, for anything else."""
    try:
        line = np.array(points, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError("a stroke in it is not a list of numbers") from error
    if line.size == 0:
        return np.zeros((0, 2))
    if line.ndim != 2 or line.shape[1] != 2:
        raise DataError("a stroke in it is not a list of points")
    return checked(line)


def checked(line: NDArray[Any]) -> NDArray[Any]:
    """`line`, whose numbers were looked at. Raises DataError, a clause."""
    if not (np.abs(line) <= MAX_COORDINATE).all():  # NaN is not either
        raise DataError("a coordinate in it is no number, or beyond a thousand million")
    return line
