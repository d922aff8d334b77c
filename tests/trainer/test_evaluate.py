"""`python -m trainer evaluate CHECKPOINT`."""

import json

import pytest

from core.checkpoint import load_checkpoint
from core.dataset import TEST, BatchSource, load_dataset
from core.evaluation import Losses, losses_per_drawing
from tests.trainer.conftest import write_drawings
from trainer.__main__ import main


@pytest.fixture
def checkpoint(train, tmp_path, capsys):
    train("--epochs", "1", "--max-points", "30")
    capsys.readouterr()
    return tmp_path / "ring.pt"


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_last_json_line_is_the_total(checkpoint, drawings, capsys):
    assert main(["evaluate", str(checkpoint), "--data", str(drawings), "--json"]) == 0
    total = lines(capsys)[-1]
    assert total["n"] == 6
    assert total["N_max"] == 30

    opened = load_checkpoint(checkpoint)
    dataset = load_dataset([drawings], max_points=30)
    model = opened.build_model()
    source = BatchSource(dataset, opened.scale, model.device)
    for suffix, seed in (("", 0), ("_mu", None)):
        tested = dataset.indices(TEST)
        losses = losses_per_drawing(model, source, dataset.lengths, tested, full_length=True, sample_seed=seed)
        expected = Losses.mean(losses)
        for name in ("L_s", "L_p", "L_R", "L_KL"):
            assert total[name + suffix] == pytest.approx(getattr(expected, name), abs=1e-6)
    points = dataset.lengths[dataset.indices(TEST)].mean()
    assert total["L_R_per_point"] == pytest.approx(total["L_R"] * 30 / points)


def test_the_scale_is_the_checkpoints(checkpoint, drawings, tmp_path, capsys):
    """Files of other drawings beside the first change nothing about its own losses."""
    other = write_drawings(tmp_path / "large.npz", seed=1, points=(3, 5), train=50, test=4)
    main(["evaluate", str(checkpoint), "--data", str(drawings), "--json"])
    alone = lines(capsys)[-1]
    main(["evaluate", str(checkpoint), "--data", str(drawings), str(other), "--json"])
    *_, ring, large, total = lines(capsys)
    assert (ring["category"], ring["n"], large["category"], large["n"], total["n"]) == ("ring", 6, "large", 4, 10)
    assert ring["L_R_mu"] == pytest.approx(alone["L_R_mu"], abs=1e-6)
    assert total["L_R_mu"] == pytest.approx(0.6 * ring["L_R_mu"] + 0.4 * large["L_R_mu"], abs=1e-6)


def test_people_get_a_table(checkpoint, drawings, capsys):
    assert main(["evaluate", str(checkpoint), "--data", str(drawings), "--split", "train"]) == 0
    text = capsys.readouterr().out
    assert "train split, N_max 30" in text
    assert "sampled" in text
    assert "mu" in text


def test_longer_drawings_are_left_out_and_counted(checkpoint, tmp_path, capsys):
    other = write_drawings(tmp_path / "mixed.npz", points=(20, 40), test=20, train=1)
    main(["evaluate", str(checkpoint), "--data", str(other), "--json"])
    records = {line["event"]: line for line in lines(capsys)}
    assert records["data"]["too_long"] > 0
    assert records["total"]["n"] <= 20


def test_an_empty_split_is_said(checkpoint, tmp_path, capsys):
    other = write_drawings(tmp_path / "untested.npz", train=5, valid=5)
    assert main(["evaluate", str(checkpoint), "--data", str(other)]) == 2
    assert "no drawings in the test split" in capsys.readouterr().err
