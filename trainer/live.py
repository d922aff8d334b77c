"""The moving display of a terminal: a bar, the losses, the pace and the time left."""

import time
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from core.evaluation import Losses
from core.training import Progress
from trainer.display import Display, duration, seconds_left, steering
from trainer.runs import RunReport

REFRESHES_A_SECOND = 4
BAR_WIDTH = 32


class LiveDisplay(Display):
    """Redraws a few lines at the bottom; sentences scroll by above them."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._stage: tuple[str, float] | None = None
        self._progress: Progress | None = None
        self._reported_at = 0.0
        self._validation: Losses | None = None
        self._best: Losses | None = None
        self._runs: dict[str, RunReport] = {}
        self._validations: dict[str, dict[str, float]] = {}
        self._live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=REFRESHES_A_SECOND,
            transient=True,
        )

    def __enter__(self) -> "LiveDisplay":
        self._live.__enter__()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._live.__exit__(kind, error, trace)

    def say(self, text: str) -> None:
        self._console.print(Text(text), soft_wrap=True)  # a path that is broken cannot be copied

    def stage(self, name: str, fraction: float) -> None:
        self._stage, self._progress = (name, fraction), None

    def training(self, progress: Progress) -> None:
        self._stage, self._progress = None, progress
        self._reported_at = time.monotonic()
        self._validation = progress.validation or self._validation
        if progress.best:
            self._best = progress.validation

    def run(self, report: RunReport) -> None:
        self._stage, self._runs[report.name] = None, report
        if report.record and report.record["validation"]:
            self._validations[report.name] = report.record["validation"]

    def _render(self) -> RenderableType:
        if self._stage is None and self._runs:
            return self._board()
        if self._progress is not None:
            return Group(self._losses(self._progress), self._training_bar(self._progress))
        if self._stage is not None:
            name, fraction = self._stage
            return _bar(fraction, name)
        return Text()

    def _board(self) -> Table:
        """Several trainings, a line each."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading in ("run", "", "epoch", "valid L_R", "valid L_KL", "sketches/s", "left"):
            table.add_column(heading, justify="left" if heading in ("run", "") else "right")
        for name, report in self._runs.items():
            record, validation = report.record, self._validations.get(name)
            losses = [f"{validation[loss]:.3f}" if validation else "" for loss in ("L_R", "L_KL")]
            if record is None or report.stage != "training":
                table.add_row(name, report.stage, "", *losses)
                continue
            left = "" if record["seconds_left"] is None else duration(record["seconds_left"])
            bar = ProgressBar(total=1.0, completed=record["fraction"], width=BAR_WIDTH // 2)
            table.add_row(name, bar, str(record["epoch"]), *losses, f"{record['sketches_per_second']:.0f}", left)
        return table

    def _losses(self, progress: Progress) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column(f"epoch {progress.epoch}, step {progress.step:,}")
        for name in ("L_R", "L_s", "L_p", "L_KL"):
            table.add_column(name, justify="right", min_width=7)
        rows = {"train": progress.train, "validation": self._validation, "best": self._best}
        for name, losses in rows.items():
            if losses is not None:
                values = (losses.L_R, losses.L_s, losses.L_p, losses.L_KL)
                table.add_row(name, *(f"{value:.3f}" for value in values), style="bold" if name == "best" else "")
        return table

    def _training_bar(self, progress: Progress) -> Table:
        left = seconds_left(progress)
        if left is not None:
            left -= time.monotonic() - self._reported_at  # so that it counts down between reports
        pace = f"{progress.sketches_per_second:.0f} sketches/s"
        return _bar(progress.fraction, pace, steering(progress), "" if left is None else f"{duration(left)} left")


def _bar(fraction: float, *texts: str) -> Table:
    line = Table.grid(padding=(0, 2))
    line.add_row(ProgressBar(total=1.0, completed=fraction, width=BAR_WIDTH), f"{fraction:4.0%}", *texts)
    return line
