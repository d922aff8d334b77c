"""A file of generated drawings, and flags for a model that trains in a second."""

import numpy as np
import pytest
import torch

from trainer.__main__ import main

SPLITS = {"train": 40, "valid": 8, "test": 6}
TINY = "--latent 8 --encoder-hidden 16 --decoder-hidden 32 --mixtures 3 --attention-dim 8 --batch-size 8 --threads 1"


def ring(random, points):
    """stroke-3 of an ellipse with its pen lifted half-way."""
    angle = np.linspace(0, 2 * np.pi, points + 1)
    xy = random.uniform(20, 100, 2) * np.column_stack([np.cos(angle), np.sin(angle)])
    lifts = np.isin(np.arange(points), [points // 2, points - 1])
    return np.rint(np.column_stack([np.diff(xy, axis=0), lifts])).astype(np.int16)


def write_drawings(path, seed=0, points=(6, 24), **counts):
    """A sketch-rnn file of ellipses with `counts` of them by split."""
    random = np.random.default_rng(seed)
    arrays = {}
    for split, count in (counts or SPLITS).items():
        arrays[split] = np.empty(count, dtype=object)
        arrays[split][:] = [ring(random, random.integers(*points)) for _ in range(count)]
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope="session")
def drawings(tmp_path_factory):
    """40 training, 8 validation and 6 test drawings."""
    return write_drawings(tmp_path_factory.mktemp("drawings") / "ring.npz")


@pytest.fixture
def train(drawings, tmp_path):
    """Run `python -m trainer` on a tiny model, laid out by PCA, to `tmp_path / "ring.pt"`."""

    def run(*flags, data=drawings, out=tmp_path / "ring.pt"):
        return main(["--data", str(data), "--out", str(out), "--layout", "pca", *TINY.split(), *flags])

    return run


@pytest.fixture(autouse=True)
def threads():
    """--threads is for the whole process; give it back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
