"""Trainings as child processes, several at once, each in a folder that it can go on from.

A folder holds config.toml (the settings), model.pt with its history and resume file, log.jsonl (what the
child reported) and, once the run is done, scores.json.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from core.checkpoint import Checkpoint, load_checkpoint
from core.errors import Cancelled, CheckpointError, ConfigError, SketchExplorerError, TrainingError
from trainer.config_file import read_config, to_dict, write_config
from trainer.files import resume_path, write_text
from trainer.settings import TrainOptions

POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Run:
    """One training to carry out."""

    name: str
    folder: Path
    options: TrainOptions
    splits: tuple[str, ...]
    """Splits to measure the best model on."""
    data_digest: str

    @property
    def checkpoint(self) -> Path:
        return self.folder / "model.pt"

    @property
    def scores_file(self) -> Path:
        return self.folder / "scores.json"


@dataclass(frozen=True)
class RunReport:
    """How far a run is."""

    name: str
    stage: Literal["waiting", "training", "measuring", "done", "failed", "stopped"]
    record: dict[str, Any] | None = None
    """The training record of the child's JSON line, if it is what is reported."""
    problem: str = ""
    """Why it failed, in a sentence."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a run that is done has to show."""

    run: Run
    checkpoint: Checkpoint
    scores: dict[str, dict[str, float]]
    """Split -> what `evaluate --json` said in its last line."""


class Children:
    """The child processes at work, to be stopped together. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._alive: set[subprocess.Popen[str]] = set()
        self.stopping = False

    def records(self, arguments: Sequence[str], errors: Path) -> Iterator[dict[str, Any]]:
        """The JSON lines of `python -m trainer ARGUMENTS`, as they come.

        Raises Cancelled if the children were stopped, TrainingError with what it said if it failed.
        """
        with errors.open("w", encoding="utf-8") as stream:
            process = self._start([sys.executable, "-m", "trainer", *arguments], stream)
            try:
                assert process.stdout is not None
                for line in process.stdout:
                    yield json.loads(line)
            finally:
                status = process.wait()
                with self._lock:
                    self._alive.discard(process)
        if status != 0:
            if self.stopping:
                raise Cancelled
            raise TrainingError(_last_words(errors, status))

    def stop(self) -> None:
        """Ask all to save and end, and start no more; asked again, they end without saving."""
        with self._lock:
            self.stopping = True
            if os.name != "nt":  # there, the console itself tells them
                for process in self._alive:
                    process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End those that are left."""
        with self._lock:
            self.stopping = True
            for process in self._alive:
                process.kill()

    def _start(self, command: list[str], errors: Any) -> subprocess.Popen[str]:
        with self._lock:
            if self.stopping:
                raise Cancelled
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                encoding="utf-8",
                start_new_session=True,  # Ctrl-C reaches this process, which passes it on once
            )
            self._alive.add(process)
            return process


def prepare(run: Run) -> bool:
    """Make the run's folder, or check that what is there is of the same settings; whether it is done.

    Raises ConfigError if it was begun with other settings or data.
    """
    settings = replace(run.options, device="auto", threads=None, out=None)
    file = run.folder / "config.toml"
    if not file.exists():
        write_config(file, settings)
    else:
        changed = _difference(to_dict(read_config(file, TrainOptions())), to_dict(settings))
        if changed:
            raise ConfigError(f"{run.folder} was made with {changed}; choose another --out, or delete that folder.")
    return outcome(run) is not None


def outcome(run: Run) -> Outcome | None:
    """What the run has to show, or None if it is not done. Raises ConfigError if it is of other data."""
    if not run.scores_file.exists():
        return None
    try:
        kept = json.loads(run.scores_file.read_text(encoding="utf-8"))
        digest, scores = kept["data_digest"], kept["splits"]
        checkpoint = load_checkpoint(run.checkpoint)
    except (OSError, ValueError, KeyError, TypeError, CheckpointError):
        return None  # damaged or half deleted: it is made again from what there is
    if digest != run.data_digest:
        raise ConfigError(f"{run.folder} was made with other data; choose another --out, or delete that folder.")
    return Outcome(run, checkpoint, scores)


def carry_out(runs: Sequence[Run], jobs: int, stop: threading.Event) -> Iterator[RunReport]:
    """Carry out `runs`, `jobs` at once, reporting on all of them until each is done, failed or stopped.

    Once `stop` is set, children save and end. Closing the generator ends them.
    """
    children, reports = Children(), queue.SimpleQueue[RunReport]()
    with ThreadPoolExecutor(jobs) as pool:
        waiting: list[Future[None]] = [pool.submit(_carry_out, run, children, reports.put) for run in runs]
        try:
            while not (reports.empty() and all(future.done() for future in waiting)):
                if stop.is_set() and not children.stopping:
                    children.stop()
                try:
                    report = reports.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    continue
                yield report
            for future in waiting:
                future.result()  # a fault of this program shall not pass in silence
        finally:
            children.kill()


def _carry_out(run: Run, children: Children, tell: Callable[[RunReport], None]) -> None:
    """Train, measure and keep the scores of one run."""
    try:
        tell(RunReport(run.name, "training"))
        with (run.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            for record in children.records(_training_arguments(run), run.folder / "errors.txt"):
                print(json.dumps(record), file=log, flush=True)
                if record["event"] == "training":
                    tell(RunReport(run.name, "training", record))
        tell(RunReport(run.name, "measuring"))
        scores = {split: _measure(run, split, children) for split in run.splits}
        text = json.dumps({"data_digest": run.data_digest, "splits": scores}, indent=1)
        write_text(run.scores_file, text)
        tell(RunReport(run.name, "done"))
    except Cancelled:
        tell(RunReport(run.name, "stopped"))
    except (SketchExplorerError, OSError, ValueError) as error:
        tell(RunReport(run.name, "failed", problem=str(error)))


def _training_arguments(run: Run) -> list[str]:
    arguments = ["train", "--config", str(run.folder / "config.toml"), "--out", str(run.checkpoint), "--json"]
    if resume_path(run.checkpoint).exists():
        arguments.append("--resume")
    return arguments + _where(run)


def _measure(run: Run, split: str, children: Children) -> dict[str, float]:
    arguments = ["evaluate", str(run.checkpoint), "--split", split, "--json", *_where(run), "--data", *run.options.data]
    total = None
    for record in children.records(arguments, run.folder / "errors.txt"):
        total = record
    if total is None or total.pop("event") != "total":
        raise TrainingError(f"The {split} split could not be measured.")
    return {name: value for name, value in total.items() if not isinstance(value, str)}


def _where(run: Run) -> list[str]:
    threads = [] if run.options.threads is None else ["--threads", str(run.options.threads)]
    return ["--device", run.options.device, *threads]


def _difference(before: dict[str, Any], now: dict[str, Any], table: str = "") -> str:
    """The first setting that differs, as "NAME = OLD, not NEW"; empty if none does."""
    for name in sorted(before.keys() | now.keys()):
        old, new = before.get(name), now.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := _difference(old, new, f"{table}{name}."):
                return inner
        elif old != new:
            return f"{table}{name} {'unset' if old is None else old}, not {'unset' if new is None else new}"
    return ""


def _last_words(errors: Path, status: int) -> str:
    """The last line that a child wrote about its failure."""
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"The process ended with status {status}."
