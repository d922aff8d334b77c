"""What readers yield: a drawing, and where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class SketchRecord:
    """One drawing of a file, prepared."""

    stroke3: NDArray[np.int16]
    """Offsets and lifts, [n, 3]."""
    split: str | None
    """"train", "valid" or "test" where the file says so."""
    row: int
    """Position inside its split (or inside the file, where there are no splits)."""
    category: str | None = None
    """Where the file itself names it; otherwise the file's name does."""


Polylines = Sequence[NDArray[np.floating[Any]]]
"""A drawing as it was drawn: absolute polylines [k, 2], in the order of drawing."""
