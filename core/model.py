"""The Sketch-RNN variational autoencoder, with optional attention in the decoder.

Ha & Eck 2017, "A Neural Representation of Sketch Drawings": a bidirectional LSTM encoder, a latent
code z, and an autoregressive LSTM decoder whose outputs parametrise a bivariate Gaussian mixture
for the next offset and a categorical distribution for the pen.
"""

import reprlib
from dataclasses import asdict, dataclass, fields
from typing import Any

import torch
from torch import Tensor, nn

from core.attention import CausalAttention
from core.errors import ConfigError
from core.lstm import is_faster, lstm_states

POINT = 5
"""Width of a stroke-5 row."""
_LIMITS = {
    "latent": (1, 1024),
    "encoder_hidden": (1, 4096),
    "decoder_hidden": (1, 4096),
    "mixtures": (1, 100),
    "attention_dim": (1, 1024),
}


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the model; a checkpoint stores them and rebuilds its model from them."""

    latent: int = 128
    """Dimensions of z."""
    encoder_hidden: int = 256
    """Hidden size of the encoder LSTM, each way."""
    decoder_hidden: int = 512
    """Hidden size of the decoder LSTM."""
    mixtures: int = 20
    """Gaussian components a step."""
    attention: bool = True
    """Attend to the points already drawn; without it, the published baseline."""
    attention_dim: int = 64
    """Size of queries, keys and values."""
    positional_encoding: bool = False
    """Add sinusoidal positions to queries and keys."""

    def __post_init__(self) -> None:
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                given = reprlib.repr(value)  # a file's own may be of any length
                raise ConfigError(f"The model's {name} must be a whole number from {low} to {high}, not {given}.")
        for name in ("attention", "positional_encoding"):
            if type(getattr(self, name)) is not bool:
                given = reprlib.repr(getattr(self, name))
                raise ConfigError(f"The model's {name} must be true or false, not {given}.")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """Raises ConfigError if a name is unknown or a value out of range."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ConfigError(f"Unknown model settings: {reprlib.repr(sorted(map(str, unknown)))}.")
        return cls(**values)


class Encoder(nn.Module):
    """Drawings -> mean and log variance of z."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.forward_lstm = nn.LSTM(POINT, config.encoder_hidden, batch_first=True)
        self.backward_lstm = nn.LSTM(POINT, config.encoder_hidden, batch_first=True)
        self.mean = nn.Linear(2 * config.encoder_hidden, config.latent)
        self.log_variance = nn.Linear(2 * config.encoder_hidden, config.latent)

    def forward(self, points: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """mu and sigma-hat, each [B, N_z], of stroke-5 points [B, T, 5], reading `lengths` [B] of them.

        The padding is never read: each direction's state is taken at the drawing's own last step.
        (PackedSequence says the same but is many times slower on some CPU builds.)
        """
        position = torch.arange(points.shape[1], device=points.device)
        last = lengths[:, None] - 1
        reverse = (last - position).clamp(min=0)
        reversed_points = points.gather(1, reverse[..., None].expand_as(points))
        states = []
        for layer, sequence in ((self.forward_lstm, points), (self.backward_lstm, reversed_points)):
            outputs = lstm_states(layer, sequence).permute(2, 1, 0) if is_faster(points.device) else layer(sequence)[0]
            states.append(outputs.gather(1, last[..., None].expand(-1, -1, outputs.shape[-1])).squeeze(1))
        hidden = torch.cat(states, dim=-1)
        return self.mean(hidden), self.log_variance(hidden)


class Decoder(nn.Module):
    """z and the points so far -> parameters of the next point's distribution."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.initial_state = nn.Linear(config.latent, 2 * config.decoder_hidden)
        self.attention = CausalAttention(config.attention_dim, config.positional_encoding) if config.attention else None
        context = config.attention_dim if config.attention else 0
        self.lstm = nn.LSTM(POINT + config.latent + context, config.decoder_hidden, batch_first=True)
        self.output = nn.Linear(config.decoder_hidden, 6 * config.mixtures + 3)

    def forward(self, z: Tensor, inputs: Tensor) -> Tensor:
        """Raw outputs [B, T, 6M + 3] for codes z [B, N_z] and inputs [B, T, 5], start token first.

        The last axis is three pen logits, then M each of: mixture logits, mu_x, mu_y,
        log sigma_x, log sigma_y, atanh rho; `core.loss.MixtureParameters` names them.
        """
        hidden, cell = torch.tanh(self.initial_state(z)).chunk(2, dim=-1)
        context = [] if self.attention is None else [self.attention(inputs)]
        if is_faster(z.device):
            parts = [inputs, *context]
            states = lstm_states(self.lstm, torch.cat(parts, dim=-1), z, POINT, (hidden, cell))
            raw = self.output.weight @ states.flatten(1) + self.output.bias[:, None]
            return raw.unflatten(1, states.shape[1:]).permute(2, 1, 0)
        parts = [inputs, z[:, None].expand(-1, inputs.shape[1], -1), *context]
        states, _ = self.lstm(torch.cat(parts, dim=-1), (hidden[None].contiguous(), cell[None].contiguous()))
        return self.output(states)


class SketchVAE(nn.Module):
    """Encoder and decoder; call it with a batch to get what the loss needs."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.apply(_initialise)

    def forward(
        self, points: Tensor, lengths: Tensor, inputs: Tensor, noise: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(raw outputs, mu, sigma-hat); z = mu + exp(sigma-hat / 2) * noise, or mu without noise."""
        mean, log_variance = self.encoder(points, lengths)
        z = mean if noise is None else mean + torch.exp(log_variance / 2) * noise
        return self.decoder(z, inputs), mean, log_variance

    @property
    def device(self) -> torch.device:
        return self.decoder.output.weight.device


def _initialise(module: nn.Module) -> None:
    """Orthogonal recurrent weights and forget gates that start open: measured to train faster."""
    if not isinstance(module, nn.LSTM):
        return
    hidden = module.hidden_size
    weights = dict(module.named_parameters())
    for gate in weights["weight_hh_l0"].detach().split(hidden):
        nn.init.orthogonal_(gate)
    nn.init.xavier_uniform_(weights["weight_ih_l0"])
    nn.init.zeros_(weights["bias_ih_l0"])
    nn.init.zeros_(weights["bias_hh_l0"])
    with torch.no_grad():
        weights["bias_ih_l0"][hidden : 2 * hidden] = 1  # torch's gate order is input, forget, cell, output
