"""An expression as a row of pictures: the terms that it adds up, one by one."""

from dataclasses import dataclass

from core.errors import ExpressionError
from core.expression_syntax import tokens


@dataclass(frozen=True)
class Term:
    """What is added or subtracted."""

    sign: str
    """"+" or "-"; of the first term "" where the text has none."""
    text: str
    """An expression of its own."""


def terms(text: str) -> list[Term]:
    """The terms of a sum, in order; one for an expression that is none. Its signs and texts are the whole of `text`.

    Only the outermost sum is taken apart. Raises ExpressionError for what holds no words; whether
    the terms have values is for `core.expression.evaluate` to say.
    """
    found: list[Term] = []
    sign, begin, depth, operand = "", 0, 0, True
    words = tokens(text)
    if words[0].kind == "end":
        raise ExpressionError("Type an expression, such as a - b + c.", 0)
    for word in words:
        parts = depth == 0 and word.text in ("+", "-")
        if word.kind == "end" or (parts and not operand):
            found.append(Term(sign, text[begin : word.column].strip()))
        if parts and (not operand or word is words[0]):
            sign, begin = word.text, word.end
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        operand = word.kind == "symbol" and word.text != ")"
    return found
