"""Validation loss against time: our training and the reference project's on the same drawings.

    python benchmarks/convergence.py --reference PATH --minutes 30
    python benchmarks/convergence.py --reference PATH --minutes 60 --categories cat pig owl

Both train for the same wall time with their own settings: at the same time on a CPU, as two
processes with half of the cores each, one after the other on a GPU. Twenty times each stops its clock
and scores its weights of the moment on the validation drawings by one evaluator: all N_max steps, the
exact density, offsets in units of the same scale factor; both go on together. Our validations during
training count as time; the reference project is spared its own.
"""

import argparse
import contextlib
import itertools
import json
import math
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import torch
from measure import machine
from reference import CheckoutError, ScoredReference, open_reference

from core.dataset import SPLITS, VALID, SketchDataset, load_dataset
from core.device import choose_device
from core.errors import SketchExplorerError
from core.model import ModelConfig, SketchVAE
from core.training import TrainingRun
from core.training_config import TrainingConfig
from trainer.allocator import keep_freed_memory
from trainer.scores import measure

POINTS = 20
"""Of each curve."""
PATIENCE = 900.0
"""Seconds to wait for the other side at a point; it may have died."""
KL_WEIGHT = 0.5
SIDES = ("ours", "reference")


@dataclass(frozen=True)
class Job:
    """What one of the two processes does."""

    side: str
    drawings: Path
    checkout: Path
    minutes: float
    out: Path
    device: str
    threads: int

    @property
    def log(self) -> Path:
        """Where its points are appended, a JSON object a line."""
        return self.out / f"{self.side}.jsonl"


@dataclass(frozen=True)
class Moment:
    """A training that stopped its clock."""

    seconds: float
    cpu_seconds: float
    steps: int
    sketches: int
    model: SketchVAE | ScoredReference


@dataclass(frozen=True)
class Point:
    """A moment, scored with sampled z and with mu."""

    seconds: float
    cpu_seconds: float
    """What the process had of the machine in that time."""
    steps: int
    sketches: int
    L_R: float
    L_KL: float
    L_R_mu: float
    L_KL_mu: float

    @property
    def total(self) -> float:
        return self.L_R + KL_WEIGHT * self.L_KL


