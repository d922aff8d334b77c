"""Files as they should not be, and what may be said of them."""

import unicodedata
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from core.errors import SketchExplorerError

LONGEST = 600
"""Letters of a sentence."""
PIECES = (b"NaN", b"-1e999", b"[[", b"]", b"{}", b"null", b"\x00", b"9" * 20, b"\xff\xff\xff\x7f", b"\n")
ODD = (None, True, -1, 0, 0.5, 2**31, 2**63, 10**400, -0.0, 1e308, "", "x" * 5000, "\u0000\n", "\ud800", [], {}, [[]])
"""In place of what a file should hold."""


def assert_sentence(error: SketchExplorerError, path: Path | None = None) -> None:
    """That what is said is one sentence, on one line that any terminal can show, no traceback, and names the file."""
    words = str(error)
    assert path is None or str(path) in words
    assert words == words.strip()
    assert words.endswith((".", "?"))
    assert not words.endswith("..")
    assert len(words) < LONGEST
    assert not {"Cc", "Cs", "Zl", "Zp"} & {unicodedata.category(letter) for letter in words}
    assert "Traceback" not in words
    assert " object at 0x" not in words


def mutated(sample: bytes) -> st.SearchStrategy[bytes]:
    """`sample` with some bytes flipped, exchanged for others, taken out or put in; perhaps cut short."""
    places = st.integers(0, len(sample) - 1)
    changes = st.tuples(places, st.integers(0, 3), st.one_of(st.binary(max_size=4), st.sampled_from(PIECES)))
    flips = st.tuples(places, st.integers(0, 7))

    def apply(data: Any) -> bytes:
        changed, (changing, flipping, end) = bytearray(sample), data
        for place, bit in flipping:
            changed[place] ^= 1 << bit
        for place, length, piece in changing:
            changed[place : place + length] = piece
        return bytes(changed[:end])

    ends = st.one_of(st.none(), st.none(), places)
    return st.tuples(st.lists(changes, max_size=3), st.lists(flips, max_size=3), ends).map(apply)


def places(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of all that stands in nested dictionaries and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in items for place in [(tree, key), *places(value)]]
