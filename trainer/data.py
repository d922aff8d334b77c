"""`python -m trainer data`: published drawings by name, and files of drawings prepared as one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import tyro

from core import named_data
from core.errors import ConfigError
from core.store import save_dataset
from trainer.display import open_display
from trainer.drawings import find_files, read_drawings
from trainer.settings import Files, parse

Names = tyro.conf.Positional[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ListOptions:
    """List the categories of Quick, Draw!, each with its file if it was fetched."""


@dataclass(frozen=True, kw_only=True)
class FetchOptions:
    """Fetch the published sketch-rnn files of categories, or go on where that broke off."""

    names: Names
    """Names of categories, such as owl."""
    json: bool = False
    """Print one JSON object a line, for programs."""


@dataclass(frozen=True, kw_only=True)
class WhereOptions:
    """Say where fetched files are kept, or where those of some categories are or would be."""

    names: Names = ()
    """Names of categories."""


@dataclass(frozen=True, kw_only=True)
class PrepareOptions:
    """Read files of drawings once and write them as one file that opens at once, for --data."""

    data: Files
    """Files or folders of drawings, a category each, or names of Quick, Draw! categories."""
    out: Path
    """The .npz file to write."""
    max_points: int = 200
    """N_max: longer drawings are left out."""
    json: bool = False
    """Print one JSON object a line, for programs."""

    def __post_init__(self) -> None:
        if not 1 <= self.max_points <= 10_000:
            raise ConfigError(f"max_points must be from 1 to 10,000, not {self.max_points}.")


def data_command(arguments: Sequence[str]) -> int:
    """Run one of list, fetch, where and prepare; the exit status."""
    name, *rest = arguments or ["--help"]
    if name in ("-h", "--help"):
        print("python -m trainer data list|fetch|where|prepare; each has its own --help.")
        return 0
    if name not in _COMMANDS:
        raise ConfigError(f"There is no command data {name!r}; there are {', '.join(_COMMANDS)}.")
    _COMMANDS[name](rest)
    return 0


def _list(arguments: Sequence[str]) -> None:
    parse(ListOptions, arguments, "data list")
    for name in named_data.category_names():
        path = named_data.file_of(name)
        print(f"{name}\t{path}" if path.exists() else name)


def _fetch(arguments: Sequence[str]) -> None:
    options = parse(FetchOptions, arguments, "data fetch")
    if not options.names:
        raise ConfigError("Name the categories to fetch, such as: python -m trainer data fetch owl.")
    with open_display(options.json) as display:
        for name in options.names:
            path = named_data.fetch(
                name,
                on_progress=lambda done, total, name=name: display.stage(
                    f"fetching {name}.npz", done / total if total else 0.0
                ),
            )
            display.say(str(path))


def _where(arguments: Sequence[str]) -> None:
    options = parse(WhereOptions, arguments, "data where")
    for path in [named_data.file_of(name) for name in options.names] or [named_data.default_folder()]:
        print(path)


def _prepare(arguments: Sequence[str]) -> None:
    options = parse(PrepareOptions, arguments, "data prepare")
    with open_display(options.json) as display:
        dataset = read_drawings(find_files(options.data, display), options.max_points, display)
        save_dataset(dataset, options.out)
        display.say(f"Written: {options.out}. Use it with --data {options.out}.")


_COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "list": _list,
    "fetch": _fetch,
    "where": _where,
    "prepare": _prepare,
}