def main() -> int:
    options = _options()
    device = choose_device(options.device)
    out = options.out or Path(tempfile.mkdtemp(prefix="convergence-"))
    out.mkdir(parents=True, exist_ok=True)
    drawings = _one_file([options.data / "quickdraw" / f"{name}.npz" for name in options.categories], out)
    threads = max(1, (os.cpu_count() or 2) // 2)
    jobs = [
        Job(side, drawings, options.reference, options.minutes, out, str(device), threads)
        for side in SIDES
        if side == "ours" or options.reference is not None
    ]
    print(f"The curves are written to {out} as they come.", file=sys.stderr, flush=True)
    _work_all(jobs, at_once=device.type == "cpu")
    result = {
        "device": machine(device) + (f", {threads} threads a side" if device.type == "cpu" else ""),
        "minutes": options.minutes,
        "categories": options.categories,
        **compare(*(_read(out / f"{side}.jsonl") for side in SIDES)),
    }
    (out / "result.json").write_text(json.dumps(result) + "\n")
    if options.json:
        print(json.dumps(result))
    else:
        _print(result, has_reference=options.reference is not None)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="a checkout of SketchRNN-Pytorch-Attention")
    parser.add_argument("--minutes", type=float, default=30.0, help="a side (default: 30)")
    parser.add_argument("--categories", nargs="+", default=["cat"], help="of Quick, Draw! (default: cat)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="default: ../shared/data")
    parser.add_argument("--out", type=Path, help="folder for the curves (default: a temporary one)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _one_file(files: list[Path], out: Path) -> Path:
    """The drawings of several files as one, since the reference reads one."""
    if len(files) == 1:
        return files[0]
    dataset, arrays = load_dataset(files), {}
    for split, name in enumerate(SPLITS):
        indices = dataset.indices(split)
        arrays[name] = np.empty(len(indices), dtype=object)
        for row, i in enumerate(indices):  # one by one: equal lengths would make one array of them all
            arrays[name][row] = dataset.stroke3(i).astype(np.int16)
    np.savez_compressed(out / "drawings.npz", **arrays)
    return out / "drawings.npz"


def _work_all(jobs: list[Job], at_once: bool) -> None:
    """Run the jobs in processes of their own; one that fails leaves the points it has."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(jobs) if at_once else 1)
    processes = [context.Process(target=_work, args=(job, barrier), name=job.side) for job in jobs]
    for process in processes:
        process.start()
        if not at_once:
            process.join()
    for process in processes:
        process.join()
        if process.exitcode:
            print(f"{process.name} ended early, with status {process.exitcode}.", file=sys.stderr)


def _work(job: Job, barrier: Barrier) -> None:
    """One side: train by the clock, and score while the clock stands still."""
    torch.set_num_threads(job.threads)
    dataset = load_dataset([job.drawings])
    device = choose_device(job.device)
    due = [60 * job.minutes * (i + 1) / POINTS for i in range(POINTS)]
    moments = _ours(dataset, job, device, due) if job.side == "ours" else _reference(job, due)
    job.log.write_text("")
    last = 0.0
    try:
        for moment in moments:
            if moment.seconds > last:  # a step may be longer than points are apart
                _score(moment, dataset, job)
            last = moment.seconds
            with contextlib.suppress(threading.BrokenBarrierError):  # the other side has ended
                barrier.wait(PATIENCE)
    finally:
        barrier.abort()


def _score(moment: Moment, dataset: SketchDataset, job: Job) -> None:
    """Append a point to the curve."""
    scores = measure(moment.model, dataset, dataset.scale_factor(), dataset.indices(VALID)).scores()
    sampled, mean = scores.sampled, scores.mean
    counts = (moment.seconds, moment.cpu_seconds, moment.steps, moment.sketches)
    point = Point(*counts, sampled.L_R, sampled.L_KL, mean.L_R, mean.L_KL)
    with job.log.open("a") as log:
        log.write(json.dumps(asdict(point)) + "\n")
    print(
        f"{job.side:9}  {point.seconds:6.0f} s  step {point.steps:6,}  L_R {point.L_R:.3f}  L_KL {point.L_KL:.3f}",
        file=sys.stderr,
        flush=True,
    )


def _ours(dataset: SketchDataset, job: Job, device: torch.device, due: list[float]) -> Iterator[Moment]:
    keep_freed_memory()
    run = TrainingRun(dataset, ModelConfig(), TrainingConfig(minutes=job.minutes), device)
    cpu_seconds = 0.0
    for until in due:
        started = time.process_time()
        if run.seconds < until:
            for progress in run.run():  # each time it goes on where it was, its clock as it stood
                if progress.event:
                    print(progress.event, file=sys.stderr)
                if progress.seconds >= until:
                    break
        cpu_seconds += time.process_time() - started
        yield Moment(run.seconds, cpu_seconds, run.step, run.sketches, run.model)


def _reference(job: Job, due: list[float]) -> Iterator[Moment]:
    reference = open_reference(job.checkout, job.drawings, job.out / "reference")
    scored = ScoredReference(reference.model)
    batches = reference.batches()
    seconds, cpu_seconds, steps, sketches = 0.0, 0.0, 0, 0
    for until in due:
        while seconds < until:
            started, cpu_started = time.perf_counter(), time.process_time()
            points, step_in_epoch = next(batches)
            losses = reference.trainer.train_on_batch(points, step_in_epoch)
            seconds += time.perf_counter() - started
            cpu_seconds += time.process_time() - cpu_started
            steps, sketches = steps + 1, sketches + points.shape[1]
            if not math.isfinite(sum(losses)):
                print(f"reference: its loss is {losses[0]} at step {steps:,}, after {seconds:.0f} s", file=sys.stderr)
                return
        yield Moment(seconds, cpu_seconds, steps, sketches, scored)


def _read(log: Path) -> list[Point]:
    if not log.exists():
        return []
    points = [Point(**json.loads(line)) for line in log.read_text().splitlines()]
    return [point for point in points if math.isfinite(point.total)]


def compare(ours: list[Point], reference: list[Point]) -> dict[str, object]:
    """Both curves and what lies between them; losses with sampled z unless the name says mu."""
    result: dict[str, object] = {
        "curve": [[point.seconds, point.L_R, point.L_KL] for point in ours],
        "curve_mu": [[point.seconds, point.L_R_mu, point.L_KL_mu] for point in ours],
        "reference_curve": [[point.seconds, point.L_R, point.L_KL] for point in reference],
        "reference_curve_mu": [[point.seconds, point.L_R_mu, point.L_KL_mu] for point in reference],
        "cpu_seconds": [side[-1].cpu_seconds if side else None for side in (ours, reference)],
        "sketches": [side[-1].sketches if side else None for side in (ours, reference)],
        "time_ratio": None,
        "gap": None,
        "ahead_from": None,
    }
    if not ours or not reference:
        return result
    last = reference[-1]
    reached = [point.seconds for point in ours if point.total <= last.total]
    result["time_ratio"] = reached[0] / last.seconds if reached else None
    result["gap"] = last.total - ours[-1].total
    mine = np.interp([p.seconds for p in reference], [p.seconds for p in ours], [p.total for p in ours])
    behind = [point.seconds for point, total in zip(reference, mine, strict=True) if total >= point.total]
    result["ahead_from"] = behind[-1] / last.seconds if behind else 0.0
    return result


def _print(result: dict[str, object], has_reference: bool) -> None:
    def column(point: list[float] | None) -> str:
        if point is None:
            return " " * 34
        seconds, l_r, l_kl = point
        return f"{seconds:8.0f} s{l_r:8.3f}{l_kl:8.3f}{l_r + KL_WEIGHT * l_kl:8.3f}"

    print(f"{', '.join(result['categories'])}: validation split, N_max 200, sampled z;")
    print(f"{result['minutes']} minutes a side; {result['device']}")
    print(f"{'ours: L_R, L_KL, L_R + 0.5 L_KL':>34}  {'reference':>34}")
    for mine, its in itertools.zip_longest(result["curve"], result["reference_curve"]):
        print(f"{column(mine)}  {column(its)}")
    if not has_reference:
        print("Without --reference there is nothing to compare with.")
    elif result["gap"] is not None:
        ratio = result["time_ratio"]
        print(f"L_R + {KL_WEIGHT} L_KL at the end: ours is lower by {result['gap']:.3f}.")
        print(f"Ours is ahead from {result['ahead_from']:.0%} of the time on.")
        mine, its = result["cpu_seconds"]
        print(f"CPU seconds the machine gave each: ours {mine:.0f}, the reference {its:.0f}.")
        print("The reference's last loss: " + (f"ours after {ratio:.3f} of its time." if ratio else "never ours."))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CheckoutError, SketchExplorerError) as error:
        sys.exit(str(error))
