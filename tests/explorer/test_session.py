"""The session file: every state comes back as it was, and anything else is refused in one sentence."""

import base64
import copy
import json
import random
import time
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.checkpoint import load_checkpoint
from core.errors import SessionError
from explorer import records, session
from explorer.records import AXES, DERIVED, RANGES, record
from explorer.requests import AtCode, AtDrawing, AtPosition, ByExpression, Mode, Route
from explorer.session import Session, Source, View, open_session, read_state, session_bytes, write_session
from explorer.state import Group, Pin, State
from explorer.workers import LatestWorker
from tests.generators import result_of
from tests.hostile import ODD, assert_sentence, places

WHOLE = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def opened(checkpoint) -> SimpleNamespace:
    """As much of an Opened as a session needs."""
    loaded = load_checkpoint(checkpoint)
    return SimpleNamespace(title="small", checkpoint=loaded, atlas=loaded.atlas, dataset=None)


def strategy(kind: Any, where: str, atlas: Any) -> st.SearchStrategy:
    """Any value of a type that the state has, by its annotations."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind, localns=records.NAMES)
        names = [each.name for each in fields(kind) if f"{kind.__name__}.{each.name}" not in DERIVED]
        parts = {name: strategy(hints[name], f"{kind.__name__}.{name}", atlas) for name in names}
        derived = {
            each.name: DERIVED[f"{kind.__name__}.{each.name}"] for each in fields(kind) if each.name not in parts
        }
        return st.fixed_dictionaries(parts).map(
            lambda values: kind(**values, **{name: find(values, atlas) for name, find in derived.items()})
        )
    if origin in (Union, types.UnionType):
        return st.one_of([strategy(each, where, atlas) for each in arguments])
    if origin is np.ndarray:
        sizes = {"N": len(atlas), "Z": atlas.latents.shape[1], "m": 1 if where == "ByExpression.groups" else 4}
        shape = tuple(sizes[axis] if axis in sizes else int(axis) for axis in AXES[where])
        dtype = np.dtype(get_args(arguments[1])[0])
        low, high = {"b": (0, 2), "i": (0, len(atlas))}.get(dtype.kind, (-1e6, 1e6))
        seeds = st.integers(0, 2**32 - 1)  # of numbers that need no shrinking
        return seeds.map(lambda seed: np.random.default_rng(seed).uniform(low, high, shape).astype(dtype))
    if origin is not None and origin not in (tuple, frozenset):
        return st.dictionaries(st.text(max_size=5), strategy(arguments[1], where, atlas), max_size=3).map(
            lambda found: {getattr(value, "name", name): value for name, value in found.items()}
        )
    if origin is not None:
        return st.lists(strategy(arguments[0], where, atlas), max_size=3).map(origin)
    low, high = RANGES.get(where, (-(10**6), 10**6))
    high = len(atlas) - 1 if isinstance(high, str) else high
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if where == "State.colour_by":
        return st.sampled_from(["category", "norm"])
    leaves = {int: st.integers(low, high), str: st.text(max_size=8), bool: st.booleans(), types.NoneType: st.none()}
    return st.floats(low, high) if kind is float else leaves[kind]


def alike(one: Any, other: Any) -> bool:
    """Whether two values of a state are the same all through."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if is_dataclass(one):
        return type(one) is type(other) and all(
            alike(getattr(one, each.name), getattr(other, each.name)) for each in fields(one)
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return one == other


@WHOLE
@given(data=st.data())
def test_every_state_comes_back_as_it_was(opened, data):
    """Of every type that a field of the state may have: one without a rule fails here with its name."""
    state = data.draw(strategy(State, "State", opened.atlas).map(without_unknown_filters))
    again = read_state(session_bytes(Session(Source("small"), opened, state)), opened)
    assert alike(again, state)


def without_unknown_filters(state: State) -> State:
    known = dict(zip(("category", "norm", "loss"), state.filters.values(), strict=False))
    return State(**{each.name: getattr(state, each.name) for each in fields(State)} | {"filters": known})


def test_a_type_without_a_rule_is_not_forgotten():
    for kind in (complex, dict[int, str], int, np.ndarray, int | str, list[int], tuple[int, str]):
        with pytest.raises(TypeError):
            record(kind, "State.new")


def made(opened: Any) -> State:
    """A state in which something of everything was made."""
    latents = opened.atlas.latents
    indices = np.arange(3, 9)
    selected = np.zeros(len(latents), dtype=bool)
    selected[indices] = True
    stroke3 = np.array([[1, 2, 0], [3, -4, 1]], dtype=np.float32)
    return State(
        target=ByExpression("a - flock", {"a": latents[1]}, {"t": 0.5}, {"flock": latents[indices]}),
        route=Route((AtDrawing(3), AtPosition(0.5, 1.0, 0.1, selected), AtCode(latents[4], "b")), Mode.SPHERICAL),
        pins={"a": Pin("a", "cat", latents[1], stroke3)},
        expression="a - flock",
        groups={"flock": Group("flock", indices, latents[indices])},
        selected=selected,
        pad=(np.array([[0.1, 0.2], [0.3, 0.4]]),),
        alone=selected,
    )


def test_an_expression_over_a_group_is_worth_the_same_again(opened):
    state = read_state(session_bytes(Session(Source("small"), opened, made(opened))), opened)
    expected = opened.atlas.latents[3:9].mean(axis=0)
    np.testing.assert_allclose(state.target.groups["flock"].mean(axis=0), expected, rtol=1e-6)
    np.testing.assert_array_equal(state.groups["flock"].codes, opened.atlas.latents[3:9])


def test_a_file_brings_back_its_checkpoint_and_how_it_was_looked_at(opened, checkpoint, tmp_path):
    path = tmp_path / "mine.sketchspace"
    view = View(((-1.5, 2.0), (0.0, 3.5)), legend=False)
    write_session(Session(Source.of(str(checkpoint)), opened, made(opened), view), path)
    again = result_of(open_session(path))
    assert alike(again.state, read_state(path.read_bytes(), opened))
    assert (again.view, again.path, again.source.checkpoint) == (view, path, str(checkpoint))
    assert json.loads(path.read_text())["state"]["pins"]["a"]["title"] == "cat"


def test_a_checkpoint_that_moved_is_found_beside_the_session(opened, checkpoint, tmp_path):
    beside = tmp_path / checkpoint.name
    beside.write_bytes(checkpoint.read_bytes())
    path = tmp_path / "mine.sketchspace"
    write_session(Session(Source(f"/nowhere/{checkpoint.name}"), opened, made(opened)), path)
    assert result_of(open_session(path)).source.checkpoint == str(beside)


def test_what_a_session_lacks_is_said_with_what_to_do(opened, checkpoint, tmp_path):
    path = tmp_path / "mine.sketchspace"
    write_session(Session(Source("/nowhere/gone.pt"), opened, made(opened)), path)
    with pytest.raises(SessionError, match=r"needs the checkpoint /nowhere/gone\.pt, .* put it back"):
        result_of(open_session(path))
    write_session(Session(Source("animals"), opened, made(opened)), path)
    with pytest.raises(SessionError, match="another checkpoint than animals"):
        result_of(open_session(path))
    for name in ("/nowhere/", ""):  # which is longer than a file's may be
        write_session(Session(Source(name + "a" * 300), opened, made(opened)), path)
        with pytest.raises(SessionError, match="needs the checkpoint"):
            result_of(open_session(path))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no session"),
        (b"PK\x03\x04 something else", "no session"),
        (b'{"format": "sketchspace", "version": 2}', "another version"),
        (b'{"format": "sketchspace", "version": 1}', "damaged"),
        (b'{"format": "sketchspace", "version": 1, "x": ' + b"[" * 3_000_000, "no session"),
        (b"[" * 3_000_000, "no session"),
        (b'{"format": "sketchspace", "version": 1, "state": NaN}', "no session"),
        (b'\xff\xfe{"format"', "no session"),
    ],
)
def test_other_files_are_refused_in_one_sentence(opened, tmp_path, content, words):
    path = tmp_path / "other.sketchspace"
    path.write_bytes(content)
    began = time.perf_counter()
    with pytest.raises(SessionError, match=words) as raised:
        result_of(open_session(path))
    assert time.perf_counter() - began < 2
    assert str(path) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


