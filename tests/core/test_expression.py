import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core import interpolation
from core.errors import ExpressionError
from core.expression import DEFAULT_SCALAR, CodeSpace, evaluate
from core.expression_syntax import MAX_LENGTH, RESERVED, quoted
from core.navigation import Navigator
from tests.hostile import assert_sentence

SIZE = 8
component = st.floats(-10, 10, width=32).map(lambda value: 0.0 if abs(value) < 1e-3 else value)
code = hnp.arrays(np.float32, SIZE, elements=component)
factor = st.floats(-5, 5).map(lambda value: round(value, 3))


@pytest.fixture(scope="module")
def space(atlas):
    """Pinned a, b and c; categories cat, pig and "hot dog"; the number s."""
    rng = np.random.default_rng(1)
    pinned = {name: rng.standard_normal(SIZE, dtype=np.float32) for name in ("a", "b", "c", "my owl")}
    return CodeSpace(Navigator(atlas), pinned, atlas.category_means(), {"s": 0.25})


def value(text, space, **pinned):
    return evaluate(text, CodeSpace(space.navigator, {**space.pinned, **pinned}, space.categories, space.scalars)).value


def same(one, other):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


# -- laws --------------------------------------------------------------------------------------


@given(code, code, code, factor, factor)
def test_codes_form_a_vector_space(space, x, y, z, k, m):
    codes = {"x": x, "y": y, "z": z}
    for one, other in (
        ("x + y", "y + x"),
        ("(x + y) + z", "x + (y + z)"),
        ("x - y", "x + -y"),
        ("x - y", "-(y - x)"),
        ("x - x", "0 * x"),
        ("--x", "+x"),
        (f"{k} * (x + y)", f"{k} * x + y * {k}"),
        (f"({k} + {m}) * x", f"x * {k} + x * {m}"),
        (f"{k} * ({m} * x)", f"({k} * {m}) * x"),
        ("x / 4", "0.25 * x"),
        ("mean(x, y)", "(x + y) / 2"),
        ("mean(x, y, z)", "(x + y + z) / 3"),
        ("mean(x)", "x"),
        ("lerp(x, y, 0)", "x"),
        ("lerp(x, y, 1)", "y"),
        (f"lerp(x, y, {k})", f"x + {k} * (y - x)"),
        ("slerp(x, y, 0)", "x"),
        ("slerp(x, y, 1)", "y"),
    ):
        same(value(one, space, **codes), value(other, space, **codes))


@given(code, st.floats(0.01, 100))
def test_lengths_are_what_they_are_called(space, x, k):
    assume(np.linalg.norm(x) > 0)
    k = round(k, 4)
    assert value("norm(x)", space, x=x) == pytest.approx(np.linalg.norm(x.astype(float)), rel=1e-5)
    assert value(f"norm({k} * x)", space, x=x) == pytest.approx(k * value("norm(x)", space, x=x), rel=1e-4)
    assert value("norm(unit(x))", space, x=x) == pytest.approx(1, rel=1e-5)
    same(value("norm(x) * unit(x)", space, x=x), x)
    assert value("norm(rescale(x))", space, x=x) == pytest.approx(np.median(space.navigator.atlas.norms), rel=1e-5)
    same(value("unit(rescale(x))", space, x=x), value("unit(x)", space, x=x))


