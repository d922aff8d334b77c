"""Subsets of a dataset keep what they say they keep."""

from dataclasses import replace

import numpy as np
import pytest

from core.dataset import TEST, TRAIN, VALID, SketchDataset
from core.errors import DataError
from core.subset import even_sample, training_subset

SIZES = (100, 3, 40)


@pytest.fixture(scope="module")
def dataset():
    """Three categories of unequal sizes; the points of drawing i are all i."""
    lengths = np.random.default_rng(0).integers(2, 9, sum(SIZES))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    count = len(lengths)
    return SketchDataset(
        points=np.repeat(np.arange(count, dtype=np.int16), lengths)[:, None].repeat(3, axis=1),
        starts=starts,
        labels=np.repeat(np.arange(3, dtype=np.int32), SIZES),
        splits=np.resize(np.array([TRAIN, TRAIN, VALID, TEST], dtype=np.uint8), count),
        rows=np.arange(count, dtype=np.int32),
        categories=("a", "b", "c"),
        sources=("a.npz", "b.npz", "c.npz"),
        max_points=10,
        digest="whole",
    )


def assert_part(part, whole):
    """Every drawing of `part` is the one of `whole` that its row names."""
    assert part.digest != whole.digest
    for index, row in enumerate(part.rows):
        assert np.array_equal(part.stroke3(index), whole.stroke3(row))
        assert part.labels[index] == whole.labels[row]
        assert part.splits[index] == whole.splits[row]


@pytest.mark.parametrize(("count", "expected"), [(30, (14, 3, 13)), (60, (29, 3, 28)), (100, (57, 3, 40))])
def test_an_even_sample_takes_the_same_from_all_that_have_it(dataset, count, expected):
    sample = even_sample(dataset, count)
    assert_part(sample, dataset)
    sizes = np.bincount(sample.labels, minlength=3)
    assert sizes.sum() == count
    assert np.abs(sizes - expected).max() <= 1
    assert sizes[1] == 3


def test_an_even_sample_is_the_same_again_and_another_with_another_seed(dataset):
    first, again, other = even_sample(dataset, 30, 1), even_sample(dataset, 30, 1), even_sample(dataset, 30, 2)
    assert np.array_equal(first.rows, again.rows)
    assert not np.array_equal(first.rows, other.rows)


def test_a_sample_of_more_than_there_is_is_everything(dataset):
    assert even_sample(dataset, 1000) is dataset


def test_a_training_subset_leaves_the_other_splits_whole(dataset):
    small, large = training_subset(dataset, 10), training_subset(dataset, 20)
    assert_part(small, dataset)
    for part, count in ((small, 10), (large, 20)):
        assert len(part.indices(TRAIN)) == count
        for split in (VALID, TEST):
            assert len(part.indices(split)) == len(dataset.indices(split))
    assert set(small.rows) <= set(large.rows)


def test_a_training_subset_larger_than_the_training_split_is_refused(dataset):
    only_test = replace(dataset, splits=np.full(len(dataset), TEST, dtype=np.uint8))
    for data, count in ((dataset, 1000), (dataset, 0), (only_test, 1)):
        with pytest.raises(DataError):
            training_subset(data, count)
