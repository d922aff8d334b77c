"""Between codes: straight and spherical interpolation, and polylines at constant speed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def lerp(a: Floats, b: Floats, t: float) -> Floats:
    """Straight interpolation between codes [N_z]; a at t = 0, b at t = 1, beyond them outside [0, 1]."""
    return ((1 - t) * a + t * b).astype(np.float32)


def slerp(a: Floats, b: Floats, t: float) -> Floats:
    """Spherical interpolation between codes [N_z] (Shoemake 1985), with the norm interpolated too.

    Where no great circle is defined (a zero vector, a single dimension) or needed (equal codes,
    nearly one direction) it is lerp; between opposite directions it takes the half turn through one
    fixed perpendicular.
    """
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    norm_a, norm_b = float(np.linalg.norm(wide_a)), float(np.linalg.norm(wide_b))
    if norm_a == 0 or norm_b == 0 or len(a) == 1:
        return lerp(a, b, t)
    unit_a, unit_b = wide_a / norm_a, wide_b / norm_b
    cosine = float(np.clip(unit_a @ unit_b, -1, 1))
    if cosine > 1 - 1e-9:
        return lerp(a, b, t)
    across = unit_b - cosine * unit_a
    if cosine < -1 + 1e-9:
        # Any perpendicular will do; the axis in which a is smallest gives the steadiest one.
        across = np.eye(len(a))[int(np.argmin(np.abs(unit_a)))]
        across -= (across @ unit_a) * unit_a
    across /= np.linalg.norm(across)
    angle = np.arccos(cosine) * t
    norm = (1 - t) * norm_a + t * norm_b
    return (norm * (np.cos(angle) * unit_a + np.sin(angle) * across)).astype(np.float32)


def path(codes: Sequence[Floats], frames: int, *, spherical: bool = False) -> Floats:
    """`frames` codes [frames, N_z] along a polyline through `codes`, at constant speed in R^N_z.

    The first and the last code are frames (the first alone, of one frame). Along arcs (`spherical`)
    each leg takes as long as its chord. Raises ValueError without codes or frames.
    """
    if len(codes) == 0 or frames < 1:
        raise ValueError("a path needs at least one code and one frame")
    stacked = np.stack([np.asarray(code, dtype=np.float32) for code in codes])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(stacked, axis=0), axis=1))])
    if along[-1] == 0:
        return np.repeat(stacked[:1], frames, axis=0)
    step = slerp if spherical else lerp
    result = np.empty((frames, stacked.shape[1]), dtype=np.float32)
    for frame, distance in enumerate(np.linspace(0, along[-1], frames)):
        leg = min(int(np.searchsorted(along, distance, side="right")) - 1, len(codes) - 2)
        length = along[leg + 1] - along[leg]
        t = (distance - along[leg]) / length if length > 0 else 0.0
        result[frame] = step(stacked[leg], stacked[leg + 1], t)
    return result


def subdivided(codes: Sequence[Floats], pieces: int, *, spherical: bool = False) -> tuple[Floats, NDArray[np.float64]]:
    """The polyline of `path` in about `pieces` pieces [K, N_z], each of `codes` among them, and where they lie.

    The latter [K] rises from 0 to 1: frame i of n lies at i / (n - 1). Raises ValueError without codes.
    """
    if len(codes) == 0:
        raise ValueError("a path needs at least one code")
    stacked = np.stack([np.asarray(code, dtype=np.float32) for code in codes])
    lengths = np.linalg.norm(np.diff(stacked, axis=0), axis=1)
    whole = float(lengths.sum()) or 1.0
    step = slerp if spherical else lerp
    points, shares, done = [stacked[0]], [0.0], 0.0
    for start, end, length in zip(stacked, stacked[1:], (lengths / whole).tolist(), strict=False):
        parts = max(1, round(pieces * length))
        for part in range(1, parts + 1):
            points.append(step(start, end, part / parts) if part < parts else end)
            shares.append(done + length * part / parts)
        done += length
    return np.stack(points), np.array(shares)
