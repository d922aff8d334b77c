"""Two processes that train together under torchrun do what one process does."""

import json
import os
import signal

import pytest
import torch

from core.checkpoint import load_checkpoint
from tests.trainer.children import final_state, finish, start
from tests.trainer.conftest import write_drawings

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "trainer")


def test_two_processes_train_as_one(train, tmp_path, capsys):
    """The last batch of an epoch has a single drawing, so that one of the two has a share of none."""
    data = tmp_path / "data"
    data.mkdir()
    write_drawings(data / "long.npz", train=21, valid=3, test=2, points=(12, 24))
    write_drawings(data / "short.npz", train=20, valid=3, test=2, points=(6, 12))
    flags = ("--epochs", "3", "--category-weight", "5", "--precision", "float32")
    assert train(*flags, "--json", data=data, out=tmp_path / "one.pt") == 0
    outputs = [
        [json.loads(line) for line in capsys.readouterr().out.splitlines()],
        finish(start(tmp_path / "two.pt", data, *flags, launcher=TORCHRUN)),
    ]
    one, two = (final_state(tmp_path / f"{name}.pt") for name in ("one", "two"))
    assert one["step"] == two["step"] == 18
    for part in ("model", "category_head"):
        for name, weights in one[part].items():
            torch.testing.assert_close(two[part][name], weights, rtol=1e-3, atol=2e-5)
    for ours, theirs in zip(one["history"], two["history"], strict=True):
        torch.testing.assert_close(theirs, ours, rtol=1e-4, atol=1e-5)
    timed = ("stage", "training")  # more of them where steps are slow
    events = [[record["event"] for record in records if record["event"] not in timed] for records in outputs]
    assert events[0] == events[1]  # only the first process prints


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to signal")
def test_ctrl_c_under_torchrun_saves(tmp_path):
    """The terminal signals all processes, and torchrun its children once more; while they practise, too."""
    data = tmp_path / "data"
    data.mkdir()
    for name in ("circle", "house"):
        write_drawings(data / f"{name}.npz", train=21, valid=3, test=2)
    flags = ("--epochs", "5000", "--practice-weight", "1", "--practice-from", "0")
    child = start(tmp_path / "two.pt", data, *flags, launcher=TORCHRUN, start_new_session=True)
    for line in child.stdout:
        if '"event": "training"' in line:
            break
    os.killpg(child.pid, signal.SIGINT)
    output, _ = child.communicate(timeout=60)
    assert json.loads(output.splitlines()[-1])["event"] == "saved"
    assert load_checkpoint(tmp_path / "two.pt").atlas is None
