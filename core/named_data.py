"""Quick, Draw!'s published sketch-rnn files by category name: fetched once, kept in the user's cache.

The download itself (a temporary file beside the final one, its checksum, the rename) is pooch's. The
checksum of a file is recorded when it is first fetched and checked whenever it is used again.
"""

import json
import logging
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import platformdirs
import pooch
import requests

from core.checkpoint import write_atomically
from core.errors import DataError

PUBLISHED_URL = "https://storage.googleapis.com/quickdraw_dataset/sketchrnn/"
URL_VARIABLE = "SKETCH_EXPLORER_QUICKDRAW_URL"
"""Environment variable naming a mirror to fetch from instead."""
BROWSE_URL = "https://console.cloud.google.com/storage/browser/quickdraw_dataset/sketchrnn"
"""Where a person can look at the files and take one."""
CHECKSUMS = "checksums.json"
TIMEOUT_SECONDS = 30
"""Without an answer, or without a further byte, for this long the server counts as gone."""
CHUNK_BYTES = 1 << 16

_NAME = re.compile(r"[A-Za-z][A-Za-z' -]{0,40}")


def is_name(text: str) -> bool:
    """Whether `text` could be a category of Quick, Draw!: "owl", "hot air balloon", "t-shirt"."""
    return _NAME.fullmatch(text) is not None


def default_folder() -> Path:
    """Where fetched files are kept."""
    return platformdirs.user_cache_path("sketch-explorer", appauthor=False) / "quickdraw"


def fetch(
    name: str,
    folder: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    base_url: str | None = None,
) -> Path:
    """The sketch-rnn file of category `name`, from `folder` or, the first time, from the network.

    `on_progress(bytes so far, bytes in all)` is called while it comes in; the total is 0 if the
    server does not tell it. Raises DataError, saying what to do instead.
    """
    folder = folder or default_folder()
    file = f"{name}.npz"
    url = (base_url or os.environ.get(URL_VARIABLE) or PUBLISHED_URL).rstrip("/") + "/" + quote(file)
    known = _read_checksums(folder)
    path = _retrieve(url, folder / file, known.get(file), on_progress)
    if not zipfile.is_zipfile(path):
        path.unlink()
        raise DataError(f"What {url} sent is not a sketch-rnn file; {_instead(name)}")
    if file not in known:
        _write_checksums(folder, {**known, file: pooch.file_hash(str(path))})
    return path


def _retrieve(url: str, path: Path, checksum: str | None, on_progress: Callable[[int, int], None] | None) -> Path:
    pooch.get_logger().setLevel(logging.CRITICAL)  # it would print what is said here in exceptions
    name = path.stem
    progress: Any = _Progress(on_progress)  # pooch's annotations know no progress bar but its own
    downloader: Any = pooch.HTTPDownloader(progressbar=progress, chunk_size=CHUNK_BYTES, timeout=TIMEOUT_SECONDS)
    try:
        pooch.retrieve(url, checksum, fname=path.name, path=path.parent, downloader=downloader)
    except requests.HTTPError as error:
        status = 0 if error.response is None else error.response.status_code
        raise DataError(_refusal(name, url, status)) from error
    except requests.Timeout as error:
        raise DataError(f"{url} did not answer within {TIMEOUT_SECONDS} seconds; {_instead(name)}") from error
    except requests.RequestException as error:
        raise DataError(f"{url} could not be fetched (no connection, or it broke off); {_instead(name)}") from error
    except ValueError as error:
        raise DataError(
            f"What {url} sent is not the file that was fetched from there first; if it was published anew, "
            f"delete {path.parent / CHECKSUMS}, otherwise {_instead(name)}"
        ) from error
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}.") from error
    return path


def _refusal(name: str, url: str, status: int) -> str:
    if status in (403, 404):  # the published bucket answers 403 or 404 for what it does not hold
        return (
            f"There is no file {name!r}, and no category of Quick, Draw! by that name at {url} "
            f"(HTTP {status}); {_instead(name)}"
        )
    return f"{url} could not be fetched (HTTP {status}); {_instead(name)}"


def _instead(name: str) -> str:
    return f"give a file, such as --data path/to/{name}.npz (they are published at {BROWSE_URL})."


class _Progress:
    """What pooch takes for a progress bar, as calls of `on_progress(done, total)`."""

    def __init__(self, on_progress: Callable[[int, int], None] | None) -> None:
        self.total = 0
        self._done = 0
        self._on_progress = on_progress

    def update(self, count: int) -> None:
        # pooch counts whole chunks, the last one too, and at the end the total once more.
        self._done = min(self._done + count, self.total) if self.total else self._done + count
        if self._on_progress is not None:
            self._on_progress(self._done, self.total)

    def reset(self) -> None:
        self._done = 0

    def close(self) -> None:
        """Nothing to close; pooch calls it at the end."""


def _read_checksums(folder: Path) -> dict[str, str]:
    """File name -> SHA-256; empty if none was recorded, or the record is damaged."""
    try:
        values = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(file): str(checksum) for file, checksum in values.items()} if isinstance(values, dict) else {}


def _write_checksums(folder: Path, checksums: dict[str, str]) -> None:
    text = json.dumps(checksums, indent=1, sort_keys=True)
    write_atomically(folder / CHECKSUMS, lambda temporary: temporary.write_text(text, encoding="utf-8"))
