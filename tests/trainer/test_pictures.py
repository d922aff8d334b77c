"""`python -m trainer pictures`."""

import json

import numpy as np
import pytest

from core.dataset import TEST, load_dataset
from core.picture_classifier import load_classifier
from tests.parametric import write_kind
from trainer.__main__ import EXPECTED_FAILURE, main


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    return [str(write_kind(folder / f"{kind}.npz", kind)) for kind in ("face", "house")]


def test_the_file_tells_categories_and_how_often_is_said(files, tmp_path, capsys):
    out = tmp_path / "pictures.pth"
    assert main(["pictures", "--data", *files, "--out", str(out), "--threads", "1", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("stage") == "learning what drawings look like" for line in lines)
    classifier = load_classifier(out)
    dataset = load_dataset([*map(type(out), files)])
    test = dataset.indices(TEST)
    named = classifier.log_probabilities([dataset.stroke3(i) for i in test]).argmax(axis=1)
    assert lines[-1]["right"] == pytest.approx(np.mean(named == dataset.labels[test]), abs=0.1)
    assert lines[-1]["right"] > 0.9


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ((), "one category"),
        (("--out", "/proc/nothing/pictures.pth"), "could not be written"),
        (("--out", __file__), "exists and is no classifier of pictures"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(files, tmp_path, capsys, flags, problem):
    data = files[:1] if not flags else files
    arguments = ["pictures", "--data", *data, "--out", str(tmp_path / "pictures.pth"), "--threads", "1", *flags]
    assert main(arguments) == EXPECTED_FAILURE
    error = capsys.readouterr().err
    assert problem in error
    assert "Traceback" not in error
    assert not (tmp_path / "pictures.pth").exists()
