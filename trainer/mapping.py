"""The map of a trained model, shown while it is made and kept as far as it got."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from core.atlas import Atlas
from core.dataset import SketchDataset
from core.errors import ProjectionError
from core.mapping import build_atlas
from core.model import SketchVAE
from trainer.display import Display

Report = TypeVar("Report")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Map:
    """An atlas, and whether it is finished."""

    atlas: Atlas | None
    """None if it was stopped before the drawings were encoded."""
    interrupted: bool = False


def make_map(model: SketchVAE, dataset: SketchDataset, scale: float, *, refine: bool, display: Display) -> Map:
    """Encode the drawings and lay them out by PCA, then by UMAP if `refine` says so.

    Ctrl-C and a failure of UMAP end it early, with the positions reached so far.
    """
    atlas: Atlas | None = None
    work = _Returning(build_atlas(model, dataset, scale))
    try:
        for progress in work:
            display.stage(progress.stage, progress.fraction)
            atlas = progress.atlas or atlas
            if atlas is not None and progress.positions is not None:
                atlas = replace(atlas, positions=progress.positions)
            if atlas is not None and not refine:
                return Map(atlas)
        return Map(work.result)
    except KeyboardInterrupt:
        return Map(atlas, interrupted=True)
    except ProjectionError as error:
        display.say(f"{error} The map is laid out by PCA alone.")
        return Map(atlas)
    finally:
        work.close()


class _Returning(Generic[Report, Result]):
    """A generator that can be looped over and asked afterwards for what it returned."""

    result: Result

    def __init__(self, work: Generator[Report, None, Result]) -> None:
        self._work = work

    def __iter__(self) -> Iterator[Report]:
        self.result = yield from self._work

    def close(self) -> None:
        self._work.close()