# -- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("8 / 4 / 2", 1),
        ("8 - 4 - 2", 2),
        ("2 * 3 / 4", 1.5),
        ("-2 * -3", 6),
        ("2 - -3", 5),
        ("-(1 + 2)", -3),
        (".5 + 1. + 1e2 + 1E-1 + 2.5e+1", 126.6),
        ("  1\t+\n1 ", 2),
        ("1+1", 2),
        ("((((1))))", 1),
        ("norm(unit(a)) / 2", 0.5),
    ],
)
def test_numbers(space, text, expected):
    answer = evaluate(text, space)
    assert isinstance(answer.value, float)
    assert answer.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", lambda s: s.pinned["a"]),
        ("cat - mean(pig) + a", lambda s: s.categories["cat"] - s.categories["pig"] + s.pinned["a"]),
        ("'hot dog'", lambda s: s.categories["hot dog"]),
        ("\"my owl\" - 'hot dog'", lambda s: s.pinned["my owl"] - s.categories["hot dog"]),
        ('"cat"', lambda s: s.categories["cat"]),
        ("#0", lambda s: s.navigator.atlas.latents[0]),
        ("#7", lambda s: s.navigator.atlas.latents[7]),
        ("#59 / 2 + #007", lambda s: s.navigator.atlas.latents[59] / 2 + s.navigator.atlas.latents[7]),
        ("a + b * 2", lambda s: s.pinned["a"] + 2 * s.pinned["b"]),
        ("2 * a / 4 - b", lambda s: s.pinned["a"] / 2 - s.pinned["b"]),
        ("-a * 2", lambda s: -2 * s.pinned["a"]),
        ("slerp(a, b, 0.3)", lambda s: interpolation.slerp(s.pinned["a"], s.pinned["b"], 0.3)),
        ("lerp(a, b, 1 / 4)", lambda s: 0.75 * s.pinned["a"] + 0.25 * s.pinned["b"]),
        ("nearest(#12, 1)", lambda s: s.navigator.atlas.latents[12]),
        ("nearest(#12 * 1.001, 3)", lambda s: brute_nearest(s, 12, 3)),
        ("a * norm(b)", lambda s: s.pinned["a"] * np.linalg.norm(s.pinned["b"])),
        (
            "mean(a, mean(b, c), cat)",
            lambda s: (s.pinned["a"] + (s.pinned["b"] + s.pinned["c"]) / 2 + s.categories["cat"]) / 3,
        ),
    ],
)
def test_codes(space, text, expected):
    answer = evaluate(text, space)
    assert answer.value.dtype == np.float32
    assert answer.value.shape == (SIZE,)
    assert answer.scalars == ()
    same(answer.value, expected(space))


def brute_nearest(space, index, k):
    latents = space.navigator.atlas.latents
    return latents[np.argsort(np.linalg.norm(latents - 1.001 * latents[index], axis=1))[k - 1]]


def test_a_pinned_name_comes_before_a_category(space):
    mine = np.full(SIZE, 7, dtype=np.float32)
    same(value("cat", space, cat=mine), mine)
    same(value("'hot dog'", space, **{"hot dog": mine}), mine)


def test_a_category_named_like_a_function_is_reached_by_quoting(space):
    mine = np.full(SIZE, 7, dtype=np.float32)
    same(value("'random' + mean('random')", space, random=mine), 2 * mine)


def test_random_codes_are_of_the_prior_and_of_their_seed(space):
    same(value("random(3)", space), value("random(1 + 2)", space))
    assert np.abs(value("random(3) - random(4)", space)).max() > 0.1
    draws = np.stack([value(f"random({seed})", space) for seed in range(400)])
    assert draws.mean() == pytest.approx(0, abs=0.1)
    assert draws.std() == pytest.approx(1, abs=0.05)


def test_an_answer_is_the_callers_own(space):
    for text, original in (("a", space.pinned["a"]), ("#3", space.navigator.atlas.latents[3])):
        before = original.copy()
        evaluate(text, space).value[:] = np.nan
        np.testing.assert_array_equal(original, before)


