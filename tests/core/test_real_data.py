"""The readers on published files, where they are at hand; nothing of them is kept here."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.dataset import SPLITS, load_dataset

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no published files of drawings in {DATA}")


def counts_by_split(dataset):
    return dict(zip(SPLITS, np.bincount(dataset.splits, minlength=3).tolist(), strict=True))


@pytest.mark.parametrize("name", ["owl", "hot air balloon", "The Eiffel Tower"])
def test_quickdraw_files_have_their_counts(name):
    dataset = load_dataset([DATA / "quickdraw" / f"{name}.npz"], max_points=10_000)
    assert counts_by_split(dataset) == json.loads((DATA / "quickdraw" / "counts.json").read_text())[name]
    assert dataset.too_long == dataset.empty == 0
    assert dataset.categories == (name,)
    assert 10 < dataset.lengths.mean() < 200


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("aaron_sheep", {"train": 7400, "valid": 300, "test": 300}),
        ("short_kanji", {"train": 10_000, "valid": 600, "test": 500}),
    ],
)
def test_files_of_python_2_have_their_counts(name, counts):
    dataset = load_dataset([DATA / "sketch-rnn" / f"{name}.npz"], max_points=10_000)
    assert counts_by_split(dataset) == counts


def test_a_published_file_without_splits_is_divided():
    dataset = load_dataset([DATA / "sketch-rnn" / "creativebirds_100.npz"], max_points=10_000)
    counts = counts_by_split(dataset)
    assert sum(counts.values()) == 100
    assert counts["train"] > 75
    assert min(counts.values()) > 0
