"""Files and the clipboard: what the studio holds, written for other programs."""

import time
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
from explorer.workers import GeneratorThread

if TYPE_CHECKING:
    from explorer.studio import Studio


class Exporting(QObject):
    """Writes one file at a time, on a thread of its own; each is whole or not there."""

    progressed = Signal(str, object)
    """(stage, fraction) while a file is being written; an empty stage at the end."""
    exported = Signal(str)
    """One sentence: what was written."""
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self._studio = studio
        self._thread: GeneratorThread | None = None
        self._stage = ""
        self._began = 0.0

    # -- what there is to write --------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a file is being written."""
        return self._thread is not None

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
        if self._thread is not None:
            self.failed.emit("Another file is still being written.", "")
            return
        self._stage, self._began = f"writing {path.name}", time.perf_counter()
        self._thread = GeneratorThread(lambda: writing, self)
        self._thread.progressed.connect(self._on_progressed)
        self._thread.succeeded.connect(self._on_succeeded)
        self._thread.failed.connect(self._on_failed)
        self._thread.start()

    def cancel(self) -> None:
        """Write nothing after all."""
        if self._thread is not None:
            self._thread.cancel()
            self._ended()

    def _ended(self) -> None:
        self._thread = None
        self.progressed.emit("", None)

    def _on_progressed(self, fraction: float) -> None:
        if self.sender() is self._thread:
            self.progressed.emit(self._stage, fraction)

    def _on_succeeded(self, sentence: str) -> None:
        if self.sender() is self._thread:
            seconds = time.perf_counter() - self._began
            self._ended()
            self.exported.emit(f"{sentence} in {f'{1000 * seconds:.0f} ms' if seconds < 1 else f'{seconds:.1f} s'}")

    def _on_failed(self, message: str, details: str) -> None:
        if self.sender() is self._thread:
            self._ended()
            self.failed.emit(message, details)

    def close(self) -> None:
        """End the thread."""
        if QGuiApplication.platformName() == "offscreen":
            # Its clipboard outlives Python, and what Python put there would then bring the process down.
            QGuiApplication.clipboard().clear()
        for thread in self.findChildren(GeneratorThread):
            thread.cancel()
            thread.wait()
