"""Latent arithmetic: text such as `cat - mean(pig, cow) + 0.5 * #123` to a code.

    expression = term { ("+" | "-") term }
    term       = factor { ("*" | "/") factor }
    factor     = ("-" | "+") factor | primary
    primary    = number | "#" digits | name | quoted name | function "(" arguments ")" | "(" expression ")"

A name is a pinned code, else a group of drawings (its mean), else a category (its mean). Names that are
not plain identifiers are quoted: `"hot dog"`. Codes may be added and subtracted, and multiplied or
divided by numbers. Functions: mean(a, …), each argument counting once; lerp(a, b, t), slerp(a, b, t),
norm(a), unit(a), rescale(a) (to the data's typical norm), random(seed) (a draw from the prior),
nearest(a, k) (the k-th nearest drawing's code). Their names are reserved: a code of such a name is
quoted. An unknown name is a free number where only a number fits (`t * a`, `1 - t`), so that a window
can give it a slider; where a code might stand (`a + t`, `2 * t`) it is an error. The text is parsed by
the grammar above and never evaluated as Python. docs/expressions.md is the same for users.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import ExpressionError
from core.expression_syntax import FUNCTIONS, RESERVED, Function, Token, quoted, tokens
from core.generation import prior_codes
from core.interpolation import lerp, slerp
from core.navigation import Navigator

Code = NDArray[np.float32]
Codes = NDArray[np.float32]
MAX_DEPTH = 50
DEFAULT_SCALAR = 0.5


@dataclass(frozen=True, eq=False)
class CodeSpace:
    """What names mean: pinned codes first, then groups, then categories, then drawings of the atlas."""

    navigator: Navigator
    pinned: Mapping[str, Code] = field(default_factory=dict)
    categories: Mapping[str, Code] = field(default_factory=dict)
    scalars: Mapping[str, float] = field(default_factory=dict)
    """Values of free numbers; DEFAULT_SCALAR for those not named."""
    groups: Mapping[str, Codes] = field(default_factory=dict)
    """Codes [n, N_z] of the drawings of each group, such as a selection."""

    def names(self) -> list[str]:
        """Everything that names a code, in the order in which names are looked up."""
        return list(dict.fromkeys([*self.pinned, *self.groups, *self.categories]))


@dataclass(frozen=True, eq=False)
class Answer:
    """The value of an expression."""

    value: Code | float
    """A code [N_z], or a number for an expression such as norm(a)."""
    scalars: tuple[str, ...]
    """Free numbers that the expression uses, in order of appearance."""
    norm: float | None = None
    """||z|| of a code."""
    norm_share: float | None = None
    """Which share of the atlas's drawings has a smaller norm: at 0 or 1 the code is outside the data's range."""


@dataclass(frozen=True)
class _Unknown:
    """Names that are no codes, or a product or sum of them: a number if one is wanted, otherwise an error."""

    value: float
    names: tuple[Token, ...]


_Value = Code | float | _Unknown
_Finite = TypeVar("_Finite", Code, float, Code | float)


def evaluate(text: str, space: CodeSpace) -> Answer:
    """The value of `text`. Raises ExpressionError, with the column, and nothing else."""
    return _Evaluation(text, space).answer()


class _Evaluation:
    """A recursive-descent parser that computes as it reads."""

    def __init__(self, text: str, space: CodeSpace) -> None:
        self._tokens = tokens(text)
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
        scalars = tuple(sorted(self._scalars, key=self._scalars.__getitem__))
        if not isinstance(value, np.ndarray):
            return Answer(value, scalars)
        norm = _norm(value)
        share = float((self._space.navigator.atlas.norms < norm).mean())
        return Answer(value.astype(np.float32), scalars, norm, share)  # a copy: a bare name is the pinned code itself

    # -- grammar -----------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._token
        self._at += 1
        return token

    def _accept(self, *symbols: str) -> Token | None:
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
            return self._named(Token("quoted", token.text[1:-1], token.column))
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

    def _named(self, token: Token) -> _Value:
        space = self._space
        if token.text in space.pinned:
            return self._fitting(space.pinned[token.text], token)
        if token.text in space.groups:
            group = space.groups[token.text]
            if len(group) == 0:
                raise ExpressionError(f"The group {token.text!r} has no drawings.", token.column)
            return self._fitting(group.mean(axis=0, dtype=np.float32), token)
        if token.text in space.categories:
            return self._fitting(space.categories[token.text], token)
        if token.kind == "name" and self._token.text == "(":
            hint = _near(token.text, RESERVED) or f": they are {', '.join(FUNCTIONS)}."
            raise ExpressionError(f"There is no function {token.text!r}{hint}", token.column)
        value = float(space.scalars.get(token.text, DEFAULT_SCALAR))
        return _Unknown(self._finite(value, token.column), (token,))

    def _fitting(self, code: Code, token: Token) -> Code:
        if code.shape != self._space.navigator.atlas.latents.shape[1:]:
            raise ExpressionError(f"{token.text!r} is a code of another model.", token.column)
        return self._finite(code, token.column)

    def _unknown(self, token: Token) -> ExpressionError:
        known = self._space.names()
        hint = _near(token.text, known) or ": neither a pinned code nor a category."
        return ExpressionError(f"There is no code {token.text!r}{hint}", token.column)

    def _drawing(self, token: Token) -> Code:
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
            raise ExpressionError("The result of this is too large: a finite value was expected.", column)
        return value

    def _sum(self, left: _Value, right: _Value, operator: Token) -> _Value:
        sign = 1.0 if operator.text == "+" else -1.0
        if isinstance(left, _Unknown) and isinstance(right, _Unknown):
            value = self._finite(left.value + sign * right.value, operator.column)
            return _Unknown(value, left.names + right.names)
        if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
            left, right = self._known(left), self._known(right)
            if isinstance(left, float) or isinstance(right, float):
                raise ExpressionError(
                    "A code and a number cannot be added: two codes or two numbers were expected.", operator.column
                )
            return self._finite(np.asarray(left + np.float32(sign) * right), operator.column)
        column = operator.column
        return self._finite(self._scalar(left, column) + sign * self._scalar(right, column), column)

    def _product(self, left: _Value, right: _Value, operator: Token) -> _Value:
        if operator.text == "/":
            divisor = self._scalar(right, operator.column)
            if divisor == 0:
                raise ExpressionError("This divides by zero: another number was expected.", operator.column)
            return self._scaled(left, 1 / divisor, operator)
        if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
            raise ExpressionError("Two codes cannot be multiplied: a number was expected on one side.", operator.column)
        if isinstance(left, _Unknown) and isinstance(right, _Unknown):
            return _Unknown(self._finite(left.value * right.value, operator.column), left.names + right.names)
        if isinstance(left, float) or isinstance(right, np.ndarray):
            left, right = right, left
        return self._scaled(left, self._scalar(right, operator.column), operator)

    def _scaled(self, value: _Value, factor: float, operator: Token) -> _Value:
        if isinstance(value, _Unknown):
            return _Unknown(self._finite(value.value * factor, operator.column), value.names)
        if isinstance(value, np.ndarray):
            return self._finite(value * np.float32(factor), operator.column)
        return self._finite(value * factor, operator.column)

    # -- functions ---------------------------------------------------------------------------

    def _call(self, name: Token) -> _Value:
        function = FUNCTIONS[name.text]
        if self._accept("(") is None:
            raise ExpressionError(f"{name.text} is a function: {function.usage}.", name.column)
        arguments: list[tuple[_Value, int]] = []
        while not arguments or self._accept(","):
            column = self._token.column
            if not arguments and self._token.text == ")":
                break
            arguments.append((self._expression(), column))
        self._expect(")")
        return self._finite(self._apply(name, *self._sorted(name, function, arguments)), name.column)

    def _sorted(
        self, name: Token, function: Function, arguments: list[tuple[_Value, int]]
    ) -> tuple[list[Code], list[tuple[float, int]]]:
        """The codes among the arguments, and the numbers with their columns."""
        kinds = function.kinds(len(arguments))
        if kinds is None:
            raise ExpressionError(f"{name.text} takes {function.usage}.", name.column)
        codes: list[Code] = []
        numbers: list[tuple[float, int]] = []
        for (value, column), kind in zip(arguments, kinds, strict=True):
            if kind == "a":
                codes.append(self._code(value, column))
            else:
                numbers.append((self._scalar(value, column), column))
        return codes, numbers

    def _apply(self, name: Token, codes: list[Code], numbers: list[tuple[float, int]]) -> Code | float:
        navigator = self._space.navigator
        match name.text:
            case "mean":
                return np.asarray(np.mean(codes, axis=0, dtype=np.float32))
            case "lerp":
                return lerp(codes[0], codes[1], numbers[0][0])
            case "slerp":
                return slerp(codes[0], codes[1], numbers[0][0])
            case "norm":
                return _norm(codes[0])
            case "unit":
                return self._with_norm(codes[0], 1.0, name)
            case "rescale":
                return self._with_norm(codes[0], navigator.atlas.typical_norm, name)
            case "random":
                seed = self._whole(*numbers[0], 0, 2**63 - 1, name)
                return prior_codes([seed], navigator.atlas.latents.shape[1])[0]
            case _:  # nearest
                k = self._whole(*numbers[0], 1, len(navigator.atlas), name)
                return navigator.atlas.latents[navigator.nearest(codes[0], k)[0][-1]]

    def _with_norm(self, code: Code, norm: float, name: Token) -> Code:
        if _norm(code) == 0:
            raise ExpressionError(f"{name.text} needs a code that has a direction, not zero.", name.column)
        return with_norm(code, norm)

    def _whole(self, value: float, column: int, low: int, high: int, name: Token) -> int:
        if value != int(value) or not low <= value <= high:
            raise ExpressionError(f"{name.text} needs a whole number from {low} to {high:,}.", column)
        return int(value)


def with_norm(code: Code, norm: float) -> Code:
    """`code` [N_z] made so long; zero, which has no direction, stays zero."""
    return (code.astype(np.float64) * (norm / (_norm(code) or 1))).astype(np.float32)


def _norm(code: Code) -> float:
    return float(np.linalg.norm(code.astype(np.float64)))  # the squares of tiny codes vanish in float32


def _near(name: str, known: Iterable[str]) -> str:
    """A hint at names like this one, or nothing."""
    near = [name if name in RESERVED else quoted(name) for name in difflib.get_close_matches(name, known, n=3)]
    return f"; did you mean {' or '.join(near)}?" if near else ""
