"""Files, folders and patterns of them become categories, named after the files."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import DataError
from core.file_paths import exists, is_folder
from core.preprocess import Preprocessing
from core.readers.detect import CREATIVE_JSON, format_of, open_sketches
from core.readers.record import SketchRecord

ENDINGS = (".npz", ".ndjson", ".bin", ".json", ".svg")
_MARKS = (".gz", ".svgz", *ENDINGS, ".full", ".raw")
"""What file names carry besides the category: `owl.raw.ndjson.gz`, `owl.full.npz`."""


@dataclass(frozen=True)
class Source:
    """The files of one category."""

    name: str
    paths: tuple[Path, ...]
    """One file, or the SVG files of one folder."""

    @property
    def folder(self) -> str:
        """Name of the folder it lies in."""
        return _written(self.paths[0].resolve().parent.name)

    @property
    def label(self) -> str:
        """What it is called in a message or an atlas."""
        return _written(self.paths[0].name) if len(self.paths) == 1 else f"{self.name}/*.svg"

    def records(self, steps: Preprocessing | None = None) -> Iterator[SketchRecord]:
        """Its drawings. Raises DataError."""
        for number, path in enumerate(self.paths):
            for record in open_sketches(path, steps):
                yield record if len(self.paths) == 1 else SketchRecord(record.stroke3, None, number, record.category)


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """The categories that `paths` mean: files, folders of files, or patterns such as `data/*.ndjson`.

    A file is a category by its name. SVG files, each of which is one drawing, are together a category
    by the name of their folder. Raises DataError for a pattern or a folder without files.
    """
    files: list[Path] = []
    for path in paths:
        files += _files(path)
    sources: list[Source] = []
    folders: dict[Path, list[Path]] = {}
    for file in files:
        if _ending(file) not in (".svg", ".svgz"):
            sources.append(Source(_category(file), (file,)))
        elif file.parent in folders:
            folders[file.parent].append(file)
        else:
            folders[file.parent] = [file]
            sources.append(Source(_written(file.resolve().parent.name), (file,)))  # its place; the others join below
    return [
        Source(source.name, tuple(folders[source.paths[0].parent]))
        if _ending(source.paths[0]) in (".svg", ".svgz")
        else source
        for source in sources
    ]


def _files(path: Path) -> list[Path]:
    if is_folder(path):
        found = [file for file in sorted(path.rglob("*")) if _is_drawings(file)]
        if not found:
            raise DataError(f"There are no files of drawings in {path}.")
        return found
    if not exists(path) and glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 the pattern may begin at the root
        found = [file for name in matches for file in _files(Path(name))]
        if not found:
            raise DataError(f"No file matches {path}.")
        return found
    return [path]


def _is_drawings(file: Path) -> bool:
    """Whether a file found in a folder is meant: others lie there too."""
    ending = _ending(file)
    if not file.is_file() or file.name.startswith(".") or ending not in (*ENDINGS, ".svgz"):
        return False
    try:
        return ending != ".json" or format_of(file) is CREATIVE_JSON
    except DataError:
        return False


def _ending(file: Path) -> str:
    return Path(file.name.removesuffix(".gz")).suffix.lower()


def _category(file: Path) -> str:
    name = file.name
    while Path(name).suffix.lower() in _MARKS and Path(name).stem:
        name = Path(name).stem
    return _written(name)


def _written(name: str) -> str:
    """A file's name as text that can be written anywhere: a system may have others, which are no Unicode."""
    return name.encode("utf-8", "replace").decode("utf-8")