# -- free numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "same_as"),
    [
        ("t * a", ("t",), "0.5 * a"),
        ("a * t", ("t",), "0.5 * a"),
        ("a / t", ("t",), "2 * a"),
        ("s * a", ("s",), "0.25 * a"),
        ("lerp(a, b, t)", ("t",), "lerp(a, b, 0.5)"),
        ("lerp(a, b, s)", ("s",), "lerp(a, b, 0.25)"),
        ("(1 - t) * a + t * b", ("t",), "lerp(a, b, 0.5)"),
        ("2 * t * a", ("t",), "a"),
        ("a * -t", ("t",), "-0.5 * a"),
        ("-t * a", ("t",), "-0.5 * a"),
        ("(t + s) * a", ("t", "s"), "0.75 * a"),
        ("t * s * a", ("t", "s"), "0.125 * a"),
        ("t * (s * a)", ("t", "s"), "0.125 * a"),
        ("u * a + (t - s) / 2 * b", ("u", "t", "s"), "0.5 * a + 0.125 * b"),
        ("a / (2 * t)", ("t",), "a"),
        ("nearest(a, 1 + 2 * t)", ("t",), "nearest(a, 2)"),
        ("1 - t", ("t",), "0.5"),
        ("t1 * a + _t * a", ("t1", "_t"), "a"),
        ("größe * a", ("größe",), "0.5 * a"),
    ],
)
def test_an_unknown_name_is_a_number_where_only_a_number_fits(space, text, names, same_as):
    assert DEFAULT_SCALAR == 0.5
    answer = evaluate(text, space)
    assert answer.scalars == names
    same(answer.value, evaluate(same_as, space).value)


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        ("t", 0, "neither a pinned code nor a category"),
        ("2 * ct", 4, "did you mean cat"),
        ("a + pigg", 4, "did you mean pig"),
        ("a - -pigg * 2", 5, "did you mean pig"),
        ("cta * 2 - a", 0, "did you mean cat"),
        ("mean(a, t)", 8, "neither"),
        ("lerp(a, t, 0.5)", 8, "neither"),
        ("unit(cot)", 5, "did you mean cat"),
        ("hotdog", 0, 'did you mean "hot dog"'),
        ("'hot dg' + a", 0, 'did you mean "hot dog"'),
        ("t * s", 0, "neither"),
        ("norm(a) * t", 10, "neither"),
        ("t + s", 0, "neither"),
        ("a * 't'", 4, "neither"),
        ("lerp(a, b, 't')", 11, "neither"),
        ("t + a", 0, "neither"),
    ],
)
def test_an_unknown_name_is_an_error_where_a_code_may_stand(space, text, column, hint):
    with pytest.raises(ExpressionError, match="There is no code") as caught:
        evaluate(text, space)
    assert caught.value.column == column
    assert hint in str(caught.value)


# -- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("", 0, "Type an expression"),
        ("   ", 0, "Type an expression"),
        ("a b", 2, "An operator was expected here, not 'b'"),
        ("2 a", 2, "An operator was expected here, not 'a'"),
        ("a #1", 2, "An operator was expected here, not '#1'"),
        ("a 'hot dog'", 2, "An operator was expected"),
        ("a)", 1, "An operator was expected here, not ')'"),
        ("a, b", 1, "An operator was expected here, not ','"),
        ("a +", 3, "A code or a number was expected here, not the end"),
        ("a + ", 4, "not the end"),
        ("a + * b", 4, "A code or a number was expected here, not '*'"),
        ("* a", 0, "A code or a number was expected here, not '*'"),
        ("()", 1, "A code or a number was expected here, not ')'"),
        ("(a", 2, "')' was expected here, not the end"),
        ("(a b)", 3, "')' was expected here, not 'b'"),
        ("mean(a b)", 7, "')' was expected here, not 'b'"),
        ("mean(a,)", 7, "A code or a number was expected here, not ')'"),
        ("lerp(a, b, 0.5", 14, "')' was expected here, not the end"),
        ("a + 1", 2, "A code and a number cannot be added"),
        ("1 - a", 2, "A code and a number cannot be added"),
        ("a * b", 2, "Two codes cannot be multiplied"),
        ("1 / a", 2, "A number was expected here, not a code"),
        ("a / b", 2, "A number was expected here, not a code"),
        ("a / 0", 2, "divides by zero"),
        ("a / (1 - 1)", 2, "divides by zero"),
        ("a * (s - s) / (s - s)", 12, "divides by zero"),
        ("norm", 0, "norm is a function: norm(a)"),
        ("a + lerp * 2", 4, "lerp is a function: lerp(a, b, t)"),
        ("mean()", 0, "mean takes one code or more"),
        ("a + lerp(a, b)", 4, "lerp takes lerp(a, b, t)"),
        ("unit(a, b)", 0, "unit takes unit(a)"),
        ("norm(1)", 5, "A code was expected here, not a number"),
        ("mean(a, 2)", 8, "A code was expected here, not a number"),
        ("lerp(a, b, c)", 11, "A number was expected here, not a code"),
        ("lerp(a, b, #1)", 11, "A number was expected here, not a code"),
        ("unit(a - a)", 0, "needs a code that has a direction"),
        ("a + rescale(0 * a)", 4, "needs a code that has a direction"),
        ("random(0.5)", 7, "needs a whole number from 0"),
        ("random(-1)", 7, "needs a whole number from 0"),
        ("random(a)", 7, "A number was expected"),
        ("random(1e300)", 7, "needs a whole number"),
        ("nearest(a, 0)", 11, "needs a whole number from 1 to 60"),
        ("nearest(a, 61)", 11, "needs a whole number from 1 to 60"),
        ("nearest(a, 1.5)", 11, "needs a whole number from 1 to 60"),
        ("a + #60", 4, "The drawings are #0 to #59"),
        ("#99999999999999999999999", 0, "The drawings are #0 to #59"),
        ("a + # 1", 4, "After # comes the number"),
        ("a + #", 4, "After # comes the number"),
        ("a + 'hot dog", 4, "quotation mark is never closed"),
        ("a + \"hot dog'", 4, "quotation mark is never closed"),
        ("''", 0, "There is no code"),
        ("a ** 2", 3, "A code or a number was expected here, not '*'"),
        ("a ^ 2", 2, "'^' means nothing here"),
        ("  ; a", 2, "';' means nothing here"),
        ("a.b", 1, "'.' means nothing here"),
        ("__import__('os')", 0, "There is no function '__import__': they are mean, lerp,"),
        ("a + meen(b)", 4, "There is no function 'meen'; did you mean mean?"),
        ("a(b)", 1, "An operator was expected here, not '('"),
        ("1e999", 0, "too large"),
        ("1e300 * 1e300", 6, "too large"),
        ("random(1e308 + 1e308)", 13, "too large"),
        ("1e308 + 1e308 - 1e308", 6, "too large"),
        ("a * 1e300", 2, "too large"),
        ("norm(a / 1e-300 / 1e-300)", 7, "too large"),
        ("a / 1e-320", 2, "too large"),
        ("a * 1e30 * 1e30 * 0", 9, "too large"),
        ("nearest(a * 1e39, 1)", 10, "too large"),
        ("lerp(a, b, 1e300)", 0, "too large"),
        ("(" * 200 + "a", 50, "nested too deeply"),
        ("-" * 200 + "a", 50, "nested too deeply"),
        ("mean(" * 200 + "a", 250, "nested too deeply"),
        ("a" + " + a" * 1000, MAX_LENGTH, "longer than 2000 characters"),
    ],
)
def test_errors_name_the_column_and_what_is_wrong(space, text, column, words):
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, space)
    assert words in str(caught.value)
    assert caught.value.column == column
    assert str(caught.value)[-1] in ".?"


