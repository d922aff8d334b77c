"""What the drawing pad asks of its threads and what comes back: codes, completions, pictures read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.freehand import Stroke, fitted, to_stroke3
from explorer.workers import Cancel

if TYPE_CHECKING:
    from core.expression import Code
    from explorer.opening import Opened

WAYS = 9
NEIGHBOURS = 90
"""Drawings that completions are like: nine each time, nearest first."""
COMPLETE_EVERY = 3
"""Points between two reports of completions being drawn."""


def encode(strokes: tuple[Stroke, ...], opened: "Opened") -> "tuple[NDArray[np.int16], Code]":
    """A drawing by hand at the model's scale, stroke-3 [n, 3], and its code. Raises DataError if it has none."""
    from core.encoding import encode_sketch

    stroke3, limit = to_stroke3(strokes), opened.checkpoint.max_points
    if len(stroke3) > limit:
        raise DataError(
            f"Simplified, this has {len(stroke3):,} points; the model knows drawings of up to {limit:,}: undo a stroke."
        )
    return stroke3, encode_sketch(opened.model, stroke3, opened.checkpoint.scale)


@dataclass(frozen=True, eq=False)
class CompletionRequest:
    """Continue a drawing, once for each seed."""

    opened: "Opened"
    strokes: tuple[Stroke, ...]
    seeds: tuple[int, ...]
    temperature: float


@dataclass(frozen=True, eq=False)
class Completions:
    """Drawings that begin with the same points, as far as they are there."""

    strokes: tuple[Stroke, ...]
    """The drawing that they continue."""
    given: int
    """How many points that has, simplified; each sketch begins with them."""
    sketches: list[NDArray[np.float32]]
    finished: bool


def complete(request: CompletionRequest, cancelled: Cancel) -> "Iterator[Completions]":
    """Answer a CompletionRequest, all in one batch. Raises DataError if the drawing has no code.

    Each way is decoded from the code of another drawing of the map, one of those nearest to the
    beginning's own code in R^N_z. For the encoder has learnt whole drawings: the code of a beginning says
    to stop there, and one of the prior knows nothing of it. With the shipped animals, 150 test drawings
    cut in half (benchmarks/completion.py): 10 % of the continuations add nothing (from the beginning's own
    code 20 %, from the prior 7 %), a classifier names 25 % of them rightly (26 %, 18 %), and one or more of
    the nine for 65 % of the beginnings (49 %, 64 %).
    """
    from core.generation import SamplingConfig

    opened, count = request.opened, len(request.seeds)
    stroke3, code = encode(request.strokes, opened)
    near, _ = opened.navigator.nearest(code, min(NEIGHBOURS, len(opened.atlas)))
    codes = opened.atlas.latents[near[np.array(request.seeds) % len(near)]]
    sampling = SamplingConfig(request.temperature, opened.checkpoint.max_points)
    beginning = stroke3.astype(np.float32)
    stream = opened.decoder.stream(
        codes,
        request.seeds,
        sampling,
        cancelled,
        every=COMPLETE_EVERY,
        beginnings=[beginning] * count,
    )
    for partial in stream:
        if partial.finished or max(map(len, partial.strokes)) > len(beginning):
            yield Completions(request.strokes, len(beginning), partial.strokes, partial.finished)


@dataclass(frozen=True, eq=False)
class ReadRequest:
    """Read the drawing of an SVG file, or of the bytes of one."""

    source: Path | bytes


def read(request: ReadRequest, _cancelled: Cancel) -> Iterator[tuple[Stroke, ...]]:
    """Answer a ReadRequest with strokes that fill the pad. Raises DataError."""
    from core.readers.svg import parse_svg, read_svg

    if isinstance(request.source, Path):
        name, polylines = request.source.name, next(read_svg(request.source))
    else:
        name = "What was pasted"
        try:
            polylines = parse_svg(request.source)
        except DataError as error:
            raise DataError(f"{name} is no drawing: {error}.") from error
    strokes = fitted(polylines)
    if not strokes:
        raise DataError(f"{name} has no lines to draw.")
    yield strokes
