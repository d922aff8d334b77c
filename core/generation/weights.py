"""The decoder's weights, copied out of the model and laid out for decoding step by step.

Two identities save most of the work of a step:

* z is the same at every step: its share of the gates is computed once.
* Q, K and V are linear in the points (R^5 plus a bias), so q . k is a 6 x 6 bilinear form of two
  points, and the context's share of the gates is a 6-row matrix applied to an average of points.
  Keeping the points is keeping the keys and values.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from core.attention import CausalAttention, sinusoids
from core.generation.sampling import MAX_POINTS, Floats
from core.model import POINT, Decoder

CONTEXT = POINT + 1
"""Width of the attention's average: a point and a constant 1."""
_ALIGNED = 32
"""Rows of the step's matrix begin at multiples of this many numbers: 64 bytes in bfloat16, which BLAS reads faster."""


class StepWeights:
    """Matrices that multiply columns: [out, in] @ [in, B]; read only, so threads may share them."""

    def __init__(self, decoder: Decoder, *, bfloat16: bool = False) -> None:
        config = decoder.config
        self.hidden, self.latent, self.mixtures = config.decoder_hidden, config.latent, config.mixtures
        self.start = _affine(decoder.initial_state)
        """[2 H, N_z + 1]: the initial hidden state and cell before tanh, of (z, 1)."""
        self.output = _array(decoder.output.weight)
        """[6 M + 3, H]"""
        self.output_bias = _array(decoder.output.bias)
        self.attention = None if decoder.attention is None else AttentionWeights(decoder.attention)
        weights = _array(decoder.lstm.weight_ih_l0)
        bias = _array(decoder.lstm.bias_ih_l0) + _array(decoder.lstm.bias_hh_l0)
        columns = [weights[:, :POINT]]
        if decoder.attention is not None:
            columns.append(weights[:, POINT + self.latent :] @ _affine(decoder.attention.value))
        width = sum(part.shape[1] for part in columns) + self.hidden
        columns += [np.zeros((4 * self.hidden, -width % _ALIGNED)), _array(decoder.lstm.weight_hh_l0)]
        step = np.hstack(columns, dtype=np.float32)
        self.from_z = np.hstack([weights[:, POINT : POINT + self.latent], bias[:, None]])
        """[4 H, N_z + 1]: the gates' share of (z, 1)."""
        # sigmoid x = (1 + tanh x/2) / 2: with their rows halved, all four gates begin with one tanh. The
        # candidate goes from torch's third place to the last, so that the sigmoids are one block.
        halves = np.repeat([0.5, 0.5, 1, 0.5], self.hidden)[:, None].astype(np.float32)
        order = np.r_[0 : 2 * self.hidden, 3 * self.hidden : 4 * self.hidden, 2 * self.hidden : 3 * self.hidden]
        self.from_z = (self.from_z * halves)[order]
        self.step = (step * halves)[order]
        """[4 H, inputs]: the gates' share of (point[, context], padding, hidden state)."""
        self.rounded_step = torch.from_numpy(self.step).bfloat16() if bfloat16 else None
        """The same in bfloat16, for products of many columns, if that is asked for."""


class AttentionWeights:
    """Causal attention over rows x = (point, 1[, position])."""

    def __init__(self, attention: CausalAttention) -> None:
        query, key = _affine(attention.query).T, _affine(attention.key).T
        self.positions = np.zeros((MAX_POINTS, 0), dtype=np.float32)
        """[MAX_POINTS, d] if they are part of the rows, else of no width."""
        if attention.positional_encoding:
            identity = np.eye(attention.dim, dtype=np.float32)
            query, key = np.vstack([query, identity]), np.vstack([key, identity])
            self.positions = _array(sinusoids(MAX_POINTS, attention.dim))
        self.scores = np.ascontiguousarray(query @ key.T / np.float32(math.sqrt(attention.dim)))
        """S of q_t . k_j / sqrt(d) = x_t S x_j."""
        self.width = len(query)

    def weights(self, points: Floats) -> Floats:
        """Lower-triangular [n, n]: what step t pays to each of the points [n, 5] up to its own input."""
        ones = np.ones((len(points), 1), dtype=np.float32)
        rows = np.hstack([points, ones, self.positions[: len(points)]])
        scores = np.where(np.tri(len(rows), dtype=bool), rows @ self.scores @ rows.T, -np.inf)
        weights = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        return weights / weights.sum(axis=1, keepdims=True)


def _array(tensor: Tensor | nn.Module) -> Floats:  # parameters of an LSTM are typed as either
    assert isinstance(tensor, Tensor)
    return tensor.detach().float().cpu().numpy().copy()  # a copy: the model may be trained on


def _affine(linear: nn.Linear) -> Floats:
    """[out, in + 1]: the weights with the bias as a last column, for inputs that end with a 1."""
    return np.hstack([_array(linear.weight), _array(linear.bias)[:, None]])
