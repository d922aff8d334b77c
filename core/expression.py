"""Latent arithmetic: text such as `cat - mean(pig, cow) + 0.5 * #123` to a code.

    expression = term { ("+" | "-") term }
    term       = factor { ("*" | "/") factor }
    factor     = ("-" | "+") factor | primary
    primary    = number | "#" digits | name | quoted name | function "(" arguments ")" | "(" expression ")"

A name is a pinned code, else a category (its mean). Names that are not plain identifiers are quoted:
`"hot dog"`. Codes may be added and subtracted, and multiplied or divided by numbers. Functions:
mean(a, …), lerp(a, b, t), slerp(a, b, t), norm(a), unit(a), rescale(a) (to the data's typical norm),
random(seed) (a draw from the prior), nearest(a, k) (the k-th nearest drawing's code). An unknown name
is a free number where only a number fits (`t * a`, `1 - t`), so that a window can give it a slider;
where a code might stand (`a + t`, `2 * t`) it is an error. The text is parsed by the grammar above and
never evaluated as Python.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import ExpressionError
from core.interpolation import lerp, slerp
from core.navigation import Navigator

Code = NDArray[np.float32]
MAX_LENGTH = 2_000
MAX_DEPTH = 50
DEFAULT_SCALAR = 0.5

_NAME = r"[^\W\d]\w*"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<drawing>\#\d+)"
    rf"|(?P<name>{_NAME})|(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<symbol>[-+*/(),]))"
)
_FUNCTIONS = {
    "mean": "one code or more",
    "lerp": "lerp(a, b, t)",
    "slerp": "slerp(a, b, t)",
    "norm": "norm(a)",
    "unit": "unit(a)",
    "rescale": "rescale(a)",
    "random": "random(seed)",
    "nearest": "nearest(a, k)",
}
_ARITY = {"lerp": "aat", "slerp": "aat", "norm": "a", "unit": "a", "rescale": "a", "random": "t", "nearest": "at"}
RESERVED = frozenset(_FUNCTIONS)


@dataclass(frozen=True, eq=False)
class CodeSpace:
    """What names mean: pinned codes first, then categories, then drawings of the atlas."""

    navigator: Navigator
    pinned: Mapping[str, Code] = field(default_factory=dict)
    categories: Mapping[str, Code] = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)
    """Values of free numbers; DEFAULT_SCALAR for those not named."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The value of an expression."""

    value: Code | float
    """A code [N_z], or a number for an expression such as norm(a)."""
    scalars: tuple[str, ...]
    """Free numbers that the expression uses, in order of appearance."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int


@dataclass(frozen=True)
class _Unknown:
    """Names that are no codes, or a product or sum of them: a number if one is wanted, otherwise an error."""

    value: float
    names: tuple[_Token, ...]


_Value = Code | float | _Unknown
_Finite = TypeVar("_Finite", Code, float, Code | float)


def quoted(name: str) -> str:
    """A name as an expression needs it: in quotation marks unless it is a plain identifier."""
    if re.fullmatch(_NAME, name) and name not in RESERVED:
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def evaluate(text: str, space: CodeSpace) -> Answer:
    """The value of `text`. Raises ExpressionError, with the column, and nothing else."""
    return _Evaluation(text, space).answer()


def _tokens(text: str) -> list[_Token]:
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"This is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    tokens, end = [], 0
    stripped = len(text.rstrip())
    while end < stripped:
        match = _TOKEN.match(text, end)
        if match is None:
            column = end + len(text[end:]) - len(text[end:].lstrip())
            if text[column] in "\"'":
                raise ExpressionError("This quotation mark is never closed.", column)
            if text[column] == "#":
                raise ExpressionError("After # comes the number of a drawing.", column)
            raise ExpressionError(f"{text[column]!r} means nothing here.", column)
        kind = match.lastgroup or ""
        tokens.append(_Token(kind, match[kind], match.start(kind)))
        end = match.end()
    return [*tokens, _Token("end", "", len(text))]


class _Evaluation:
    """A recursive-descent parser that computes as it reads."""

    def __init__(self, text: str, space: CodeSpace) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._space = space
        self._scalars: dict[str, int] = {}
        """Free numbers and the column where each appears first."""

    def answer(self) -> Answer:
        with np.errstate(all="ignore"):  # what is not finite is refused by name
            return self._answer()

    def _answer(self) -> Answer:
        if self._token.kind == "end":
            raise ExpressionError("Type an expression, such as a - b + c.", 0)
        value = self._expression()
        if self._token.kind != "end":
            raise ExpressionError(f"An operator was expected here, not {self._token.text!r}.", self._token.column)
        value = self._known(value)
        if isinstance(value, np.ndarray):
            value = value.astype(np.float32)  # a copy: a bare name is the pinned code itself
        return Answer(value, tuple(sorted(self._scalars, key=self._scalars.__getitem__)))

    # -- grammar -----------------------------------------------------------------------------

    @property
    def _token(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._token
        self._at += 1
        return token

    def _accept(self, *symbols: str) -> _Token | None:
        return self._next() if self._token.kind == "symbol" and self._token.text in symbols else None

    def _expect(self, symbol: str) -> None:
        if self._accept(symbol) is None:
            found = repr(self._token.text) if self._token.text else "the end"
            raise ExpressionError(f"{symbol!r} was expected here, not {found}.", self._token.column)

    def _expression(self) -> _Value:
        value = self._term()
        while operator := self._accept("+", "-"):
            value = self._sum(value, self._term(), operator)
        return value

    def _term(self) -> _Value:
        value = self._factor()
        while operator := self._accept("*", "/"):
            value = self._product(value, self._factor(), operator)
        return value

    def _factor(self) -> _Value:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError("This is nested too deeply.", self._token.column)
        try:
            if sign := self._accept("-", "+"):
                return self._scaled(self._factor(), -1.0 if sign.text == "-" else 1.0, sign)
            return self._primary()
        finally:
            self._depth -= 1

    def _primary(self) -> _Value:
        token = self._next()
        if token.kind == "number":
            return self._finite(float(token.text), token.column)
        if token.kind == "drawing":
            return self._drawing(token)
        if token.kind == "quoted":
            return self._named(_Token("quoted", token.text[1:-1], token.column))
        if token.kind == "name":
            if token.text in RESERVED:
                return self._call(token)
            return self._named(token)
        if token.text == "(":
            value = self._expression()
            self._expect(")")
            return value
        found = repr(token.text) if token.text else "the end"
        raise ExpressionError(f"A code or a number was expected here, not {found}.", token.column)

    # -- names -------------------------------------------------------------------------------

    def _named(self, token: _Token) -> _Value:
        for table in (self._space.pinned, self._space.categories):
            if token.text in table:
                code = table[token.text]
                if code.shape != self._space.navigator.atlas.latents.shape[1:]:
                    raise ExpressionError(f"{token.text!r} is a code of another model.", token.column)
                return code
        value = float(self._space.scalars.get(token.text, DEFAULT_SCALAR))
        return _Unknown(self._finite(value, token.column), (token,))

    def _unknown(self, token: _Token) -> ExpressionError:
        known = [*self._space.pinned, *self._space.categories]
        near = [quoted(name) for name in difflib.get_close_matches(token.text, known, n=3)]
        hint = f"; did you mean {' or '.join(near)}?" if near else ": neither a pinned code nor a category."
        return ExpressionError(f"There is no code {token.text!r}{hint}", token.column)

    def _drawing(self, token: _Token) -> Code:
        atlas = self._space.navigator.atlas
        if len(token.text) > 12 or int(token.text[1:]) >= len(atlas):
            raise ExpressionError(f"The drawings are #0 to #{len(atlas) - 1}.", token.column)
        return atlas.latents[int(token.text[1:])]

    # -- values ------------------------------------------------------------------------------

    def _known(self, value: _Value) -> Code | float:
        """A code or number; a name that is neither is an error here."""
        if isinstance(value, _Unknown):
            raise self._unknown(value.names[0])
        return value

    def _scalar(self, value: _Value, column: int) -> float:
        """A number; unknown names become free ones."""
        if isinstance(value, _Unknown):
            for token in value.names:
                if token.kind == "quoted":
                    raise self._unknown(token)
                self._scalars[token.text] = min(token.column, self._scalars.get(token.text, token.column))
            return value.value
        if isinstance(value, np.ndarray):
            raise ExpressionError("A number was expected here, not a code.", column)
        return value

    def _code(self, value: _Value, column: int) -> Code:
        value = self._known(value)
        if isinstance(value, np.ndarray):
            return value
        raise ExpressionError("A code was expected here, not a number.", column)

    def _finite(self, value: _Finite, column: int) -> _Finite:
        if not np.isfinite(value).all():
            raise ExpressionError("The result of this is too large.", column)
        return value

    def _sum(self, left: _Value, right: _Value, operator: _Token) -> _Value:
        sign = 1.0 if operator.text == "+" else -1.0
        if isinstance(left, _Unknown) and isinstance(right, _Unknown):
            value = self._finite(left.value + sign * right.value, operator.column)
            return _Unknown(value, left.names + right.names)
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            left, right = self._known(left), self._known(right)
            if isinstance(left, float) or isinstance(right, float):
                raise ExpressionError("A code and a number cannot be added.", operator.column)
            return self._finite(np.asarray(left + np.float32(sign) * right), operator.column)
        column = operator.column
        return self._finite(self._scalar(left, column) + sign * self._scalar(right, column), column)

    def _product(self, left: _Value, right: _Value, operator: _Token) -> _Value:
        if operator.text == "/":
            divisor = self._scalar(right, operator.column)
            if divisor == 0:
                raise ExpressionError("This divides by zero.", operator.column)
            return self._scaled(left, 1 / divisor, operator)
        if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
            raise ExpressionError("Two codes cannot be multiplied.", operator.column)
        if isinstance(left, _Unknown) and isinstance(right, _Unknown):
            return _Unknown(self._finite(left.value * right.value, operator.column), left.names + right.names)
        if isinstance(left, float) or isinstance(right, np.ndarray):
            left, right = right, left
        return self._scaled(left, self._scalar(right, operator.column), operator)

    def _scaled(self, value: _Value, factor: float, operator: _Token) -> _Value:
        if isinstance(value, _Unknown):
            return _Unknown(self._finite(value.value * factor, operator.column), value.names)
        if isinstance(value, np.ndarray):
            return self._finite(value * np.float32(factor), operator.column)
        return self._finite(value * factor, operator.column)

    # -- functions ---------------------------------------------------------------------------

    def _call(self, name: _Token) -> _Value:
        if self._accept("(") is None:
            raise ExpressionError(f"{name.text} is a function: {_FUNCTIONS[name.text]}.", name.column)
        arguments: list[tuple[_Value, int]] = []
        if not (self._token.kind == "symbol" and self._token.text == ")"):
            while True:
                column = self._token.column
                arguments.append((self._expression(), column))
                if self._accept(",") is None:
                    break
        self._expect(")")
        kinds = _ARITY.get(name.text, "a" * max(1, len(arguments)))
        if len(arguments) != len(kinds):
            raise ExpressionError(f"{name.text} takes {_FUNCTIONS[name.text]}.", name.column)
        codes = [self._code(value, at) for (value, at), kind in zip(arguments, kinds, strict=True) if kind == "a"]
        numbers = [self._scalar(value, at) for (value, at), kind in zip(arguments, kinds, strict=True) if kind == "t"]
        return self._finite(self._apply(name, codes, numbers), name.column)

    def _apply(self, name: _Token, codes: list[Code], numbers: list[float]) -> Code | float:
        navigator = self._space.navigator
        match name.text:
            case "mean":
                return np.asarray(np.mean(codes, axis=0, dtype=np.float32))
            case "lerp":
                return lerp(codes[0], codes[1], numbers[0])
            case "slerp":
                return slerp(codes[0], codes[1], numbers[0])
            case "norm":
                return float(np.linalg.norm(codes[0].astype(np.float64)))
            case "unit":
                return self._with_norm(codes[0], 1.0, name)
            case "rescale":
                return self._with_norm(codes[0], float(np.median(navigator.atlas.norms)), name)
            case "random":
                seed = self._whole(numbers[0], 0, 2**63 - 1, name)
                size = navigator.atlas.latents.shape[1]
                return np.random.default_rng(seed).standard_normal(size, dtype=np.float32)
            case _:  # nearest
                k = self._whole(numbers[0], 1, len(navigator.atlas), name)
                return navigator.atlas.latents[navigator.nearest(codes[0], k)[0][-1]]

    def _with_norm(self, code: Code, norm: float, name: _Token) -> Code:
        wide = code.astype(np.float64)  # the squares of tiny codes vanish in float32
        length = float(np.linalg.norm(wide))
        if length == 0:
            raise ExpressionError(f"{name.text} needs a code that has a direction.", name.column)
        return (wide * (norm / length)).astype(np.float32)

    def _whole(self, value: float, low: int, high: int, name: _Token) -> int:
        if value != int(value) or not low <= value <= high:
            raise ExpressionError(f"{name.text} needs a whole number from {low} to {high:,}.", name.column)
        return int(value)
