"""How to train: the settings that a checkpoint remembers."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from core.errors import ConfigError

Schedule = Literal["cosine", "constant"]
ClipBy = Literal["norm", "value"]


@dataclass(frozen=True)
class TrainingConfig:
    """How to train; the defaults are what measured best on a CPU."""

    epochs: int = 100
    """Passes through the training drawings (ignored with --minutes)."""
    minutes: float | None = None
    """Train for this long instead; the learning rate follows the clock."""
    batch_size: int = 32
    """Drawings a step; on a CPU small batches cost nothing and take more steps."""
    learning_rate: float = 2e-3
    """Adam's peak rate."""
    schedule: Schedule = "cosine"
    """From the peak by a cosine to a hundredth of it, or constant."""
    warmup_steps: int = 200
    """Steps of linear warm-up, or a twentieth of the training if that is sooner."""
    gradient_clip: float = 1.0
    """Largest gradient."""
    clip_by: ClipBy = "norm"
    """What that limits: the norm of the whole gradient, or each value in it."""
    kl_weight: float = 0.5
    """w_KL."""
    kl_floor: float = 0.2
    """L_KL below this costs nothing more."""
    kl_eta_min: float = 0.01
    """Annealing starts here …"""
    kl_anneal_sketches: float = 300_000
    """… and approaches 1 over this many drawings."""
    category_weight: float = 0.0
    """w_C: what telling a drawing's category from z counts beside drawing it; 0 trains without the names."""
    prior_weight: float = 0.0
    """w_0: what drawing from codes of the prior counts, each matched with a drawing near it (minibatch optimal
    transport)."""
    least_clarity: float = 0.0
    """Drawings of people whose picture shows their category with a lower probability than this are not trained on …"""
    prior_clarity: float = 0.0
    """… and those with a lower one than this are not matched with codes of the prior."""
    practice_weight: float = 0.0
    """w_P: what showing their category counts in drawings that the decoder makes alone."""
    practice_from: float = 0.5
    """That begins at this fraction of the training: earlier the decoder draws nothing that could show it."""
    decoder_only: bool = False
    """The encoder stays as it is, and so do the codes of drawings: for a start from weights that encode well."""
    augment: float = 0.1
    """Drawings are stretched in x and y by up to this fraction."""
    mirror: bool = False
    """Every other drawing, by chance, is mirrored left to right."""
    drop_points: float = 0.0
    """Chance of each point within a stroke to be left out."""
    seed: int = 0
    """Of initial weights, order, augmentation and noise."""
    precision: str = "auto"
    """auto, float32 or bfloat16 (auto: bfloat16 where the hardware multiplies it)."""

    def __post_init__(self) -> None:
        positive = ("epochs", "batch_size", "learning_rate", "gradient_clip", "kl_anneal_sketches")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} must be more than 0, not {getattr(self, name)}.")
        for name in (
            "warmup_steps",
            "kl_weight",
            "kl_floor",
            "category_weight",
            "prior_weight",
            "practice_weight",
            "seed",
        ):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must be 0 or more, not {getattr(self, name)}.")
        if self.decoder_only and self.category_weight > 0:
            raise ConfigError("category_weight must be 0 where the decoder only is trained: it is about the encoder.")
        if self.seed >= 1 << 63:
            raise ConfigError(f"seed must be below 2^63, not {self.seed}.")
        if self.minutes is not None and not 0 < self.minutes < math.inf:
            raise ConfigError(f"minutes must be more than 0, not {self.minutes}.")
        for name in ("kl_eta_min", "least_clarity", "prior_clarity", "practice_from", "augment", "drop_points"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 0 and below 1, not {getattr(self, name)}.")
        for name, choices in (("schedule", get_args(Schedule)), ("clip_by", get_args(ClipBy))):
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} must be {' or '.join(choices)}, not {getattr(self, name)!r}.")
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ConfigError(f"precision must be auto, float32 or bfloat16, not {self.precision!r}.")

    @property
    def looks_for_clear(self) -> bool:
        """Whether some drawings are left out somewhere for what their pictures show."""
        return self.least_clarity > 0 or self.prior_clarity > 0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainingConfig":
        """Raises ConfigError if a name is unknown or a value out of range."""
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise ConfigError(f"Unknown training settings: {', '.join(sorted(map(str, unknown)))}.")
        try:
            return cls(**values)
        except TypeError as error:
            raise ConfigError("A training setting is not of its kind.") from error


PRESETS = {
    "default": TrainingConfig(),
    # SketchRNN-Pytorch-Attention's run_experiment.py: R 0.9999 a step of 100 drawings, each value clipped.
    "seed": TrainingConfig(
        batch_size=100,
        learning_rate=1e-4,
        schedule="constant",
        warmup_steps=0,
        clip_by="value",
        kl_eta_min=0.0,
        kl_anneal_sketches=-100 / math.log(0.9999),
    ),
}
"""Settings by the name that `--preset` takes."""
