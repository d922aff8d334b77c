"""What stands after --data becomes a dataset: files, or names of Quick, Draw! categories."""

from collections.abc import Sequence
from pathlib import Path

from core import named_data
from core.dataset import SPLITS, SketchDataset, load_dataset
from trainer.display import Display


def find_files(words: Sequence[str], display: Display) -> list[Path]:
    """The file each word means; where a name stands instead of one, the published file is fetched.

    Raises DataError if it cannot be.
    """
    return [_fetched(word, display) if _means_a_name(word) else Path(word) for word in words]


def read_drawings(files: Sequence[Path], max_points: int, display: Display) -> SketchDataset:
    """All drawings of `files` of at most `max_points` points, counted aloud. Raises DataError."""
    dataset = load_dataset(
        files, max_points, lambda done, total: display.stage("reading files of drawings", done / total)
    )
    counts = {name: len(dataset.indices(split)) for split, name in enumerate(SPLITS)}
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    display.say(f"{dataset.summary()}: {parts}.")
    display.record(
        "data", categories=list(dataset.categories), too_long=dataset.too_long, empty=dataset.empty, **counts
    )
    return dataset


def _means_a_name(word: str) -> bool:
    return not Path(word).exists() and named_data.is_name(word)


def _fetched(name: str, display: Display) -> Path:
    return named_data.fetch(
        name, on_progress=lambda done, total: display.stage(f"fetching {name}.npz", done / total if total else 0.0)
    )
