"""Pick the reader of a file by its content."""

from collections.abc import Iterator
from pathlib import Path

from core.errors import DataError
from core.readers.record import SketchRecord
from core.readers.sketch_rnn_npz import read_sketch_rnn_npz

_ZIP_MAGIC = b"PK\x03\x04"


def open_sketches(path: Path) -> Iterator[SketchRecord]:
    """Yield the drawings of `path`, whatever its format.

    Raises DataError, with a sentence that names the file, if it is missing or of no known format.
    """
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(_ZIP_MAGIC))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if magic == _ZIP_MAGIC:
        return read_sketch_rnn_npz(path)
    raise DataError(f"{path} is not a sketch-rnn .npz file, the one format that is read so far.")
