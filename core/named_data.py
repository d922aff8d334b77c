"""Quick, Draw!'s published sketch-rnn files by category name: fetched once, kept in the user's cache.

A download that breaks off is kept beside the final file and goes on from there the next time, if the
file is still the same (RFC 9110, Range and If-Range). The checksum of a file is recorded when it is
first fetched and checked whenever it is used again. Programs that want the same file at once fetch it once:
the others wait for the one that began.
"""

import difflib
import hashlib
import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from urllib.parse import quote

import filelock
import platformdirs
import requests

from core.checkpoint import write_atomically
from core.errors import CheckpointError, DataError
from core.file_paths import exists

PUBLISHED_URL = "https://storage.googleapis.com/quickdraw_dataset/sketchrnn/"
URL_VARIABLE = "SKETCH_EXPLORER_QUICKDRAW_URL"
"""Environment variable naming a mirror to fetch from instead."""
BROWSE_URL = "https://console.cloud.google.com/storage/browser/quickdraw_dataset/sketchrnn"
"""Where a person can look at the files and take one."""
CHECKSUMS = "checksums.json"
TIMEOUT_SECONDS = 30
"""Without an answer, or without a further byte, for this long the server counts as gone."""
WAIT_SECONDS = 2 * TIMEOUT_SECONDS
"""Another program that fetches the same file counts as hung if that comes no further for this long."""
CHUNK_BYTES = 1 << 16
MAX_BYTES = 1 << 30

_NAME = re.compile(r"[A-Za-z][A-Za-z' -]{0,40}")


def is_name(text: str) -> bool:
    """Whether `text` could be a category of Quick, Draw!: "owl", "hot air balloon", "t-shirt"."""
    return _NAME.fullmatch(text) is not None


def means_name(word: str) -> bool:
    """Whether a word that stands for drawings means a category to fetch, and no file or folder that is there."""
    return not exists(word) and is_name(word)


def default_folder() -> Path:
    """Where fetched files are kept."""
    return platformdirs.user_cache_path("sketch-explorer", appauthor=False) / "quickdraw"


def category_names() -> list[str]:
    """The names of Quick, Draw!'s 345 categories."""
    return (resources.files("resources") / "quickdraw_categories.txt").read_text(encoding="utf-8").splitlines()


def file_of(name: str, folder: Path | None = None) -> Path:
    """Where the file of category `name` is, or will be, kept."""
    return (folder or default_folder()) / f"{name}.npz"


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
    path, on_progress = file_of(name, folder), on_progress or (lambda *_: None)
    url = (base_url or os.environ.get(URL_VARIABLE) or PUBLISHED_URL).rstrip("/") + "/" + quote(path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone_with(path, on_progress):
            known = _read_checksums(path.parent)
            if not path.exists() or (path.name in known and _checksum(path) != known[path.name]):
                _download(url, path, on_progress)
                _check(url, path, known.get(path.name))
            if path.name not in known:
                _record_checksum(path)
    except filelock.Timeout as error:
        raise DataError(
            f"Another program is fetching {path.name} and comes no further; end it, or {_instead(name)}"
        ) from error
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}.") from error
    except CheckpointError as error:
        raise DataError(str(error)) from error
    return path


@contextmanager
def _alone_with(path: Path, on_progress: Callable[[int, int], None]) -> Iterator[None]:
    """Hold the lock of `path`, once the program that fetches it now is done. Raises filelock.Timeout if it hangs."""
    lock, part = filelock.FileLock(_lock(path), timeout=1), _part(path)
    reached, since = 0, time.monotonic()
    while not lock.is_locked:
        try:
            lock.acquire()
        except filelock.Timeout:
            size = _size(part)
            if size != reached:
                reached, since = size, time.monotonic()
                on_progress(size, 0)
            elif time.monotonic() - since > WAIT_SECONDS:
                raise
    try:
        yield
    finally:
        lock.release()