def test_a_code_of_another_model_is_refused(space):
    with pytest.raises(ExpressionError, match="another model") as caught:
        value("a + old", space, old=np.zeros(SIZE + 1, dtype=np.float32))
    assert caught.value.column == 4


def test_a_free_number_that_is_none_is_refused(space):
    with pytest.raises(ExpressionError):
        evaluate("t * a", CodeSpace(space.navigator, space.pinned, {}, {"t": float("nan")}))


fragments = st.sampled_from(
    [
        *RESERVED,
        *"+-*/(),#.\"'",
        "a",
        "b",
        "t",
        "cat",
        "'hot dog'",
        "#1",
        "#",
        "0",
        "2",
        ".5",
        "1e308",
        "1e-308",
        " ",
        "  ",
    ]
)


@settings(max_examples=200)
@given(
    st.one_of(st.text(max_size=40), st.lists(fragments, max_size=25).map("".join), st.lists(fragments).map(" ".join))
)
def test_any_text_has_a_value_or_a_named_error(space, text):
    error = None
    try:
        assert np.isfinite(evaluate(text, space).value).all()
    except ExpressionError as named:
        error = named
    if error is not None:
        assert_sentence(error)
        assert 0 <= error.column <= len(text)


def test_long_text_ends_in_words_in_time(space):
    for text in ("a+" * 999 + "a", "(a)+" * 400 + "a", "mean(" + "a," * 600 + "a)", "1*" * 900 + "a"):
        assert evaluate(text, space).value.shape == (SIZE,)


@given(st.text(min_size=1, max_size=10))
def test_quoted_names_are_read_as_names(space, name):
    assume(not ('"' in name and "'" in name))
    mine = np.full(SIZE, 7, dtype=np.float32)
    same(value(f"{quoted(name)} * 1", space, **{name: mine}), mine)


# -- groups, and the norm that comes with the answer -------------------------------------------


def grouped(space, **groups):
    return CodeSpace(space.navigator, space.pinned, space.categories, space.scalars, groups)


