"""Sketches a second: our training step against the reference project's `train_on_batch`.

    python benchmarks/training.py --reference PATH

Both train a model of 256/512 with attention on the same drawings, ours with batching, augmentation,
clipping and the optimiser in its time, the reference given batches that are made. The two take turns,
each in its own process, as their users run them. Ours is the rate of a whole shuffled epoch, or of
every k-th of its batches by length where an epoch is long; the reference, whose steps all cost the
same, that of its median step.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from measure import machine, peak_megabytes
from reference import BATCH_SIZE, CheckoutError, open_reference

from core.dataset import TRAIN, BatchSource, SketchDataset, batches_by_length, load_dataset
from core.device import choose_device
from core.errors import DataError, SketchExplorerError
from core.model import ModelConfig
from core.training import TrainingRun
from core.training_config import TrainingConfig
from trainer.allocator import keep_freed_memory

TURNS = 7
"""Of each side."""


@dataclass
class Rates:
    """What was measured on one set of drawings."""

    epoch: int
    """Training drawings in it."""
    mean_points: float
    sketches: int = 0
    seconds: float = 0.0
    reference_seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def ours(self) -> float:
        return self.sketches / self.seconds

    @property
    def reference(self) -> float | None:
        return BATCH_SIZE / statistics.median(self.reference_seconds) if self.reference_seconds else None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.reference if self.reference else None


class ReferenceProcess:
    """The reference trainer in a process of its own, without our allocator settings."""

    def __init__(self, checkout: Path, drawings: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        self._process = context.Process(target=_serve_reference, args=(other, checkout, drawings))
        self._process.start()
        other.close()
        self.seconds_of(None)  # it is ready, or says why not

    def seconds_of(self, points: np.ndarray | None) -> float:
        """How long it took to train on [200, B, 5]."""
        self._pipe.send(points)
        try:
            answer = self._pipe.recv()
        except EOFError:
            raise CheckoutError("The reference project's process ended unexpectedly.") from None
        if isinstance(answer, str):
            raise CheckoutError(answer)
        return answer

    def close(self) -> None:
        self._pipe.close()
        self._process.join()


def _serve_reference(pipe: Connection, checkout: Path, drawings: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            reference = open_reference(checkout, drawings, Path(scratch), workers=0)
        except CheckoutError as error:
            pipe.recv()
            pipe.send(str(error))
            return
        device = next(reference.model.encoder.parameters()).device
        while True:
            try:
                points = pipe.recv()
            except EOFError:
                return
            if points is None:
                pipe.send(0.0)
                continue
            batch = torch.from_numpy(points).to(device)
            started = time.perf_counter()
            reference.trainer.train_on_batch(batch)  # which reads its losses, and so waits for the device
            pipe.send(time.perf_counter() - started)


def main() -> int:
    options = _options()
    device = choose_device(options.device)
    keep_freed_memory()
    folder = options.data / "quickdraw"
    reference = None if options.reference is None else ReferenceProcess(options.reference, folder / "owl.npz")
    try:
        owl = _measure(load_dataset([folder / "owl.npz"]), options.batch_size, None, reference, device)
        everything = None
        if not options.owl_only:
            everything = _measure(_all_categories(folder), options.batch_size, options.batches, reference, device)
    finally:
        if reference is not None:
            reference.close()
    result = {
        "device": machine(device) + ("" if device.type == "cuda" else f", {torch.get_num_threads()} threads"),
        "batch_size": options.batch_size,
        "sketches_per_second": owl.ours,
        "reference_sketches_per_second": owl.reference,
        "ratio": owl.ratio,
        "sketches_per_second_all": everything and everything.ours,
        "reference_sketches_per_second_all": everything and everything.reference,
        "ratio_all": everything and everything.ratio,
        "epoch_seconds_all": everything and everything.epoch / everything.ours,
        "peak_mb": (everything or owl).peak_mb,
    }
    if options.json:
        print(json.dumps(result))
    else:
        _print(result, {"owl.npz": owl} | ({"all categories": everything} if everything else {}))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="a checkout of SketchRNN-Pytorch-Attention")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="default: ../shared/data")
    parser.add_argument("--batch-size", type=int, default=BATCH_SIZE, help="ours (default: 100, as the reference's)")
    parser.add_argument("--batches", type=int, default=42, help="of ours from all categories (default: 42)")
    parser.add_argument("--owl-only", action="store_true", help="leave out the 345 categories")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _all_categories(folder: Path) -> SketchDataset:
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise DataError(f"There are no .npz files in {folder}.")
    return load_dataset(files)


def _measure(
    dataset: SketchDataset,
    batch_size: int,
    at_most: int | None,
    reference: ReferenceProcess | None,
    device: torch.device,
) -> Rates:
    """An epoch of ours, or `at_most` of its batches, in turns with steps of the reference."""
    run = TrainingRun(dataset, ModelConfig(), TrainingConfig(batch_size=batch_size), device)
    training = dataset.indices(TRAIN)
    rates = Rates(len(training), float(dataset.lengths[training].mean()))
    started = time.perf_counter()
    batches = batches_by_length(dataset.lengths, training, batch_size, np.random.default_rng(0))
    shuffling = time.perf_counter() - started
    chosen = batches
    if at_most is not None and at_most < len(batches):
        by_length = sorted(batches, key=lambda indices: dataset.lengths[indices].sum())
        places = np.linspace(0, len(batches) - 1, at_most).round().astype(int)
        chosen = [by_length[i] for i in np.random.default_rng(0).permutation(places)]
    rates.seconds = shuffling * len(chosen) / len(batches)
    source = BatchSource(dataset, run.scale, torch.device("cpu"))
    same = [training[i * BATCH_SIZE :][:BATCH_SIZE] for i in range(TURNS + 1)]
    for indices in {len(batch): batch for batch in chosen}.values():  # what is done once is not timed
        run._train_step(indices, 0.0)
    shapes = {-(-int(dataset.lengths[indices].max() + 1) // 8): indices for indices in chosen}
    for indices in shapes.values():
        run._train_step(indices, 0.0)
    for turn, indices in enumerate(same):
        if turn > 0:
            _our_turn(run, chosen[turn - 1 :: TURNS], rates, device)
        if reference is not None:
            points = source.batch(indices, full_length=True).targets.transpose(0, 1).contiguous().numpy()
            seconds = reference.seconds_of(points)
            if turn > 0:
                rates.reference_seconds.append(seconds)
    rates.peak_mb = peak_megabytes(device)
    return rates


def _our_turn(run: TrainingRun, batches: list[np.ndarray], rates: Rates, device: torch.device) -> None:
    started = time.perf_counter()
    for indices in batches:
        run._train_step(indices, started)
        run.step += 1
        run.sketches += len(indices)
        rates.sketches += len(indices)
    if device.type == "cuda":
        torch.cuda.synchronize()
    rates.seconds += time.perf_counter() - started


def _print(result: dict[str, object], rows: dict[str, Rates]) -> None:
    print(f"256/512, attention, batches of {result['batch_size']}; {result['device']}")
    print(f"{'':16}{'mean points':>12}{'sketches/s':>12}{'reference':>12}{'ratio':>8}{'an epoch':>12}")
    for name, rates in rows.items():
        compared = "" if rates.reference is None else f"{rates.reference:12.1f}{rates.ratio:8.2f}"
        print(f"{name:16}{rates.mean_points:12.1f}{rates.ours:12.1f}{compared:20}{rates.epoch / rates.ours:10.0f} s")
    print(f"Peak memory of ours, data included: {result['peak_mb']:,.0f} MB.")
    if result["ratio"] is None:
        print("Without --reference there is nothing to compare with.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CheckoutError, SketchExplorerError) as error:
        sys.exit(str(error))
