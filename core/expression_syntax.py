"""The words of latent expressions: tokens, functions, quoting."""

import re
from dataclasses import dataclass

from core.errors import ExpressionError

MAX_LENGTH = 2_000

_NAME = r"[^\W\d]\w*"
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|(?P<drawing>\#\d+)"
    rf"|(?P<name>{_NAME})|(?P<quoted>\"[^\"]*\"|'[^']*')|(?P<symbol>[-+*/(),]))"
)


@dataclass(frozen=True)
class Function:
    """How a function is called."""

    usage: str
    """As an error message shows it."""
    arguments: str
    """One letter an argument: a for a code, t for a number."""
    variadic: bool = False
    """Whether the last argument may come again."""

    def kinds(self, count: int) -> str | None:
        """The letters of `count` arguments, or None if it does not take so many."""
        if self.variadic and count >= len(self.arguments):
            return self.arguments + self.arguments[-1] * (count - len(self.arguments))
        return self.arguments if count == len(self.arguments) else None


FUNCTIONS = {
    "mean": Function("one code or more: mean(a, b, …)", "a", variadic=True),
    "lerp": Function("lerp(a, b, t)", "aat"),
    "slerp": Function("slerp(a, b, t)", "aat"),
    "norm": Function("norm(a)", "a"),
    "unit": Function("unit(a)", "a"),
    "rescale": Function("rescale(a)", "a"),
    "random": Function("random(seed)", "t"),
    "nearest": Function("nearest(a, k)", "at"),
}
RESERVED = frozenset(FUNCTIONS)
NUMBER_FUNCTIONS = ("norm",)
"""Those whose value is a number; of the others it is a code."""


@dataclass(frozen=True)
class Token:
    """A word of an expression."""

    kind: str
    """number, drawing, name, quoted, symbol, or end."""
    text: str
    column: int

    @property
    def end(self) -> int:
        return self.column + len(self.text)


def quoted(name: str) -> str:
    """A name as an expression needs it: in quotation marks unless it is a plain identifier."""
    if re.fullmatch(_NAME, name) and name not in RESERVED:
        return name
    return f"'{name}'" if '"' in name else f'"{name}"'


def tokens(text: str) -> list[Token]:
    """The words of `text`, the last of kind end. Raises ExpressionError at what is none."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"This is longer than {MAX_LENGTH} characters.", MAX_LENGTH)
    found, end = [], 0
    stripped = len(text.rstrip())
    while end < stripped:
        match = _TOKEN.match(text, end)
        if match is None:
            column = end + len(text[end:]) - len(text[end:].lstrip())
            if text[column] in "\"'":
                raise ExpressionError("This quotation mark is never closed: another was expected.", column)
            if text[column] == "#":
                raise ExpressionError("After # comes the number of a drawing.", column)
            raise ExpressionError(
                f"{text[column]!r} means nothing here: a code, a number, + - * / or parentheses were expected.", column
            )
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind], match.start(kind)))
        end = match.end()
    return [*found, Token("end", "", len(text))]


def renamed(text: str, old: str, new: str) -> str:
    """An expression in which `new` stands wherever `old` did; as it is where it cannot be read."""
    try:
        words = tokens(text)
    except ExpressionError:
        return text
    for word in reversed(words):
        name = word.text[1:-1] if word.kind == "quoted" else word.text
        called = word.kind == "name" and name in RESERVED
        if word.kind in ("name", "quoted") and name == old and not called:
            text = text[: word.column] + quoted(new) + text[word.end :]
    return text