def test_a_group_stands_for_the_mean_of_its_drawings(space):
    latents = space.navigator.atlas.latents
    some = grouped(space, owls=latents[:5], cat=latents[5:8])
    same(evaluate("mean(owls)", some).value, latents[:5].mean(axis=0))
    same(evaluate("owls - a", some).value, latents[:5].mean(axis=0) - space.pinned["a"])
    same(evaluate("mean(owls, a)", some).value, (latents[:5].mean(axis=0) + space.pinned["a"]) / 2)
    same(evaluate("cat", some).value, latents[5:8].mean(axis=0))  # before the category of that name
    same(evaluate("a", grouped(space, a=latents[:2])).value, space.pinned["a"])  # but behind the pinned code
    assert some.names() == ["a", "b", "c", "my owl", "owls", "cat", "pig", "hot dog"]


def test_groups_that_are_empty_or_misspelt_are_named(space):
    with pytest.raises(ExpressionError, match="'owls' has no drawings") as caught:
        evaluate("a + owls", grouped(space, owls=np.zeros((0, SIZE), dtype=np.float32)))
    assert caught.value.column == 4
    with pytest.raises(ExpressionError, match="did you mean owls"):
        evaluate("mean(owl)", grouped(space, owls=np.ones((2, SIZE), dtype=np.float32)))


@given(code, st.floats(0, 40))
def test_an_answer_tells_its_norm_and_its_place_among_the_data(space, x, k):
    answer = evaluate("k * x", CodeSpace(space.navigator, {"x": x}, {}, {"k": k}))
    norms = np.linalg.norm(space.navigator.atlas.latents, axis=1)
    assert answer.norm == pytest.approx(np.linalg.norm(answer.value.astype(float)), rel=1e-5, abs=1e-30)
    low, high = (norms < answer.norm * (1 - 1e-5)).mean(), (norms < answer.norm * (1 + 1e-5)).mean()
    assert low <= answer.norm_share <= high


def test_the_ends_of_the_datas_range_are_0_and_1(space):
    assert evaluate("0 * a", space).norm_share == 0
    assert evaluate("100 * unit(a)", space).norm_share == 1
    assert 0.3 < evaluate("rescale(a)", space).norm_share < 0.7
    number = evaluate("norm(a)", space)
    assert (number.norm, number.norm_share) == (None, None)


valid = st.sampled_from(
    [
        "cat - mean(pig, 'hot dog') + 0.5 * #12",
        "lerp(a, slerp(b, c, t), 1 - t) / 2",
        "rescale(unit(a) + norm(b) * random(7))",
        "nearest(a - -b, 2) * (t + s)",
        "((((a))))",
    ]
)
edit = st.tuples(st.integers(0, 50), st.integers(0, 3), st.one_of(fragments, st.characters()))


@settings(max_examples=200)
@given(valid, st.lists(edit, max_size=4))
def test_a_mutated_expression_has_a_value_or_a_named_error(space, text, edits):
    for at, removed, inserted in edits:
        text = text[:at] + inserted + text[at + removed :]
    error = None
    try:
        assert np.isfinite(evaluate(text, space).value).all()
    except ExpressionError as named:
        error = named
    if error is not None:
        assert_sentence(error)
        assert 0 <= error.column <= len(text)


@given(st.text(min_size=1, max_size=30), st.text(min_size=1, max_size=30), valid)
def test_names_of_any_kind_are_quoted_in_one_line(space, name, other, text):
    """A session or a checkpoint may bring any: they are what an error offers in place of a misspelt one."""
    mine = CodeSpace(space.navigator, {name: space.pinned["a"]}, {other: space.pinned["b"]})
    for each in (text, f'"{name[:-1]}x" + 1', name, quoted(other) + "("):
        try:
            assert np.isfinite(evaluate(each, mine).value).all()
        except ExpressionError as error:
            assert_sentence(error)


@pytest.mark.parametrize(
    "piece", ["(", "-", "mean(", "a*(", "lerp(a,a,(", "norm(-(", "'", '"', "#", "1e", "\U0001f431", "\0"]
)
@pytest.mark.parametrize("times", [49, 400, 100_000])
def test_deep_and_huge_input_ends_in_words(space, piece, times):
    with pytest.raises(ExpressionError):
        evaluate(piece * times, space)
