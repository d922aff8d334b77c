"""The two slow journeys, each once: the map by UMAP, and two processes training together."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from core.checkpoint import load_checkpoint, load_tensors
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
    assert atlas.positions.std() > 1.1  # laid out by PCA alone it is at most 1


@pytest.mark.timeout(600)  # each process imports torch
def test_two_processes_train_as_one(train, drawings, tmp_path):
    """The same batches, noise and sums: weights and losses agree to rounding.

    KL counts from the first step (no floor), so that both of its branches are compared.
    """
    settings = ["--epochs", "2", "--precision", "float32", "--kl-floor", "0.0102", "--warmup-steps", "0"]
    settings += ["--learning-rate", "5e-4"]  # Adam makes steps of this size of what is but rounding
    assert train(*settings, "--batch-size", "7") == 0  # 40 drawings: the last batch has 5, an odd share

    out = tmp_path / "together.pt"
    flags = ["--data", str(drawings), "--out", str(out), "--layout", "pca", *TINY.split()]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    output = run(*launcher, "-m", "trainer", *flags, *settings, "--batch-size", "7")
    assert output.count("Saved") == 1  # the first process alone speaks
    assert "2 processes" in output

    one, two = (load_tensors(tmp_path / f"{name}.pt.resume") for name in ("ring", "together"))
    assert one["step"] == two["step"] == 12
    for a, b in zip(one["history"], two["history"], strict=True):
        for name in ("train_L_R", "train_L_KL", "valid_L_R", "valid_L_KL"):
            assert a[name] == pytest.approx(b[name], abs=1e-5)
    for name, weights in one["model"].items():
        torch.testing.assert_close(two["model"][name], weights, rtol=0, atol=1e-5)
