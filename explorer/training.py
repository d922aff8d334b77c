"""A training as a child process: `python -m trainer --json`, whose lines become curves, sketches and a checkpoint."""

import csv
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal

from core.file_paths import exists

if TYPE_CHECKING:
    from explorer.requests import Strokes
    from explorer.studio import Studio

TRAINER = (sys.executable, "-m", "trainer")
FOR_PROGRAMS = ("--json", "--stop-on-eof")
"""Flags that only a program can use: JSON lines, and an end when standard input ends."""
END_MS = 5_000
"""So long a training may save when the program ends; then it is killed, and its state is the one saved before."""
EXPECTED_FAILURE = 2
"""The trainer's exit status for what it explains in a sentence."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """What to train on, what, and how long."""

    data: tuple[str, ...]
    """Files, folders, patterns, or names of Quick, Draw! categories."""
    out: Path
    """The checkpoint to write."""
    encoder_hidden: int = 256
    decoder_hidden: int = 512
    attention: bool = True
    minutes: float | None = 30.0
    """How long; if None, so many `epochs`."""
    epochs: int = 100
    start_from: Path | None = None
    """The checkpoint to fine-tune; the sizes are its own then."""
    flags: tuple[str, ...] = ()
    """Any others of the trainer's."""

    def arguments(self, *, resume: bool = False) -> list[str]:
        """What stands after `python -m trainer`; a training that goes on keeps the sizes it began with."""
        # A word that begins with a dash would be taken for a flag.
        data = [f".{os.sep}{word}" if word.startswith("-") else word for word in self.data]
        arguments = ["train", "--data", *data, "--out", str(self.out)]
        if self.minutes is not None:
            arguments += ["--minutes", f"{self.minutes:g}"]
        else:
            arguments += ["--epochs", str(self.epochs)]
        if resume:
            arguments.append("--resume")
        elif self.start_from is not None:
            arguments += ["--start-from", str(self.start_from)]
        else:
            arguments += ["--encoder-hidden", str(self.encoder_hidden), "--decoder-hidden", str(self.decoder_hidden)]
            arguments.append("--attention" if self.attention else "--no-attention")
        return [*arguments, *self.flags]

    @property
    def can_resume(self) -> bool:
        """Whether a training has left a state beside `out` to go on from."""
        return exists(self.out.with_name(f"{self.out.name}.resume"))


@dataclass
class Curve:
    """Losses over the time trained."""

    minutes: list[float] = field(default_factory=list)
    L_R: list[float] = field(default_factory=list)
    L_KL: list[float] = field(default_factory=list)

    def add(self, seconds: float, l_r: float | None, l_kl: float | None) -> None:
        """A loss that is None was not finite: the curve has a gap there."""
        self.minutes.append(seconds / 60)
        self.L_R.append(np.nan if l_r is None else l_r)
        self.L_KL.append(np.nan if l_kl is None else l_kl)


