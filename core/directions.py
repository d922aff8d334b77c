"""Directions of latent space: the principal ones of the data, and the one that tells two groups apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import SelectionError

Floats = NDArray[np.float32]
_BLOCK = 10_000
"""Rows converted to float64 at a time."""


@dataclass(frozen=True, eq=False)
class PrincipalDirections:
    """The axes along which codes vary most, the first most of all (principal component analysis)."""

    mean: Floats
    """[N_z]"""
    axes: Floats
    """[K, N_z]: unit vectors at right angles; of each, the largest component is positive."""
    deviations: Floats
    """[K]: standard deviation of the codes along each axis."""
    shares: Floats
    """[K]: of the whole variance; they fall, and of all N_z axes they add up to 1 (0 where nothing varies)."""

    def coordinates(self, code: Floats) -> Floats:
        """[..., K]: where codes [..., N_z] lie, in standard deviations from the mean (0 along axes without any)."""
        along = (code - self.mean) @ self.axes.T
        return np.divide(along, self.deviations, out=np.zeros_like(along), where=self.deviations > 0)

    def moved(self, code: Floats, axis: int, amount: float) -> Floats:
        """`code` [N_z], `amount` standard deviations farther along an axis."""
        return (code + np.float32(amount) * self.deviations[axis] * self.axes[axis]).astype(np.float32)


def principal_directions(latents: Floats, count: int | None = None) -> PrincipalDirections:
    """The first `count` (all N_z if not given) principal directions of codes [N, N_z]."""
    mean = latents.mean(axis=0, dtype=np.float64)
    covariance = np.zeros((latents.shape[1], latents.shape[1]))
    for start in range(0, len(latents), _BLOCK):
        centred = latents[start : start + _BLOCK] - mean
        covariance += centred.T @ centred
    variances, vectors = np.linalg.eigh(covariance / len(latents))
    variances, axes = np.maximum(variances[::-1], 0), vectors.T[::-1]
    axes = axes * np.sign(axes[range(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
    kept = slice(0, count)
    shares = variances / (variances.sum() or 1)
    return PrincipalDirections(
        mean.astype(np.float32),
        axes[kept].astype(np.float32),
        np.sqrt(variances[kept]).astype(np.float32),
        shares[kept].astype(np.float32),
    )


@dataclass(frozen=True, eq=False)
class AttributeDirection:
    """From a group of codes without an attribute to a group with it, by the difference of their means.

    Amounts are in units of that difference: 0 where the first group is on average, 1 where the second
    is. The linear discriminant parts the groups better but is no way to go: it leans on dimensions
    along which the data hardly varies (docs/navigation.md has both, measured).
    """

    low: Floats
    """[N_z]: mean of the codes without the attribute."""
    step: Floats
    """[N_z]: from there to the mean of those with it."""
    spread: float
    """Standard deviation of the amounts within the groups: a slider from -2 spread to 1 + 2 spread covers both."""

    def amount(self, code: Floats) -> Floats:
        """[...]: how much of the attribute codes [..., N_z] have."""
        return np.asarray((code - self.low) @ self.step / (self.step @ self.step), dtype=np.float32)

    def moved(self, code: Floats, amount: float) -> Floats:
        """`code` [N_z], changed along the direction alone so that it has that amount of the attribute."""
        return (code + (np.float32(amount) - self.amount(code)) * self.step).astype(np.float32)


def attribute_direction(without: Floats, having: Floats) -> AttributeDirection:
    """The direction from codes [N, N_z] without an attribute to codes [M, N_z] that have it.

    Raises SelectionError if a group is empty or their means are the same.
    """
    if len(without) == 0 or len(having) == 0:
        raise SelectionError("A direction needs two groups of drawings, with at least one drawing each.")
    low = without.mean(axis=0, dtype=np.float64)
    step = having.mean(axis=0, dtype=np.float64) - low
    square = float(step @ step)
    if not square > 0:
        raise SelectionError("The two groups have the same mean, so no direction leads from one to the other.")
    amounts = [(group - low) @ step / square for group in (without, having)]
    within = np.concatenate([amount - amount.mean() for amount in amounts])
    return AttributeDirection(low.astype(np.float32), step.astype(np.float32), float(within.std()))