def test_a_missing_folder_or_endless_file_is_refused(tmp_path, monkeypatch):
    with pytest.raises(SessionError, match="does not exist"):
        result_of(open_session(tmp_path / "none.sketchspace"))
    with pytest.raises(SessionError, match="cannot be read"):
        result_of(open_session(tmp_path))
    monkeypatch.setattr(session, "LARGEST_FILE", 100)
    (tmp_path / "long.sketchspace").write_bytes(b" " * 101)
    with pytest.raises(SessionError, match="larger than"):
        result_of(open_session(tmp_path / "long.sketchspace"))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("target",), {"type": "AtDrawing", "index": 10**6}, "AtDrawing.index is 1000000, but the map has"),
        (("target",), {"type": "AtDrawing", "index": 10**30}, "AtDrawing.index"),
        (("target",), {"type": "Unknown"}, "Unknown"),
        (("route", "frames"), 10**9, "route.frames"),
        (("seed",), -1, "seed"),
        (("temperature",), 1e300, "temperature"),
        (("colour_by",), "taste", "'taste' is nothing to colour"),
        (("filters",), {"taste": {}}, "'taste' is nothing to colour"),
        (("selected",), {"shape": [2**31], "bits": ""}, "State.selected is 2147483648"),
        (("selected", "bits"), "AAAA", "another size than it says"),
        (("pins", "a", "name"), "b", "'b' under the name 'a'"),
        (("pins", "a", "code", "shape"), [9], "Pin.code is 9, and should be 8"),
        (("pins", "a", "code", "float32"), base64.b64encode(np.full(8, np.nan, "<f4")).decode(), "not finite"),
        (("pins", "a", "code", "float32"), base64.b64encode(np.full(8, 1e30, "<f4")).decode(), "beyond all measure"),
        (("groups", "flock", "indices", "int64"), base64.b64encode(np.full(6, -1, "<i8")).decode(), "Group.indices"),
        (("extra",), 1, "extra"),
    ],
)
def test_what_does_not_fit_is_named(opened, path, value, words):
    tree = json.loads(session_bytes(Session(Source("small"), opened, made(opened))))
    place = tree["state"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(SessionError) as raised:
        read_state(json.dumps(tree).encode(), opened)
    assert words in str(raised.value)


def test_what_could_not_be_read_again_is_not_written(opened, tmp_path):
    path = tmp_path / "mine.sketchspace"
    path.write_text("what was there before")
    broken = State(target=AtDrawing(10**6), selected=np.zeros(len(opened.atlas), dtype=bool))
    with pytest.raises(SessionError, match=r"was not written: .*AtDrawing\.index"):
        write_session(Session(Source("small"), opened, broken), path)
    assert path.read_text() == "what was there before"


def mutate(content: bytes, rng: random.Random) -> bytes:
    """A session file with a few bytes flipped, cut, doubled or exchanged."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(data)), rng.randint(1, 40)
        match rng.randrange(5):
            case 0:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
                data = data or bytearray(b" ")
            case 2:
                data[at:at] = data[at : at + length]
            case 3:
                del data[at : at + length]
                data = data or bytearray(b" ")
            case 4:
                data[at : at + length] = rng.randbytes(length)
    return bytes(data)


NASTY = (
    *(None, True, -1, 0, 2**31, 2**63, 10**400, -0.0, 1e308, "", "a" * 20_000, "\u0000", "AAAA", [], {}),
    *([0] * 5000, {"type": "AtDrawing", "index": -1}, {"shape": [2**31, 2**31], "float32": ""}, [[[[[[]]]]]]),
)


def mutate_tree(content: bytes, rng: random.Random) -> bytes:
    """A session file whose values are exchanged for others, nasty ones or those of another place."""
    tree = json.loads(content)
    for _ in range(rng.randint(1, 3)):
        found = places(tree)
        container, key = rng.choice(found)
        other, another = rng.choice(found)
        container[key] = copy.deepcopy(rng.choice(NASTY) if rng.random() < 0.7 else other[another])
    return json.dumps(tree).encode()


def state_of(content: bytes, opened: Any) -> State | None:
    """The state that a file holds, which can be written and read again; None if it is refused, in one sentence."""
    try:
        state = read_state(content, opened)
    except SessionError as error:
        assert_sentence(error)
        return None
    assert alike(read_state(session_bytes(Session(Source("small"), opened, state)), opened), state)
    return state


def test_thousands_of_broken_sessions_end_in_a_state_or_a_sentence(opened):
    rng = random.Random(7)
    content = session_bytes(Session(Source("small"), opened, made(opened)))
    refused, slowest = 0, 0.0
    for turn in range(3000):
        broken = (mutate if turn % 2 else mutate_tree)(content, rng)
        began = time.perf_counter()
        refused += state_of(broken, opened) is None
        slowest = max(slowest, time.perf_counter() - began)
    assert refused > 2000
    assert slowest < 1


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.sampled_from(ODD)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


@st.composite
def otherwise(draw: st.DrawFn, content: bytes) -> bytes:
    """A session in which something stands elsewhere, is left out, or is of any other value."""
    tree = json.loads(content)
    for _ in range(draw(st.integers(1, 2))):
        container, key = draw(st.sampled_from(places(tree)))
        other, another = draw(st.sampled_from(places(tree)))
        match draw(st.integers(0, 3)):
            case 0:
                container[key] = copy.deepcopy(other[another])
            case 1 if isinstance(container, dict):
                del container[key]
            case _:
                container[key] = draw(JSON)
    return json.dumps(tree).encode()


@settings(WHOLE, max_examples=150)
@given(data=st.data())
def test_a_session_of_other_values_is_a_state_or_refused_in_a_sentence(opened, data):
    state_of(data.draw(otherwise(session_bytes(Session(Source("small"), opened, made(opened))))), opened)


@settings(WHOLE, max_examples=150)
@given(st.one_of(st.binary(max_size=200), JSON.map(lambda value: json.dumps(value).encode())))
def test_anything_else_is_no_session(opened, content):
    assert state_of(content, opened) is None


def test_the_window_takes_whatever_can_be_read(window, qtbot):
    """Any state, and sessions of other values that are read all the same: all is drawn, and nothing breaks."""
    studio, surprises = window.studio, []
    opened = studio.current
    content = session_bytes(Session(Source("small"), opened, made(opened)))
    studio.failed.connect(lambda message, details: surprises.append(details) if details else None)
    workers = [*window.findChildren(LatestWorker), *studio.findChildren(LatestWorker)]
    states = strategy(State, "State", opened.atlas).map(without_unknown_filters)
    changed = otherwise(content).map(lambda each: state_of(each, opened)).filter(lambda state: state is not None)

    @settings(WHOLE, max_examples=20, suppress_health_check=list(HealthCheck))
    @given(st.one_of(states, changed))
    def check(state: State) -> None:
        studio._show(opened, state)
        studio.keeping.keep(Session(Source("small"), opened, state))
        qtbot.waitUntil(lambda: all(worker.idle for worker in workers), timeout=20_000)
        window.grab()
        assert surprises == []

    check()


def test_a_source_is_found_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "owl.pt").touch()
    monkeypatch.chdir(tmp_path)
    source = Source.of("owl.pt", [Path("cats.npz"), "owl"])
    assert source.checkpoint == str(tmp_path / "owl.pt")
    assert source.data == ("cats.npz", "owl")
    assert Source.of("animals").beside(tmp_path) == Source("animals")
