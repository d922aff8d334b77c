"""The whole journey, once: from a file of drawings to a map by UMAP."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.checkpoint import load_checkpoint
from core.projection import pca_layout
from tests.trainer.conftest import TINY

ROOT = Path(__file__).parents[2]


def run(*command, cwd=ROOT):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=580, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)  # umap-learn compiles for half a minute and more
def test_the_map_is_refined_by_umap(drawings, tmp_path):
    out = tmp_path / "ring.pt"
    flags = ["--data", str(drawings), "--out", str(out), "--epochs", "1", *TINY.split()]
    output = run(sys.executable, "-m", "trainer", *flags)
    assert "UMAP" in output
    atlas = load_checkpoint(out).atlas
    assert atlas.positions.shape == (54, 2)
    assert np.isfinite(atlas.positions).all()
    # By PCA alone it would be this, but for how the codes are rounded.
    assert np.abs(atlas.positions - pca_layout(atlas.latents)).mean() > 0.2
