"""What the window asks of the engine and what comes back: frozen values that cross threads."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.freehand import Stroke
from explorer.by_hand import encode
from explorer.records import LARGEST
from explorer.workers import Cancel

if TYPE_CHECKING:
    from core.expression import Answer, Code
    from core.generation import SamplingConfig
    from core.navigation import Place
    from explorer.opening import Opened

Strokes = NDArray[np.float32]
"""A drawing as stroke-3 [n, 3] in data units."""
DRAW_EVERY = 6
"""Points between two reports of a sketch being drawn."""
VARIANTS = 9
"""Sketches of a code, by as many seeds, that can be looked at side by side, and of which the clearest is found."""


@dataclass(frozen=True, eq=False)
class AtDrawing:
    """Drawing `index` of the atlas."""

    index: int


@dataclass(frozen=True, eq=False)
class AtPosition:
    """A place of the map: the drawing there, if one is within `reach` (map units), else the place itself."""

    x: float
    y: float
    reach: float
    among: NDArray[np.bool_] | None = None
    """[N]: the drawings that are shown, if not all are."""


@dataclass(frozen=True, eq=False)
class AtCode:
    """A code that something else produced, under a title."""

    code: "Code"
    title: str


Waypoint = AtDrawing | AtPosition | AtCode
"""What a path can lead through: what has a place on the map of its own."""


@dataclass(frozen=True, eq=False)
class ByExpression:
    """What an expression amounts to, given pinned codes, values of its free numbers and groups [n, N_z]."""

    text: str
    pinned: dict[str, "Code"]
    scalars: dict[str, float]
    groups: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    rescale: bool = False
    """Whether the result is brought to the data's typical norm."""


@dataclass(frozen=True, eq=False)
class ByHand:
    """The code of a drawing by hand: its strokes [k, 2] as they are on the pad."""

    strokes: tuple[Stroke, ...]


@dataclass(frozen=True, eq=False)
class Offset:
    """How far to go along a direction, and what one unit of it is."""

    amount: float
    unit: "Code"
    """[N_z]"""


Unsteered = AtDrawing | AtPosition | AtCode | ByExpression | ByHand
"""What can be made current by itself."""


@dataclass(frozen=True, eq=False)
class Steered:
    """Away from another target along directions, by their names."""

    base: Unsteered
    offsets: Mapping[str, Offset]


Target = Unsteered | Steered


def on_map(target: Target | None) -> bool:
    """Whether it is a place of the map, and so another code when that is laid out anew."""
    return isinstance(target.base if isinstance(target, Steered) else target, AtPosition)


class Mode(Enum):
    """How a path leads from one code to the next."""

    STRAIGHT = "straight"
    SPHERICAL = "spherical"
    DATA = "data"


FRAMES = 10
FEWEST_FRAMES, MOST_FRAMES = 2, 60


@dataclass(frozen=True, eq=False)
class Route:
    """A path through two points or more, and how many frames of it are drawn."""

    points: tuple[Waypoint, ...] = ()
    mode: Mode = Mode.STRAIGHT
    frames: int = FRAMES


@dataclass(frozen=True, eq=False)
class DrawRequest:
    """Draw what is at `target`."""

    opened: "Opened"
    target: Target
    seed: int
    temperature: float
    clearest: bool
    """Whether to end with the clearest of VARIANTS sketches, by `seed` and those after it."""


@dataclass(frozen=True, eq=False)
class Located:
    """Where a target is; the first answer to every DrawRequest."""

    title: str
    detail: str
    """Where it is from, or which drawing is nearest."""
    place: "Place"
    position: tuple[float, float]
    """On the map."""
    norm: float
    norm_range: tuple[float, float]
    """The middle nine tenths of the data's norms."""


@dataclass(frozen=True, eq=False)
class Calculated:
    """What an expression amounts to."""

    answer: "Answer"


@dataclass(frozen=True, eq=False)
class Misread:
    """Why an expression has no value, and at which column."""

    message: str
    column: int


@dataclass(frozen=True, eq=False)
class Codeless:
    """Why a drawing by hand or an expression has no code, in one sentence."""

    message: str


@dataclass(frozen=True, eq=False)
class Varied:
    """Sketches of one code by VARIANTS seeds, perhaps in progress; the first is that of `seed`."""

    code: "Code"
    seed: int
    temperature: float
    sketches: list[Strokes]
    finished: bool


@dataclass(frozen=True, eq=False)
class Sketch:
    """A drawing, perhaps still in progress."""

    stroke3: Strokes
    finished: bool
    seconds: float
    """Since the request was taken up; not those that compiling took before the first."""
    seed: int
    compared: Varied | None = None
    """Those of which it is the clearest."""


@dataclass(frozen=True, eq=False)
class Film:
    """The sketches along a path."""

    codes: NDArray[np.float32]
    """[frames, N_z]"""
    positions: NDArray[np.float64]
    """[frames, 2]: where each frame lies on the map."""
    way: NDArray[np.float32]
    """[K, N_z]: the path itself, finer than the frames, with every control point."""
    shares: NDArray[np.float64]
    """[K]: how far along the path each of those lies; frame i of n is at i / (n - 1)."""
    line: NDArray[np.float64]
    """[K, 2]: where they lie on the map."""
    corners: NDArray[np.intp]
    """[P]: which of them are the control points."""
    sketches: list[Strokes]
    """Of each frame; the nearest frame's where it has none of its own yet."""
    drawn: NDArray[np.bool_]
    """[frames]: which have a sketch of their own."""
    whole: NDArray[np.bool_]
    """[frames]: whose own sketch is not cut short."""
    source: object
    """What its sketches depend on beside their codes."""

    @property
    def finished(self) -> bool:
        return bool(self.whole.all())

    def place(self, time: float) -> tuple[float, float]:
        """Where on the map the path is at frame `time` (between frames too)."""
        share = time / max(1, len(self.codes) - 1)
        x, y = (float(np.interp(share, self.shares, axis)) for axis in self.line.T)
        return x, y


