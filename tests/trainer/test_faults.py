"""Killed, on a full disk, without its data: what a training loses (nothing) and says (one sentence)."""

import contextlib
import random
import subprocess

import pytest

from core.checkpoint import load_checkpoint
from core.training import TrainingRun
from tests.trainer.children import final_state, same, start

EPOCHS = ("--epochs", "60")
KILLS = 3


def kill_at_random_moment(child, moments):
    """kill -9 once it has begun to train; whether it was still training."""
    for line in child.stdout:
        if '"event": "training"' in line:
            break
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(moments.uniform(0.0, 0.6))
    child.kill()
    child.communicate()
    return child.returncode == -9


def test_a_killed_training_ends_at_the_very_same_weights(drawings, train, tmp_path):
    straight, killed = tmp_path / "straight.pt", tmp_path / "killed.pt"
    assert train(*EPOCHS, out=straight) == 0
    moments, resume, kills, steps = random.Random(1), (), 0, []
    for _ in range(KILLS):
        kills += kill_at_random_moment(start(killed, drawings, *EPOCHS, *resume), moments)
        steps.append(final_state(killed)["step"])
        resume = ("--resume",)
    assert kills >= 2
    assert len(set(steps)) > 1
    assert not killed.exists()
    assert train(*EPOCHS, "--resume", out=killed) == 0
    assert final_state(straight)["step"] == 300
    assert same(final_state(killed), final_state(straight))
    one, other = (load_checkpoint(path) for path in (killed, straight))
    assert same(one.weights, other.weights)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}{suffix}" for name in ("straight.pt", "killed.pt") for suffix in ("", ".resume")
    } | {"straight.history.csv", "killed.history.csv"}


@contextlib.contextmanager
def full_disk():
    """No file can grow beyond some bytes: the system itself fails writes, in the middle of a file."""
    resource = pytest.importorskip("resource", reason="this system has no limits on files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_full_disk_costs_neither_the_old_checkpoint_nor_the_training(train, tmp_path, monkeypatch, capsys):
    train("--epochs", "1")
    before = contents(tmp_path)
    capsys.readouterr()
    with full_disk():
        assert train("--epochs", "2", "--resume") == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "could not be written" in captured.err
    assert "what was there before is unchanged" in captured.err
    assert "ring.pt.resume could not be written" in captured.out
    after = contents(tmp_path)
    del before["ring.history.csv"], after["ring.history.csv"]  # short enough for what room is left
    assert after == before
    assert train("--epochs", "2", "--resume") == 0
    assert [entry["epoch"] for entry in load_checkpoint(tmp_path / "ring.pt").history] == [1, 2]


def test_data_that_has_vanished(train, tmp_path, capsys):
    train("--epochs", "1")
    before = contents(tmp_path)
    capsys.readouterr()
    for flags in ((), ("--resume",)):
        assert train(*flags, data=tmp_path / "gone.npz") == 2
        captured = capsys.readouterr()
        assert captured.err.count("\n") == 1
        assert "gone.npz cannot be read" in captured.err
    assert contents(tmp_path) == before


def test_data_that_vanishes_amid_training_is_not_missed(train, drawings, tmp_path, monkeypatch):
    data = tmp_path / "drawings.npz"
    data.write_bytes(drawings.read_bytes())
    original = TrainingRun._train_step

    def step(run, *arguments):
        data.unlink(missing_ok=True)
        return original(run, *arguments)

    monkeypatch.setattr(TrainingRun, "_train_step", step)
    assert train("--epochs", "1", data=data) == 0
    assert load_checkpoint(tmp_path / "ring.pt").atlas is not None


def test_a_state_of_another_model_is_refused_and_kept(train, tmp_path, capsys):
    train("--epochs", "1")
    before = contents(tmp_path)
    capsys.readouterr()
    assert train("--epochs", "2", "--resume", "--decoder-hidden", "33") == 2
    assert capsys.readouterr().err == (
        "The resume file is of a model of another size; train without --resume to start anew.\n"
    )
    assert contents(tmp_path) == before


def test_a_damaged_state_is_refused_and_kept(train, tmp_path, capsys):
    train("--epochs", "1")
    resume = tmp_path / "ring.pt.resume"
    resume.write_bytes(resume.read_bytes()[:-1000])
    before = contents(tmp_path)
    capsys.readouterr()
    assert train("--epochs", "2", "--resume") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert contents(tmp_path) == before
