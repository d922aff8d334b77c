"""`python -m trainer compare`: the baseline and attention, trained alike from several seeds, and a report."""

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.dataset import SPLITS, TEST, VALID, SketchDataset
from core.errors import ConfigError
from trainer.comparison import MARK, CompareOptions, Variant, variants
from trainer.config_file import write_config
from trainer.display import Display, open_display
from trainer.drawings import find_files, read_drawings
from trainer.report import write_report
from trainer.runs import RunReport, carry_out, outcome, prepare
from trainer.settings import parse_configured
from trainer.stopping import INTERRUPTED, GracefulStop

SOME_FAILED = 2


def compare_command(arguments: Sequence[str]) -> int:
    """Carry out the runs that are missing, and write the report; the exit status."""
    options = parse_configured(CompareOptions, arguments, "compare")
    with open_display(options.json) as display:
        options, dataset = _with_data(options, display)
        _make_folder(options)
        compared = variants(options, _splits(dataset), dataset.digest)
        # All variants from one seed before the next: stopped early, they can be compared all the same.
        in_turn = [run for runs in zip(*(variant.runs for variant in compared), strict=True) for run in runs]
        missing = [run for run in in_turn if not prepare(run)]
        display.say(_plan(compared, len(missing), options.jobs))
        stop = threading.Event()
        problems: list[RunReport] = []
        with GracefulStop(stop.set):
            for report in carry_out(missing, options.jobs, stop):
                display.run(report)
                if report.stage == "failed":
                    problems.append(report)
                    display.say(f"{report.name} failed: {report.problem}")
        if stop.is_set():
            display.say("Stopped; the same command goes on from here.")
            return INTERRUPTED
        outcomes = {variant: [done for run in variant.runs if (done := outcome(run))] for variant in compared}
        write_report(options, dataset, outcomes, problems, display)
    return SOME_FAILED if problems else 0


def _with_data(options: CompareOptions, display: Display) -> tuple[CompareOptions, SketchDataset]:
    """The data, and the options as the runs need them: absolute paths, and a share of the cores."""
    files = find_files(options.data, display)
    dataset = read_drawings(files, options.max_points, display)
    threads = options.threads or max(1, (os.cpu_count() or 1) // options.jobs)
    return replace(options, data=tuple(str(file.resolve()) for file in files), threads=threads), dataset


def _splits(dataset: SketchDataset) -> tuple[str, ...]:
    """The splits to measure on: those of validation and test that have drawings."""
    return tuple(SPLITS[split] for split in (VALID, TEST) if len(dataset.indices(split))) or ("train",)


def _make_folder(options: CompareOptions) -> None:
    """Make the folder of the report, unless it is of something else. Raises ConfigError, CheckpointError."""
    out: Path = options.out
    mark = out / MARK
    try:
        strange = out.exists() and not mark.exists() and any(out.iterdir())
    except OSError as error:
        raise ConfigError(f"{out} cannot be the folder of a report: {error.strerror or error}.") from error
    if strange:
        raise ConfigError(f"{out} holds something else than a comparison; choose another --out.")
    write_config(mark, options)


def _plan(compared: Sequence[Variant], missing: int, jobs: int) -> str:
    count = sum(len(variant.runs) for variant in compared)
    labels = ", ".join(variant.label for variant in compared)
    done = f", {count - missing} of them done" if missing < count else ""
    together = f"; {jobs} at once" if missing > 1 and jobs > 1 else ""
    return f"Comparing {labels}: {count} runs{done}{together}."
