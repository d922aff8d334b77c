"""Small real files of every format, for what spoils and fuzzes them."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from measure import result_of

from core.attributes import Filter
from core.checkpoint import Checkpoint, save_checkpoint
from core.dataset import load_dataset
from core.drawing_files import simplified
from core.mapping import build_atlas
from core.model import ModelConfig, SketchVAE
from core.store import save_dataset
from explorer.opening import open_checkpoint
from explorer.requests import AtCode, AtDrawing, AtPosition, ByExpression, Mode, Route
from explorer.session import Session, Source, session_bytes
from explorer.state import Group, Pin, State

DRAWINGS = 12
"""In each file: short ones are read fast, and a random change is more likely to matter."""


@dataclass(frozen=True)
class Sample:
    """A real file to be spoiled."""

    name: str
    kind: str
    """drawings, checkpoint, session or expression: what reads it."""
    content: bytes


def make_samples(data: Path, folder: Path) -> list[Sample]:
    """Files of every format, with real drawings in them."""
    source = np.load(data / "quickdraw" / "owl.npz", allow_pickle=True, encoding="latin1")
    drawings = list(source["train"][:DRAWINGS])
    array = np.empty(len(drawings), dtype=object)
    array[:] = drawings
    np.savez_compressed(folder / "small.npz", train=array, valid=array[:2], test=array[:2])
    save_dataset(load_dataset([folder / "small.npz"]), folder / "prepared.npz")
    lines = (data / "ndjson" / "owl.ndjson").read_bytes().splitlines(keepends=True)[:DRAWINGS]
    raw = (data / "ndjson" / "owl.raw.ndjson").read_bytes().splitlines(keepends=True)[:1]
    strokes = [simplified(drawing) for drawing in drawings]
    parts = [{"all_strokes": [[[list(map(int, sum(zip(*s, strict=True), ())))] for s in one]]} for one in strokes]
    return [
        Sample("npz", "drawings", (folder / "small.npz").read_bytes()),
        Sample("prepared npz", "drawings", (folder / "prepared.npz").read_bytes()),
        Sample("ndjson", "drawings", b"".join(lines)),
        Sample("raw ndjson", "drawings", b"".join(raw)),
        Sample("bin", "drawings", b"".join(map(_bin_record, strokes))),
        Sample("creative json", "drawings", json.dumps(parts).encode()),
        Sample("svg", "drawings", _svg(strokes[0])),
        Sample("checkpoint", "checkpoint", _checkpoint(folder)),
        Sample("session", "session", _session_file(folder)),
        Sample("expression", "expression", b"cat - mean(pig, slerp(a, #3, t)) * 0.5 + nearest(rescale(random(7)), 2)"),
    ]


def _bin_record(strokes: list[list[list[int]]]) -> bytes:
    record = struct.pack("<Q2sBIH", 5, b"DE", 1, 1488400000, len(strokes))
    return record + b"".join(struct.pack("<H", len(xs)) + bytes(xs) + bytes(ys) for xs, ys in strokes)


def _svg(strokes: list[list[list[int]]]) -> bytes:
    paths = "".join(f'<path d="M{" L".join(f"{x} {y}" for x, y in zip(*s, strict=True))}"/>' for s in strokes)
    style = '<style>path { fill: none }</style><g transform="rotate(3) scale(1.5)">'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 255 255">{style}{paths}</g></svg>'.encode()


def _checkpoint(folder: Path) -> bytes:
    torch.manual_seed(0)
    dataset = load_dataset([folder / "small.npz"])
    model = SketchVAE(ModelConfig(latent=8, encoder_hidden=8, decoder_hidden=8, mixtures=2, attention_dim=4))
    scale = dataset.scale_factor()
    atlas = next(step.atlas for step in build_atlas(model, dataset, scale) if step.atlas is not None)
    checkpoint = Checkpoint(model.config, model.state_dict(), scale, 200, dataset.categories, atlas=atlas)
    save_checkpoint(checkpoint, folder / "small.pt")
    return (folder / "small.pt").read_bytes()


def _session_file(folder: Path) -> bytes:
    """A session with something of everything in it."""
    opened = result_of(open_checkpoint(str(folder / "small.pt")))
    codes, drawing = opened.atlas.latents, np.array([[3, 4, 0], [5, -6, 1]], dtype=np.float32)
    sum_of_two = ByExpression("a - cat", {"a": codes[0]}, {"t": 0.5})
    points = (AtDrawing(1), AtPosition(0.5, 0.25, 0.1), AtCode(codes[2], "there"))
    state = State(
        target=sum_of_two,
        route=Route(points, Mode.SPHERICAL, 12),
        pins={"a": Pin("a", "a cat", codes[0], drawing)},
        expression="a - cat",
        scalars={"t": 0.5},
        groups={"some": Group("some", np.array([1, 3]), codes[[1, 3]])},
        selected=np.arange(len(opened.atlas)) % 2 == 0,
        pad=(np.array([[0.1, 0.2], [0.3, 0.4]]),),
        colour_by="norm",
        filters={"norm": Filter(low=0.5)},
    )
    return session_bytes(Session(Source("small.pt"), opened, state))
