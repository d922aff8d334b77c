"""Opening a checkpoint, with its own atlas or another dataset encoded by it; all off the GUI thread."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import platformdirs

from core.atlas import Atlas
from core.checkpoint import Checkpoint, load_checkpoint
from core.dataset import load_dataset
from core.device import choose_device
from core.errors import CheckpointError
from core.expression import Code
from core.generation import SketchDecoder
from core.mapping import AtlasCache, MapProgress, build_atlas
from core.navigation import Floats, Navigator


@dataclass(frozen=True, eq=False)
class Opened:
    """A checkpoint and a map, ready to be used."""

    title: str
    checkpoint: Checkpoint
    atlas: Atlas
    navigator: Navigator
    decoder: SketchDecoder
    category_means: dict[str, Code]
    beginning: tuple[int, int]
    """Something to look at first: a typical drawing, and the one farthest from it on the map."""

    def moved(self, positions: Floats) -> "Opened":
        """The same with other map positions [N, 2]."""
        navigator = self.navigator.moved(positions)
        return replace(self, atlas=navigator.atlas, navigator=navigator)


@dataclass(frozen=True, eq=False)
class OpeningProgress:
    """One report of something being opened."""

    stage: str
    fraction: float | None
    """Of this stage, 0 to 1; None where it is not known."""
    opened: Opened | None = None
    """A map to show already, while it is still being refined."""


def shipped_checkpoints() -> list[str]:
    """Names of the checkpoints that come with the program."""
    return sorted(
        Path(entry.name).stem for entry in resources.files("resources").iterdir() if entry.name.endswith(".pt")
    )


def open_checkpoint(
    name: str, data: Sequence[Path] = (), device: str = "auto", cache: Path | None = None
) -> Generator[OpeningProgress, None, Opened]:
    """Open the checkpoint `name` (a path, else the name of a shipped one), on its atlas or on `data`.

    A generator: yields progress and returns the result. The atlas of `data` is kept in `cache` (the
    user's cache folder by default) by the digests of data and checkpoint. Raises SketchExplorerError.
    """
    yield OpeningProgress(f"opening {name}", None)
    path = _find(name)
    checkpoint = load_checkpoint(path)
    model = checkpoint.build_model(choose_device(device))
    decoder = SketchDecoder(model.decoder, checkpoint.scale)

    def opened(atlas: Atlas) -> Opened:
        title = path.stem if not data else f"{', '.join(p.stem for p in data)} by {path.stem}"
        navigator, means = Navigator(atlas), atlas.category_means()
        typical = int(navigator.nearest(next(iter(means.values())))[0][0])
        farthest = int(((atlas.positions - atlas.positions[typical]) ** 2).sum(axis=1).argmax())
        return Opened(title, checkpoint, atlas, navigator, decoder, means, (typical, farthest))

    if not data:
        if checkpoint.atlas is None:
            raise CheckpointError(f"{path} has no map; give it drawings to map with --data FILE.")
        return opened(checkpoint.atlas)

    yield OpeningProgress("reading drawings", None)
    dataset = load_dataset(data, checkpoint.max_points)
    kept = AtlasCache(cache or platformdirs.user_cache_path("sketch-explorer") / "atlases")
    atlas = kept.load(dataset.digest, checkpoint.digest, checkpoint.model_config.latent)
    if atlas is not None:
        return opened(atlas)
    unrefined: Opened | None = None
    building = build_atlas(model, dataset, checkpoint.scale)
    try:
        while True:
            try:
                step: MapProgress = next(building)
            except StopIteration as finished:
                atlas = finished.value
                break
            if step.atlas is not None:
                unrefined = opened(step.atlas)
            ready = unrefined if step.atlas is not None else None
            if unrefined is not None and step.positions is not None:
                ready = unrefined.moved(step.positions)
            yield OpeningProgress(step.stage, step.fraction, ready)
    finally:
        building.close()
    try:
        kept.save(dataset.digest, checkpoint.digest, atlas)
    except CheckpointError as error:
        yield OpeningProgress(f"The map is not kept for the next time: {error}", None)
    return opened(atlas)


def _find(name: str) -> Path:
    path = Path(name)
    if path.exists() or path.suffix == ".pt" or len(path.parts) > 1:
        return path  # load_checkpoint says what is wrong with it
    shipped = resources.files("resources") / f"{name}.pt"
    if isinstance(shipped, Path) and shipped.exists():
        return shipped
    raise CheckpointError(
        f"There is no checkpoint {name!r}: give the path of a .pt file, or one of {', '.join(shipped_checkpoints())}."
    )
