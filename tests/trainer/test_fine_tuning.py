"""`--start-from`: other drawings, from the weights of a checkpoint."""

import numpy as np
import pytest

from core.checkpoint import load_checkpoint
from core.dataset import load_dataset
from tests.trainer.conftest import SPLITS, TINY, ring, write_drawings
from trainer.__main__ import main
from trainer.settings import FINE_TUNING_RATE


@pytest.fixture(scope="module")
def start(drawings, tmp_path_factory):
    """A checkpoint of ellipses, trained a little."""
    path = tmp_path_factory.mktemp("start") / "start.pt"
    how = [
        "--epochs",
        "30",
        "--learning-rate",
        "0.01",
        "--kl-weight",
        "0.01",
        "--max-points",
        "150",
        "--layout",
        "pca",
        *TINY.split(),
    ]
    assert main(["--data", str(drawings), "--out", str(path), *how]) == 0
    return path


@pytest.fixture
def other(tmp_path):
    """Ellipses twice as large."""
    random = np.random.default_rng(7)
    arrays = {}
    for split, count in SPLITS.items():
        arrays[split] = np.empty(count, dtype=object)
        arrays[split][:] = [ring(random, 20) * np.int16([2, 2, 1]) for _ in range(count)]
    np.savez(tmp_path / "other.npz", **arrays)
    return tmp_path / "other.npz"


def fine_tune(start, data, *flags):
    out = data.with_suffix(".pt")
    fixed = ["--layout", "pca", "--threads", "1", "--batch-size", "8"]
    return main(["--data", str(data), "--out", str(out), "--start-from", str(start), *fixed, *flags])


def test_size_scale_and_limit_are_the_checkpoints(start, other, capsys):
    assert fine_tune(start, other, "--epochs", "1") == 0
    before, after = load_checkpoint(start), load_checkpoint(other.with_suffix(".pt"))
    assert after.model_config == before.model_config
    assert after.scale == before.scale < 0.7 * load_dataset([other]).scale_factor()
    assert after.max_points == 150
    assert after.training["started_from"] == before.digest
    assert "started_from" not in before.training
    assert after.training["learning_rate"] == FINE_TUNING_RATE < before.training["learning_rate"]
    assert f"Fine-tuning {start}, with its scale factor of {before.scale:.4g}." in capsys.readouterr().out


def test_it_begins_where_the_checkpoint_ended(start, train, tmp_path):
    """From its weights, and with L_KL annealed by the drawings that it has seen."""
    data = write_drawings(tmp_path / "other.npz", seed=1)
    assert fine_tune(start, data, "--epochs", "1") == 0
    assert train("--epochs", "1", "--max-points", "150", data=data, out=tmp_path / "fresh.pt") == 0
    before = load_checkpoint(start).history[-1]
    tuned, fresh = (load_checkpoint(tmp_path / name).history[0] for name in ("other.pt", "fresh.pt"))
    assert abs(tuned["valid_L_R"] - before["valid_L_R"]) < 0.5 * (fresh["valid_L_R"] - before["valid_L_R"])
    assert tuned["sketches"] == before["sketches"] + SPLITS["train"]
    assert tuned["epoch"] == 1


def test_it_can_be_resumed_by_the_same_command(start, other):
    fine_tune(start, other, "--epochs", "1")
    assert fine_tune(start, other, "--epochs", "2", "--resume") == 0
    before, after = load_checkpoint(start), load_checkpoint(other.with_suffix(".pt"))
    assert after.scale == before.scale
    assert after.training["started_from"] == before.digest
    assert [entry["epoch"] for entry in after.history] == [1, 2]
    # At the scale that it was trained with the loss goes on from where it was; the data's own is twice that.
    assert after.history[1]["valid_L_R"] < after.history[0]["valid_L_R"] + 0.1


@pytest.mark.parametrize(
    ("name", "flags", "sentence"),
    [
        ("start.pt", ["--decoder-hidden", "33"], "a model of another size: its decoder_hidden is 32, not 33."),
        ("start.pt", ["--no-attention"], "a model of another size: its attention is True, not False."),
        ("missing.pt", [], "missing.pt does not exist."),
        ("start.pt.resume", [], "not a Sketch Explorer checkpoint"),
    ],
)
def test_what_cannot_be_fine_tuned(start, other, capsys, name, flags, sentence):
    capsys.readouterr()
    assert fine_tune(start.with_name(name), other, "--epochs", "1", *flags) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert not other.with_suffix(".pt").exists()
