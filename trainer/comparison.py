"""What `compare` compares: variants of the model and the data, each trained from several seeds."""

import itertools
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from core.errors import ConfigError
from core.model import ModelConfig
from trainer.runs import Run
from trainer.settings import ConfiguredOptions, TrainOptions

ModelName = Literal["baseline", "attention", "positions"]
_MODELS: dict[ModelName, dict[str, bool]] = {
    "baseline": {"attention": False, "positional_encoding": False},
    "attention": {"attention": True, "positional_encoding": False},
    "positions": {"attention": True, "positional_encoding": True},
}
MARK = "compare.toml"
"""The settings of a comparison, in its folder."""


@dataclass(frozen=True, kw_only=True)
class CompareOptions(ConfiguredOptions):
    """Train the baseline and the model with attention alike, from several seeds, and write a report.

    Each training is a run of its own in OUT/runs; the same command goes on where it was stopped, and
    carries out only what is missing. --epochs or --minutes is the budget of each run.
    """

    out: Path = Path("report")
    """The folder for the report."""
    models: tuple[ModelName, ...] = ("baseline", "attention")
    """Which models: baseline, attention, positions (attention with positional encoding)."""
    seeds: int = 3
    """Runs of each model, from --seed on."""
    sizes: tuple[str, ...] = ()
    """Sizes of the LSTMs, encoder/decoder, such as 256/512 512/1024; the model's own if not given."""
    subsets: tuple[int, ...] = ()
    """Train on so many of the training drawings, such as 500 1000; on all if not given."""
    jobs: int = 1
    """Runs at once; each gets its share of the CPU cores. On few cores as many as cores are fastest."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("seeds", "jobs"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be 1 or more, not {getattr(self, name)}.")
        if not self.models:
            raise ConfigError("There is no model to compare; give --models baseline attention.")
        if not self.model.attention or self.model.positional_encoding:
            raise ConfigError(
                "--models says which models are compared; leave --no-attention and --positional-encoding out."
            )
        for name in ("models", "sizes", "subsets"):
            values = getattr(self, name)
            if len(set(values)) < len(values):
                raise ConfigError(f"{name} must be different from one another.")
        for size in self.sizes:
            _hidden_sizes(size)
        for count in self.subsets:
            if count < 1:
                raise ConfigError(f"subsets must be 1 or more, not {count}.")


@dataclass(frozen=True)
class Variant:
    """One line of the table: runs that differ in their seed alone."""

    name: str
    """For files, such as attention-512-1024-n500."""
    label: str
    """For people, such as attention 512/1024, 500 drawings."""
    model: ModelConfig
    training_drawings: int | None
    runs: tuple[Run, ...] = field(default=())


def variants(options: CompareOptions, splits: tuple[str, ...], digest: str) -> list[Variant]:
    """All combinations of models, sizes and subsets, with their runs. Raises ConfigError."""
    sizes = options.sizes or (f"{options.model.encoder_hidden}/{options.model.decoder_hidden}",)
    made = []
    for model, size, count in itertools.product(options.models, sizes, options.subsets or (None,)):
        parts = [model, *([size] if len(sizes) > 1 else []), *([f"n{count}"] if count else [])]
        label = " ".join(parts[: 2 if len(sizes) > 1 else 1]) + (f", {count:,} drawings" if count else "")
        encoder, decoder = _hidden_sizes(size)
        config = replace(options.model, encoder_hidden=encoder, decoder_hidden=decoder, **_MODELS[model])
        variant = Variant("-".join(parts).replace("/", "-"), label, config, count)
        runs = tuple(_run(options, variant, seed, splits, digest) for seed in range(options.seeds))
        made.append(replace(variant, runs=runs))
    return made


def _run(options: CompareOptions, variant: Variant, number: int, splits: tuple[str, ...], digest: str) -> Run:
    seed = options.training.seed + number
    name = f"{variant.name}-seed{seed}"
    return Run(
        name=name,
        folder=options.out / "runs" / name,
        options=TrainOptions(
            data=options.data,
            max_points=options.max_points,
            training_drawings=variant.training_drawings,
            layout="pca",
            device=options.device,
            threads=options.threads,
            training=replace(options.training, seed=seed),
            model=variant.model,
        ),
        splits=splits,
        data_digest=digest,
    )


def _hidden_sizes(size: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,5}/\d{1,5}", size):
        raise ConfigError(f"A size is written encoder/decoder, such as 512/1024, not {size!r}.")
    encoder, decoder = map(int, size.split("/"))
    ModelConfig(encoder_hidden=encoder, decoder_hidden=decoder)  # which knows the limits
    return encoder, decoder
