import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.completion import OPERATORS, completions
from core.errors import ExpressionError
from core.expression import CodeSpace, evaluate
from core.expression_syntax import FUNCTIONS
from core.navigation import Navigator

NAMES = ("a", "cat", "cattle", "bobcat", "hot dog", "t-shirt", "mean", 'the "best"')
QUOTED = ("a", "cat", "cattle", "bobcat", '"hot dog"', '"t-shirt"', '"mean"', "'the \"best\"'")
CALLS = tuple(f"{name}(" for name in FUNCTIONS)


def offered(text):
    """What stands at the | of a text, and the text that it would replace."""
    cursor = text.index("|")
    whole = text.replace("|", "")
    found = completions(whole, cursor, NAMES)
    return list(found.entries), whole[found.start : found.end]


@pytest.mark.parametrize(
    "text", ["|", " |", "a + |", "a+|", "-|", "(|", "2 * |", "mean(|", "mean(a, |", "lerp(a, |", "a / 2 - |", "lerp(|)"]
)
def test_where_a_code_may_stand_all_names_and_functions_are_offered(text):
    assert offered(text) == ([*QUOTED, *CALLS], "")


@pytest.mark.parametrize(
    "text", ["random(|", "lerp(a, b, |", "nearest(a, (|", "a / |", "a / (2 + |", "nearest(a, 1 + |", "random(-|"]
)
def test_where_only_a_number_fits_only_what_gives_one_is_offered(text):
    assert offered(text) == (["norm("], "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a |", [*OPERATORS]),
        ("a + #12 |", [*OPERATORS]),
        ("'hot dog' |", [*OPERATORS]),
        ("t |", [*OPERATORS]),
        ("hot * |", [*QUOTED, *CALLS]),
        ("(a + 2 |", [*OPERATORS, ")"]),
        ("mean(a |", [*OPERATORS, ",", ")"]),
        ("lerp(a |", [*OPERATORS, ","]),
        ("lerp(a, b, 2 |", [*OPERATORS, ")"]),
        ("norm(a) |", [*OPERATORS]),
        ("norm(2 |", [*OPERATORS]),
        ("norm(2 * a |", [*OPERATORS, ")"]),
        ("a)|", []),
    ],
)
def test_behind_an_operand_operators_are_offered_and_what_can_be_closed(text, expected):
    assert offered(text) == (expected, "")


@pytest.mark.parametrize(
    ("text", "expected", "replaced"),
    [
        ("ca|", ["cat", "cattle", "bobcat", "rescale("], "ca"),
        ("a - CA|", ["cat", "cattle", "bobcat", "rescale("], "CA"),
        ("mean(c|t)", ["cat", "cattle", "bobcat", "rescale("], "ct"),
        ("me|", ['"mean"', "mean("], "me"),
        ("hot|", ['"hot dog"'], "hot"),
        ("hot d|", ['"hot dog"'], "hot d"),
        ("a - HOT   d|", ['"hot dog"'], "HOT   d"),
        ("mean(hot d|ig, a)", ['"hot dog"'], "hot dig"),
        ("hot |", ['"hot dog"'], "hot "),
        ("2 * hot |- a", ['"hot dog"'], "hot "),
        ("hot dog|", ['"hot dog"'], "hot dog"),
        ('a + "hot d|', ['"hot dog"'], '"hot d'),
        ("'t-|", ['"t-shirt"'], "'t-"),
        ('"mea|', ['"mean"'], '"mea'),
        ('"hot |dog" + a', ['"hot dog"'], '"hot dog"'),
        ("sl|", ["slerp("], "sl"),
        ("xyz|", [], "xyz"),
        ("lerp(a, b, no|", ["norm("], "no"),
    ],
)
def test_what_has_been_typed_of_a_word_is_completed(text, expected, replaced):
    assert offered(text) == (expected, replaced)


@pytest.mark.parametrize(
    "text",
    [
        "a ca|",
        "2 c|",
        "^|",
        "a + # |",
        "* |",
        "a, |",
        "mean a|",
        "lerp(a, b, 1, |",
        "() |",
        "a / #1 |",
        "2 hot d|",
        "a hot d|",
        "hot x|",
        "ot d|",
    ],
)
def test_nothing_is_offered_where_nothing_fits(text):
    assert offered(text)[0] == []


@pytest.fixture(scope="module")
def space(atlas):
    return CodeSpace(Navigator(atlas), {name: np.ones(8, dtype=np.float32) for name in NAMES})


beginnings = st.lists(
    st.sampled_from([*QUOTED, *CALLS, "+", "-", "*", "/", "(", ")", ",", "2", "#1", "c", "'h", "hot", "d"]), max_size=12
)


@given(beginnings)
def test_what_is_offered_is_never_the_mistake(space, words):
    """With an entry in its place, an expression is wrong nowhere before the end of the entry, if at all."""
    text = " ".join(words)
    found = completions(text, len(text), NAMES)
    for entry in found.entries:
        completed = text[: found.start] + entry + text[found.end :]
        column = len(completed)
        try:
            evaluate(completed, space)
        except ExpressionError as error:
            column = error.column if "expected here, not" in str(error) else column
        assert column >= len(completed.rstrip()), (completed, entry)


@given(st.text(max_size=30), st.integers(-5, 40))
def test_any_text_and_cursor_will_do(text, cursor):
    found = completions(text, cursor, NAMES)
    assert 0 <= found.start <= found.end <= len(text)
