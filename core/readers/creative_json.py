"""Creative Birds and Creative Creatures: a JSON list of drawings made of body parts.

Source: https://github.com/facebookresearch/DoodlerGAN (Ge et al. 2021, "Creative Sketch Generation").
Each item's `all_strokes` is a list of body parts, each a list of strokes, each a list of segments
[x0, y0, x1, y1, …]; the end of one segment is the start of the next.
"""

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError
from core.readers.coordinates import polyline
from core.readers.record import Polylines
from core.readers.stream import opened

_SPACE = " \t\r\n"
_CHUNK_BYTES = 1 << 16
MAX_ITEM_CHARACTERS = 1 << 22
"""A hundred times what one of the published drawings takes."""


def read_creative_json(path: Path) -> Iterator[Polylines]:
    """Yield the drawings of one file, an item at a time. Raises DataError, naming the file and the drawing."""
    with opened(path) as stream:
        for number, item in enumerate(_items(lambda: stream.read(_CHUNK_BYTES)), start=1):
            try:
                yield _drawing(item)
            except DataError as error:
                raise DataError(f"drawing {number:,}: {error}") from error


def _items(read: Callable[[], bytes]) -> Iterator[Any]:
    """The items of the one list of a JSON file, each parsed once it is there whole."""
    decoder, text = json.JSONDecoder(), _Text(read)
    text.expect("[")
    if text.next_character() == "]":
        return
    while True:
        yield text.value(decoder)
        if text.next_character() != ",":
            text.expect("]")
            return
        text.expect(",")


class _Text:
    """The characters of a file, of which only those not yet used are kept."""

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""

    def _more(self) -> bool:
        data = self._read()
        try:
            self._text += self._decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            raise DataError("it is not text") from error
        return bool(data)

    def next_character(self) -> str:
        """The next one that is no space, left where it is; empty at the end."""
        while True:
            self._text = self._text.lstrip(_SPACE)
            if self._text or not self._more():
                return self._text[:1]

    def expect(self, character: str) -> None:
        if self.next_character() != character:
            raise DataError("it is not a JSON list, or is cut short")
        self._text = self._text[1:]

    def value(self, decoder: json.JSONDecoder) -> Any:
        self.next_character()
        tried, whole = 0, False
        while True:
            # Tried again only once the text has doubled, so that a long item costs no square of its length.
            if len(self._text) >= 2 * tried or whole:
                tried = len(self._text)
                try:
                    value, end = decoder.raw_decode(self._text)
                except RecursionError as error:
                    raise DataError("it is nested too deeply") from error
                except ValueError:
                    if whole or tried > MAX_ITEM_CHARACTERS:
                        raise DataError("it is not JSON, is cut short, or holds more than a drawing") from None
                else:
                    self._text = self._text[end:]
                    return value
            whole = not self._more()


def _drawing(item: Any) -> Polylines:
    parts = item.get("all_strokes") if isinstance(item, dict) else None
    if not isinstance(parts, list):
        raise DataError("it has no list of body parts named all_strokes")
    lines = []
    for strokes in parts:
        if not isinstance(strokes, list):
            raise DataError("a body part in it is not a list of strokes")
        lines += [_stroke(stroke) for stroke in strokes]
    return lines


def _stroke(segments: Any) -> NDArray[np.float64]:
    if not isinstance(segments, list):
        raise DataError("a stroke in it is not a list of segments")
    points: list[list[Any]] = []
    for segment in segments:
        if not isinstance(segment, list) or len(segment) < 4 or len(segment) % 2:
            raise DataError("a segment in it is not four numbers or more, in pairs")
        pairs = [segment[i : i + 2] for i in range(0, len(segment), 2)]
        points += pairs[1:] if points and points[-1] == pairs[0] else pairs
    return polyline(points)
