"""Files for other programs: their ending names the format, and they are written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from core.checkpoint import write_atomically
from core.errors import CheckpointError, DataError

T = TypeVar("T")


def by_ending(path: Path, formats: Mapping[str, T]) -> T:
    """What belongs to the ending of `path` among `formats` (".svg", …). Raises DataError if nothing does."""
    found = formats.get(path.suffix.lower())
    if found is None:
        raise DataError(f"{path.name} names no format: end it with {', '.join(formats)}.")
    return found


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all. Raises DataError."""
    try:
        write_atomically(path, lambda temporary: temporary.write_bytes(content))
    except CheckpointError as error:
        raise DataError(str(error)) from error
