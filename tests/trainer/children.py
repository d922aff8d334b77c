"""`python -m trainer` as processes of their own, to be killed or to train together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from core.checkpoint import load_tensors
from tests.trainer.conftest import TINY

ROOT = Path(__file__).parents[2]
OFTEN = "import runpy, trainer.files; trainer.files.SAVE_SECONDS = 0; runpy.run_module('trainer', run_name='__main__')"
"""`python -m trainer` with its state saved at every report."""


def start(out, data, *flags, launcher=("-c", OFTEN), **how):
    """A child that trains a tiny model and prints JSON lines."""
    command = [sys.executable, *launcher, "--data", data, "--out", out, "--layout", "pca", "--json"]
    return subprocess.Popen(
        [*map(str, command), *TINY.split(), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        **how,
    )


def finish(child):
    """The records it printed, once it has ended well."""
    output, errors = child.communicate(timeout=120)
    assert child.returncode == 0, errors
    return [json.loads(line) for line in output.splitlines()]


def final_state(checkpoint):
    """All that a training that has ended left to go on from, but for its times."""
    state = load_tensors(checkpoint.with_name(checkpoint.name + ".resume"))
    del state["seconds"], state["sha256"]
    for entry in state["history"]:
        del entry["seconds"]
    return state


def same(one, other):
    """Whether two nested values are equal, their tensors bit for bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
