"""What stands after --data becomes a dataset: files, folders, patterns, or names of Quick, Draw! categories."""

from collections.abc import Sequence
from pathlib import Path

from core import named_data
from core.dataset import SPLITS, SketchDataset, load_dataset
from trainer.display import Display


def find_files(words: Sequence[str], display: Display) -> list[Path]:
    """The file, folder or pattern each word means; where a name stands instead of one, the published file is fetched.

    Raises DataError if it cannot be.
    """
    return [_fetched(word, display) if named_data.means_name(word) else Path(word) for word in words]


def read_drawings(files: Sequence[Path], max_points: int, display: Display) -> SketchDataset:
    """All drawings of `files` of at most `max_points` points, counted aloud. Raises DataError."""
    reached = 0.0

    def after_file(done: int, total: int) -> None:
        nonlocal reached
        reached = done / total
        display.stage("reading files of drawings", reached)

    def after_drawings(count: int) -> None:
        display.stage(f"reading files of drawings: {count:,}", reached)

    dataset = load_dataset(files, max_points, after_file, on_drawings=after_drawings)
    counts = {name: len(dataset.indices(split)) for split, name in enumerate(SPLITS)}
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    display.say(f"{dataset.summary()}: {parts}.")
    display.record(
        "data", categories=list(dataset.categories), too_long=dataset.too_long, empty=dataset.empty, **counts
    )
    return dataset


def _fetched(name: str, display: Display) -> Path:
    return named_data.fetch(
        name, on_progress=lambda done, total: display.stage(f"fetching {name}.npz", done / total if total else 0.0)
    )
