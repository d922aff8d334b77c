"""Opening a checkpoint, with its own atlas or another dataset encoded by it; all off the GUI thread."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import platformdirs

from core.atlas import Atlas
from core.checkpoint import Checkpoint, load_checkpoint
from core.clarity import Clarity
from core.dataset import SketchDataset, load_dataset
from core.device import choose_device
from core.errors import CheckpointError
from core.expression import Code
from core.file_paths import exists, is_file
from core.generation import SketchDecoder
from core.mapping import AtlasCache, LayoutCache, encode_atlas, lay_out
from core.model import SketchVAE
from core.navigation import Floats, Navigator
from core.picture_classifier import shipped_classifier
from core.projection import LayoutConfig, Similarity, pca_layout
from explorer.options import shipped_checkpoints


@dataclass(frozen=True, eq=False)
class Opened:
    """A checkpoint and a map, ready to be used."""

    title: str
    file: Path
    """Of the checkpoint."""
    checkpoint: Checkpoint
    model: SketchVAE
    atlas: Atlas
    navigator: Navigator
    decoder: SketchDecoder
    category_means: dict[str, Code]
    clarity: Clarity | None
    """None where no category of the map is one that the classifier of pictures knows."""
    beginning: tuple[int, int]
    """Something to look at first: a typical drawing of one category, and of the one farthest from it on the map."""
    dataset: SketchDataset | None = None
    """The drawings themselves, where they are at hand: drawing i of the atlas is its stroke3(i)."""
    refined: bool = True
    """False where the positions are PCA's only, and better ones are wanted."""

    def moved(self, positions: Floats) -> "Opened":
        """The same with other map positions [N, 2]."""
        navigator = self.navigator.moved(positions)
        return replace(self, atlas=navigator.atlas, navigator=navigator, refined=True)


@dataclass(frozen=True, eq=False)
class OpeningProgress:
    """One report of something being opened."""

    stage: str
    fraction: float | None
    """Of this stage, 0 to 1; None where it is not known."""


@dataclass(frozen=True, eq=False)
class Laying:
    """One report of a map being laid out."""

    stage: str
    fraction: float
    opened: Opened | None
    """The map as it lies now, if it has moved."""


def default_cache() -> Path:
    """The user's folder for maps that need not be made again."""
    return platformdirs.user_cache_path("sketch-explorer") / "atlases"


def open_checkpoint(
    name: str, data: Sequence[Path] = (), device: str = "auto", cache: Path | None = None
) -> Generator[OpeningProgress, None, Opened]:
    """Open the checkpoint `name` (a path, else the name of a shipped one), on its atlas or on `data`.

    A generator: yields progress and returns the result. The atlas of `data` is kept in `cache` (the
    user's cache folder by default) by the digests of data and checkpoint; it lies as PCA places it, unless
    a better layout is kept too. Raises SketchExplorerError.
    """
    yield OpeningProgress(f"opening {name}", None)
    path = _find(name)
    checkpoint = load_checkpoint(path)
    model = checkpoint.build_model(choose_device(device))
    decoder = SketchDecoder(model.decoder, checkpoint.scale)
    try:
        classifier = shipped_classifier()
    except CheckpointError as error:
        yield OpeningProgress(f"Sketches cannot be compared: {error}", None)
        classifier = None

    def opened(atlas: Atlas, dataset: SketchDataset | None = None, *, refined: bool = True) -> Opened:
        title = path.stem if not data else f"{', '.join(p.stem for p in data)} by {path.stem}"
        navigator, means = Navigator(atlas), atlas.category_means()
        known = classifier is not None and set(means) & set(classifier.categories)
        clarity = Clarity(classifier, means) if known else None
        beginning = _beginning(atlas, [int(navigator.nearest(mean)[0][0]) for mean in means.values()])
        return Opened(
            *(title, path, checkpoint, model, atlas, navigator, decoder, means, clarity, beginning, dataset),
            refined=refined,
        )

    if not data:
        if checkpoint.atlas is None:
            raise CheckpointError(f"{path} has no map: drop it on the window with drawings, or give --data FILE.")
        return opened(checkpoint.atlas)

    yield OpeningProgress("reading drawings", None)
    dataset = load_dataset(data, checkpoint.max_points)
    folder = cache or default_cache()
    kept = AtlasCache(folder)
    atlas = kept.load(dataset.digest, checkpoint.digest, checkpoint.model_config.latent)
    if atlas is not None:
        positions = LayoutCache(folder).load(atlas.latents, LayoutConfig())
        refined = positions is not None
        return opened(atlas.moved(positions) if refined else atlas, dataset, refined=refined)
    encoding = encode_atlas(model, dataset, checkpoint.scale)
    while True:
        try:
            step = next(encoding)
        except StopIteration as finished:
            atlas, _ = finished.value
            break
        yield OpeningProgress(step.stage, step.fraction)
    try:
        kept.save(dataset.digest, checkpoint.digest, atlas)
    except CheckpointError as error:
        yield OpeningProgress(f"The map is not kept for the next time: {error}", None)
    return opened(atlas, dataset, refined=False)


def _beginning(atlas: Atlas, typical: Sequence[int]) -> tuple[int, int]:
    """The first of the typical drawings and the one farthest from it on the map; of all, if there is but one."""
    others = np.array(typical[1:] or range(len(atlas)))
    away = atlas.positions[others] - atlas.positions[typical[0]]
    return typical[0], int(others[(away**2).sum(axis=1).argmax()])


def lay_out_again(
    opened: Opened, config: LayoutConfig, reference: Floats, cache: Path | None = None
) -> Generator[Laying, None, Opened]:
    """Lay out a map that is open, anew.

    All layouts of it are turned to `reference` [N, 2] by one similarity, the one that fits PCA's positions
    best: so one layout looks the same whatever was shown before it.

    A generator: yields what it reports and returns the result. Raises ProjectionError.
    """
    latents = opened.atlas.latents
    turned = Similarity.fit(pca_layout(latents), reference)
    laying = lay_out(latents, config, LayoutCache(cache or default_cache()))
    try:
        while True:
            try:
                frame = next(laying)
            except StopIteration as finished:
                return opened.moved(turned(finished.value))
            moved = None if frame.positions is None else opened.moved(turned(frame.positions))
            yield Laying(frame.stage, frame.fraction, moved)
    finally:
        laying.close()


def _find(name: str) -> Path:
    path = Path(name)
    if is_file(path) or path.suffix == ".pt" or len(path.parts) > 1:
        return path  # load_checkpoint says what is wrong with it
    shipped = resources.files("resources") / f"{name}.pt"
    if isinstance(shipped, Path) and exists(shipped):
        return shipped
    raise CheckpointError(
        f"There is no checkpoint {name!r}: give the path of a .pt file, or one of {', '.join(shipped_checkpoints())}."
    )
