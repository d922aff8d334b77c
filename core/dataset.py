"""Many drawings in flat int16 storage: categories, splits, scale factor, batches of near-equal length."""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.errors import DataError
from core.preprocess import Preprocessing
from core.readers import SketchRecord, Source, find_sources
from core.readers.detect import PREPARED_NPZ, format_of
from core.readers.prepared_npz import columns_digest, read_prepared
from core.readers.record import SPLITS
from core.sketch import START_TOKEN, Array, stroke3_to_stroke5

TRAIN, VALID, TEST = range(3)
COUNT_DRAWINGS = 2000
"""Reading reports after so many drawings."""
SCALE_BLOCK = 1 << 20
"""Points looked at at a time, so that a mapped file of millions takes no memory."""
LENGTH_STEP = 4
"""Batch lengths are rounded up to a multiple of this: oneDNN compiles a primitive per new shape."""


@dataclass(frozen=True, eq=False)
class SketchDataset:
    """N drawings, their points concatenated."""

    points: NDArray[np.int16]
    """[P, 3]: the stroke-3 rows of all drawings."""
    starts: NDArray[np.int64]
    """[N + 1]: drawing i is points[starts[i]:starts[i + 1]]."""
    labels: NDArray[np.int32]
    """[N]: index into `categories`."""
    splits: NDArray[np.uint8]
    """[N]: TRAIN, VALID or TEST."""
    rows: NDArray[np.int32]
    """[N]: position in its split of its source file."""
    categories: tuple[str, ...]
    sources: tuple[str, ...]
    """File name per category."""
    max_points: int
    """N_max: no drawing has more points."""
    too_long: int = 0
    empty: int = 0
    digest: str = ""
    """SHA-256 of drawings, labels, splits and category names."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N]: points of each drawing."""
        return np.diff(self.starts)

    def stroke3(self, index: int) -> NDArray[np.int16]:
        return self.points[self.starts[index] : self.starts[index + 1]]

    def indices(self, split: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.splits == split)

    def scale_factor(self) -> float:
        """Standard deviation of all training offsets (of all offsets, if there is no training split)."""
        training = np.repeat(self.splits == TRAIN, self.lengths)
        chosen = training if training.any() else np.ones(len(self.points), dtype=bool)
        total = squares = 0  # exact: whole numbers
        for start in range(0, len(self.points), SCALE_BLOCK):
            block = slice(start, start + SCALE_BLOCK)
            offsets = self.points[block, :2][chosen[block]].astype(np.int64)
            total += int(offsets.sum())
            squares += int((offsets * offsets).sum())
        count = 2 * int(chosen.sum())
        scale = math.sqrt(count * squares - total * total) / count
        if not scale > 0:
            raise DataError("All offsets of this data are the same, so there is nothing to learn.")
        return scale

    def summary(self) -> str:
        """One line: how many drawings, and how many were left out and why."""
        parts = [f"{len(self) + self.too_long + self.empty:,} drawings read"]
        if self.too_long:
            parts.append(f"{self.too_long:,} longer than {self.max_points} points left out")
        if self.empty:
            parts.append(f"{self.empty:,} empty left out")
        return ", ".join(parts)


def load_dataset(
    paths: Sequence[Path],
    max_points: int = 200,
    on_progress: Callable[[int, int], None] | None = None,
    steps: Preprocessing | None = None,
    on_drawings: Callable[[int], None] | None = None,
) -> SketchDataset:
    """Read files of drawings, folders or patterns of them: one category a file, named after it.

    Drawings longer than `max_points` are left out and counted. A file without splits is divided
    90/5/5 by a hash of each drawing, so that a drawing stays in its split wherever it turns up.
    `steps` prepares drawings of foreign formats, each of which has its own without it. A single
    prepared file, as `core.store` writes it, is not read but mapped. `on_progress(files read,
    files)` is called after each file, `on_drawings(drawings so far)` now and then. Raises DataError.
    """
    if not paths:
        raise DataError("No file of drawings was given.")
    sources = find_sources(paths)
    if len(sources) == 1 and format_of(sources[0].paths[0]) is PREPARED_NPZ:
        dataset = _opened(sources[0].paths[0], max_points)
        if on_progress is not None:
            on_progress(1, 1)
        return dataset
    names = _category_names(sources)
    columns = _Columns(max_points, on_drawings)
    for number, (source, name) in enumerate(zip(sources, names, strict=True), start=1):
        columns.extend(source.records(steps), name, source.label)
        if on_progress is not None:
            on_progress(number, len(sources))
    return columns.dataset([source.label for source in sources])


