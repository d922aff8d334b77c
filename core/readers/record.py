"""What every reader yields: one drawing and where it came from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SketchRecord:
    """One drawing of a file."""

    stroke3: NDArray[np.int16]
    """Offsets and lifts, [n, 3]."""
    split: str | None
    """"train", "valid" or "test" where the file says so."""
    row: int
    """Position inside its split (or inside the file, where there are no splits)."""
