"""Drawings through the encoder: means of z, and the losses of what the decoder makes of them."""

import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from core.dataset import LENGTH_STEP, BatchSource, SketchDataset, batch_of, batches_by_length
from core.errors import DataError
from core.loss import Reconstruction, reconstruction_loss
from core.model import SketchVAE
from core.sketch import Array

BATCH = 128
WINDOW = 1 << 16
"""Drawings that are on the device at a time, however many there are."""
_one_at_a_time = threading.RLock()


@dataclass(frozen=True, eq=False)
class EncodedBatch:
    """B drawings of near-equal length, on the model's device."""

    chosen: NDArray[np.int64]
    """[B]: positions in the `indices` that were asked for."""
    mean: Tensor
    """[B, N_z]: mu."""
    log_variance: Tensor
    """[B, N_z]: sigma-hat."""
    losses: Reconstruction | None
    """None where only the encoder was run."""


def encode_batches(
    model: SketchVAE,
    source: BatchSource,
    lengths: NDArray[np.int64],
    indices: NDArray[np.int64],
    *,
    batch_size: int = BATCH,
    decode: bool = True,
    full_length: bool = False,
    noise: Tensor | None = None,
) -> Iterator[EncodedBatch]:
    """Run the drawings `indices` [n] through the model in batches of near-equal length.

    `lengths` [N] are those of all drawings of `source`. With `decode` they are decoded too, from mu or,
    given `noise` [n, N_z], from sampled z; with `full_length` for all N_max steps. The model is in
    evaluation mode while a batch is computed and as it was in between, as are gradients.
    """
    for chosen in batches_by_length(lengths[indices], np.arange(len(indices)), batch_size):
        was_training = model.training
        model.eval()
        with torch.inference_mode():
            batch = source.batch(indices[chosen], full_length=full_length)
            if decode:
                sampled = None if noise is None else noise[chosen].to(model.device)
                raw, mean, log_variance = model(batch.points(), batch.lengths, batch.inputs, sampled)
                losses = reconstruction_loss(raw, batch.targets, batch.lengths, source.max_points)
            else:
                mean, log_variance = model.encoder(batch.points(), batch.lengths)
                losses = None
        model.train(was_training)
        yield EncodedBatch(chosen, mean, log_variance, losses)


def encode_dataset(
    model: SketchVAE,
    dataset: SketchDataset,
    scale: float,
    *,
    losses: bool = True,
    out: NDArray[np.float32] | None = None,
) -> Generator[float, None, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """mu [N, N_z] and reconstruction loss L_R [N] of every drawing, on the model's device.

    A generator: yields the fraction done after each batch and returns the two arrays; to cancel it,
    close it. mu is written into `out` if given (a memory map, say): apart from it and the losses,
    memory does not grow with N. Without `losses`, which take most of the time, they are NaN. Processes
    of one group (torch.distributed) share the work; each must run to the end, and all get everything.
    """
    means = np.empty((len(dataset), model.config.latent), dtype=np.float32) if out is None else out
    if means.shape != (len(dataset), model.config.latent):
        raise ValueError(f"codes of {len(dataset)} drawings do not fit in {means.shape}")
    totals = np.full(len(dataset), 0 if losses else np.nan, dtype=np.float32)
    rank, world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    means[:] = 0
    size = min(WINDOW, -(-len(dataset) // world))
    own = range(rank * size, len(dataset), world * size)
    share, done = sum(min(size, len(dataset) - first) for first in own), 0
    for first in own:
        window = _window(dataset, first, min(first + size, len(dataset)))
        source = BatchSource(window, scale, model.device)
        everything = np.arange(len(window))
        for batch in encode_batches(model, source, window.lengths, everything, decode=losses):
            means[first + batch.chosen] = batch.mean.float().cpu().numpy()
            if batch.losses is not None:
                totals[first + batch.chosen] = batch.losses.total.cpu().numpy()
            done += len(batch.chosen)
            yield done / share
    if world > 1:
        for result in (means, totals):
            _sum_over_processes(result, model.device)
    return means, totals


def encode_means(
    model: SketchVAE, dataset: SketchDataset, scale: float, indices: NDArray[np.int64]
) -> NDArray[np.float32]:
    """mu [n, N_z] of the drawings `indices` [n], in their order."""
    means = np.empty((len(indices), model.config.latent), dtype=np.float32)
    source = BatchSource(dataset, scale, model.device)
    for batch in encode_batches(model, source, dataset.lengths, indices, decode=False):
        means[batch.chosen] = batch.mean.float().cpu().numpy()
    return means


def encode_sketch(model: SketchVAE, stroke3: Array, scale: float) -> NDArray[np.float32]:
    """mu [N_z] of one drawing [n, 3] in data units. Raises DataError if it is empty or not finite."""
    if len(stroke3) == 0:
        raise DataError("An empty drawing has no code.")
    if not np.isfinite(stroke3).all():
        raise DataError("A drawing with an offset that is not finite has no code.")
    batch = batch_of([stroke3], scale, len(stroke3) + LENGTH_STEP, model.device)
    with torch.inference_mode(), one_thread():
        mean, _ = model.encoder(batch.points(), batch.lengths)
    return mean[0].float().cpu().numpy()


@contextmanager
def one_thread() -> Iterator[None]:
    """A few drawings gain little from more of them, and lose seconds where they wait on a busy machine."""
    with _one_at_a_time:  # or one would put back what another had set
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def _sum_over_processes(values: NDArray[np.float32], device: torch.device) -> None:
    """Add up what each process has, in place and a window at a time."""
    for first in range(0, len(values), WINDOW):
        part = torch.from_numpy(values[first : first + WINDOW]).to(device)
        dist.all_reduce(part)
        values[first : first + WINDOW] = part.cpu().numpy()


def _window(dataset: SketchDataset, first: int, end: int) -> SketchDataset:
    """The drawings from `first` to before `end`; their points are a view."""
    starts = dataset.starts[first : end + 1]
    rows = slice(first, end)
    return replace(
        dataset,
        points=dataset.points[starts[0] : starts[-1]],
        starts=starts - starts[0],
        labels=dataset.labels[rows],
        splits=dataset.splits[rows],
        rows=dataset.rows[rows],
    )