def _opened(path: Path, max_points: int) -> SketchDataset:
    """A prepared file, mapped; of one with longer drawings, those of at most `max_points`."""
    columns = read_prepared(path)
    prepared_for, too_long = columns["max_points"], columns["too_long"]
    if max_points == prepared_for:
        return SketchDataset(**columns)
    if max_points > prepared_for and too_long:
        raise DataError(
            f"{path} was prepared without {too_long:,} drawings longer than {prepared_for} points; "
            f"prepare it anew with `python -m trainer data prepare --max-points {max_points}`."
        )
    lengths = np.diff(columns["starts"])
    kept = np.flatnonzero(lengths <= max_points)
    if len(kept) == 0:
        raise DataError(f"Nothing to use in {path}: all drawings are longer than {max_points} points.")
    if len(kept) < len(lengths):
        columns["points"] = columns["points"][np.repeat(lengths <= max_points, lengths)]
        columns["starts"] = np.concatenate([[0], np.cumsum(lengths[kept])])
        for name in ("labels", "splits", "rows"):
            columns[name] = columns[name][kept]
        columns["digest"] = columns_digest(columns)
    columns.update(max_points=max_points, too_long=too_long + len(lengths) - len(kept))
    return SketchDataset(**columns)


def _category_names(sources: Sequence[Source]) -> list[str]:
    """One name a file, all different; the folder tells files of one name apart."""
    names = [source.name for source in sources]
    if len(set(names)) < len(names):
        names = [f"{source.folder}/{source.name}" for source in sources]
    for source, name in zip(sources, names, strict=True):
        if names.count(name) > 1:
            raise DataError(
                f"{source.paths[0]} is given twice, or shares its name and folder's name with another file."
            )
    return names


class _Columns:
    """Grows the columns of a dataset."""

    def __init__(self, max_points: int, on_drawings: Callable[[int], None] | None = None) -> None:
        self._max_points = max_points
        self._on_drawings = on_drawings
        self._points = bytearray()
        self._lengths: list[int] = []
        self._labels: list[int] = []
        self._splits: list[int] = []
        self._rows: list[int] = []
        self._sources: dict[str, str] = {}
        """By category, in the order of their labels."""
        self._too_long = 0
        self._empty = 0

    def extend(self, records: Iterator[SketchRecord], category: str, source: str) -> None:
        """Take the drawings of one source, whose category it is unless they name their own."""
        first, begin = len(self._lengths), len(self._points)
        named_splits: set[str | None] = set()
        labels = {name: label for label, name in enumerate(self._sources)}
        for number, record in enumerate(records, start=1):
            length, name = len(record.stroke3), record.category or category
            if name not in labels:
                labels[name] = len(labels)
                self._sources[name] = source
            if length == 0:
                self._empty += 1
            elif length > self._max_points:
                self._too_long += 1
            else:
                self._points += record.stroke3.tobytes()
                self._lengths.append(length)
                self._labels.append(labels[name])
                self._splits.append(SPLITS.index(record.split) if record.split else TRAIN)
                self._rows.append(record.row)
                named_splits.add(record.split)
            if self._on_drawings is not None and number % COUNT_DRAWINGS == 0:
                self._on_drawings(len(self._lengths) + self._too_long + self._empty)
        if len(named_splits) < 2:
            for i in range(first, len(self._lengths)):
                end = begin + 6 * self._lengths[i]
                self._splits[i] = _split_by_hash(self._points[begin:end])
                begin = end

    def dataset(self, sources: Sequence[str]) -> SketchDataset:
        """What was gathered from `sources`, whose names stand in the message if it is nothing."""
        if not self._lengths:
            raise DataError(
                f"Nothing to use in {', '.join(sources)}: {self._too_long} drawings are longer than "
                f"{self._max_points} points and {self._empty} are empty."
            )
        columns = {
            "points": np.frombuffer(self._points, dtype=np.int16).reshape(-1, 3),
            "starts": np.concatenate([[0], np.cumsum(self._lengths, dtype=np.int64)]),
            "labels": np.array(self._labels, dtype=np.int32),
            "splits": np.array(self._splits, dtype=np.uint8),
            "categories": tuple(self._sources),
        }
        return SketchDataset(
            **columns,
            rows=np.array(self._rows, dtype=np.int32),
            sources=tuple(self._sources.values()),
            max_points=self._max_points,
            too_long=self._too_long,
            empty=self._empty,
            digest=columns_digest(columns),
        )


