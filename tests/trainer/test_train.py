"""`python -m trainer`, from a file of drawings to a checkpoint."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from core import named_data
from core.checkpoint import load_checkpoint, load_tensors, save_checkpoint
from core.errors import CheckpointError
from core.training_config import PRESETS
from tests.local_server import running_server
from tests.trainer.children import ROOT, start
from trainer import files
from trainer.__main__ import COMMANDS, main


def test_a_file_becomes_a_checkpoint_with_its_map(train, tmp_path, capsys):
    assert train("--epochs", "2") == 0
    checkpoint = load_checkpoint(tmp_path / "ring.pt")
    assert checkpoint.model_config.attention
    assert checkpoint.categories == ("ring",)
    assert [entry["epoch"] for entry in checkpoint.history] == [1, 2]
    assert checkpoint.figures["n"] == 8
    assert checkpoint.figures["N_max"] == 200
    assert {"L_s", "L_p", "L_R", "L_KL", "L_R_mu", "L_KL_mu", "seconds", "epochs"} <= set(checkpoint.figures)
    assert checkpoint.training["epochs"] == 2
    assert checkpoint.atlas is not None
    assert len(checkpoint.atlas) == 54
    assert np.bincount(checkpoint.atlas.splits).tolist() == [40, 8, 6]
    output = capsys.readouterr().out
    assert "54 drawings read: 40 train, 8 valid, 6 test." in output
    assert f"sketch-explorer --checkpoint {tmp_path / 'ring.pt'}" in output


def test_the_map_shows_the_stored_model(train, drawings, tmp_path, capsys):
    """Codes and figures are those of the rounded weights in the file, not of what was rounded."""
    train("--epochs", "1")
    figures = load_checkpoint(tmp_path / "ring.pt").figures
    capsys.readouterr()
    main(["evaluate", str(tmp_path / "ring.pt"), "--data", str(drawings), "--split", "valid", "--json"])
    total = json.loads(capsys.readouterr().out.splitlines()[-1])
    for name in ("L_s", "L_p", "L_KL", "L_R_mu"):
        assert total[name] == pytest.approx(figures[name], abs=1e-6)


def test_the_baseline_has_no_attention(train, tmp_path):
    train("--epochs", "1", "--no-attention")
    assert not load_checkpoint(tmp_path / "ring.pt").model_config.attention


def test_longer_drawings_are_left_out_and_counted(train, tmp_path, capsys):
    assert train("--epochs", "1", "--max-points", "12") == 0
    checkpoint = load_checkpoint(tmp_path / "ring.pt")
    assert checkpoint.max_points == 12
    left_out = 54 - len(checkpoint.atlas)
    assert left_out > 0
    assert f"{left_out} longer than 12 points left out" in capsys.readouterr().out


def test_minutes_are_the_budget(train, tmp_path):
    assert train("--minutes", "0.01") == 0
    assert 0.6 <= load_checkpoint(tmp_path / "ring.pt").figures["seconds"] < 30


def test_json_lines_tell_everything(train, tmp_path, capsys):
    assert train("--epochs", "1", "--json") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    events = [line["event"] for line in lines]
    assert {"data", "training", "stage", "message"} <= set(events)
    training = lines[events.index("training")]
    assert training["epoch"] == 1
    assert training["fraction"] == 1
    assert training["train"]["L_R"] == pytest.approx(training["train"]["L_s"] + training["train"]["L_p"])
    assert training["validation"]["L_KL"] >= 0
    saved = lines[-1]
    assert saved["event"] == "saved"
    assert saved["path"] == str(tmp_path / "ring.pt")
    assert saved["has_map"]
    assert not saved["interrupted"]
    assert saved["figures"]["n"] == 8


def test_a_name_stands_for_the_published_file(drawings, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(named_data, "default_folder", lambda: tmp_path / "cache")
    monkeypatch.chdir(tmp_path)
    with running_server() as server:
        monkeypatch.setenv(named_data.URL_VARIABLE, server.url)
        server.files["owl.npz"] = drawings.read_bytes()
        tiny = ["--latent", "2", "--encoder-hidden", "4", "--decoder-hidden", "4", "--threads", "1"]
        assert main(["train", *tiny, "--epochs", "1", "--layout", "pca"]) == 0
    assert load_checkpoint(tmp_path / "owl.pt").categories == ("owl",)


class TestOutput:
    def test_a_folder_is_made(self, train, tmp_path):
        assert train("--epochs", "1", out=tmp_path / "new" / "ring.pt") == 0
        assert (tmp_path / "new" / "ring.pt").exists()

    def test_a_checkpoint_may_be_replaced(self, train, tmp_path):
        assert train("--epochs", "1") == 0
        assert train("--epochs", "2") == 0
        assert load_checkpoint(tmp_path / "ring.pt").training["epochs"] == 2

    def test_nothing_else_is_overwritten(self, train, tmp_path, capsys):
        (tmp_path / "ring.pt").write_text("my thesis")
        assert train() == 2
        assert "exists and is no checkpoint to replace" in capsys.readouterr().err
        assert (tmp_path / "ring.pt").read_text() == "my thesis"

    def test_a_folder_that_cannot_be_is_found_out_before_training(self, train, tmp_path, capsys):
        (tmp_path / "file").touch()
        assert train(out=tmp_path / "file" / "ring.pt") == 2
        captured = capsys.readouterr()
        assert "choose another --out" in captured.err
        assert captured.out == ""

    def test_another_training_that_writes_it_is_left_alone(self, train, drawings, tmp_path, capsys):
        """A real process, which is killed then: what it held is free again."""
        out = tmp_path / "ring.pt"
        child = start(out, drawings, "--epochs", "5000")
        for line in child.stdout:
            if '"event": "training"' in line:
                break
        for flags in ([], ["--resume"]):
            assert train("--epochs", "1", *flags) == 2
            assert "Another training is making" in capsys.readouterr().err
        assert not out.with_name("ring.pt.resume.old").exists()
        child.kill()
        child.communicate()
        assert train("--epochs", "1") == 0
        assert {path.name for path in tmp_path.iterdir() if "lock" in path.name} == set()

    def test_a_failing_resume_file_does_not_end_training(self, train, tmp_path, monkeypatch, capsys):
        def full(*_):
            raise CheckpointError("The disk is full.")

        monkeypatch.setattr(files, "write_atomically", full)
        assert train("--epochs", "1") == 0
        assert "The disk is full." in capsys.readouterr().out
        assert load_checkpoint(tmp_path / "ring.pt").atlas is not None


class TestResume:
    def test_goes_on_with_a_larger_budget(self, train, tmp_path, capsys):
        train("--epochs", "1")
        assert train("--epochs", "3", "--resume") == 0
        assert [entry["epoch"] for entry in load_checkpoint(tmp_path / "ring.pt").history] == [1, 2, 3]
        assert "Going on after epoch 1, step 5" in capsys.readouterr().out

    def test_settings_stand_where_no_flag_says_otherwise(self, train, drawings, tmp_path):
        train("--epochs", "1", "--learning-rate", "0.01")
        out = str(tmp_path / "ring.pt")
        flags = [
            "--data",
            str(drawings),
            "--out",
            out,
            "--resume",
            "--epochs",
            "2",
            "--layout",
            "pca",
            "--threads",
            "1",
        ]
        assert main(flags) == 0
        checkpoint = load_checkpoint(tmp_path / "ring.pt")
        assert checkpoint.model_config.latent == 8
        assert checkpoint.training["learning_rate"] == 0.01
        assert checkpoint.training["batch_size"] == 8

    def test_the_seeds_settings(self, train, tmp_path, capsys):
        """Flags that are given win over them."""
        assert train("--preset", "seed", "--epochs", "1", "--seed", "5") == 0
        training = load_checkpoint(tmp_path / "ring.pt").training
        expected = PRESETS["seed"].to_dict() | {"epochs": 1, "seed": 5, "batch_size": 8}
        assert {name: training[name] for name in expected} == expected
        assert (expected["learning_rate"], expected["clip_by"], expected["schedule"]) == (1e-4, "value", "constant")
        assert train("--preset", "seed", "--resume") == 2
        assert "leave --preset out" in capsys.readouterr().err

    def test_epochs_take_the_place_of_minutes(self, train, tmp_path):
        train("--minutes", "0.005")
        done = load_checkpoint(tmp_path / "ring.pt").history[-1]["epoch"]
        assert train("--resume", f"--epochs={done + 1}") == 0
        checkpoint = load_checkpoint(tmp_path / "ring.pt")
        assert checkpoint.training["minutes"] is None
        assert checkpoint.history[-1]["epoch"] == done + 1

    def test_a_complete_training_is_mapped_again(self, train, tmp_path):
        train("--epochs", "1")
        checkpoint = load_checkpoint(tmp_path / "ring.pt")
        (tmp_path / "ring.pt").unlink()
        assert train("--epochs", "1", "--resume") == 0
        again = load_checkpoint(tmp_path / "ring.pt")
        assert all(torch.equal(again.weights[name], checkpoint.weights[name]) for name in again.weights)
        assert len(again.atlas) == 54

    def test_a_new_training_moves_an_old_state_aside(self, train, tmp_path, capsys):
        train("--epochs", "2")
        train("--epochs", "1")
        assert load_tensors(tmp_path / "ring.pt.resume")["epoch"] == 1
        assert load_tensors(tmp_path / "ring.pt.resume.old")["epoch"] == 2
        assert "was moved to" in capsys.readouterr().out

    @pytest.mark.parametrize(
        ("flags", "sentence"),
        [
            (["--latent", "9"], "of another size"),
            (["--batch-size", "4"], "keeps its --batch-size of 8"),
            (["--seed", "1"], "keeps its --seed of 0"),
            (["--max-points", "12"], "of other data"),
        ],
    )
    def test_what_cannot_change(self, train, capsys, flags, sentence):
        train("--epochs", "1")
        assert train("--resume", *flags) == 2
        assert sentence in capsys.readouterr().err

    def test_no_state_to_go_on_from(self, train, tmp_path, capsys):
        assert train("--resume") == 2
        assert f"There is no {tmp_path / 'ring.pt.resume'} to resume" in capsys.readouterr().err

    @pytest.mark.parametrize("content", [{}, {"training_config": {"epochs": 0}, "model_config": {}, "max_points": 5}])
    def test_a_file_of_something_else(self, train, tmp_path, capsys, content):
        torch.save(content, tmp_path / "ring.pt.resume")
        assert train("--resume") == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--data", "missing.npz"], "missing.npz cannot be read"),
        (["--data", "a" * 300, "--out", "x.pt"], "cannot be read"),
        (["tarin"], "There is no command 'tarin'; there are train, evaluate,"),
        (["--device", "abacus"], "There is no device 'abacus'"),
        (["--device", "cuda:99"], "no device 'cuda:99'"),
        (["--batch-size", "0"], "--batch-size must be more than 0"),
        (["--threads", "0"], "--threads must be 1 or more"),
        (["--max-points", "0"], "--max-points must be from 1 to 10,000"),
        (["--decoder-only"], "give the weights by --start-from"),
        (["evaluate", "missing.pt", "--data", "owl.npz"], "missing.pt does not exist"),
    ],
)
def test_expected_failures_are_one_sentence(flags, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(flags) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert captured.err.count("\n") == 1


def test_help_lists_the_commands(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for name, does in COMMANDS.items():
        assert any(line.split() == [name, *does.split()] for line in text.splitlines())


@pytest.mark.parametrize("flags", [["--help"], ["evaluate", "--help"]])
def test_a_reader_that_goes_away_gets_no_traceback(flags):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "trainer", *flags], stdout=write, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_state_with_a_flipped_bit_is_refused(train, tmp_path, capsys):
    train("--epochs", "1")
    path = tmp_path / "ring.pt.resume"
    state = torch.load(path, weights_only=True)
    state["optimizer"]["state"][0]["exp_avg"].view(-1)[3] += 1
    torch.save(state, path)
    capsys.readouterr()
    assert train("--epochs", "2", "--resume") == 2
    assert capsys.readouterr().err == f"{path} is damaged; train without --resume to start anew.\n"


def test_help_groups_the_flags_and_shows_defaults(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "training options" in text
    assert "model options" in text
    assert "--no-attention" in text
    assert "(default: 64)" in text


def test_weights_that_are_not_finite_replace_nothing(train, tmp_path, monkeypatch, capsys):
    train("--epochs", "1")
    before = (tmp_path / "ring.pt").read_bytes()

    def broken(checkpoint, path):
        checkpoint.weights["decoder.output.bias"].fill_(float("nan"))
        return save_checkpoint(checkpoint, path)

    monkeypatch.setattr("trainer.result.save_checkpoint", broken)
    assert train("--epochs", "1") == 2
    assert "not finite" in capsys.readouterr().err
    assert (tmp_path / "ring.pt").read_bytes() == before