class Training(QObject):
    """At most one training at a time, with what it has reported so far."""

    progressed = Signal(str, object)
    """(stage, fraction or None) while it runs; an empty stage at the end."""
    curves_changed = Signal()
    sketches_changed = Signal()
    said = Signal(str)
    """A sentence of the trainer's."""
    changed = Signal()
    """It began, is to stop, or has ended."""
    ended = Signal()

    def __init__(self, parent: "Studio | None" = None) -> None:
        super().__init__(parent)
        self.settings: TrainingSettings | None = None
        self.train, self.validation = Curve(), Curve()
        self.kl_weight = 0.5
        """w_KL, in the total L_R + w_KL L_KL by which the best weights are chosen."""
        self.sketches: list[Strokes] = []
        """What the model draws of a few held-out drawings."""
        self.saved: dict[str, Any] | None = None
        """What was said of the checkpoint once it was written."""
        self.problem = ""
        """Why the last one failed, in a sentence."""
        self.stopping = False
        """Whether it was asked to end, and saves."""
        self._killed = False
        self._process: QProcess | None = None
        self._half_line = b""

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def process_id(self) -> int:
        """Of the child that runs; 0 if none does."""
        return 0 if self._process is None else self._process.processId()

    @property
    def best(self) -> tuple[float, float] | None:
        """L_R and L_KL of the validation with the least total; None before the first."""
        curve = self.validation
        totals = [
            (l_r + self.kl_weight * l_kl, l_r, l_kl)
            for l_r, l_kl in zip(curve.L_R, curve.L_KL, strict=True)
            if np.isfinite(l_r + l_kl)
        ]
        return min(totals)[1:] if totals else None

    @property
    def name(self) -> str:
        return "" if self.settings is None else self.settings.out.name

    # -- doing -------------------------------------------------------------------------------

    def start(self, settings: TrainingSettings, *, resume: bool = False) -> None:
        """Train anew, or go on with the training that the state beside the checkpoint is of."""
        if self.running:
            return
        self.settings, self.saved, self.problem = settings, None, ""
        self.stopping = self._killed = False
        self.train, self.validation, self.sketches = Curve(), Curve(), []
        if resume:
            self._read_history(settings.out.with_suffix(".history.csv"))
        self._half_line = b""
        process = self._process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONIOENCODING", "utf-8")
        process.setProcessEnvironment(environment)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        program, *arguments = command(settings, resume=resume)
        process.start(program, [*arguments, *FOR_PROGRAMS])
        self.changed.emit()
        self.curves_changed.emit()
        self.sketches_changed.emit()
        self.progressed.emit(f"training {self.name}: starting", None)

    def stop(self) -> None:
        """Ask it to save and end."""
        if self._process is not None and not self.stopping:
            self.stopping = True
            self._process.closeWriteChannel()  # what --stop-on-eof waits for
            self.changed.emit()
            self.progressed.emit(f"training {self.name}: saving", None)

    def kill(self) -> None:
        """End it at once; what it saved before stays."""
        if self._process is not None:
            self._killed = True
            self._process.kill()

    def close(self) -> None:
        """End the child, with what time it needs to save."""
        if self._process is None:
            return
        self.stop()
        if self._process is not None and not self._process.waitForFinished(END_MS):
            self.kill()
            self._process.waitForFinished()

    # -- hearing -----------------------------------------------------------------------------

    def _read(self) -> None:
        assert self._process is not None
        *lines, self._half_line = (self._half_line + self._process.readAllStandardOutput().data()).split(b"\n")
        for line in lines:
            if line.startswith(b"{"):  # a library may print something of its own
                self._hear(json.loads(line))

    def _hear(self, record: dict[str, Any]) -> None:
        """One line of the trainer's."""
        event = record["event"]
        if event == "training":
            self._on_training(record)
        elif event == "stage":
            self._report(record["stage"], record["fraction"])
        elif event == "message":
            self.said.emit(record["text"])
        elif event == "settings":
            self.kl_weight = record["training"]["kl_weight"]
        elif event == "sketches":
            self.sketches = [np.asarray(rows, dtype=np.float32).reshape(-1, 3) for rows in record["stroke3"]]
            self.sketches_changed.emit()
        elif event == "saved":
            self.saved = record

    def _on_training(self, record: dict[str, Any]) -> None:
        train, validation, seconds = record["train"], record["validation"], record["seconds"]
        self.train.add(seconds, train["L_R"], train["L_KL"])
        if validation is not None:
            self.validation.add(seconds, validation["L_R"], validation["L_KL"])
        left = record["seconds_left"]
        words = [f"epoch {record['epoch'] + (validation is None)}", f"{record['sketches_per_second']:.0f} sketches/s"]
        if left is not None:
            words.append(f"{clock(left)} left")
        self._report(", ".join(words), record["fraction"])
        self.curves_changed.emit()

    def _report(self, stage: str, fraction: float | None) -> None:
        if not self.stopping:
            self.progressed.emit(f"training {self.name}: {stage}", fraction)

    def _read_history(self, path: Path) -> None:
        """The curves of earlier sittings; without that file they begin with this one."""
        if not path.exists():
            return
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
                entry = {name: float(value) for name, value in row.items()}
                self.train.add(entry["seconds"], entry["train_L_R"], entry["train_L_KL"])
                self.validation.add(entry["seconds"], entry["valid_L_R"], entry["valid_L_KL"])

    # -- the end -----------------------------------------------------------------------------

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(f"The training could not be started: {self._process.errorString()}.")

    def _on_finished(self, status: int, how: QProcess.ExitStatus) -> None:
        assert self._process is not None
        self._read()
        errors = self._process.readAllStandardError().data().decode("utf-8", "replace")
        if self._killed:
            self._end("")
        elif how == QProcess.ExitStatus.CrashExit:
            self._end(f"The training was ended from outside{_signal_name(status)}; Resume goes on from its last state.")
        elif status == EXPECTED_FAILURE:
            self._end(last_words(errors))
        elif self.saved is not None or self.stopping:
            self._end("")
        else:
            self._end(f"The training ended unexpectedly: {last_words(errors) or f'status {status}'}")

    def _end(self, problem: str) -> None:
        assert self._process is not None
        self._process.deleteLater()
        self._process, self.problem, self.stopping = None, problem, False
        self.progressed.emit("", None)
        self.changed.emit()
        self.ended.emit()


def command(settings: TrainingSettings, *, resume: bool = False) -> list[str]:
    """The program and its arguments, as a user would give them."""
    return [*TRAINER, *settings.arguments(resume=resume)]


def typed(words: Sequence[str]) -> str:
    """A command as one types it in a shell of this system, a flag a line where the shell allows that."""
    if os.name == "nt":
        return subprocess.list2cmdline(words)
    flags = [i for i, word in enumerate(words) if word.startswith("--")]
    parts = itertools.pairwise([0, *flags, len(words)])
    return " \\\n  ".join(shlex.join(words[start:end]) for start, end in parts)


def clock(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03, 2:03."""
    minutes, whole = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"


def last_words(errors: str) -> str:
    """What a program that failed said last: its last line, or what stands first in a box of tyro's."""
    lines = [line.strip("│ ") for line in errors.strip().splitlines()]
    if not lines or not lines[0].startswith("╭"):
        return lines[-1] if lines else ""
    end = next((i for i, line in enumerate(lines) if not line or re.match("[─╰]", line)), len(lines))
    return " ".join(lines[1:end])


def _signal_name(number: int) -> str:
    """What Qt reports of a process that a signal ended, where systems have signals."""
    try:
        return f" ({signal.Signals(number).name})" if os.name != "nt" else ""
    except ValueError:
        return ""
