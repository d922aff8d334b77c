"""`python -m trainer compare`: runs as child processes, gone on with, and what the report says of them."""

import csv
import json
import os
import signal
import subprocess
import sys

import pytest

from core.checkpoint import load_checkpoint
from tests.trainer.children import ROOT
from tests.trainer.conftest import TINY
from trainer.__main__ import main
from trainer.comparison import CompareOptions, variants
from trainer.curves import mean_curve
from trainer.tables import Spread

FLAGS = [*TINY.split(), "--device", "cpu", "--seeds", "1", "--jobs", "2", "--max-points", "60"]


@pytest.fixture(scope="module")
def report(drawings, tmp_path_factory):
    """A comparison that is done; its folder and its command."""
    out = tmp_path_factory.mktemp("compared") / "report"
    command = ["compare", "--data", str(drawings), "--out", str(out), *FLAGS, "--epochs", "2"]
    assert main(command) == 0
    return out, command


def test_the_report_has_every_run(report):
    out, _ = report
    with (out / "runs.csv").open() as stream:
        runs = list(csv.DictReader(stream))
    assert [run["model"] for run in runs] == ["baseline", "attention"]
    for run in runs:
        checkpoint = load_checkpoint(out / "runs" / f"{run['model']}-seed0" / "model.pt")
        assert checkpoint.model_config.attention == (run["model"] == "attention")
        assert checkpoint.training["epochs"] == 2
        # One evaluator: what the checkpoint says of its validation is what the table says.
        assert float(run["L_R valid"]) == pytest.approx(checkpoint.figures["L_R"], abs=1e-6)
        assert (
            float(run["best epoch"])
            == min(checkpoint.history, key=lambda entry: entry["valid_L_R"] + 0.5 * entry["valid_L_KL"])["epoch"]
        )
    text = (out / "report.md").read_text()
    assert "| model | h_enc | h_dec |" in text
    assert "attention against baseline, test" in text
    for name in ("curves", "sheet-baseline", "sheet-attention"):
        assert (out / f"{name}.svg").stat().st_size > 1000
        assert (out / f"{name}.png").stat().st_size > 1000


def test_what_is_done_is_not_done_again(report, capsys):
    out, command = report
    before = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*")}
    assert main(command) == 0
    assert "2 runs, 2 of them done." in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*")} == before


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--epochs", "3"], "baseline-seed0 was made with training.epochs 2, not 3; choose another --out"),
        (["--no-attention"], "--models says which models are compared"),
        (["--sizes", "large"], "A size is written encoder/decoder, such as 512/1024, not 'large'."),
        (["--jobs", "0"], "--jobs must be 1 or more, not 0."),
    ],
)
def test_what_cannot_be(report, capsys, flags, sentence):
    assert main([*report[1], *flags]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_other_data_is_noticed(report, tmp_path, capsys):
    from tests.trainer.conftest import write_drawings

    data = report[1][2]
    command = [str(write_drawings(tmp_path / "ring.npz", seed=9)) if word == data else word for word in report[1]]
    assert main(command) == 2
    assert "baseline-seed0 was made with data" in capsys.readouterr().err


def test_a_folder_of_something_else_is_left_alone(drawings, tmp_path, capsys):
    (tmp_path / "thesis.md").write_text("mine")
    assert main(["compare", "--data", str(drawings), "--out", str(tmp_path), *FLAGS]) == 2
    assert "holds something else than a comparison" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.md"]


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no SIGINT for one process")
def test_ctrl_c_ends_the_children_and_a_failed_run_is_said(drawings, tmp_path, capsys):
    out = tmp_path / "report"
    command = ["compare", "--data", str(drawings), "--out", str(out), *FLAGS, "--epochs", "3000", "--json"]
    child = subprocess.Popen([sys.executable, "-m", "trainer", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    begun = set()
    for line in child.stdout:
        record = json.loads(line)
        if record["event"] == "run" and record["training"]:
            begun.add(record["run"])
        if len(begun) == 2:
            break
    child.send_signal(signal.SIGINT)
    rest, _ = child.communicate(timeout=60)
    assert child.returncode == 130
    assert {record["run"] for record in map(json.loads, rest.splitlines()) if record.get("stage") == "stopped"} == begun
    for name in begun:
        assert (out / "runs" / name / "model.pt.resume").exists()
        assert not (out / "runs" / name / "scores.json").exists()

    # Two states that nothing can go on from: both runs fail, each in a sentence, and neither stops the other.
    for name in begun:
        (out / "runs" / name / "model.pt.resume").write_text("damaged")
    assert main(command[:-1]) == 2
    text = capsys.readouterr().out
    for name in begun:
        assert f"{name} failed: " in text
    assert "nothing to report" in text


def test_all_combinations_are_compared():
    options = CompareOptions(
        models=("baseline", "attention", "positions"), sizes=("256/512", "512/1024"), subsets=(500,), seeds=2
    )
    made = variants(options, ("test",), "digest")
    assert len(made) == 6
    names = [run.name for variant in made for run in variant.runs]
    assert len(set(names)) == 12
    assert "positions-512-1024-n500-seed1" in names
    assert made[-1].model.positional_encoding
    assert made[-1].model.decoder_hidden == 1024
    assert made[-1].runs[1].options.training_drawings == 500


def test_a_mean_curve_is_over_what_all_runs_have():
    runs = [
        [{"epoch": x, "loss": 2 * x} for x in (1, 2, 5)],
        [{"epoch": x, "loss": 4 * x} for x in (2, 3)],
    ]
    x, y = mean_curve(runs, "epoch", "loss")
    assert (x[0], x[-1]) == (2, 3)
    assert y == pytest.approx(3 * x)


def test_spread():
    assert Spread.of([1.0, 2.0, 3.0]).text(2) == "2.00 ± 1.00"
    assert Spread.of([-0.25]).text(2, "+") == "−0.25"
