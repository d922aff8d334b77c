"""`python -m trainer atlas`: other drawings with an old model."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from core.checkpoint import load_checkpoint
from tests.trainer.conftest import write_drawings
from trainer.__main__ import main

LAUNCHERS = {
    "one": ("-m", "trainer"),
    "two": ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "trainer"),
}


@pytest.fixture
def trained(train, tmp_path):
    assert train("--epochs", "1") == 0
    return tmp_path / "ring.pt"


def test_the_weights_are_kept_and_the_map_is_of_the_given_drawings(trained, tmp_path, capsys):
    other = write_drawings(tmp_path / "others.npz", seed=1, train=9, valid=2, test=2)
    assert main(["atlas", str(trained), "--data", str(other), "--layout", "pca", "--threads", "1", "--json"]) == 0
    before, after = load_checkpoint(trained), load_checkpoint(tmp_path / "ring-others.pt")
    assert all(torch.equal(after.weights[name], weights) for name, weights in before.weights.items())
    assert after.atlas.categories == ("others",)
    assert len(after.atlas) == 13
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"event": "saved", "path": str(tmp_path / "ring-others.pt"), "drawings": 13, "interrupted": False}


def test_a_sample_of_the_drawings_can_be_mapped(trained, drawings, tmp_path):
    out = tmp_path / "few.pt"
    flags = ["--data", str(drawings), "--out", str(out), "--map-drawings", "5", "--layout", "pca"]
    assert main(["atlas", str(trained), *flags]) == 0
    assert len(load_checkpoint(out).atlas) == 5


def test_two_processes_encode_what_one_encodes(trained, drawings, tmp_path):
    atlases = {}
    for name, launcher in LAUNCHERS.items():
        out = tmp_path / f"{name}.pt"
        flags = ["--data", str(drawings), "--out", str(out), "--layout", "pca", "--threads", "1"]
        subprocess.run([sys.executable, *launcher, "atlas", str(trained), *flags], check=True, capture_output=True)
        atlases[name] = load_checkpoint(out).atlas
    step = atlases["one"].step.max()
    assert np.abs(atlases["two"].latents - atlases["one"].latents).max() <= 1.01 * step
    np.testing.assert_allclose(atlases["two"].losses, atlases["one"].losses, rtol=1e-4)
    assert np.ptp(atlases["one"].losses) > 0


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--out", "ring.pt"], "would replace the old one"),
        (["--map-drawings", "0"], "--map-drawings must be 1 or more"),
        (["--data", "missing.npz"], "missing.npz"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_nothing_changes(trained, drawings, monkeypatch, capsys, flags, problem):
    monkeypatch.chdir(trained.parent)
    before = trained.read_bytes()
    assert main(["atlas", "ring.pt", "--data", str(drawings), "--layout", "pca", *flags]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
    assert trained.read_bytes() == before
