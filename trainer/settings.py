"""The flags of each command, as frozen dataclasses that tyro reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro

from core.checkpoint import Checkpoint
from core.errors import ConfigError, TrainingError
from core.model import ModelConfig
from core.training_config import PRESETS, TrainingConfig
from trainer.config_file import read_config, write_config
from trainer.processes import is_first_process

Options = TypeVar("Options")
Configured = TypeVar("Configured", bound="ConfiguredOptions")
FINE_TUNING_RATE = 5e-4
"""Peak of the learning rate with --start-from: at 2e-3, a minute's worth of owls left `animals` worse at owls."""
Files = Annotated[tuple[str, ...], tyro.conf.arg(metavar="FILE|NAME ...")]
Layout = Literal["umap", "pca"]
Switch = tyro.conf.FlagCreatePairsOff[bool]
"""A flag that is given or not; other booleans, which a file may set, have a --no- flag too."""


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """What every command takes."""

    device: str = "auto"
    """Where to compute: auto (a CUDA GPU if there is one), cpu, cuda, cuda:1, mps."""
    threads: int | None = None
    """CPU threads; as many as PyTorch chooses if not given (one a process under torchrun)."""
    json: Switch = False
    """Print one JSON object a line, for programs."""

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise ConfigError(f"threads must be 1 or more, not {self.threads}.")


@dataclass(frozen=True, kw_only=True)
class ConfiguredOptions(CommonOptions):
    """What the commands that train take; it can be kept in a file."""

    data: Files = ("owl",)
    """Files, folders or patterns of files of drawings, a category each; or names of Quick, Draw! categories, which
    are fetched once."""
    max_points: int = 200
    """N_max: longer drawings are left out. Losses depend on it."""
    preset: Literal["default", "seed"] = "default"
    """Training settings that hold where neither a file nor a flag says otherwise: ours, or those of
    SketchRNN-Pytorch-Attention."""
    config: Path | None = None
    """Read settings from this TOML file; flags that are given win over it."""
    save_config: Path | None = None
    """Write the settings to this TOML file, for --config."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    model: ModelConfig = field(default_factory=ModelConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.max_points <= 10_000:
            raise ConfigError(f"max_points must be from 1 to 10,000, not {self.max_points}.")


@dataclass(frozen=True, kw_only=True)
class TrainOptions(ConfiguredOptions):
    """Train a sketch generator on files of drawings and lay out their map.

    The result is one checkpoint, for `sketch-explorer --checkpoint owl.pt`. Ctrl-C saves what there
    is; `--resume` goes on.
    """

    out: Path | None = None
    """The checkpoint to write; the first category's name with .pt if not given."""
    resume: Switch = False
    """Go on with the training that OUT.resume holds; its settings stand where no flag says otherwise."""
    start_from: Path | None = None
    """Fine-tune this checkpoint: begin with its weights, model size, N_max and scale factor, and a learning rate
    of 5e-4 unless that is given."""
    stop_on_eof: Switch = False
    """Save and end, as at Ctrl-C, when standard input ends: for programs, whose end is then this one's too."""
    training_drawings: int | None = None
    """Train on so many of the training drawings, the same random ones each time; on all if not given."""
    layout: Layout = "umap"
    """How the map is laid out: umap takes a minute or more, pca none."""
    map_drawings: int | None = None
    """Put so many of the drawings on the map, evenly from all categories; all if not given."""
    tensorboard: Path | None = None
    """Write event files for TensorBoard into this folder."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "training_drawings", "map_drawings")

    @property
    def checkpoint(self) -> Path:
        """Where the checkpoint goes."""
        return self.out or Path(f"{_named_after(self.data)}.pt")


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(CommonOptions):
    """Losses of a checkpoint on drawings, run for all N_max steps as published figures are."""

    checkpoint: tyro.conf.Positional[Path]
    """The .pt file."""
    data: Files
    """Files of drawings, a category each, or names of Quick, Draw! categories."""
    split: Literal["train", "valid", "test"] = "test"
    """Which part of the files."""


@dataclass(frozen=True, kw_only=True)
class AtlasOptions(CommonOptions):
    """Map other drawings with a checkpoint's model: a checkpoint of the same weights with their codes.

    Under torchrun the processes share the encoding.
    """

    checkpoint: tyro.conf.Positional[Path]
    """The .pt file."""
    data: Files
    """Files of drawings, a category each, or names of Quick, Draw! categories."""
    out: Path | None = None
    """The checkpoint to write; CHECKPOINT's name with the first category's if not given."""
    layout: Layout = "umap"
    """How the map is laid out: umap takes a minute or more, pca none."""
    map_drawings: int | None = None
    """Put so many of the drawings on the map, evenly from all categories; all if not given."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_counts(self, "map_drawings")

    @property
    def result(self) -> Path:
        """Where the new checkpoint goes."""
        return self.out or self.checkpoint.with_name(f"{self.checkpoint.stem}-{_named_after(self.data)}.pt")


