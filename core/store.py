"""A dataset prepared as one file that opens at once: written here, mapped by `core.dataset.load_dataset`."""

from pathlib import Path

from core.checkpoint import write_atomically
from core.dataset import SketchDataset
from core.errors import CheckpointError, DataError
from core.readers.prepared_npz import write_prepared


def save_dataset(dataset: SketchDataset, path: Path) -> None:
    """Write `dataset` to `path`, whole or not at all. Raises DataError."""
    columns = {name: getattr(dataset, name) for name in SketchDataset.__dataclass_fields__}
    try:
        write_atomically(path, lambda temporary: write_prepared(temporary, columns))
    except CheckpointError as error:
        raise DataError(str(error)) from error
