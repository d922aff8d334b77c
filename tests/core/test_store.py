"""Prepared files: written whole, mapped, and trusted only if everything in them fits."""

import os
import zipfile

import numpy as np
import pytest
import torch

from core.dataset import BatchSource, load_dataset
from core.errors import DataError
from core.readers import open_sketches
from core.readers.prepared_npz import COLUMNS
from core.store import save_dataset
from tests.parametric import drawings, write_npz

FIELDS = (*COLUMNS, "categories", "sources", "max_points", "too_long", "empty", "digest")


@pytest.fixture
def prepared(dataset, tmp_path):
    save_dataset(dataset, tmp_path / "all.npz")
    return tmp_path / "all.npz"


def test_a_prepared_file_opens_as_the_dataset_it_was(dataset, prepared):
    opened = load_dataset([prepared], max_points=dataset.max_points)
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(opened, name), getattr(dataset, name), err_msg=name)
    assert isinstance(opened.points, np.memmap)
    assert opened.points.ctypes.data % 64 == 0
    assert opened.scale_factor() == dataset.scale_factor()
    assert opened.summary() == dataset.summary()


def test_it_is_a_plain_npz_without_pickles(dataset, prepared):
    with np.load(prepared, allow_pickle=False) as file:
        np.testing.assert_array_equal(file["points"], dataset.points)
        assert file["categories"].tolist() == list(dataset.categories)
    with zipfile.ZipFile(prepared) as archive:
        assert archive.testzip() is None


def test_its_drawings_can_be_read_with_others(dataset, prepared, tmp_path):
    assert [record.category for record in open_sketches(prepared)] == [
        dataset.categories[label] for label in dataset.labels
    ]
    other = write_npz(tmp_path / "cat.npz", train=drawings("face", 3, seed=9), test=drawings("face", 1, seed=8))
    both = load_dataset([prepared, other], max_points=dataset.max_points)
    assert both.categories == (*dataset.categories, "cat")
    assert len(both) == len(dataset) + 4
    np.testing.assert_array_equal(both.splits[:-4], dataset.splits)


def test_a_smaller_n_max_selects_and_a_larger_one_asks_for_more(files, tmp_path):
    whole, part = load_dataset(files, 48), load_dataset(files, 20)
    save_dataset(whole, tmp_path / "whole.npz")
    save_dataset(part, tmp_path / "part.npz")
    selected = load_dataset([tmp_path / "whole.npz"], 20)
    assert selected.digest == part.digest
    assert selected.too_long == part.too_long > 0
    assert load_dataset([tmp_path / "whole.npz"], 300).digest == whole.digest
    with pytest.raises(DataError, match=r"prepare it anew.*--max-points 48"):
        load_dataset([tmp_path / "part.npz"], 48)
    with pytest.raises(DataError, match="Nothing to use"):
        load_dataset([tmp_path / "whole.npz"], 1)


def test_batches_come_from_a_mapped_file(dataset, prepared):
    opened = load_dataset([prepared], max_points=dataset.max_points)
    indices = np.arange(0, len(dataset), 7)
    for source in (opened, dataset):
        batch = BatchSource(source, 10.0, torch.device("cpu")).batch(indices)
        assert batch.lengths.tolist() == dataset.lengths[indices].tolist()


def test_damage_is_noticed_wherever_it_is(prepared):
    """Every byte that matters is covered by a check; those that do not leave the drawings as they were."""
    whole = prepared.read_bytes()
    digest = load_dataset([prepared], max_points=48).digest
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.integers(0, len(whole), 250):
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        prepared.write_bytes(data)
        try:
            assert load_dataset([prepared], max_points=48).digest == digest
        except DataError:
            refused += 1
    assert refused > 200
    for cut in rng.integers(0, len(whole), 60):
        prepared.write_bytes(whole[:cut])
        with pytest.raises(DataError):
            load_dataset([prepared], max_points=48)


def test_a_full_disk_leaves_what_was_there(dataset, prepared, monkeypatch):
    before = prepared.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        save_dataset(dataset, prepared)
    assert prepared.read_bytes() == before
    assert [path.name for path in prepared.parent.iterdir()] == ["all.npz"]
