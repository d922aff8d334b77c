"""Pick the reader of a file by its content."""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import DataError
from core.preprocess import DRAWN_IN_LINES, PUBLISHED, Preprocessing, preprocess
from core.readers.creative_json import read_creative_json
from core.readers.prepared_npz import is_prepared, prepared_records
from core.readers.quickdraw_bin import looks_like_bin, read_quickdraw_bin
from core.readers.quickdraw_ndjson import MAX_LINE_BYTES, read_quickdraw_ndjson, usual_steps
from core.readers.record import Polylines, SketchRecord
from core.readers.sketch_rnn_npz import read_sketch_rnn_npz
from core.readers.stream import opened

_ZIP_MAGIC = b"PK\x03\x04"
_START_BYTES = 512
_LINES = 20
"""Of an .ndjson file, to tell its form."""


@dataclass(frozen=True)
class PreparedFormat:
    """Files of drawings that are stroke-3 already."""

    read: Callable[[Path], Iterator[SketchRecord]]


@dataclass(frozen=True)
class DrawnFormat:
    """Files of drawings as they were drawn."""

    read: Callable[[Path], Iterator[Polylines]]
    steps: Preprocessing
    """What brings them to the scale of the published files."""


def _read_svg(path: Path) -> Iterator[Polylines]:
    from core.readers.svg import read_svg  # its libraries are not needed for the program's start

    return read_svg(path)


SKETCH_RNN_NPZ = PreparedFormat(read_sketch_rnn_npz)
PREPARED_NPZ = PreparedFormat(prepared_records)
QUICKDRAW_BIN = DrawnFormat(read_quickdraw_bin, PUBLISHED)
CREATIVE_JSON = DrawnFormat(
    read_creative_json, replace(DRAWN_IN_LINES, min_points=3)
)  # a lone segment is a slip of the pen
SVG = DrawnFormat(_read_svg, DRAWN_IN_LINES)
Format = PreparedFormat | DrawnFormat


def open_sketches(path: Path, steps: Preprocessing | None = None) -> Iterator[SketchRecord]:
    """Yield the drawings of `path`, whatever its format, as stroke-3.

    `steps` prepares drawings of the formats that are not stroke-3 already; without it, each format has
    its own. Raises DataError, with a sentence that names the file, if it is missing, damaged, or of no
    known format.
    """
    kind = format_of(path)
    if isinstance(kind, PreparedFormat):
        return kind.read(path)
    return _prepared(kind.read(path), steps or kind.steps)


def format_of(path: Path) -> Format:
    """The format of a file by its first bytes. Raises DataError if it is none that is known."""
    with opened(path) as stream:
        start = stream.peek(_START_BYTES)[:_START_BYTES]
        text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(_ZIP_MAGIC):
            return PREPARED_NPZ if is_prepared(_members(path)) else SKETCH_RNN_NPZ
        if looks_like_bin(start):
            return QUICKDRAW_BIN
        if text.startswith(b"<") or start.startswith((b"\xff\xfe<", b"\xfe\xff\x00<")):
            return SVG
        if text.startswith(b"["):
            return CREATIVE_JSON
        if text.startswith(b"{"):
            lines = (stream.readline(MAX_LINE_BYTES) for _ in range(_LINES))
            return DrawnFormat(read_quickdraw_ndjson, usual_steps(line for line in lines if line.strip()))
    raise DataError(
        f"{path} is no file of drawings that is known: .npz, .ndjson, .bin, .json of Creative Birds, or .svg."
    )


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise DataError("the archive is damaged or cut short") from error


def _prepared(drawings: Iterator[Polylines], steps: Preprocessing) -> Iterator[SketchRecord]:
    for row, polylines in enumerate(drawings):
        yield SketchRecord(preprocess(polylines, steps), None, row)
