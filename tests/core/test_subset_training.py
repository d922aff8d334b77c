"""A part of the training drawings."""

import numpy as np
import pytest

from core.dataset import TRAIN, load_dataset
from core.errors import DataError
from core.subset import training_subset
from tests.parametric import write_kind


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return load_dataset([write_kind(tmp_path_factory.mktemp("faces") / "face.npz", "face", (30, 5, 5))])


def test_the_other_splits_are_whole(dataset):
    part = training_subset(dataset, 12)
    assert np.bincount(part.splits).tolist() == [12, 5, 5]
    assert part.digest != dataset.digest
    for index in range(len(part)):
        same = np.flatnonzero((dataset.splits == part.splits[index]) & (dataset.rows == part.rows[index]))
        assert np.array_equal(part.stroke3(index), dataset.stroke3(same[0]))


def test_the_smaller_is_part_of_the_larger(dataset):
    small, large = (training_subset(dataset, count) for count in (5, 20))
    rows = [set(part.rows[part.indices(TRAIN)].tolist()) for part in (small, large)]
    assert rows[0] < rows[1]
    assert training_subset(dataset, 5, seed=1).digest != small.digest


@pytest.mark.parametrize("count", [0, 31])
def test_more_than_there_are(dataset, count):
    with pytest.raises(DataError, match="30 training drawings"):
        training_subset(dataset, count)
