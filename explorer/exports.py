"""What can leave the studio as a file, its formats, and the generators that write them off the GUI thread.

Each yields how much is done, in [0, 1], writes its file whole at the very end, and returns one sentence.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.code_files import codes_csv, codes_npz
from core.svg_writer import animation_svg, filmstrip_svg, sketch_svg
from explorer.figure_picture import figure_image, figure_pdf, figure_svg
from explorer.finding import BATCH, drawings_of
from explorer.pictures import animation_gif, filmstrip_image, filmstrip_pdf, png, sketch_image

if TYPE_CHECKING:
    from core.drawing_files import Drawing
    from explorer.opening import Opened

Maker = Callable[[Any], Generator[float, None, bytes]]


@dataclass(frozen=True)
class Format:
    """A way to write something."""

    title: str
    """In a file dialog."""
    make: Maker
    """From the thing to the content of a file; yields how much of it there is, in [0, 1]."""


def _at_once(make: Callable[[Any], bytes | str]) -> Maker:
    """A maker of what takes no time worth a report."""

    def generator(thing: Any) -> Generator[float, None, bytes]:
        yield 0.0
        content = make(thing)
        return content.encode() if isinstance(content, str) else content

    return generator


Formats = Mapping[str, Format]
"""By ending; the first is the usual one."""

SKETCH: Formats = {
    ".svg": Format("SVG drawing", _at_once(sketch_svg)),
    ".png": Format("PNG picture", _at_once(lambda stroke3: png(sketch_image(stroke3)))),
}
"""Of stroke-3 [n, 3]."""
FILMSTRIP: Formats = {
    ".svg": Format("SVG drawing", _at_once(filmstrip_svg)),
    ".png": Format("PNG picture", _at_once(lambda sketches: png(filmstrip_image(sketches)))),
    ".pdf": Format("PDF page", _at_once(filmstrip_pdf)),
}
"""Of sketches in stroke-3."""
FIGURE: Formats = {
    ".svg": Format("SVG drawing", _at_once(figure_svg)),
    ".png": Format("PNG picture", _at_once(lambda figure: png(figure_image(figure)))),
    ".pdf": Format("PDF page", _at_once(figure_pdf)),
}
"""Of a Figure."""
ANIMATION: Formats = {
    ".gif": Format("GIF animation", animation_gif),
    ".svg": Format("Animated SVG for browsers", _at_once(animation_svg)),
}
"""Of a MorphedFilm."""
CODES: Formats = {
    ".npz": Format("NumPy arrays", _at_once(codes_npz)),
    ".csv": Format("Table", _at_once(codes_csv)),
}
"""Of NamedCodes."""


def export(formats: Formats, thing: Any, path: Path) -> Generator[float, None, str]:
    """Write `thing` in the one of `formats` that the ending of `path` names. Raises DataError."""
    from core.output import by_ending, write_whole

    content = yield from by_ending(path, formats).make(thing)
    yield 1.0  # the last chance to want no file
    write_whole(path, content)
    return f"{path.name} written"


def export_drawings(
    opened: "Opened", indices: NDArray[np.integer], temperature: float, path: Path
) -> Generator[float, None, str]:
    """Write the drawings `indices` of the map in the format that the ending of `path` names. Raises DataError."""
    from core.drawing_files import write_drawings

    drawings: list[Drawing] = []
    for drawing in drawings_of(opened, indices, temperature, lambda: False):
        drawings.append(drawing)
        if len(drawings) % BATCH == 0:
            yield len(drawings) / len(indices)
    yield 1.0
    write_drawings(path, opened.atlas, drawings)
    what = "originals" if opened.dataset is not None else "as the model draws them"
    return f"{len(drawings):,} drawings written to {path.name} ({what})"