def _split_by_hash(drawing: bytes | bytearray) -> int:
    bucket = int.from_bytes(hashlib.sha256(drawing).digest()[:4], "little") % 100
    return TRAIN if bucket < 90 else VALID if bucket < 95 else TEST


@dataclass(frozen=True, eq=False)
class Batch:
    """Teacher-forcing pairs for B drawings: `inputs[:, t]` predicts `targets[:, t]`."""

    inputs: Tensor
    """[B, T, 5] stroke-5: the start token, then the points."""
    targets: Tensor
    """[B, T, 5] stroke-5: the points, then ends of sketch."""
    lengths: Tensor
    """[B] int64: real points of each drawing."""

    def points(self) -> Tensor:
        """[B, T, 5]: what the encoder reads, of which the first `lengths` rows count."""
        return self.targets


class BatchSource:
    """The points of a dataset on a device, gathered into padded batches there."""

    def __init__(self, dataset: SketchDataset, scale: float, device: torch.device) -> None:
        self.max_points = dataset.max_points
        self._lengths_host = dataset.lengths
        self._points = torch.from_numpy(np.asarray(dataset.points, dtype=np.int16)).to(device)
        self._starts = torch.from_numpy(dataset.starts).to(device)
        self._scale = scale
        self._device = device

    def batch(self, indices: NDArray[np.int64], *, full_length: bool = False) -> Batch:
        """The drawings `indices` as one batch, no longer than its longest drawing needs.

        With `full_length` it has all N_max steps, as the published losses count them.
        """
        longest = int(self._lengths_host[indices].max())
        steps = self.max_points if full_length else _steps(longest, self.max_points)
        rows = torch.from_numpy(indices).to(self._device, non_blocking=True)  # a plain copy waits for the device
        starts = self._starts[rows]
        lengths = self._starts[rows + 1] - starts
        position = torch.arange(steps, device=self._device)
        real = position < lengths[:, None]
        where = torch.where(real, starts[:, None] + position, 0)
        points = self._points[where].float() * real[..., None]
        targets = torch.zeros(len(indices), steps, 5, device=self._device)
        targets[..., :2] = points[..., :2] / self._scale
        targets[..., 3] = points[..., 2]
        targets[..., 4] = (~real).float()
        targets[..., 2] = 1 - targets[..., 3] - targets[..., 4]
        return teacher_forcing(targets, lengths)


def batch_of(drawings: Sequence[Array], scale: float, max_points: int, device: torch.device) -> Batch:
    """Drawings of no dataset, stroke-3 [n, 3] in data units, none longer than `max_points`, as one batch."""
    steps = _steps(max(map(len, drawings)), max_points)
    targets = np.stack([stroke3_to_stroke5(drawing, steps) for drawing in drawings])
    targets[..., :2] /= scale
    lengths = torch.tensor([len(drawing) for drawing in drawings], device=device)
    return teacher_forcing(torch.from_numpy(targets).to(device), lengths)


