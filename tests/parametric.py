"""Drawings with known factors: ellipses, faces and houses of a size, an aspect and a rotation.

For tests that need data of their own. Each is stroke-3, int16, as sketch files hold it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KINDS = ("ellipse", "face", "house")


@dataclass(frozen=True)
class Factors:
    """What makes one drawing of a kind differ from another."""

    size: float = 100.0
    """Half the height, in the data's units."""
    aspect: float = 1.0
    """Width to height."""
    rotation: float = 0.0
    """Radians."""


def ring(x: float, y: float, radius: float, points: int) -> NDArray[np.float64]:
    """A closed circle [points + 1, 2]."""
    angle = np.linspace(0, 2 * np.pi, points + 1)
    return np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])


def outline(kind: str) -> list[NDArray[np.float64]]:
    """The polylines of a kind in the unit square around the origin."""
    if kind == "ellipse":
        return [ring(0, 0, 1, 16)]
    if kind == "face":
        mouth = np.array([[-0.5, 0.4], [-0.2, 0.6], [0.2, 0.6], [0.5, 0.4]])
        return [ring(0, 0, 1, 16), ring(-0.4, -0.3, 0.15, 6), ring(0.4, -0.3, 0.15, 6), mouth]
    if kind == "house":
        walls = np.array([[-1, 0], [-1, 1], [1, 1], [1, 0], [-1, 0]], dtype=float)
        roof = np.array([[-1, 0], [0, -1], [1, 0]], dtype=float)
        door = np.array([[-0.2, 1], [-0.2, 0.4], [0.2, 0.4], [0.2, 1]])
        return [walls, roof, door]
    raise ValueError(f"{kind!r} is none of {KINDS}")


def draw(kind: str, factors: Factors) -> NDArray[np.int16]:
    """stroke-3 [n, 3] of one drawing."""
    cosine, sine = np.cos(factors.rotation), np.sin(factors.rotation)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    lines = [factors.size * (line * (factors.aspect, 1.0)) @ turn for line in outline(kind)]
    positions = np.rint(np.concatenate(lines))
    lifts = np.concatenate([np.arange(len(line)) == len(line) - 1 for line in lines])
    return np.column_stack([np.diff(positions, axis=0), lifts[1:]]).astype(np.int16)


def random_factors(rng: np.random.Generator) -> Factors:
    return Factors(rng.uniform(20, 120), rng.uniform(0.5, 2.0), rng.uniform(-0.5, 0.5))


def drawings(kind: str, count: int, seed: int = 0) -> list[NDArray[np.int16]]:
    """`count` drawings of a kind with random factors, the same for the same seed."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    return [draw(kind, random_factors(rng)) for _ in range(count)]


def object_array(items: Sequence[object]) -> NDArray[np.object_]:
    """[n] of objects, even where NumPy would make one array of them all."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array


def write_npz(path: Path, **splits: Sequence[object]) -> Path:
    """A sketch-rnn file with object arrays of the given drawings, by the names train, valid and test."""
    arrays = {name: object_array(items) for name, items in splits.items()}
    np.savez_compressed(path, **arrays)  # pyright: ignore[reportArgumentType]
    return path


def write_kind(path: Path, kind: str, counts: tuple[int, int, int] = (40, 8, 8), seed: int = 0) -> Path:
    """A sketch-rnn file of one kind, with so many drawings to train, validate and test."""
    items = drawings(kind, sum(counts), seed)
    train, valid = counts[0], counts[0] + counts[1]
    return write_npz(path, train=items[:train], valid=items[train:valid], test=items[valid:])