def _download(url: str, path: Path, on_progress: Callable[[int, int], None]) -> None:
    """Fetch `url` to a partial file, from where that ends; again if it broke off after coming further."""
    part, tag = _part(path), _tag(path)
    while True:
        before = _size(part)
        try:
            _receive(url, path, on_progress)
            return
        except requests.HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            raise DataError(_refusal(path.stem, url, status)) from error
        except requests.Timeout as error:
            problem, cause = f"{url} did not answer within {TIMEOUT_SECONDS} seconds", error
        except requests.RequestException as error:
            problem, cause = f"{url} could not be fetched (no connection, or it broke off)", error
        if not tag.exists():  # nothing would tell whether the rest belongs to the same file
            part.unlink(missing_ok=True)
        after = _size(part)
        if after <= before:
            kept = f"{after:,} bytes are kept, and the same command goes on from there; or " if after else ""
            raise DataError(f"{problem}; {kept}{_instead(path.stem)}") from cause


def _receive(url: str, path: Path, on_progress: Callable[[int, int], None]) -> None:
    """One request; what comes is appended to the partial file. Raises requests.RequestException."""
    part, tag = _part(path), _tag(path)
    done = _size(part) if tag.exists() else 0
    headers = {"Accept-Encoding": "identity"}
    if done:
        headers |= {"Range": f"bytes={done}-", "If-Range": tag.read_text(encoding="utf-8")}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink()
            _receive(url, path, on_progress)
            return
        response.raise_for_status()
        resumed = response.status_code == requests.codes.partial_content
        resumed = resumed and response.headers.get("Content-Range", "").startswith(f"bytes {done}-")
        if not resumed:
            done = 0
            tag.unlink(missing_ok=True)
            if response.headers.get("ETag"):
                tag.write_text(response.headers["ETag"], encoding="utf-8")
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdigit() else 0
        with part.open("ab" if resumed else "wb") as stream:
            for chunk in response.iter_content(CHUNK_BYTES):
                stream.write(chunk)
                done += len(chunk)
                if done > MAX_BYTES:
                    raise DataError(f"{url} sends more than any published file has; {_instead(path.stem)}")
                on_progress(done, total)


def _check(url: str, path: Path, checksum: str | None) -> None:
    """Take the partial file for the final one, if it is what it should be."""
    part, name = _part(path), path.stem
    try:
        if not zipfile.is_zipfile(part):
            raise DataError(f"What {url} sent is not a sketch-rnn file; {_instead(name)}")
        if checksum is not None and _checksum(part) != checksum:
            raise DataError(
                f"What {url} sent is not the file that was fetched from there first; if it was published anew, "
                f"delete {path.parent / CHECKSUMS}, otherwise {_instead(name)}"
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        _tag(path).unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _lock(path: Path) -> Path:
    return path.with_name(f".{path.name}.lock")


def _size(file: Path) -> int:
    """Bytes; 0 if there is none, or it goes just now."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _tag(path: Path) -> Path:
    """Where the server's name for this version of the file is kept while it is not whole."""
    return path.with_name(f".{path.name}.part.etag")


def _checksum(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _refusal(name: str, url: str, status: int) -> str:
    if status in (403, 404):  # the published bucket answers 403 or 404 for what it does not hold
        similar = difflib.get_close_matches(name, category_names(), n=3)
        perhaps = f"did you mean {' or '.join(similar)}? Or " if similar and name not in similar else ""
        return (
            f"There is no file {name!r}, and no category of Quick, Draw! by that name at {url} "
            f"(HTTP {status}); {perhaps}{_instead(name)}"
        )
    return f"{url} could not be fetched (HTTP {status}); {_instead(name)}"


def _instead(name: str) -> str:
    return f"give a file, such as --data path/to/{name}.npz (they are published at {BROWSE_URL})."


def _read_checksums(folder: Path) -> dict[str, str]:
    """File name -> SHA-256; empty if none was recorded, or the record is damaged."""
    try:
        values = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(file): str(checksum) for file, checksum in values.items()} if isinstance(values, dict) else {}


def _record_checksum(path: Path) -> None:
    """Add that of `path` to those recorded, of which other programs may add some at the same time."""
    record, checksum = path.parent / CHECKSUMS, _checksum(path)
    with filelock.FileLock(_lock(record), timeout=WAIT_SECONDS):
        checksums = {**_read_checksums(path.parent), path.name: checksum}
        text = json.dumps(checksums, indent=1, sort_keys=True)
        write_atomically(record, lambda temporary: temporary.write_text(text, encoding="utf-8"))
