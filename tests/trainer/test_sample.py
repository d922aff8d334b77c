"""`python -m trainer sample CHECKPOINT`, and how a sheet places its sketches."""

import json
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest

from tests.parametric import write_kind
from trainer.__main__ import main
from trainer.figures import pixels
from trainer.sheets import LABEL_CELLS, SheetRow, draw_sheet


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """A checkpoint with a map of three categories, and its files."""
    folder = tmp_path_factory.mktemp("zoo")
    files = [str(write_kind(folder / f"{kind}.npz", kind, (10, 2, 3))) for kind in ("ellipse", "face", "house")]
    tiny = "--latent 8 --encoder-hidden 8 --decoder-hidden 16 --mixtures 2 --attention-dim 4 --threads 1"
    flags = ["--out", str(folder / "zoo.pt"), "--layout", "pca", "--epochs", "1", "--max-points", "60", *tiny.split()]
    assert main(["--data", *files, *flags]) == 0
    return folder / "zoo.pt", files


def saved(capsys):
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["path"] for line in lines if line["event"] == "saved"]


def test_all_sheets_as_svg_and_png(zoo, tmp_path, capsys):
    checkpoint, files = zoo
    capsys.readouterr()
    flags = ["--columns", "4", "--rows", "1", "--out", str(tmp_path / "sheets"), "--json", "--threads", "1"]
    assert main(["sample", str(checkpoint), "--data", *files, *flags]) == 0
    paths = saved(capsys)
    names = ("samples", "reconstructions", "interpolations", "arithmetic")
    assert paths == [str(tmp_path / "sheets" / f"{name}.{kind}") for name in names for kind in ("svg", "png")]
    for path in paths:
        if path.endswith(".svg"):
            assert ElementTree.parse(path).getroot().tag.endswith("svg")
        else:
            assert np.ptp(matplotlib.image.imread(path)[..., :3]) > 0.5  # ink on paper


def test_the_same_seed_draws_the_same_file(zoo, tmp_path, capsys):
    files = []
    for seed in ("3", "3", "4"):
        out = tmp_path / str(len(files))
        flags = ["--out", str(out), "--columns", "3", "--rows", "1", "--seed", seed, "--threads", "1"]
        assert main(["sample", str(zoo[0]), *flags]) == 0
        files.append((out / "samples.svg").read_bytes())
    assert files[0] == files[1] != files[2]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--expressions", "face - cow"], "'face - cow' cannot be drawn, column 8: There is no code 'cow'"),
        (["--expressions", "norm(face)"], "it is a number, not a code"),
        (["--columns", "0"], "--columns must be from 1 to 100, not 0."),
        (["--temperatures", "-1"], "temperature must be from 0 to 10"),
    ],
)
def test_what_cannot_be_drawn_is_said(zoo, tmp_path, capsys, flags, sentence):
    capsys.readouterr()
    assert main(["sample", str(zoo[0]), "--out", str(tmp_path / "sheets"), *flags]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "sheets").exists()


def test_a_sketch_lies_in_its_own_cell():
    """Whatever its size; a stroke of one point is a dot, an empty sketch nothing."""
    huge = np.array([[30_000, 0, 0], [0, 30_000, 0], [-30_000, 0, 1]])
    dot = np.array([[0, 0, 1]])
    image = pixels(draw_sheet([SheetRow("", [dot, np.zeros((0, 3)), huge])]))
    ink = image[..., :3].astype(int).sum(axis=2) < 600
    side = image.shape[1] / (3 + LABEL_CELLS)
    assert image.shape[0] == pytest.approx(side, abs=1)
    cells = [ink[:, int(side * (LABEL_CELLS + k)) : int(side * (LABEL_CELLS + k + 1))] for k in range(3)]
    assert 1 <= cells[0].sum() < 30
    assert cells[1].sum() == 0
    rows, columns = np.nonzero(cells[2])
    assert np.ptp(rows) == pytest.approx(0.83 * side, rel=0.06)
    assert np.ptp(columns) == pytest.approx(0.83 * side, rel=0.06)
