"""The flags of each command, as frozen dataclasses that tyro reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from core.errors import ConfigError, TrainingError
from core.model import ModelConfig
from core.training_config import TrainingConfig

Options = TypeVar("Options")
Files = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE|NAME ...")]


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """What every command takes."""

    device: str = "auto"
    """Where to compute: auto (a CUDA GPU if there is one), cpu, cuda, cuda:1, mps."""
    threads: int | None = None
    """CPU threads; as many as PyTorch chooses if not given (one a process under torchrun)."""
    json: bool = False
    """Print one JSON object a line, for programs."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads must be 1 or more, not {self.threads}.")


@dataclass(frozen=True, kw_only=True)
class TrainOptions(CommonOptions):
    """Train a sketch generator on files of drawings and lay out their map.

    The result is one checkpoint, for `sketch-explorer --checkpoint owl.pt`. Ctrl-C saves what there
    is; `--resume` goes on. Other commands: evaluate, data.
    """

    data: Files = ("owl",)
    """Files, folders or patterns of files of drawings, a category each; or names of Quick, Draw! categories, which
    are fetched once."""
    out: Path | None = None
    """The checkpoint to write; the first category's name with .pt if not given."""
    resume: bool = False
    """Go on with the training that OUT.resume holds; its settings stand where no flag says otherwise."""
    max_points: int = 200
    """N_max: longer drawings are left out. Losses depend on it."""
    layout: Literal["umap", "pca"] = "umap"
    """How the map is laid out: umap takes a minute or more, pca none."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.max_points <= 10_000:
            raise ConfigError(f"max_points must be from 1 to 10,000, not {self.max_points}.")

    @property
    def checkpoint(self) -> Path:
        """Where the checkpoint goes."""
        name = Path(self.data[0]).resolve().name.partition(".")[0]  # of a folder, a file, or a pattern of them
        return self.out or Path(re.sub(r"[*?\[\]]+", "", name) or "sketches").with_suffix(".pt")


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(CommonOptions):
    """Losses of a checkpoint on drawings, run for all N_max steps as published figures are."""

    checkpoint: tyro.conf.Positional[Path]
    """The .pt file."""
    data: Files
    """Files of drawings, a category each, or names of Quick, Draw! categories."""
    split: Literal["train", "valid", "test"] = "test"
    """Which part of the files."""


def parse(
    kind: type[Options], arguments: Sequence[str], command: str | None = None, default: Options | None = None
) -> Options:
    """`kind` from command-line arguments; ends the program for --help and for nonsense.

    Raises ConfigError for values out of range.
    """
    return tyro.cli(
        kind,
        prog="python -m trainer" + (f" {command}" if command else ""),
        args=list(arguments),
        default=default,
        config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff, tyro.conf.DisallowNone),
    )


def parse_resumed(arguments: Sequence[str], snapshot: dict[str, Any]) -> TrainOptions:
    """The flags of a training that goes on from `snapshot`, whose own settings are the defaults.

    Raises TrainingError if `snapshot` is not of a training, ConfigError for a change that cannot be.
    """
    try:
        training = TrainingConfig.from_dict(snapshot["training_config"])
        model = ModelConfig.from_dict(snapshot["model_config"])
        max_points = int(snapshot["max_points"])
    except (KeyError, TypeError, ValueError) as error:
        raise TrainingError("The resume file is damaged; train without --resume to start anew.") from error
    budget = training
    if "--epochs" in {argument.partition("=")[0] for argument in arguments}:
        budget = replace(training, minutes=None)  # asked for in place of the minutes of before
    defaults = TrainOptions(training=budget, model=model, max_points=max_points)
    options = parse(TrainOptions, arguments, default=defaults)
    for name in ("batch_size", "seed"):
        before, now = getattr(training, name), getattr(options.training, name)
        if before != now:
            raise ConfigError(f"A training that goes on keeps its {name} of {before}; leave the flag out.")
    return options
