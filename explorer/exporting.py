"""Files and the clipboard: what the studio holds, written for other programs."""

import time
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QMimeData, QObject, Signal
from PySide6.QtGui import QGuiApplication, QImage

from core.code_files import NamedCode
from core.morph import MorphedFilm
from core.svg_writer import sketch_svg
from explorer.exports import ANIMATION, CODES, FIGURE, FILMSTRIP, SKETCH, Formats, export, export_drawings
from explorer.figure_picture import figure_image, figure_svg
from explorer.pictures import sketch_image
from explorer.workers import Job

if TYPE_CHECKING:
    from explorer.studio import Studio


class Exporting(QObject):
    """Writes one file after the other, off the GUI thread; each is whole or not there."""

    progressed = Signal(str, object)
    """(stage, fraction) while a file is being written; an empty stage at the end."""
    exported = Signal(str)
    """One sentence: what was written."""
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._names: deque[str] = deque()
        """Of the files being written and waiting."""
        self._done = 0.0
        """Of the first of them, in [0, 1]."""
        self._job = Job("export", self)
        self._job.progressed.connect(self._on_progressed)
        self._job.succeeded.connect(self._on_succeeded)
        self._job.failed.connect(self._on_failed)

    # -- what there is to write --------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a file is being written."""
        return self._job.running

    @property
    def has_sketch(self) -> bool:
        return self._studio.sketch is not None

    @property
    def has_film(self) -> bool:
        return self._studio.film is not None

    @property
    def has_figure(self) -> bool:
        return self._studio.arithmetic.figure is not None

    @property
    def has_codes(self) -> bool:
        return bool(self._codes())

    def _codes(self) -> list[NamedCode]:
        """The current code, those of the frames, and the pinned ones."""
        here, film = self._studio.here, self._studio.film
        codes = [NamedCode("current", here.title, here.place.code)] if here is not None else []
        if film is not None:
            codes += [NamedCode("frame", str(number), code) for number, code in enumerate(film.codes, 1)]
        return codes + [NamedCode("pin", name, pin.code) for name, pin in self._studio.pins.items()]

    # -- writing it --------------------------------------------------------------------------

    def sketch(self, path: Path) -> None:
        """Write the current sketch, as SVG or PNG."""
        if self._studio.sketch is not None:
            self._write(SKETCH, self._studio.sketch.stroke3, path)

    def filmstrip(self, path: Path) -> None:
        """Write the frames side by side, as SVG, PNG or PDF."""
        if self._studio.film is not None:
            self._write(FILMSTRIP, self._studio.film.sketches, path)

    def animation(self, path: Path) -> None:
        """Write the film as it morphs, there and back, as GIF or animated SVG."""
        if self._studio.film is not None:
            self._write(ANIMATION, MorphedFilm(self._studio.film.sketches), path)

    def figure(self, path: Path) -> None:
        """Write the expression as a row of sketches as it was drawn last, as SVG, PNG or PDF."""
        if self._studio.arithmetic.figure is not None:
            self._write(FIGURE, self._studio.arithmetic.figure, path)

    def codes(self, path: Path) -> None:
        """Write the current code, those of the frames and the pinned ones, as npz or csv."""
        if codes := self._codes():
            self._write(CODES, codes, path)

    def selection(self, path: Path) -> None:
        """Write the selected drawings, as npz, ndjson or csv."""
        opened, selection = self._studio.current, self._studio.selection
        if opened is not None and selection.count:
            self._run(path, export_drawings(opened, selection.indices, self._studio.temperature, path))

    def copy_sketch(self) -> None:
        """Put the current sketch on the clipboard, as SVG and as a picture: a program takes what it knows."""
        if self._studio.sketch is None:
            return
        stroke3 = self._studio.sketch.stroke3
        self._copy("Sketch", sketch_svg(stroke3).encode(), sketch_image(stroke3))

    def copy_figure(self) -> None:
        """Put the figure of the expression on the clipboard in the same two ways."""
        figure = self._studio.arithmetic.figure
        if figure is not None:
            self._copy("Figure", figure_svg(figure), figure_image(figure))

    def _copy(self, what: str, svg: bytes, image: QImage) -> None:
        data = QMimeData()
        data.setData("image/svg+xml", svg)
        data.setImageData(image)
        QGuiApplication.clipboard().setMimeData(data)
        self.exported.emit(f"{what} copied as SVG and as a picture")

    def _write(self, formats: Formats, thing: Any, path: Path) -> None:
        self._run(path, export(formats, thing, path))

    def _run(self, path: Path, writing: Generator[float, None, str]) -> None:
        def make() -> Generator[float, None, str]:
            began = time.perf_counter()
            sentence = yield from writing
            seconds = time.perf_counter() - began
            return f"{sentence} in {f'{1000 * seconds:.0f} ms' if seconds < 1 else f'{seconds:.1f} s'}"

        self._names.append(path.name)
        self._job.enqueue(make)
        if self._job.waiting:
            self._on_progressed(self._done)

    def cancel(self) -> None:
        """Do not write the file that is being written; those that wait follow."""
        if self.busy:
            self._job.cancel()
            self._ended()

    def _ended(self) -> None:
        self._names.popleft()
        self._done = 0.0
        if not self.busy:
            self.progressed.emit("", None)

    def _on_progressed(self, done: float) -> None:
        self._done = done
        waiting = f", {self._job.waiting} more to follow" if self._job.waiting else ""
        self.progressed.emit(f"writing {self._names[0]}{waiting}", done)

    def _on_succeeded(self, sentence: str) -> None:
        self._ended()
        self.exported.emit(sentence)

    def _on_failed(self, message: str, details: str) -> None:
        self._ended()
        self.failed.emit(message, details)

    def close(self) -> None:
        """End the thread."""
        if QGuiApplication.platformName() == "offscreen":
            # Its clipboard outlives Python, and what Python put there would then bring the process down.
            QGuiApplication.clipboard().clear()
        self._job.close()