def _steps(longest: int, max_points: int) -> int:
    """One more than the points, so that the end of the sketch is among the targets, rounded up."""
    return min(-(-(longest + 1) // LENGTH_STEP) * LENGTH_STEP, max_points)


def teacher_forcing(targets: Tensor, lengths: Tensor) -> Batch:
    """The batch of these targets [B, T, 5], whose inputs are the start token and all targets but the last."""
    start = torch.tensor(START_TOKEN, device=targets.device).expand(len(targets), 1, 5)
    return Batch(torch.cat([start, targets[:, :-1]], dim=1), targets, lengths)


def batches_by_length(
    lengths: NDArray[np.int64],
    indices: NDArray[np.int64],
    batch_size: int,
    rng: np.random.Generator | None = None,
) -> list[NDArray[np.int64]]:
    """Split `indices` into batches of near-equal length.

    Without `rng`, strictly by length. With it, a shuffled epoch: lengths are jittered before they
    are sorted, so that a drawing meets others from epoch to epoch, and the batches come in random
    order.
    """
    keys = lengths[indices].astype(np.float64)
    if rng is not None:
        keys += rng.uniform(0, LENGTH_STEP / 2, len(keys))
    ordered = indices[np.argsort(keys, kind="stable")]
    batches = [ordered[i : i + batch_size] for i in range(0, len(ordered), batch_size)]
    if rng is not None:
        batches = [batches[i] for i in rng.permutation(len(batches))]
    return batches


def evened(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Chances [N], which add up to 1, for drawings of `labels` [N] to be drawn by: rare categories come oftener.

    A category then comes as often as the root of its size: between as often as it has drawings, which leaves rare
    ones unlearnt, and as often as any other, which learns the few drawings of rare ones by heart.
    """
    _, inverse, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    chances = 1 / np.sqrt(sizes[inverse])
    return chances / chances.sum()


def augment(batch: Batch, stretch: float, drop: float, mirror: bool, generator: torch.Generator) -> Batch:
    """A copy of `batch`, its drawings changed a little (Ha & Eck 2017, section 3.3).

    x and y of each are scaled by a factor in [1 - stretch, 1 + stretch], and each point within a
    stroke is left out with probability `drop`. With `mirror`, left and right of every other drawing,
    by chance, change places.
    """
    if drop > 0:
        batch = _without_some_points(batch, drop, generator)
    size = (len(batch.lengths), 1, 2)
    device = batch.inputs.device
    factor = 1 + stretch * (2 * torch.rand(size, generator=generator, device=device) - 1)
    if mirror:
        turned = torch.rand(size[:2], generator=generator, device=device) < 0.5
        factor[..., 0] = torch.where(turned, -factor[..., 0], factor[..., 0])
    inputs = torch.cat([batch.inputs[..., :2] * factor, batch.inputs[..., 2:]], dim=-1)
    targets = torch.cat([batch.targets[..., :2] * factor, batch.targets[..., 2:]], dim=-1)
    return Batch(inputs, targets, batch.lengths)


def _without_some_points(batch: Batch, drop: float, generator: torch.Generator) -> Batch:
    """Points within strokes left out; the others stay where they are, the last of each stroke among them."""
    targets, steps = batch.targets, batch.targets.shape[1]
    position = torch.arange(steps, device=targets.device)
    within = (position < batch.lengths[:, None] - 1) & (targets[..., 3] == 0)
    dropped = within & (torch.rand(within.shape, generator=generator, device=targets.device) < drop)
    kept = ~dropped & (position < batch.lengths[:, None])
    lengths = kept.sum(1)
    first_kept = torch.argsort(kept, dim=1, descending=True, stable=True)[..., None]
    places = targets[..., :2].cumsum(1).gather(1, first_kept.expand(-1, -1, 2))
    offsets = torch.diff(places, dim=1, prepend=torch.zeros_like(places[:, :1]))
    lifts = targets[..., 3:4].gather(1, first_kept)
    real = (position < lengths[:, None])[..., None].to(targets.dtype)
    changed = torch.cat([offsets * real, (1 - lifts) * real, lifts * real, 1 - real], dim=-1)
    return Batch(torch.cat([batch.inputs[:, :1], changed[:, :-1]], dim=1), changed, lengths)
