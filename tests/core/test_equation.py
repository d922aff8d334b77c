"""Taking a sum apart into its terms, and renaming in expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.equation import Term, terms
from core.errors import ExpressionError
from core.expression_syntax import renamed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a - b + c", [("", "a"), ("-", "b"), ("+", "c")]),
        ("-a + b", [("-", "a"), ("+", "b")]),
        ("a - -b", [("", "a"), ("-", "-b")]),
        ("a + 2 * (b - c) - lerp(a, b + c, t - 1)", [("", "a"), ("+", "2 * (b - c)"), ("-", "lerp(a, b + c, t - 1)")]),
        ('"hot - dog" + a', [("", '"hot - dog"'), ("+", "a")]),
        ("mean(a, b)", [("", "mean(a, b)")]),
        ("--a", [("-", "-a")]),
        ("a * -b", [("", "a * -b")]),
    ],
)
def test_a_sum_has_its_outermost_terms(text, expected):
    assert terms(text) == [Term(*pair) for pair in expected]


def test_nothing_has_no_terms():
    with pytest.raises(ExpressionError):
        terms("  ")


NAMES = st.sampled_from(["a", "b", '"hot dog"', "(a - b)", "2 * a", "unit(a + b)"])


@given(NAMES, st.lists(st.tuples(st.sampled_from("+-"), NAMES), max_size=6))
def test_terms_joined_again_are_the_expression(first, rest):
    text = " ".join([first, *(part for pair in rest for part in pair)])
    assert " ".join(part for term in terms(text) for part in (term.sign, term.text) if part) == text


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("a - b + a", "a", "red", "red - b + red"),
        ("a+aa", "a", "red owl", '"red owl"+aa'),
        ('"red owl" - b', "red owl", "c", "c - b"),
        ("mean(a, b)", "mean", "x", "mean(a, b)"),
        ('"mean" + mean(a)', "mean", "x", "x + mean(a)"),
        ('a - "never closed', "a", "b", 'a - "never closed'),
        ("", "a", "b", ""),
    ],
)
def test_a_name_is_renamed_wherever_it_is_one(text, old, new, expected):
    assert renamed(text, old, new) == expected
