"""Causal attention of the decoder over the points already drawn."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CausalAttention(nn.Module):
    """softmax(Q K^T / sqrt(d)) V over past points; step t never sees a point after t.

    Q, K and V are linear maps of the previous points (R^5 -> R^d), so the context depends on the
    points alone, not on the decoder's state: a whole sequence is attended to at once.
    """

    def __init__(self, dim: int, positional_encoding: bool = False) -> None:
        super().__init__()
        self.query = nn.Linear(5, dim)
        self.key = nn.Linear(5, dim)
        self.value = nn.Linear(5, dim)
        self.dim = dim
        self.positional_encoding = positional_encoding

    def forward(self, points: Tensor) -> Tensor:
        """Contexts [B, T, d] of the decoder's inputs [B, T, 5]."""
        query, key, value = self.query(points), self.key(points), self.value(points)
        if self.positional_encoding:
            position = sinusoids(points.shape[1], self.dim).to(query)
            query, key = query + position, key + position
        return F.scaled_dot_product_attention(query, key, value, is_causal=True)


def sinusoids(length: int, dim: int) -> Tensor:
    """Sinusoidal positions [length, dim] (Vaswani et al. 2017, section 3.5)."""
    frequency = torch.exp(-math.log(10_000) * torch.arange(0, dim, 2) / dim)
    angle = torch.arange(length)[:, None] * frequency
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)[:, :dim]
