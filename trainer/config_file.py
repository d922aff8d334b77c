"""Settings as a TOML file: read over defaults, refused by file and key, written whole or not at all."""

import difflib
import re
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import tomli_w

from core.errors import ConfigError
from trainer.files import write_text

Options = TypeVar("Options")
UNSAVED = frozenset({"config", "save_config", "preset", "resume", "json", "stop_on_eof"})
"""Fields of options that say what to do this once, rather than how to train."""


def read_config(path: Path, default: Options) -> Options:
    """`default` with the values that the file gives. Raises ConfigError naming the file and the key."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not a TOML file: it is not UTF-8 text.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not a TOML file: {error}.") from error
    _check_names(path, values, default, "")
    merged = _merged(to_dict(default), values)
    try:
        return msgspec.convert(merged, type(default), dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {_in_words(str(error))}.") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def write_config(path: Path, options: object) -> None:
    """Write the settings of `options`, which `read_config` reads. Raises CheckpointError if it cannot."""
    write_text(path, tomli_w.dumps(to_dict(options)))


def to_dict(options: Any) -> dict[str, Any]:
    """The settings as TOML has them: plain values, tables last, nothing for None."""
    values = {}
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name not in UNSAVED and value is not None:
            values[field.name] = to_dict(value) if is_dataclass(value) else _encoded(value)
    return values


def _encoded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def _decoded(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise TypeError(f"Expected `str`, got `{type(value).__name__}`")


def _check_names(path: Path, values: dict[str, Any], options: Any, table: str) -> None:
    names = [field.name for field in fields(options) if field.name not in UNSAVED]
    for name, value in values.items():
        if name not in names:
            raise ConfigError(f"{path}: there is no setting {table}{name}{_hint(name, options, names)}")
        inner = getattr(options, name)
        if is_dataclass(inner) and isinstance(value, dict):
            _check_names(path, value, inner, f"{table}{name}.")


def _hint(name: str, options: Any, names: list[str]) -> str:
    """The setting that may have been meant, be it in a table of its own."""
    for table in names:
        inner = getattr(options, table)
        if is_dataclass(inner) and name in {field.name for field in fields(inner)}:
            return f"; it belongs under [{table}]."
    near = difflib.get_close_matches(name.replace("-", "_"), names, n=1)
    return f"; did you mean {near[0]}?" if near else "."


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for name, value in changes.items():
        both = isinstance(value, dict) and isinstance(base.get(name), dict)
        merged[name] = _merged(base[name], value) if both else value
    return merged


_PLAIN = {
    "object": "a table",
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}


def _in_words(message: str) -> str:
    """What msgspec says, "Expected `int`, got `str` - at `$.training.epochs`", with the key first."""
    problem, _, key = message.partition(" - at ")
    key = key.strip("`").removeprefix("$.")
    expected = re.match(r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`", problem)
    if expected is None:  # "Invalid enum value 'round'"
        return f"{key} cannot be {problem.removeprefix('Invalid enum value ')}"
    wanted, found = (_PLAIN.get(side.removesuffix(" | null"), side) for side in expected.groups())
    return f"{key} must be {wanted}, not {found}"
