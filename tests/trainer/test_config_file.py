"""Settings as TOML files: kept, read, overridden by flags, refused in one sentence."""

import tomllib

import pytest

from core.checkpoint import load_checkpoint
from trainer.__main__ import main
from trainer.config_file import read_config, write_config
from trainer.settings import TrainOptions, parse_configured


def test_what_is_written_is_read(tmp_path):
    options = parse_configured(
        TrainOptions,
        ["--data", "a.npz", "b.npz", "--minutes", "2", "--no-attention", "--out", "x.pt", "--threads", "1"],
    )
    write_config(tmp_path / "a.toml", options)
    assert read_config(tmp_path / "a.toml", TrainOptions()) == options


def test_flags_win_over_the_file(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text("max_points = 50\n[training]\nbatch_size = 7\nminutes = 3\n[model]\nattention = false\n")
    options = parse_configured(TrainOptions, ["--config", str(file), "--batch-size", "9", "--attention"])
    assert (options.max_points, options.training.batch_size, options.training.minutes) == (50, 9, 3)
    assert options.model.attention
    assert parse_configured(TrainOptions, [f"--config={file}", "--epochs", "4"]).training.minutes is None


def test_a_training_from_a_saved_file_is_the_same(train, drawings, tmp_path):
    file = tmp_path / "a.toml"
    assert train("--epochs", "2", "--no-attention", "--save-config", str(file)) == 0
    first = load_checkpoint(tmp_path / "ring.pt")
    assert tomllib.loads(file.read_text())["training"]["epochs"] == 2
    assert main(["--config", str(file), "--out", str(tmp_path / "again.pt")]) == 0
    again = load_checkpoint(tmp_path / "again.pt")
    assert all((again.weights[name] == tensor).all() for name, tensor in first.weights.items())
    assert again.training == first.training


def test_no_attention_can_be_resumed_by_the_same_command(train, tmp_path):
    assert train("--epochs", "1", "--no-attention") == 0
    assert train("--epochs", "2", "--no-attention", "--resume") == 0
    assert not load_checkpoint(tmp_path / "ring.pt").model_config.attention


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("batch = 3", "there is no setting batch."),
        ("epochs = 3", "there is no setting epochs; it belongs under [training]."),
        ("max-points = 3", "there is no setting max-points; did you mean max_points?"),
        ("[training]\nepoch = 3", "there is no setting training.epoch; did you mean epochs?"),
        ("resume = true", "there is no setting resume"),
        ('[training]\nepochs = "3"', "training.epochs must be a whole number, not a text."),
        ("[training]\nepochs = true", "training.epochs must be a whole number, not true or false."),
        ("[training]\nepochs = 0", "epochs must be more than 0, not 0."),
        ("training = 3", "training must be a table, not a whole number."),
        ('data = "owl"', "data must be a list, not a text."),
        ('layout = "round"', "layout cannot be 'round'."),
        ("[training", "is not a TOML file: "),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, capsys, text, sentence):
    file = tmp_path / "a.toml"
    file.write_text(text)
    assert main(["--config", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(str(file))
    assert sentence in error
    assert error.count("\n") == 1


def test_files_that_are_none(tmp_path, capsys):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    for file, sentence in ((tmp_path / "a.toml", "not UTF-8"), (tmp_path / "b.toml", "cannot be read")):
        assert main(["--config", str(file)]) == 2
        assert sentence in capsys.readouterr().err
