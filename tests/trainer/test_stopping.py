"""Ctrl-C at every stage: what is saved, what is said, and that `--resume` loses nothing."""

import json
import signal
import subprocess
from dataclasses import replace

import numpy as np
import pytest
import torch

from core.checkpoint import load_checkpoint, load_tensors
from core.errors import ProjectionError
from core.mapping import build_atlas
from core.training import TrainingRun
from tests.trainer.children import start
from trainer import mapping
from trainer.stopping import GracefulStop


@pytest.fixture
def signal_at_step(monkeypatch):
    """Send this process signals when a step begins, as a terminal or a batch system would."""

    def arrange(step, *numbers):
        def observed(run, *arguments):
            if run.step == step:
                for number in numbers:
                    signal.raise_signal(number)
            return original(run, *arguments)

        original = TrainingRun._train_step
        monkeypatch.setattr(TrainingRun, "_train_step", observed)

    return arrange


@pytest.mark.parametrize("step", [0, 6, 9])  # the first, one amid an epoch, the last of an epoch
def test_a_stopped_training_goes_on_bit_for_bit(train, tmp_path, signal_at_step, step):
    straight = tmp_path / "straight.pt"
    assert train("--epochs", "3", out=straight) == 0

    signal_at_step(step, signal.SIGINT)
    assert train("--epochs", "3") == 130
    assert load_tensors(tmp_path / "ring.pt.resume")["step"] == step + 1
    assert train("--epochs", "3", "--resume") == 0

    expected, resumed = (load_tensors(tmp_path / f"{name}.pt.resume") for name in ("straight", "ring"))
    assert expected["step"] == resumed["step"] == 15
    for part in ("model", "best_weights"):
        assert all(torch.equal(expected[part][name], resumed[part][name]) for name in expected[part])
    a, b = load_checkpoint(straight), load_checkpoint(tmp_path / "ring.pt")
    assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)
    assert np.array_equal(a.atlas.quantised, b.atlas.quantised)


def test_a_crash_costs_only_what_was_not_kept(train, tmp_path, monkeypatch):
    assert train("--epochs", "3", out=tmp_path / "straight.pt") == 0

    def crash(run, *arguments):
        if run.step == 8:
            raise MemoryError
        return original(run, *arguments)

    original = TrainingRun._train_step
    with monkeypatch.context() as patch:
        patch.setattr("core.training.REPORT_STEPS", 1)
        patch.setattr("trainer.files.SAVE_SECONDS", 0)
        patch.setattr(TrainingRun, "_train_step", crash)
        with pytest.raises(MemoryError):
            train("--epochs", "3")
    assert load_tensors(tmp_path / "ring.pt.resume")["step"] == 8
    assert train("--epochs", "3", "--resume") == 0
    expected, resumed = (load_tensors(tmp_path / f"{name}.pt.resume")["model"] for name in ("straight", "ring"))
    assert all(torch.equal(expected[name], resumed[name]) for name in expected)


def test_the_first_signal_saves_without_a_map(train, tmp_path, signal_at_step, capsys):
    signal_at_step(7, signal.SIGINT)
    assert train("--epochs", "3") == 130
    checkpoint = load_checkpoint(tmp_path / "ring.pt")
    assert checkpoint.atlas is None
    assert [entry["epoch"] for entry in checkpoint.history] == [1]
    output = capsys.readouterr().out
    assert f"Saved {tmp_path / 'ring.pt'}" in output
    assert "no map yet" in output
    assert "--resume" in output


def test_termination_saves_too(train, tmp_path, signal_at_step):
    signal_at_step(2, signal.SIGTERM)
    assert train("--epochs", "3") == 128 + signal.SIGTERM
    assert load_checkpoint(tmp_path / "ring.pt").atlas is None


def test_the_second_signal_aborts(train, tmp_path, signal_at_step, capsys):
    signal_at_step(2, signal.SIGINT, signal.SIGINT)
    assert train("--epochs", "3") == 130
    assert capsys.readouterr().err == "Stopped.\n"
    assert not (tmp_path / "ring.pt").exists()


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT)
    with GracefulStop(lambda: None) as stop:
        assert signal.getsignal(signal.SIGINT) != before
        signal.raise_signal(signal.SIGINT)
    assert stop.received == signal.SIGINT
    assert signal.getsignal(signal.SIGINT) is before


def broken_map(error, after_encoding):
    """`build_atlas`, as far as the codes and one move of the positions, or not even that, then `error`."""

    def build(model, dataset, scale):
        for progress in build_atlas(model, dataset, scale):
            if not after_encoding:
                raise error
            yield progress
            if progress.atlas is not None:
                yield replace(progress, atlas=None, positions=progress.atlas.positions + 1)
                raise error

    return build


def test_ctrl_c_during_encoding_saves_without_a_map(train, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(mapping, "build_atlas", broken_map(KeyboardInterrupt(), after_encoding=False))
    assert train("--epochs", "1") == 130
    checkpoint = load_checkpoint(tmp_path / "ring.pt")
    assert checkpoint.atlas is None
    assert checkpoint.figures["n"] == 8
    assert "no map yet" in capsys.readouterr().out


def test_ctrl_c_during_the_layout_keeps_the_positions_so_far(train, tmp_path, monkeypatch, capsys):
    train("--epochs", "1")
    pca = load_checkpoint(tmp_path / "ring.pt").atlas
    monkeypatch.setattr(mapping, "build_atlas", broken_map(KeyboardInterrupt(), after_encoding=True))
    assert train("--epochs", "1", "--resume", "--layout", "umap") == 130
    assert np.allclose(load_checkpoint(tmp_path / "ring.pt").atlas.positions, pca.positions + 1)
    assert "only as far as it got" in capsys.readouterr().out


def test_ctrl_c_during_measuring_saves(train, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("trainer.result.measure", interrupted)
    assert train("--epochs", "1") == 130
    assert load_checkpoint(tmp_path / "ring.pt").atlas is None


def test_a_failed_layout_does_not_lose_the_training(train, tmp_path, monkeypatch, capsys):
    error = ProjectionError("UMAP could not lay out the map: it fell over.")
    monkeypatch.setattr(mapping, "build_atlas", broken_map(error, after_encoding=True))
    assert train("--epochs", "1", "--layout", "umap") == 0
    assert load_checkpoint(tmp_path / "ring.pt").atlas is not None
    assert "it fell over" in capsys.readouterr().out


def test_the_end_of_standard_input_is_a_request_to_stop(drawings, tmp_path):
    """As of a program that started the training and has ended, in whatever way."""
    out = tmp_path / "ring.pt"
    child = start(out, drawings, "--epochs", "100000", "--stop-on-eof", stdin=subprocess.PIPE)
    for line in child.stdout:
        if '"event": "training"' in line:
            break
    output, errors = child.communicate(timeout=60)  # closes its standard input
    assert (child.returncode, errors) == (130, "")
    saved = json.loads(output.splitlines()[-1])
    assert (saved["event"], saved["interrupted"]) == ("saved", True)
    assert load_checkpoint(out).atlas is None
    assert load_tensors(tmp_path / "ring.pt.resume")["step"] > 0