def draw(request: DrawRequest, cancelled: Cancel) -> Iterator[Codeless | Located | Sketch]:
    """Answer a DrawRequest: where it is, then the sketch while it is drawn; no place for what is no code.

    That of the request's own seed comes first, since it is there at once. If others are to be compared with it, the
    clearest follows.
    """
    from core.errors import DataError, ExpressionError
    from core.generation import SamplingConfig, compile_steps

    began = time.perf_counter()
    target, opened = request.target, request.opened
    try:
        located = _locate(target, opened)
    except (DataError, ExpressionError) as error:
        yield Codeless(str(error))
        return
    yield located
    waiting = time.perf_counter()
    compile_steps()
    began += time.perf_counter() - waiting
    sampling = SamplingConfig(request.temperature, opened.checkpoint.max_points)
    compared = request.clearest and opened.clarity is not None
    codes = located.place.code[None]
    for partial in opened.decoder.stream(codes, [request.seed], sampling, cancelled, every=DRAW_EVERY):
        [first] = partial.strokes
        yield Sketch(first, partial.finished and not compared, time.perf_counter() - began, request.seed)
    if compared:
        sketches, best = _compare(first, request.seed, located.place, sampling, opened, cancelled)
        varied = Varied(located.place.code, request.seed, request.temperature, sketches, finished=True)
        yield Sketch(sketches[best], True, time.perf_counter() - began, request.seed + best, varied)


def _compare(
    first: Strokes, seed: int, place: "Place", sampling: "SamplingConfig", opened: "Opened", cancelled: Cancel
) -> tuple[list[Strokes], int]:
    """VARIANTS sketches of a place, of which the `first`, by `seed`, is there already, and which is the clearest."""
    assert opened.clarity is not None
    codes = np.repeat(place.code[None], VARIANTS - 1, axis=0)
    sketches = [first, *opened.decoder.decode(codes, range(seed + 1, seed + VARIANTS), sampling, cancelled)]
    category = None if place.index is None else opened.atlas.category(place.index)
    return sketches, opened.clarity.clearest(sketches, place.code, category)


def calculate(target: ByExpression, opened: "Opened") -> "Answer":
    """What an expression amounts to. Raises ExpressionError, also for a code that no session could hold."""
    from core.errors import ExpressionError
    from core.expression import CodeSpace, evaluate, with_norm

    space = CodeSpace(opened.navigator, target.pinned, opened.category_means, target.scalars, target.groups)
    answer = evaluate(target.text, space)
    if target.rescale and not isinstance(answer.value, float):
        answer = replace(answer, value=with_norm(answer.value, opened.atlas.typical_norm))
    if not isinstance(answer.value, float) and np.abs(answer.value).max() > LARGEST:
        raise ExpressionError(f"The result of this is too large: a code has numbers of up to {LARGEST:,.0f}.", 0)
    return answer


def code_of(target: Target, opened: "Opened") -> "Code":
    """The code [N_z] of a target. Raises ExpressionError where an expression has none."""
    return _locate(target, opened).place.code


def snapped(target: AtPosition, opened: "Opened") -> AtDrawing | AtPosition:
    """The drawing that a place of the map means, or the place itself if it means none."""
    index, distance = opened.navigator.on_map(target.x, target.y, target.among)
    return AtDrawing(index) if distance <= target.reach else target


def total(offsets: Mapping[str, Offset]) -> "Code":
    """How far they lead together [N_z]."""
    return np.sum([np.float32(each.amount) * each.unit for each in offsets.values()], axis=0, dtype=np.float32)


def _locate(target: Target, opened: "Opened") -> Located:
    from core.errors import ExpressionError

    navigator, atlas = opened.navigator, opened.atlas
    if isinstance(target, ByExpression):
        value = calculate(target, opened).value
        if isinstance(value, float):
            raise ExpressionError("This is a number, not a code.", 0)
        target = AtCode(value, target.text.strip())
    elif isinstance(target, Steered):
        base = _locate(target.base, opened)
        target = AtCode(base.place.code + total(target.offsets), f"{base.title}, moved")
    if isinstance(target, AtPosition):
        target = snapped(target, opened)
    if isinstance(target, AtDrawing):
        place, title = navigator.at_drawing(target.index), atlas.category(target.index)
        x, y = atlas.positions[target.index].tolist()
    elif isinstance(target, AtPosition):
        place, title = navigator.from_map(target.x, target.y), "Between drawings"
        x, y = target.x, target.y
    elif isinstance(target, AtCode):
        place, title = navigator.place(target.code), target.title
        x, y = navigator.to_map(target.code)
    elif isinstance(target, ByHand):
        _, code = encode(target.strokes, opened)
        place, title = navigator.place(code), "Drawn by hand"
        x, y = navigator.to_map(code)
    else:
        raise TypeError(f"{type(target).__name__} is no target")
    if place.index is None:
        detail = f"nearest: {atlas.category(place.nearest)} #{place.nearest}"
    else:
        detail = f"drawing #{place.index} ({atlas.origin(place.index)})"
    return Located(title, detail, place, (x, y), float(np.linalg.norm(place.code)), atlas.norm_range)
