"""Drawings by hand, their strokes in units of the pad: to the scale of the data, and back.

A stroke is an array [k, 2] of positions in the unit square, y growing downwards, as they were drawn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.picture import MARGIN
from core.preprocess import RAW, preprocess
from core.sketch import continuation

Stroke = NDArray[np.float64]


def to_stroke3(strokes: Sequence[Stroke]) -> NDArray[np.int16]:
    """stroke-3 [n, 3] in data units, prepared as the drawings were that the model learnt from."""
    return preprocess(strokes, RAW)


def continued(strokes: Sequence[Stroke], stroke3: NDArray[np.floating[Any]], given: int) -> tuple[Stroke, ...]:
    """`strokes`, and after them what `stroke3` [n, 3] has beyond its first `given` points, which are they.

    The whole is made smaller where the continuation leaves the pad.
    """
    points = np.concatenate(strokes)
    assert RAW.size is not None
    unit = float(np.ptp(points, axis=0).max()) / RAW.size or 1 / RAW.size
    rest = [strokes[0][0] + unit * line for line in continuation(stroke3, given)]
    rest = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in rest]  # a dot, as a pen makes it
    whole = (*strokes, *rest)
    everything = np.concatenate(whole)
    inside = (everything >= 0).all() and (everything <= 1).all()
    return whole if inside else fitted(whole)


def fitted(polylines: Sequence[NDArray[Any]]) -> tuple[Stroke, ...]:
    """Absolute polylines [k, 2] in any unit, centred in the pad, with margins. Those of one point are left out."""
    lines = [np.asarray(line, dtype=np.float64) for line in polylines if len(line) > 1]
    if not lines:
        return ()
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (1 - 2 * MARGIN) / (float((high - low).max()) or 1.0)
    return tuple((line - (low + high) / 2) * scale + 0.5 for line in lines)


def stroke_at(strokes: Sequence[Stroke], at: tuple[float, float], reach: float) -> int | None:
    """The uppermost stroke with a line no farther than `reach` from a position; None if there is none."""
    for index in reversed(range(len(strokes))):
        first, along = strokes[index][:-1], np.diff(strokes[index], axis=0)
        squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
        part = np.clip(((at - first) * along).sum(axis=1) / squared, 0, 1)  # how far along a line its nearest point is
        if np.hypot(*(first + part[:, None] * along - at).T).min() <= reach:
            return index
    return None
