"""What a training gives to look at while it runs: history.csv, sketches for programs, event files for TensorBoard."""

import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import write_atomically
from core.encoding import encode_means
from core.errors import CheckpointError, ConfigError
from core.generation import SamplingConfig, SketchDecoder
from core.model import SketchVAE
from core.training import Progress, TrainingRun
from trainer.display import Display

WRITE_SECONDS = 5.0
"""history.csv is written this often at most, and at the end."""
PICTURE_SECONDS = 60.0
"""So are pictures, which take a fifth of a second to decode and draw."""
SKETCH_SECONDS = 10.0
"""And so are the sketches that programs are given, which take a tenth of a second."""
SKETCHES = 6
PICTURES = 8
TEMPERATURE = 0.2


def history_path(checkpoint: Path) -> Path:
    """Where the history of the training that makes `checkpoint` is kept."""
    return checkpoint.with_suffix(".history.csv")


class HistoryFile:
    """The validations so far as comma-separated values, written whole each time.

    Its lines are those of the run's history, which the resume file keeps, so that a training that was
    interrupted goes on in it without a gap or a line twice.
    """

    def __init__(self, checkpoint: Path) -> None:
        self.path = history_path(checkpoint)
        self._written_at = -np.inf

    def write(self, run: TrainingRun, *, now: bool = False) -> None:
        """Write it if that is due, or `now`. Raises CheckpointError if it cannot be written."""
        if not run.history or not (now or time.monotonic() - self._written_at >= WRITE_SECONDS):
            return
        self._written_at = time.monotonic()
        write_atomically(self.path, lambda temporary: _write_csv(temporary, run.history))


class EventFiles:
    """Losses, η·w_KL, gradient norm, pace and reconstructions, for TensorBoard."""

    def __init__(self, folder: Path, run: TrainingRun) -> None:
        """Raises ConfigError if `folder` cannot be written to, or TensorBoard is not installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ConfigError("--tensorboard needs the package tensorboard: pip install tensorboard.") from error
        try:
            # Events after the step that a resumed training goes on from were of steps that were lost.
            self._writer = SummaryWriter(str(folder), purge_step=run.step + 1 if run.step else None, flush_secs=20)
        except OSError as error:
            raise ConfigError(f"{folder} cannot hold event files: {error.strerror or error}.") from error
        self._run = run
        self._pictured_at = -np.inf

    def add(self, progress: Progress) -> None:
        """Record one report of the run."""
        values = {
            "train/L_R": progress.train.L_R,
            "train/L_s": progress.train.L_s,
            "train/L_p": progress.train.L_p,
            "train/L_KL": progress.train.L_KL,
            "train/eta_w_KL": progress.kl_weight,
            "train/gradient_norm": progress.gradient_norm,
            "train/learning_rate": progress.learning_rate,
            "train/sketches_per_second": progress.sketches_per_second,
        }
        if progress.validation is not None:
            values |= {"valid/L_R": progress.validation.L_R, "valid/L_KL": progress.validation.L_KL}
        if progress.reward is not None:
            values["train/practice_reward"] = progress.reward
        for name, value in values.items():
            self._writer.add_scalar(name, value, progress.step)
        if progress.validation is not None and time.monotonic() - self._pictured_at >= PICTURE_SECONDS:
            self._pictured_at = time.monotonic()
            self._writer.add_image("reconstructions", _reconstructions(self._run), progress.step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()


class SketchRecords:
    """What the model draws of a few held-out drawings, for a program that shows the training."""

    def __init__(self, run: TrainingRun, display: Display) -> None:
        self._run, self._display = run, display
        self._drawn_at = -np.inf

    def add(self) -> None:
        """Draw with the present weights, if that is due."""
        if time.monotonic() - self._drawn_at >= SKETCH_SECONDS:
            self._draw(self._run.model)
            self._drawn_at = time.monotonic()

    def close(self) -> None:
        """Draw with the weights that the checkpoint will hold."""
        if self._run.best_weights is not None:
            self._draw(self._run.best_model())

    def _draw(self, model: SketchVAE) -> None:
        run, chosen = self._run, _some_held_out(self._run, SKETCHES)
        codes = encode_means(model, run.dataset, run.scale, chosen)
        config = SamplingConfig(TEMPERATURE, run.dataset.max_points)
        drawn = SketchDecoder(model.decoder, run.scale).decode(codes, range(len(codes)), config)
        sketches = [np.round(stroke3, 1).tolist() for stroke3 in drawn]
        self._display.record("sketches", epoch=run.epoch, temperature=TEMPERATURE, stroke3=sketches)


class Watching:
    """All of them, kept up while a run goes on; a disk without room is said once and costs no training."""

    def __init__(self, run: TrainingRun, checkpoint: Path, tensorboard: Path | None, display: Display) -> None:
        self._run, self._display = run, display
        self._history = HistoryFile(checkpoint)
        self._events = None if tensorboard is None else EventFiles(tensorboard, run)
        self._sketches = SketchRecords(run, display) if display.for_programs else None
        self._said = ""

    def report(self, progress: Progress) -> None:
        """Keep one report of the run."""
        if self._events is not None:
            self._events.add(progress)
        if progress.validation is not None:
            self._write_history(now=False)
            if self._sketches is not None:
                self._sketches.add()

    def close(self) -> None:
        """Write what is left."""
        self._write_history(now=True)
        if self._sketches is not None:
            self._sketches.close()
        if self._events is not None:
            self._events.close()

    def _write_history(self, *, now: bool) -> None:
        try:
            self._history.write(self._run, now=now)
        except CheckpointError as error:
            if str(error) != self._said:
                self._said = str(error)
                self._display.say(self._said)


def _write_csv(path: Path, history: list[dict[str, float]]) -> None:
    names = list(dict.fromkeys(name for entry in history for name in entry))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def _reconstructions(run: TrainingRun) -> Any:
    """A picture [height, width, 4] uint8 of a few held-out drawings, and of what the model makes of them."""
    from trainer.drawn import Drawer  # matplotlib takes a second to import
    from trainer.figures import pixels
    from trainer.sheets import draw_sheet

    drawer = Drawer(run.model, run.scale, run.dataset.max_points, PICTURES, TEMPERATURE)
    return pixels(draw_sheet(drawer.reconstructions(run.dataset, _some_held_out(run, PICTURES))))


def _some_held_out(run: TrainingRun, count: int) -> NDArray[np.int64]:
    """The same few of the held-out drawings each time, from all over them."""
    return run.held_out[:: max(1, len(run.held_out) // count)][:count]