def parse(
    kind: type[Options],
    arguments: Sequence[str],
    command: str | None = None,
    default: Options | None = None,
    description: str | None = None,
) -> Options:
    """`kind` from command-line arguments; ends the program for --help and for nonsense.

    Raises ConfigError, naming the flag, for values out of range.
    """
    try:
        return tyro.cli(
            kind,
            prog="python -m trainer" + (f" {command}" if command else ""),
            description=description,
            args=list(arguments),
            default=default,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.DisallowNone),
        )
    except ConfigError as error:
        raise ConfigError(_with_flags(str(error), kind)) from error


def parse_configured(
    kind: type[Configured],
    arguments: Sequence[str],
    command: str | None = None,
    default: Configured | None = None,
    description: str | None = None,
) -> Configured:
    """As `parse`, over the settings of --preset and those of --config; --save-config is obeyed.

    Raises ConfigError for a file that cannot be used, CheckpointError for one that cannot be written.
    """
    preset = _value_of("--preset", arguments)
    if preset in PRESETS:
        default = replace(default or kind(), training=PRESETS[preset])
    file = _value_of("--config", arguments)
    if file is not None:
        default = read_config(Path(file), default or kind())
    if default is not None and _value_of("--epochs", arguments) is not None:
        # Asked for in place of the minutes that the file or the earlier training had.
        default = replace(default, training=replace(default.training, minutes=None))
    options = parse(kind, arguments, command, default, description)
    if options.save_config is not None and is_first_process():
        write_config(options.save_config, options)
    return options


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
    defaults = TrainOptions(training=training, model=model, max_points=max_points)
    options = parse_configured(TrainOptions, arguments, default=defaults)
    if options.preset != "default":
        raise ConfigError("A training that goes on keeps its settings; leave --preset out.")
    for name in ("batch_size", "seed"):
        before, now = getattr(training, name), getattr(options.training, name)
        if before != now:
            raise ConfigError(f"A training that goes on keeps its {_flag(name)} of {before}; leave the flag out.")
    return options


def parse_fine_tuned(arguments: Sequence[str], start: Checkpoint, description: str | None = None) -> TrainOptions:
    """The flags of a training that begins with the weights of `start`, whose model size and N_max are the defaults.

    So is a lower learning rate, at which weights that are good already lose nothing at first.
    """
    training = TrainingConfig(learning_rate=FINE_TUNING_RATE)
    defaults = TrainOptions(model=start.model_config, max_points=start.max_points, training=training)
    return parse_configured(TrainOptions, arguments, default=defaults, description=description)


def _named_after(data: Sequence[str]) -> str:
    """The stem of a file name for what comes of `data`: a folder, a file, or a pattern of them."""
    name = Path(data[0]).resolve().name.partition(".")[0]
    return re.sub(r"[*?\[\]]+", "", name) or "sketches"


def _check_counts(options: CommonOptions, *names: str) -> None:
    for name in names:
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ConfigError(f"{name} must be 1 or more, not {value}.")


def _value_of(flag: str, arguments: Sequence[str]) -> str | None:
    """What the last `flag VALUE` or `flag=VALUE` among the arguments gives, before they are parsed."""
    value = None
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, equals, rest = argument.partition("=")
        if name == flag:
            value = rest if equals else following
    return value or None


def _with_flags(message: str, kind: type) -> str:
    """`message` with flags, as they are typed, in place of the names of fields."""
    return re.sub(rf"\b({'|'.join(_names(kind))})(?= must be)", lambda match: _flag(match[1]), message)


def _names(kind: type) -> list[str]:
    names = []
    for each in fields(kind):
        names.append(each.name)
        if isinstance(each.type, type) and is_dataclass(each.type):
            names += _names(each.type)
    return names


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
