"""The bytes of a file of text or plain records, gzip undone, a piece at a time and within bounds."""

from __future__ import annotations  # BufferedReader takes a type only for type checkers

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
MAX_RATIO = 100
"""Compression above this is no drawing: real files reach about 6."""


class BoundedStream(io.RawIOBase):
    """A gzip file that refuses to unpack to an unreasonable size."""

    def __init__(self, path: Path) -> None:
        self._file = gzip.open(path)  # noqa: SIM115 closed by close
        self._left = MAX_RATIO * path.stat().st_size + (1 << 20)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # pyright: ignore[reportIncompatibleMethodOverride, reportMissingParameterType]
        data = self._file.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise DataError("it unpacks to an unreasonable size")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def opened(path: Path) -> Iterator[io.BufferedReader[Any]]:
    """The bytes of `path`, unpacked if it is a gzip file.

    Whatever goes wrong inside becomes a DataError with one sentence that names the file: a DataError
    raised inside is a clause that completes "FILE cannot be read: …".
    """
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == GZIP_MAGIC
        with io.BufferedReader(BoundedStream(path)) if packed else path.open("rb") as stream:
            yield stream
    except DataError as error:
        raise DataError(f"{path} cannot be read: {error}.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} cannot be read: the compressed file is damaged or cut short.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
