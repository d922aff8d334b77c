"""The files a training writes: its checkpoint, and beside it the state it can go on from."""

import contextlib
import glob
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import torch

from core.checkpoint import content_digest, load_checkpoint, load_tensors, write_atomically
from core.errors import CheckpointError
from core.file_paths import exists
from core.training import TrainingRun

DIGEST = "sha256"
"""Key of the digest in a resume file, of all that is beside it."""
SAVE_SECONDS = 30.0
"""The state is saved this often: what a crash can cost."""


def check_output(
    path: Path, load: Callable[[Path], object] = load_checkpoint, what: str = "no checkpoint to replace"
) -> None:
    """Make the folder of `path`, and raise CheckpointError if nothing can go there, or if what is there would be lost.

    That is what `load` refuses with a CheckpointError, since it is `what`. Asked before training, so that hours
    of it do not end in a typing error.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be written there ({error.strerror or error}); choose another --out."
        ) from error
    if exists(path):
        try:
            load(path)
        except CheckpointError as error:
            raise CheckpointError(f"{path} exists and is {what}; choose another --out.") from error


@contextmanager
def writing_alone(path: Path) -> Iterator[None]:
    """Keep other trainings from writing `path` and its resume file. Raises CheckpointError if one does."""
    file = path.with_name(f".{path.name}.lock")
    lock = filelock.FileLock(file, blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise CheckpointError(f"Another training is making {path}; choose another --out, or end that one.") from error
    except OSError as error:
        raise CheckpointError(
            f"{path} could not be written there ({error.strerror or error}); choose another --out."
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # on Windows while it is held
            file.unlink()
        lock.release()


def write_text(path: Path, text: str) -> None:
    """Write a file of text whole or not at all. Raises CheckpointError."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def resume_path(checkpoint: Path) -> Path:
    """Where the state of the training that makes `checkpoint` is kept."""
    return checkpoint.with_name(checkpoint.name + ".resume")


def read_resume_file(checkpoint: Path) -> dict[str, Any]:
    """The state kept for `checkpoint`. Raises CheckpointError if there is none, or it cannot be read."""
    path = resume_path(checkpoint)
    if not exists(path):
        raise CheckpointError(f"There is no {path} to resume; train without --resume first.")
    state = load_tensors(path)
    digest = state.pop(DIGEST, None)
    if digest is not None and digest != content_digest(state):
        raise CheckpointError(f"{path} is damaged; train without --resume to start anew.")
    return state


class ResumeFile:
    """Keeps the state of a run on disk, not more often than every SAVE_SECONDS.

    The file stays when training is complete, so that it can go on with a larger budget. A training
    that starts anew moves it aside to `.resume.old` rather than overwrite what may be hours of work.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.path = resume_path(checkpoint)
        for half in checkpoint.parent.glob(f".{glob.escape(checkpoint.name)}*.part"):  # a killed training's
            with contextlib.suppress(OSError):
                half.unlink()
        self._saved_at = time.monotonic()

    def move_aside(self) -> Path | None:
        """Make way for a new run; the new place of the old file, if there was one."""
        if not exists(self.path):
            return None
        old = self.path.with_name(self.path.name + ".old")
        try:
            self.path.replace(old)
        except OSError as error:
            raise CheckpointError(f"{self.path} could not be moved aside: {error.strerror or error}.") from error
        return old

    @property
    def is_due(self) -> bool:
        return time.monotonic() - self._saved_at >= SAVE_SECONDS

    def save(self, run: TrainingRun) -> None:
        """Raises CheckpointError if it cannot be written; what was there is unchanged then."""
        self._saved_at = time.monotonic()
        state = run.snapshot()
        state[DIGEST] = content_digest(state)
        write_atomically(self.path, lambda temporary: torch.save(state, temporary))
