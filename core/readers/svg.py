"""SVG: one drawing a file, its shapes as polylines with their transforms applied.

Source: https://www.w3.org/TR/SVG2/. The XML is parsed by defusedxml, which refuses entities; paths,
arcs, transforms and viewBoxes by svgelements. Walked here: groups, nested <svg>, <symbol> and <use>,
`display` and `visibility`. A rectangle that covers the whole picture is its paper, and no stroke. Not
looked at: other fills, clips, masks, text, pictures and style sheets.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import numpy as np
import svgelements as svg
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from numpy.typing import NDArray

from core.errors import DataError
from core.readers.coordinates import polyline
from core.readers.record import Polylines
from core.readers.stream import opened

MAX_BYTES = 1 << 20
"""What is parsed of a drawing that shall have some hundred points."""
MAX_ELEMENTS = 10_000
"""Drawn by one file, each use of one counted."""
MAX_DEPTH = 64
MAX_SEGMENTS = 20_000
CURVE_POINTS = 48
"""A curve or arc becomes so many lines: a full circle in the 256 box is met to a third of a unit."""

_CONTAINERS = ("svg", "g", "a", "switch")
_NUMBER_ATTRIBUTES = {
    "line": ("x1", "y1", "x2", "y2"),
    "rect": ("x", "y", "width", "height", "rx", "ry"),
    "circle": ("cx", "cy", "r"),
    "ellipse": ("cx", "cy", "rx", "ry"),
}
_SHAPES = {"line": svg.SimpleLine, "rect": svg.Rect, "circle": svg.Circle, "ellipse": svg.Ellipse}
_COORDINATE = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_COMMAND = re.compile(r"[A-Za-df-z]|" + _COORDINATE.pattern)


def read_svg(path: Path) -> Iterator[Polylines]:
    """Yield the one drawing of a file. Raises DataError, naming the file."""
    with opened(path) as stream:
        yield parse_svg(stream.read(MAX_BYTES + 1))


def parse_svg(data: bytes) -> Polylines:
    """The drawing that the bytes of a file are. Raises DataError, a clause."""
    if len(data) > MAX_BYTES:
        raise DataError("it is larger than any drawing of one sketch (1 MB)")
    try:
        root = fromstring(data, forbid_dtd=False, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise DataError("it declares XML entities, which no drawing needs") from error
    except (ParseError, ValueError, LookupError) as error:
        raise DataError("it is not XML, or is cut short") from error
    if _tag(root) != "svg":
        raise DataError("it is XML, but not SVG")
    try:
        return _Walk(root).polylines
    except DataError:
        raise
    except Exception as error:  # what svgelements makes of nonsense is of nearly any kind
        raise DataError("a shape in it is damaged") from error


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


class _Walk:
    """Goes through the elements in the order of drawing and gathers their polylines."""

    def __init__(self, root: Element) -> None:
        self.polylines: list[NDArray[np.float64]] = []
        self._by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
        self._elements = 0
        self._segments = 0
        self._picture = _picture(root)
        self._visit(root, svg.Matrix(), 0, {})

    def _visit(self, element: Element, matrix: Any, depth: int, inherited: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or depth > MAX_DEPTH:
            raise DataError("it has more shapes, or is nested more deeply, than any drawing")
        style = {**inherited, **_style(element)}
        if style.get("display") == "none":
            return
        tag = _tag(element)
        if element.get("transform"):
            matrix = svg.Matrix(element.get("transform")) * matrix
        if tag in _CONTAINERS:
            if tag == "svg" and depth > 0:
                matrix = _viewport(element) * matrix
            elif tag == "svg" and element.get("preserveAspectRatio", "").startswith("none"):
                matrix = _viewport(element) * matrix  # otherwise it only moves and scales the whole
            self._visit_children(element, matrix, depth, style)
        elif tag == "use":
            self._use(element, matrix, depth, style)
        elif style.get("visibility", "visible") == "visible":
            self._draw(element, tag, matrix)

    def _visit_children(self, element: Element, matrix: Any, depth: int, style: dict[str, str]) -> None:
        for child in element:
            self._visit(child, matrix, depth + 1, {k: v for k, v in style.items() if k == "visibility"})

    def _use(self, element: Element, matrix: Any, depth: int, style: dict[str, str]) -> None:
        href = element.get("href") or element.get("{http://www.w3.org/1999/xlink}href") or ""
        target = self._by_id.get(href.removeprefix("#"))
        if target is None or not href.startswith("#"):
            return  # a missing one, or another file's, is not drawn by browsers either
        x, y = (_number(element, name) for name in ("x", "y"))
        matrix = svg.Matrix.translate(x, y) * matrix
        if _tag(target) == "symbol":
            self._visit_children(target, _viewport(target, element) * matrix, depth + 1, style)
        else:
            inherited = {k: v for k, v in style.items() if k == "visibility"}
            self._visit(target, matrix, depth + 1, inherited)

    def _draw(self, element: Element, tag: str, matrix: Any) -> None:
        if tag == "path":
            self._draw_path(element.get("d", ""), matrix)
        elif tag in ("polyline", "polygon"):
            numbers = [float(number) for number in _COORDINATE.findall(element.get("points", ""))]
            points = np.array(numbers[: len(numbers) // 2 * 2]).reshape(-1, 2)
            self._segments += len(points)
            if tag == "polygon":
                points = np.vstack([points, points[:1]])
            self._add(points, matrix)
        elif tag in _SHAPES and not self._is_paper(element, tag, matrix):
            names = [name for name in _NUMBER_ATTRIBUTES[tag] if element.get(name) not in (None, "auto")]
            shape = svg.Path(_SHAPES[tag](**{name: _number(element, name) for name in names}))
            self._add_path(shape, matrix)

    def _is_paper(self, element: Element, tag: str, matrix: Any) -> bool:
        if tag != "rect" or self._picture is None or not matrix.is_identity():
            return False
        if element.get("width") == element.get("height") == "100%":
            return True
        left, top, right, bottom = self._picture
        x, y, width, height = (_number(element, name) for name in ("x", "y", "width", "height"))
        return x <= left and y <= top and x + width >= right and y + height >= bottom

    def _draw_path(self, text: str, matrix: Any) -> None:
        self._segments += len(_COMMAND.findall(text)) // 2  # before svgelements takes time over them
        self._check_size()
        self._add_path(svg.Path(text), matrix)

    def _add_path(self, path: Any, matrix: Any) -> None:
        points: list[Any] = []
        at = np.linspace(0, 1, CURVE_POINTS + 1)[1:]
        for segment in path:
            if isinstance(segment, svg.Move):
                self._add(points, matrix)
                points = [tuple(segment.end)]
            elif isinstance(segment, svg.Line | svg.Close):
                if segment.end is not None:
                    points.append(tuple(segment.end))
            else:
                self._segments += CURVE_POINTS // 8
                points.extend(np.asarray(segment.npoint(at)))
        self._add(points, matrix)

    def _add(self, points: Any, matrix: Any) -> None:
        self._check_size()
        line = polyline([tuple(map(float, point)) for point in points])
        if len(line):
            turn = np.array([[matrix.a, matrix.b], [matrix.c, matrix.d]])
            self.polylines.append(polyline(line @ turn + (matrix.e, matrix.f)))

    def _check_size(self) -> None:
        if self._segments > MAX_SEGMENTS:
            raise DataError("it has more lines than any drawing")


def _picture(root: Element) -> tuple[float, float, float, float] | None:
    """(left, top, right, bottom) of what the file shows, in user units, if it says so."""
    left, top, width, height = 0.0, 0.0, _number(root, "width"), _number(root, "height")
    box = [float(number) for number in _COORDINATE.findall(root.get("viewBox", ""))]
    if len(box) == 4:
        left, top, width, height = box
    return (left, top, left + width, top + height) if width > 0 and height > 0 else None


def _style(element: Element) -> dict[str, str]:
    """`display` and `visibility`, from the attributes or the stronger style attribute."""
    found = {name: element.get(name, "").strip() for name in ("display", "visibility")}
    for declaration in element.get("style", "").split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in found:
            found[name.strip()] = value.partition("!")[0].strip()
    return {name: value for name, value in found.items() if value}


def _number(element: Element, name: str) -> float:
    """An attribute in user units; percentages and units other than px are taken as plain numbers."""
    match = _COORDINATE.match(element.get(name, "").strip())
    return float(match.group()) if match else 0.0


def _viewport(element: Element, size: Element | None = None) -> Any:
    """What `viewBox`, x, y, width and height do; a symbol takes its size from the use of it."""
    box = [float(number) for number in _COORDINATE.findall(element.get("viewBox", ""))]
    place = svg.Matrix.translate(_number(element, "x"), _number(element, "y"))
    if len(box) != 4 or box[2] <= 0 or box[3] <= 0:
        return place
    sized = size if size is not None else element
    width, height = (_number(sized, name) or side for name, side in zip(("width", "height"), box[2:], strict=True))
    ratio = element.get("preserveAspectRatio")
    return svg.Matrix(svg.Viewbox.viewbox_transform(0, 0, width, height, box[0], box[1], box[2], box[3], ratio)) * place
