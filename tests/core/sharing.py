"""A process that writes and reads what others write and read at the same time.

python -m tests.core.sharing FOLDER ROUNDS: says "ready", and begins with the first line that it is sent.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from core.checkpoint import load_checkpoint, save_checkpoint
from core.dataset import load_dataset
from core.mapping import AtlasCache, GraphCache, LayoutCache
from core.neighbours import build_graph
from core.output import write_whole
from core.projection import LayoutConfig
from core.store import save_dataset
from tests.core.conftest import TINY, make_atlas_of, make_model
from tests.generators import result_of
from tests.parametric import drawings, write_npz

SIZES = (12, 40)
"""Of the values that are written in turn: files of two lengths."""


def codes(count: int) -> np.ndarray:
    return np.random.default_rng(count).standard_normal((count, TINY.latent)).astype(np.float32)


Ways = tuple[Callable[[int], object], Callable[[], int]]
"""To write value 0 or 1, and to read which one is there; reading raises if it is neither, or not whole."""


def atlases(folder: Path) -> Ways:
    cache, made = AtlasCache(folder), [make_atlas_of(codes(count)) for count in SIZES]

    def read() -> int:
        atlas = cache.load("data", "model", TINY.latent)
        return [len(each) for each in made].index(len(atlas))

    return lambda which: cache.save("data", "model", made[which]), read


def layouts(folder: Path) -> Ways:
    cache, latents, config = LayoutCache(folder), codes(2000), LayoutConfig()
    made = [np.full((2000, 2), which, dtype=np.float32) for which in (0, 1)]

    def read() -> int:
        [which] = np.unique(cache.load(latents, config))
        return int(which)

    return lambda which: cache.save(latents, config, made[which]), read


def graphs(folder: Path) -> Ways:
    cache, latents = GraphCache(folder), codes(60)
    graph = result_of(build_graph(latents))

    def read() -> int:
        kept = cache.load(latents)
        assert (kept.edges != graph.edges).nnz == 0
        return 0

    return lambda _: cache.save(latents, graph), read


def checkpoints(folder: Path) -> Ways:
    from tests.core.test_checkpoint import make_checkpoint

    model = make_model()
    made = [make_checkpoint(atlas, weights=model.state_dict()) for atlas in (None, make_atlas_of(codes(400)))]
    return (
        lambda which: save_checkpoint(made[which], folder / "owl.pt"),
        lambda: int(load_checkpoint(folder / "owl.pt").atlas is not None),
    )


def prepared(folder: Path) -> Ways:
    files = [write_npz(folder / f"{count}.npz", train=drawings("face", count)) for count in SIZES]
    made = [load_dataset([file]) for file in files]

    def read() -> int:
        dataset = load_dataset([folder / "all.npz"])
        return [each.digest for each in made].index(dataset.digest)

    return lambda which: save_dataset(made[which], folder / "all.npz"), read


def exports(folder: Path) -> Ways:
    made = [b"0" * 1000, b"1" * 100_000]
    return (
        lambda which: write_whole(folder / "path.svg", made[which]),
        lambda: made.index((folder / "path.svg").read_bytes()),
    )


def main() -> None:
    folder, rounds = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    kinds = [each(folder) for each in (atlases, layouts, graphs, checkpoints, prepared, exports)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for turn in range(rounds):
        for write, read in kinds:
            write(turn % 2)
            read()


if __name__ == "__main__":
    main()
