"""history.csv and the event files of TensorBoard."""

import csv
import json

import numpy as np
import pytest

from core.checkpoint import load_checkpoint
from core.errors import CheckpointError
from trainer import watching
from trainer.figures import pixels
from trainer.sheets import SheetRow, draw_sheet


def lines(tmp_path):
    with (tmp_path / "ring.history.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_history_goes_on_after_a_resume(train, tmp_path):
    train("--epochs", "2")
    assert [line["epoch"] for line in lines(tmp_path)] == ["1", "2"]
    train("--epochs", "4", "--resume")
    history = load_checkpoint(tmp_path / "ring.pt").history
    assert [{name: float(value) for name, value in line.items()} for line in lines(tmp_path)] == history
    assert len(history) == 4


def test_a_history_that_cannot_be_written_is_said_once(train, tmp_path, monkeypatch, capsys):
    def full(path, write):
        raise CheckpointError(f"{path} could not be written (No space left on device).")

    monkeypatch.setattr(watching, "WRITE_SECONDS", 0)
    monkeypatch.setattr(watching, "write_atomically", full)
    assert train("--epochs", "3") == 0
    assert capsys.readouterr().out.count("ring.history.csv could not be written") == 1


def test_event_files_hold_losses_and_pictures(train, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "events"
    assert train("--epochs", "2", "--tensorboard", str(folder)) == 0
    assert train("--epochs", "3", "--resume", "--tensorboard", str(folder)) == 0
    events = EventAccumulator(str(folder)).Reload()
    history = load_checkpoint(tmp_path / "ring.pt").history
    for name in ("L_R", "L_KL"):
        recorded = [(event.step, event.value) for event in events.Scalars(f"valid/{name}")]
        assert recorded == [(entry["step"], pytest.approx(entry[f"valid_{name}"])) for entry in history]
    names = {"train/L_R", "train/eta_w_KL", "train/gradient_norm", "train/sketches_per_second"}
    assert names <= set(events.Tags()["scalars"])
    assert len(events.Images("reconstructions")) == 2  # the first validation of each sitting


def test_a_folder_that_cannot_be(train, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    (tmp_path / "file").touch()
    assert train("--epochs", "1", "--tensorboard", str(tmp_path / "file")) == 2
    assert "cannot hold event files" in capsys.readouterr().err


def test_a_picture_is_opaque():
    assert (pixels(draw_sheet([SheetRow("row", [np.array([[5, 5, 1]])])]))[..., 3] == 255).all()


def test_programs_are_given_what_the_model_draws(train, capsys):
    assert train("--epochs", "3", "--json") == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    sketches = [record for record in records if record["event"] == "sketches"]
    assert [record["epoch"] for record in sketches] == [1, 3]  # the first validation, and the best weights at the end
    for record in sketches:
        assert len(record["stroke3"]) == watching.SKETCHES
        for rows in record["stroke3"]:
            points = np.array(rows).reshape(-1, 3)
            assert len(points) <= 200
            assert set(points[:, 2]) <= {0.0, 1.0}


def test_people_wait_for_no_sketches(train, monkeypatch):
    monkeypatch.setattr(watching, "SketchDecoder", None)
    assert train("--epochs", "1") == 0
