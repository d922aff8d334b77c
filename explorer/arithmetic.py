"""The expression line without its window: whether it has a value, its free numbers, its figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from explorer.requests import ByExpression, Calculated, Misread, Strokes, Target, calculate
from explorer.state import State
from explorer.workers import Cancel, LatestWorker

if TYPE_CHECKING:
    from core.expression import Code
    from explorer.opening import Opened
    from explorer.studio import Studio

EXAMPLES = ("{a} - {b} + {c}", "lerp({a}, {b}, t)", "mean({a}, {b}, {c})")


@dataclass(frozen=True, eq=False)
class CheckRequest:
    """Has an expression a value?"""

    opened: "Opened"
    target: ByExpression


def check(request: CheckRequest, _cancelled: Cancel) -> Iterator[Calculated | Misread]:
    """Answer a CheckRequest."""
    from core.errors import ExpressionError

    try:
        yield Calculated(calculate(request.target, request.opened))
    except ExpressionError as error:
        yield Misread(str(error), error.column)


@dataclass(frozen=True, eq=False)
class FigureRequest:
    """How do the terms of an expression look, and what they add up to?"""

    opened: "Opened"
    target: ByExpression
    seed: int
    temperature: float


@dataclass(frozen=True, eq=False)
class Operand:
    """A sketch of a row: a term of a sum, or the result."""

    sign: str
    """+, -, = or nothing."""
    text: str
    stroke3: Strokes


@dataclass(frozen=True, eq=False)
class Figure:
    """A sum of sketches: its terms, and last the result."""

    text: str
    operands: tuple[Operand, ...]


def figure(request: FigureRequest, cancelled: Cancel) -> Iterator[Figure | Misread]:
    """Answer a FigureRequest: all of it drawn at one temperature, with one seed."""
    from core.equation import terms
    from core.errors import ExpressionError
    from core.generation import SamplingConfig

    target, opened = request.target, request.opened
    try:
        parts = [(term.sign, term.text) for term in terms(target.text)]
        whole = calculate(target, opened).value
        values = [calculate(replace(target, text=text, rescale=False), opened).value for _, text in parts]
    except ExpressionError as error:
        yield Misread(str(error), error.column)
        return
    codes: list[Code] = [value for value in (*values, whole) if not isinstance(value, float)]
    if len(codes) <= len(parts):
        yield Misread("A figure needs an expression whose value is a code, such as a - b + c.", 0)
        return
    sampling = SamplingConfig(request.temperature, opened.checkpoint.max_points)
    sketches = opened.decoder.decode(np.stack(codes), [request.seed] * len(codes), sampling, cancelled)
    labels = [*parts, ("=", "rescaled" if target.rescale else "")]
    operands = (Operand(*label, sketch) for label, sketch in zip(labels, sketches, strict=True))
    yield Figure(target.text.strip(), tuple(operands))


def _equal(first: "Mapping[str, Code]", second: "Mapping[str, Code]") -> bool:
    """Whether the same names mean the same codes."""
    return first.keys() == second.keys() and all(
        code is second[name] or np.array_equal(code, second[name]) for name, code in first.items()
    )


class Arithmetic(QObject):
    """What becomes of the studio's expression."""

    calculated = Signal(object)
    """A Calculated or a Misread, for the expression as it stands, whatever is current."""
    figured = Signal(object)
    """A Figure."""
    figure_refused = Signal(str)
    """Why there is none, in one sentence."""
    failed = Signal(str, str)

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self.figure: Figure | None = None
        """The one drawn last."""
        self._moved: Target | None = None
        """What a slider in motion has made current last."""
        self._checker = LatestWorker(check, "check", self)
        self._figurer = LatestWorker(figure, "figure", self)
        self._checker.answered.connect(self._on_checked)
        self._figurer.answered.connect(self._on_figured)
        for worker in (self._checker, self._figurer):
            worker.failed.connect(self.failed)
        studio.opened.connect(self._on_opened)
        studio.state_changed.connect(self._on_state)

    def examples(self) -> list[str]:
        """Expressions over the first categories of the map, to begin with."""
        from core.expression_syntax import quoted

        opened = self._studio.current
        names = [] if opened is None else [quoted(name) for name in opened.category_means][:3]
        return [example.format(**dict(zip("abc", names, strict=True))) for example in EXAMPLES if len(names) == 3]

    def target(self, text: str, scalars: Mapping[str, float]) -> ByExpression:
        """What an expression means now, with the codes and groups that have names."""
        state = self._studio.state
        pinned = {name: pin.code for name, pin in state.pins.items()}
        groups = {name: group.codes for name, group in state.groups.items()}
        return ByExpression(text, pinned, dict(scalars), groups, state.rescale)

    def is_current(self, text: str, scalars: Mapping[str, float]) -> bool:
        """Whether an expression, as it was given and with all that its names mean now, is what is current."""
        state, target = self._studio.state, self._studio.state.target
        if not isinstance(target, ByExpression) or state.taken or not target.text == state.expression == text:
            return False
        wanted = self.target(text, scalars)
        same = _equal(target.pinned, wanted.pinned) and _equal(target.groups, wanted.groups)
        return same and target.scalars == state.scalars == wanted.scalars and target.rescale == wanted.rescale

    def set_rescale(self, rescale: bool) -> None:
        """Bring results of expressions to the data's typical norm from now on, the current one at once."""
        state, target = self._studio.state, self._studio.state.target
        if rescale != state.rescale:
            if isinstance(target, ByExpression):
                target = replace(target, rescale=rescale)
            self._studio.edit("rescaling", rescale=rescale, target=target)

    def name_of(self, code: "Code") -> str | None:
        """The name under which a code is pinned."""
        pins = self._studio.pins.values()
        return next((pin.name for pin in pins if pin.code.shape == code.shape and (pin.code == code).all()), None)

    def move_pin(self, name: str, before: str | None) -> None:
        """Have a pinned code stand before another, or (None) last."""
        pins = dict(self._studio.pins)
        moved = pins.pop(name)
        order = list(pins)
        order.insert(len(order) if before not in pins else order.index(before), name)
        if order != list(self._studio.pins):
            self._studio.edit(f"moving {name}", pins={other: pins.get(other, moved) for other in order})

    def set_scalar(self, name: str, number: float) -> None:
        """Give a free number another value, while it is being dragged."""
        state = self._studio.state
        self._studio.calculate(state.expression, {**state.scalars, name: number}, live=True)
        self._moved = self._studio.state.target

    def settle(self) -> None:
        """The slider is at rest: draw the value once more, with all that waits for the end of a drag."""
        state = self._studio.state
        if self._moved is not None and self._moved is state.target:
            self._studio.calculate(state.expression, state.scalars)
        self._moved = None
        self._studio.end_gesture()

    def draw_figure(self) -> None:
        """Draw the expression as a row of sketches, or say why it cannot be."""
        studio, state = self._studio, self._studio.state
        if studio.current is not None:
            target = self.target(state.expression, state.scalars)
            # By the seed of what is on view, which is then the row's last.
            seed = studio.sketch.seed if studio.sketch is not None and studio.drawn else state.seed
            self._figurer.submit(
                FigureRequest(studio.current, target, seed, state.temperature), preempt=not studio.live
            )

    def _on_opened(self) -> None:
        self._checker.cancel()
        self._figurer.cancel()
        self.figure = None

    def _on_state(self, before: State, after: State) -> None:
        """Check the expression when it or what its names mean is another; that changes nothing itself."""
        if self._studio.current is None or not after.differs(before, "expression", "scalars", "pins", "groups"):
            return
        if after.expression.strip():
            target = self.target(after.expression, after.scalars)
            self._checker.submit(CheckRequest(self._studio.current, target), preempt=not self._studio.live)
        else:
            self._checker.cancel()

    def _on_checked(self, number: int, answer: Calculated | Misread) -> None:
        if self._checker.current(number):
            self.calculated.emit(answer)

    def _on_figured(self, number: int, answer: Figure | Misread) -> None:
        if self._figurer.current(number):
            if isinstance(answer, Figure):
                self.figure = answer
                self.figured.emit(answer)
            else:
                self.figure_refused.emit(answer.message)

    def close(self) -> None:
        self._checker.stop()
        self._figurer.stop()
