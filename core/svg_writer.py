"""Sketches as SVG: one, a filmstrip, or an animation. They look as on screen, in ink on paper.

The ground is painted, as it is in PNG, GIF and PDF: a drawing that is put on a dark page stays legible,
and whoever wants the ink alone deletes one rectangle. Each stroke is a path of its own, in the order of
drawing.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from core.morph import LEG_SECONDS, MorphedFilm, Polylines
from core.picture import ANIMATION_SIDE, FRAME_SIDE, INK, LINE_WIDTH, PAPER, SKETCH_SIDE, in_unit_square
from core.sketch import Array

DOT = 0.01
"""Length of a stroke that never leaves its point, in pixels: not every program makes a dot of none."""


def sketch_svg(stroke3: Array) -> str:
    """One sketch, stroke-3 [n, 3]."""
    return _document(1, SKETCH_SIDE, _strokes(in_unit_square(stroke3), SKETCH_SIDE))


def filmstrip_svg(sketches: Sequence[Array]) -> str:
    """Sketches side by side; each is a group of its strokes."""
    groups = []
    for number, stroke3 in enumerate(sketches):
        groups.append(f'<g transform="translate({number * FRAME_SIDE})">')
        groups += _strokes(in_unit_square(stroke3), FRAME_SIDE)
        groups.append("</g>")
    return _document(len(sketches), FRAME_SIDE, groups)


def animation_svg(film: MorphedFilm) -> str:
    """A film that morphs there and back, for ever, by SMIL (https://www.w3.org/TR/SVG11/animate.html).

    Between two sketches all points move straight, so each leg of the film is one path with its two
    ends, shown while its time is. A program without SMIL shows the first sketch.
    """
    if film.legs == 0:
        return _document(1, ANIMATION_SIDE, _strokes(film.at(0), ANIMATION_SIDE))
    paths = []
    for number in range(film.legs):
        morph = film.leg(number)
        before, after = (
            " ".join(_path_data(line, ANIMATION_SIDE) for line in lines) for lines in (morph.before, morph.after)
        )
        paths += _animated_path(before, after, number, film.legs)
    return _document(1, ANIMATION_SIDE, paths)


def _animated_path(before: str, after: str, number: int, legs: int) -> list[str]:
    """Leg `number` of `legs`: seen, and moving, once on the way there and once on the way back."""
    moments = [number, number + 1, 2 * legs - number - 1, 2 * legs - number]
    times = ";".join(f"{moment / (2 * legs):.6g}" for moment in moments)
    clock = f'dur="{2 * legs * LEG_SECONDS:g}s" repeatCount="indefinite"'
    return [
        f'<path d="{before}" visibility="{"hidden" if number else "visible"}">',
        f'<animate attributeName="d" {clock} keyTimes="0;{times};1" '
        f'values="{before};{before};{after};{after};{before};{before}"/>',
        f'<animate attributeName="visibility" calcMode="discrete" {clock} keyTimes="0;{times}" '
        'values="hidden;visible;hidden;visible;hidden"/>',
        "</path>",
    ]


def _document(columns: int, side: int, content: Iterable[str]) -> str:
    width = columns * side
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{side}" viewBox="0 0 {width} {side}">\n'
        f'<rect width="{width}" height="{side}" fill="{PAPER}"/>\n'
        f'<g fill="none" stroke="{INK}" stroke-width="{side * LINE_WIDTH:g}" '
        'stroke-linecap="round" stroke-linejoin="round">'
    )
    return "\n".join([opening, *content, "</g>", "</svg>", ""])


def _strokes(lines: Polylines, side: int) -> list[str]:
    return [f'<path d="{_path_data(line, side)}"/>' for line in lines]


def _path_data(line: NDArray[np.float64], side: int) -> str:
    """A polyline [k, 2] of the unit square in a square of `side` pixels."""
    points = side * line
    if len(points) == 1:
        points = points + np.array([[0, 0], [DOT, 0]])
    return "M" + "L".join(f"{x:.2f} {y:.2f}" for x, y in points.tolist())
