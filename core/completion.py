"""What may stand at the cursor of a latent expression: for a completion popup."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from core.errors import ExpressionError
from core.expression_syntax import FUNCTIONS, NUMBER_FUNCTIONS, Function, Token, quoted, tokens

OPERATORS = ("+", "-", "*", "/")
_NUMBERS = tuple(FUNCTIONS[name] for name in NUMBER_FUNCTIONS)


@dataclass(frozen=True)
class Completions:
    """What may replace text[start:end], likely ones first; nothing where only a number can be typed."""

    start: int
    end: int
    entries: tuple[str, ...]
    """Names of codes as an expression needs them, functions with their opening parenthesis, or operators."""


@dataclass(frozen=True)
class _Level:
    """What is open around the cursor: the expression itself, parentheses, or the arguments of a function."""

    number: bool = False
    """Whether only a number fits here."""
    opened: bool = False
    function: Function | None = None
    argument: int = 0
    code: bool = False
    """Whether there is a code in it, or in its present argument: only such an argument of a code is whole."""

    def inside(self, function: Function | None) -> "_Level":
        """The level that an opening parenthesis begins."""
        if function is None:
            return _Level(self.number, opened=True)
        return _Level(function.arguments[0] == "t", opened=True, function=function)

    def next_argument(self) -> "_Level":
        """Past a comma."""
        assert self.function is not None
        kind = self.function.arguments[min(self.argument + 1, len(self.function.arguments) - 1)]
        return replace(self, number=kind == "t", argument=self.argument + 1, code=False)

    def closers(self) -> Iterator[str]:
        if self.function and not self.number and not self.code:
            return
        if self.function and (self.function.variadic or self.argument + 1 < len(self.function.arguments)):
            yield ","
        if self.opened and (not self.function or self.function.kinds(self.argument + 1)):
            yield ")"


def completions(text: str, cursor: int, names: Iterable[str]) -> Completions:
    """What may stand at `cursor` (0 to len(text)) of an expression in which `names` are codes.

    Of the word that the cursor is in or behind, the part before it is what entries begin with, or
    else contain; the whole word is what they replace. A name with spaces may be begun without its
    quotation mark. Nothing is offered where the text before the cursor cannot be part of an
    expression. Never raises.
    """
    names = [name for name in names if name]
    cursor = max(0, min(cursor, len(text)))
    nothing = Completions(cursor, cursor, ())
    read = _words(text[:cursor])
    if read is None:
        return nothing
    before, word = _joined(*read, text[:cursor], names)
    start, end = (word.column, _end_of_word(text, cursor)) if word else (cursor, cursor)
    state = _follow(before, names)
    if state is None or (word is not None and not state.operand):
        return nothing
    if not state.operand:
        return Completions(start, end, (*OPERATORS, *state.level.closers()))
    functions = NUMBER_FUNCTIONS if state.level.number or state.divisor else FUNCTIONS
    entries = [] if state.level.number or state.divisor else [(name, quoted(name)) for name in names]
    quotes = word is not None and word.text[0] in "\"'"
    entries += [] if quotes else [(name, f"{name}(") for name in functions]
    typed = "" if word is None else _plain(word.text.strip("\"'"))
    starting = [entry for name, entry in entries if name.casefold().startswith(typed)]
    containing = [entry for name, entry in entries if typed in name.casefold()]
    return Completions(start, end, tuple(dict.fromkeys([*starting, *containing])))


@dataclass(frozen=True)
class _State:
    operand: bool
    """Whether a code, a number or a sign is expected next, not an operator."""
    level: _Level
    divisor: bool
    """Whether the operand is one that must be a number, being divided by."""


def _words(text: str) -> tuple[list[Token], Token | None] | None:
    """The words before the cursor, and the name or quotation that ends at it; None if they are none."""
    try:
        *words, _ = tokens(text)
    except ExpressionError as error:
        if text[error.column : error.column + 1] not in ("'", '"'):
            return None
        opening = Token("quoted", text[error.column :], error.column)
        complete = _words(text[: error.column] + " ")
        return None if complete is None else (complete[0], opening)
    if words and words[-1].kind in ("name", "quoted") and words[-1].end == len(text):
        return words[:-1], words[-1]
    return words, None


def _joined(words: list[Token], word: Token | None, text: str, names: list[str]) -> tuple[list[Token], Token | None]:
    """The words with those at the end of `text` as one, if that begins a name with spaces or some words of it.

    No expression has two names side by side, so nothing else can be meant; a single word and a space may be a name.
    """
    every = words if word is None else [*words, word]
    first = len(every)
    while first and every[first - 1].kind == "name":
        first -= 1
    run = every[first:]
    if not run or (len(run) == 1 and (word is not None or run[0].text in names)):
        return words, word
    joined = Token("name", text[run[0].column :], run[0].column)
    begun = any(f" {_plain(joined.text)}" in f" {_plain(name)}" for name in names)
    return (every[:first], joined) if begun else (words, word)


def _plain(text: str) -> str:
    """What is compared: in one case, and one space for many."""
    return re.sub(r"\s+", " ", text).casefold()


def _end_of_word(text: str, cursor: int) -> int:
    """Where the word that the cursor is in or behind ends."""
    try:
        return next((token.end for token in tokens(text) if token.column < cursor <= token.end), cursor)
    except ExpressionError:
        return cursor


def _follow(words: list[Token], names: list[str]) -> _State | None:
    """What is open and expected after the words; None if they are no beginning of an expression."""
    levels, operand, divisor = [_Level()], True, False
    called: Function | None = None
    for word in words:
        if called is not None and word.text != "(":
            return None
        if operand and word.text == "(":
            levels.append(levels[-1].inside(called) if called or not divisor else _Level(number=True, opened=True))
            called, divisor = None, False
        elif operand and word.text in ("+", "-"):
            continue
        elif operand and word.kind == "name" and word.text in FUNCTIONS:
            called = FUNCTIONS[word.text]
        elif operand and word.kind != "symbol":
            if (divisor or levels[-1].number) and _is_code(word, names):
                return None
            operand = divisor = False
            levels[-1] = replace(levels[-1], code=levels[-1].code or word.kind != "number")
        elif not operand and word.text in OPERATORS:
            operand, divisor = True, word.text == "/"
        elif not operand and word.text in tuple(levels[-1].closers()):
            if word.text == ",":
                levels[-1], operand = levels[-1].next_argument(), True
            else:
                inner = levels.pop()
                code = inner.code if inner.function is None else inner.function not in _NUMBERS
                levels[-1] = replace(levels[-1], code=levels[-1].code or code)
        else:
            return None
    return None if called is not None else _State(operand, levels[-1], divisor)


def _is_code(word: Token, names: list[str]) -> bool:
    """Whether it can be no number."""
    return word.text in names if word.kind == "name" else word.kind != "number"
