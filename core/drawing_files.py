"""Drawings of a map as a file for other programs: sketch-rnn npz, Quick, Draw! ndjson, or a csv table.

A drawing is the original where it is at hand, else what the model draws from its code; every format
says which.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.atlas import Atlas
from core.dataset import SPLITS
from core.output import by_ending, write_whole
from core.sketch import stroke3_to_polylines

BOX = 255
"""Largest coordinate of Quick, Draw!'s simplified form."""
NOTE = "origin.json"
"""Member of an npz that says where its drawings are from; readers of the layout ignore it."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing of a map, ready to be written."""

    index: int
    """Its number on the map."""
    stroke3: NDArray[np.integer] | NDArray[np.floating]
    """[n, 3] in data units."""
    decoded: bool
    """Whether the model drew it; otherwise it is the original."""

    @property
    def origin(self) -> str:
        return "decoded" if self.decoded else "original"


def write_drawings(path: Path, atlas: Atlas, drawings: Sequence[Drawing]) -> None:
    """Write drawings of `atlas` in the format that the ending of `path` names, whole or not at all.

    Raises DataError if the format is unknown or the file cannot be written.
    """
    write_whole(path, by_ending(path, WRITERS)(atlas, drawings))


def _npz(atlas: Atlas, drawings: Sequence[Drawing]) -> bytes:
    """Object arrays of int16 stroke-3 named train, valid and test, as magenta's sketch_rnn reads them.

    Offsets are those of rounded positions, so that rounding does not add up along a drawing.
    """
    arrays: dict[str, Any] = {}
    for number, split in enumerate(SPLITS):
        chosen = [drawing for drawing in drawings if atlas.splits[drawing.index] == number]
        array = np.empty(len(chosen), dtype=object)
        for row, drawing in enumerate(chosen):
            array[row] = _whole_offsets(drawing.stroke3)
        arrays[split] = array
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    notes = {split: [] for split in SPLITS}
    for drawing in drawings:
        about = {"number": drawing.index, "word": atlas.category(drawing.index), "origin": drawing.origin}
        notes[SPLITS[atlas.splits[drawing.index]]].append(about)
    return _with_member(stream, NOTE, json.dumps(notes).encode())


def _with_member(archive: io.BytesIO, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(name, content)
    return archive.getvalue()


def _whole_offsets(stroke3: NDArray[Any]) -> NDArray[np.int16]:
    positions = np.rint(np.cumsum(stroke3[:, :2], axis=0, dtype=np.float64))
    offsets = np.diff(positions, axis=0, prepend=np.zeros((1, 2)))
    limit = np.iinfo(np.int16).max
    return np.column_stack([offsets.clip(-limit, limit), stroke3[:, 2] > 0.5]).astype(np.int16)


def _ndjson(atlas: Atlas, drawings: Sequence[Drawing]) -> bytes:
    """One JSON object a line, in the simplified form of https://github.com/googlecreativelab/quickdraw-dataset."""
    lines = (
        json.dumps(
            {
                "word": atlas.category(drawing.index),
                "key_id": str(drawing.index),
                "recognized": True,
                "origin": drawing.origin,
                "split": SPLITS[atlas.splits[drawing.index]],
                "drawing": simplified(drawing.stroke3),
            },
            separators=(",", ":"),
        )
        for drawing in drawings
    )
    return "".join(f"{line}\n" for line in lines).encode()


def simplified(stroke3: NDArray[Any]) -> list[list[list[int]]]:
    """Strokes as lists of x and of y: moved to the top left and scaled to whole numbers from 0 to 255."""
    lines = stroke3_to_polylines(stroke3)
    if not lines:
        return []
    points = np.concatenate(lines)
    corner = points.min(axis=0)
    scale = BOX / max(float((points - corner).max()), 1e-9)
    return [np.rint((line - corner) * scale).astype(int).T.tolist() for line in lines]


def _csv(atlas: Atlas, drawings: Sequence[Drawing]) -> bytes:
    """A table: a row a drawing, with what is known of it, its strokes as JSON and its code."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    columns = ["number", "category", "split", "row", "source", "x", "y", "points", "strokes", "loss", "norm", "origin"]
    table.writerow([*columns, "drawing", *(f"z{axis}" for axis in range(atlas.latents.shape[1]))])
    for drawing in drawings:
        i = drawing.index
        x, y = atlas.positions[i].tolist()
        known = [i, atlas.category(i), SPLITS[atlas.splits[i]], int(atlas.rows[i]), atlas.sources[atlas.labels[i]]]
        measured = [int(atlas.point_counts[i]), int(atlas.stroke_counts[i]), float(atlas.losses[i])]
        strokes = json.dumps(simplified(drawing.stroke3), separators=(",", ":"))
        code = (f"{value:.6g}" for value in atlas.latents[i].tolist())
        table.writerow([*known, x, y, *measured, float(atlas.norms[i]), drawing.origin, strokes, *code])
    return stream.getvalue().encode()


WRITERS: dict[str, Callable[[Atlas, Sequence[Drawing]], bytes]] = {".npz": _npz, ".ndjson": _ndjson, ".csv": _csv}
