"""What a command shows while it works: lines of text, JSON lines, or nothing; `live` has the moving kind."""

import json
import math
import re
import sys
import time
from dataclasses import asdict
from types import TracebackType
from typing import Any

from core.evaluation import Losses
from core.training import Progress
from trainer.runs import RunReport

LINE_SECONDS = 10.0
"""Plain lines about the same thing are this far apart."""
QUIET_SECONDS = 60.0
"""An epoch that takes longer than this is reported on before it ends."""
JSON_SECONDS = 0.1
"""At most ten JSON lines a second about one stage."""


class Display:
    """Shows nothing: for all but the first of several processes. The others derive from it."""

    for_programs = False
    """Whether a program reads it, which `record` is for."""

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to put away."""

    def say(self, text: str) -> None:
        """A sentence for people; a "message" for programs."""

    def record(self, event: str, **values: Any) -> None:
        """Something that happened, for programs only."""

    def stage(self, name: str, fraction: float) -> None:
        """How far, 0 to 1, a piece of work other than training is."""

    def training(self, progress: Progress) -> None:
        """How far training is."""

    def run(self, report: RunReport) -> None:
        """How far one of several trainings is."""


class LineDisplay(Display):
    """Sparse plain lines, for output that is no terminal."""

    def __init__(self) -> None:
        self._last_stage = ""
        self._last_time = -math.inf
        self._runs: dict[str, tuple[str, float]] = {}

    def say(self, text: str) -> None:
        print(text, flush=True)

    def stage(self, name: str, fraction: float) -> None:
        kind = re.sub(r"\d+", "", name)  # "UMAP epoch 3 of 200" and "UMAP epoch 4 of 200" are one stage
        if kind != self._last_stage or self._due(LINE_SECONDS):
            self._last_stage, self._last_time = kind, time.monotonic()
            print(f"{name} ({fraction:.0%})" if fraction else name, flush=True)

    def training(self, progress: Progress) -> None:
        if self._due(LINE_SECONDS if progress.validation else QUIET_SECONDS):
            self._last_time = time.monotonic()
            print(training_line(progress), flush=True)

    def run(self, report: RunReport) -> None:
        stage, reported = self._runs.get(report.name, ("", -math.inf))
        if report.stage != stage or time.monotonic() - reported >= QUIET_SECONDS:
            self._runs[report.name] = (report.stage, time.monotonic())
            print(f"{report.name}: {run_text(report)}", flush=True)

    def _due(self, seconds: float) -> bool:
        return time.monotonic() - self._last_time >= seconds


class JsonDisplay(Display):
    """One JSON object a line; its "event" says what else is in it.

    - message: `text`, a sentence for people.
    - data: `categories`, drawings by split (`train`, `valid`, `test`), `too_long` and `empty` ones left out.
    - settings: `model`, `training` (both as in a checkpoint) and `scale`, once training begins.
    - stage: a piece of work other than training, and the `fraction` of it that is done.
    - training: the fields of Progress, `train` and `validation` (null but at the end of an epoch) with `L_s`,
      `L_p`, `L_R`, `L_KL`, and `seconds_left`; null where a number is not finite.
    - sketches: `stroke3`, what the model draws of a few held-out drawings, at `temperature`, after `epoch`.
    - saved: `path`, `has_map`, `interrupted` and `figures` of the checkpoint.

    Errors are the last line of standard error, and the exit status.
    """

    for_programs = True

    def __init__(self) -> None:
        self._last_stage: tuple[str, float] | None = None
        self._last_time = -math.inf

    def say(self, text: str) -> None:
        self.record("message", text=text)

    def record(self, event: str, **values: Any) -> None:
        print(json.dumps({"event": event, **_finite(values)}, allow_nan=False), flush=True)

    def stage(self, name: str, fraction: float) -> None:
        now = time.monotonic()
        news = (name, fraction) != self._last_stage and now - self._last_time >= JSON_SECONDS
        if self._last_stage is None or news or fraction == 1:
            self._last_stage, self._last_time = (name, fraction), now
            self.record("stage", stage=name, fraction=round(fraction, 4))

    def training(self, progress: Progress) -> None:
        values = {
            **asdict(progress),
            "train": _losses(progress.train),
            "validation": _losses(progress.validation) if progress.validation else None,
            "seconds_left": seconds_left(progress),
        }
        del values["event"]  # it was said
        self.record("training", **values)

    def run(self, report: RunReport) -> None:
        self.record("run", run=report.name, stage=report.stage, training=report.record)


def open_display(as_json: bool = False, *, shown: bool = True) -> Display:
    """The display for this process and its standard output."""
    if not shown:
        return Display()
    if as_json:
        return JsonDisplay()
    if sys.stdout.isatty():
        from trainer.live import LiveDisplay

        return LiveDisplay()
    return LineDisplay()


def seconds_left(progress: Progress) -> float | None:
    """Until the budget is used up, at the pace so far; None before there is one."""
    if progress.fraction <= 0:
        return None
    return progress.seconds * (1 - progress.fraction) / progress.fraction


def training_line(progress: Progress) -> str:
    """One line for people."""
    parts = [
        f"epoch {progress.epoch}",
        f"{progress.fraction:4.0%}",
        f"train L_R {progress.train.L_R:.3f} L_KL {progress.train.L_KL:.3f}",
    ]
    if progress.validation:
        best = " (best)" if progress.best else ""
        parts.append(f"valid L_R {progress.validation.L_R:.3f} L_KL {progress.validation.L_KL:.3f}{best}")
    parts.append(steering(progress))
    parts.append(f"{progress.sketches_per_second:.0f} sketches/s")
    left = seconds_left(progress)
    if left is not None:
        parts.append(f"{duration(left)} left")
    return "  ".join(parts)


def steering(progress: Progress) -> str:
    """What moves the weights by now."""
    text = f"η·w_KL {progress.kl_weight:.3f}  gradient {progress.gradient_norm:.2f}"
    return text if progress.reward is None else f"{text}  practice {progress.reward:.2f}"


def run_text(report: RunReport) -> str:
    """What one of several trainings is at."""
    record = report.record
    if record is None:
        return report.stage
    parts = [report.stage, f"epoch {record['epoch']}", f"{record['fraction']:4.0%}"]
    if record["validation"]:
        parts.append(f"valid L_R {record['validation']['L_R']:.3f} L_KL {record['validation']['L_KL']:.3f}")
    if record["seconds_left"] is not None:
        parts.append(f"{duration(record['seconds_left'])} left")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds: 1:02:03, 2:03."""
    minutes, whole = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{whole:02}" if hours else f"{minutes}:{whole:02}"


def _losses(losses: Losses) -> dict[str, float]:
    return {**asdict(losses), "L_R": losses.L_R}


def _finite(value: Any) -> Any:
    """`value` with null for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
