import numpy as np
import pytest
import torch

from core.dataset import LENGTH_STEP, SPLITS, TEST, TRAIN, VALID, BatchSource, augment, batches_by_length, load_dataset
from core.errors import DataError
from core.sketch import stroke3_to_stroke5
from tests.parametric import drawings, write_npz

CPU = torch.device("cpu")
START = [0, 0, 1, 0, 0]


def scribbles(count, seed=0):
    """Drawings of 3 to 12 points, all different."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(3, 13, count)
    return [(rng.integers(-99, 99, (n, 3)) * (1, 1, 0) + (0, 0, 1)).astype(np.int16) for n in sizes]


# -- reading -----------------------------------------------------------------------------------


def test_every_drawing_is_kept_with_its_origin(tmp_path):
    cats, pigs = drawings("face", 6), drawings("house", 5)
    paths = [
        write_npz(tmp_path / "cat.npz", train=cats[:3], valid=cats[3:5], test=cats[5:]),
        write_npz(tmp_path / "pig.npz", train=pigs[:4], test=pigs[4:]),
    ]
    reports = []
    dataset = load_dataset(paths, on_progress=lambda *report: reports.append(report))
    assert len(dataset) == 11
    assert dataset.categories == ("cat", "pig")
    assert dataset.sources == ("cat.npz", "pig.npz")
    assert dataset.labels.tolist() == [0] * 6 + [1] * 5
    assert dataset.splits.tolist() == [TRAIN] * 3 + [VALID] * 2 + [TEST] + [TRAIN] * 4 + [TEST]
    assert dataset.rows.tolist() == [0, 1, 2, 0, 1, 0, 0, 1, 2, 3, 0]
    assert reports == [(1, 2), (2, 2)]
    for i, item in enumerate(cats + pigs):
        np.testing.assert_array_equal(dataset.stroke3(i), item)
        assert dataset.lengths[i] == len(item)
    np.testing.assert_array_equal(dataset.indices(VALID), [3, 4])


def test_too_long_and_empty_drawings_are_left_out_and_counted(tmp_path):
    items = [np.zeros((n, 3), dtype=np.int16) for n in (0, 1, 5, 6, 7, 0)]
    dataset = load_dataset([write_npz(tmp_path / "cat.npz", train=items, test=items[1:3])], max_points=6)
    assert dataset.lengths.tolist() == [1, 5, 6, 1, 5]
    assert dataset.rows.tolist() == [1, 2, 3, 0, 1]
    assert (dataset.too_long, dataset.empty) == (1, 2)
    assert dataset.summary() == "8 drawings read, 1 longer than 6 points left out, 2 empty left out"


def test_data_without_use_are_refused_in_words(tmp_path):
    with pytest.raises(DataError, match="No file"):
        load_dataset([])
    path = write_npz(tmp_path / "cat.npz", train=[np.zeros((n, 3), dtype=np.int16) for n in (0, 9)])
    with pytest.raises(DataError, match=r"Nothing to use in cat\.npz: 1 drawings are longer than 6 points and 1 are"):
        load_dataset([path], max_points=6)
    with pytest.raises(DataError, match="nothing to learn"):
        load_dataset([path]).scale_factor()


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path):
    paths = [tmp_path / folder / "cat.npz" for folder in ("mine", "yours")]
    for path in paths:
        path.parent.mkdir()
        write_npz(path, train=drawings("face", 2))
    assert load_dataset(paths).categories == ("mine/cat", "yours/cat")
    with pytest.raises(DataError, match="given twice"):
        load_dataset([paths[0], paths[0]])


def test_the_scale_factor_is_that_of_the_training_offsets(tmp_path):
    train, valid = scribbles(20), [item * (100, 100, 1) for item in scribbles(5, seed=1)]
    dataset = load_dataset([write_npz(tmp_path / "cat.npz", train=train, valid=valid)])
    offsets = np.concatenate(train)[:, :2].astype(np.float64)
    assert dataset.scale_factor() == pytest.approx(np.sqrt(((offsets - offsets.mean()) ** 2).mean()), rel=1e-12)


# -- splits ------------------------------------------------------------------------------------


def test_a_file_without_splits_is_divided_90_5_5(tmp_path):
    dataset = load_dataset([write_npz(tmp_path / "cat.npz", train=scribbles(4000))])
    shares = np.bincount(dataset.splits) / 4000
    np.testing.assert_allclose(shares, [0.9, 0.05, 0.05], atol=0.015)  # four standard deviations
    np.testing.assert_array_equal(dataset.rows, np.arange(4000))


def test_a_drawing_stays_in_its_split_wherever_it_turns_up(tmp_path):
    items = scribbles(300)
    first = load_dataset([write_npz(tmp_path / "cat.npz", train=items)])
    other = load_dataset([write_npz(tmp_path / "pig.npz", test=items[::-1][:200] + scribbles(50, seed=1))])
    np.testing.assert_array_equal(first.splits[::-1][:200], other.splits[:200])


def test_the_digest_is_of_the_contents(tmp_path):
    items = scribbles(40)

    def digest(folder, stem="cat", **splits):
        (tmp_path / folder).mkdir()
        return load_dataset([write_npz(tmp_path / folder / f"{stem}.npz", **splits)]).digest

    changed = [item.copy() for item in items]
    changed[17][2, 1] += 1
    digests = [
        digest("same", train=items[:30], test=items[30:]),
        digest("point", train=changed[:30], test=changed[30:]),
        digest("split", train=items[:29], test=items[29:]),
        digest("order", train=items[1::-1] + items[2:30], test=items[30:]),
        digest("bounds", train=[np.concatenate(items[:2]), *items[2:30]], test=items[30:]),
        digest("name", "pig", train=items[:30], test=items[30:]),
    ]
    assert digests[0] == digest("again", train=items[:30], test=items[30:])
    assert len(set(digests)) == len(digests)


# -- batches -----------------------------------------------------------------------------------


@pytest.mark.parametrize("full_length", [False, True])
def test_batches_are_the_stroke5_of_their_drawings(dataset, full_length):
    scale = 13.5
    source = BatchSource(dataset, scale, CPU)
    indices = np.array([3, 60, 150, 3, 120])
    batch = source.batch(indices, full_length=full_length)
    steps = batch.targets.shape[1]
    longest = dataset.lengths[indices].max()
    assert steps == dataset.max_points if full_length else longest < steps <= longest + LENGTH_STEP
    for row, index in enumerate(indices):
        stroke3 = dataset.stroke3(index) / (scale, scale, 1)
        expected = stroke3_to_stroke5(stroke3, steps)
        np.testing.assert_allclose(batch.targets[row], expected, rtol=1e-6)
        np.testing.assert_allclose(batch.inputs[row], np.vstack([START, expected[:-1]]), rtol=1e-6)
    assert batch.lengths.tolist() == dataset.lengths[indices].tolist()
    assert batch.points() is batch.targets


def test_a_drawing_of_all_points_needs_no_more_steps(tmp_path):
    path = write_npz(tmp_path / "cat.npz", train=drawings("house", 3), test=drawings("ellipse", 1))
    dataset = load_dataset([path], max_points=16)
    assert dataset.lengths.max() == 16
    assert BatchSource(dataset, 1.0, CPU).batch(np.arange(len(dataset))).targets.shape[1] == 16


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_batches_by_length_are_a_permutation_of_near_lengths(seed):
    rng = np.random.default_rng(0)
    lengths = rng.integers(1, 200, 1000)
    indices = rng.permutation(1000)[:777]
    batches = batches_by_length(lengths, indices, 32, None if seed is None else np.random.default_rng(seed))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.sort(indices))
    assert sorted(map(len, batches), reverse=True) == [32] * 24 + [777 - 24 * 32]
    spread = [np.ptp(lengths[batch]) for batch in batches]
    assert max(spread) <= 20  # of 200, and in a random order 199
    assert np.mean(spread) < 10


def test_epochs_differ_and_come_again():
    lengths, indices = np.random.default_rng(0).integers(1, 200, 400), np.arange(400)

    def epoch(seed):
        return [batch.tolist() for batch in batches_by_length(lengths, indices, 16, np.random.default_rng(seed))]

    assert epoch(1) == epoch(1)
    assert epoch(1) != epoch(2)
    assert {tuple(sorted(batch)) for batch in epoch(1)} != {tuple(sorted(batch)) for batch in epoch(2)}
    longest = [max(lengths[batch]) for batch in epoch(1)]
    assert longest != sorted(longest)


# -- augmentation ------------------------------------------------------------------------------


def test_augmentation_stretches_each_drawing_and_changes_nothing_stored(dataset):
    source = BatchSource(dataset, 10.0, CPU)
    indices = np.arange(0, len(dataset), 3)
    batch = source.batch(indices)
    before = [tensor.clone() for tensor in (batch.inputs, batch.targets, source._points)]
    generator = torch.Generator().manual_seed(0)
    factors = []
    for _ in range(20):
        stretched = augment(batch, 0.1, 0.0, False, generator)
        for changed, original in ((stretched.inputs, batch.inputs), (stretched.targets, batch.targets)):
            assert torch.equal(changed[..., 2:], original[..., 2:])
        ratio = (stretched.targets / batch.targets)[..., :2]
        x, y = ratio[..., 0].nanmedian(dim=1).values, ratio[..., 1].nanmedian(dim=1).values
        torch.testing.assert_close(stretched.targets[..., 0], batch.targets[..., 0] * x[:, None])
        torch.testing.assert_close(stretched.inputs[..., 1], batch.inputs[..., 1] * y[:, None])
        factors.append(torch.stack([x, y]))
    factors = torch.stack(factors)
    assert factors.min() >= 0.9
    assert factors.max() <= 1.1
    assert factors.std() == pytest.approx(0.2 / np.sqrt(12), rel=0.1)
    assert abs(np.corrcoef(factors[:, 0].flatten(), factors[:, 1].flatten())[0, 1]) < 0.15
    for tensor, copy in zip((batch.inputs, batch.targets, source._points), before, strict=True):
        assert torch.equal(tensor, copy)
    assert torch.equal(source.batch(indices).targets, before[1])


def test_half_of_the_drawings_are_mirrored_whole(dataset):
    batch = BatchSource(dataset, 10.0, CPU).batch(np.arange(len(dataset)))
    generator = torch.Generator().manual_seed(0)
    signs = []
    for _ in range(20):
        mirrored = augment(batch, 0.0, 0.0, True, generator)
        for changed, original in ((mirrored.inputs, batch.inputs), (mirrored.targets, batch.targets)):
            assert torch.equal(changed[..., 1:], original[..., 1:])
        sign = (mirrored.targets / batch.targets)[..., 0].nanmedian(dim=1).values
        for changed, original in ((mirrored.inputs, batch.inputs), (mirrored.targets, batch.targets)):
            assert torch.equal(changed[..., 0], original[..., 0] * sign[:, None])
        signs.append(sign)
    signs = torch.stack(signs)
    assert set(signs.unique().tolist()) == {-1, 1}
    assert abs(signs.mean().item()) < 4 / signs.numel() ** 0.5


def test_no_augmentation_is_none(dataset):
    batch = BatchSource(dataset, 10.0, CPU).batch(np.arange(5))
    assert torch.equal(augment(batch, 0.0, 0.0, False, torch.Generator()).targets, batch.targets)


def test_split_names_match_their_numbers():
    assert (SPLITS[TRAIN], SPLITS[VALID], SPLITS[TEST]) == ("train", "valid", "test")


def test_points_are_dropped_and_the_others_stay_where_they_are(dataset):
    batch = BatchSource(dataset, 1.0, CPU).batch(np.arange(20))
    less = augment(batch, 0.0, 0.3, False, torch.Generator().manual_seed(0))
    before, after = (each.targets[..., :2].cumsum(1).round() for each in (batch, less))
    inner = kept = 0
    for row, (n, m) in enumerate(zip(batch.lengths.tolist(), less.lengths.tolist(), strict=True)):
        ends = batch.targets[row, :n, 3] == 1
        assert less.targets[row, :m, 3].sum() == ends.sum()
        remaining = iter([*map(tuple, torch.cat([before[row, :n], batch.targets[row, :n, 3:4]], 1).tolist())])
        for point in map(tuple, torch.cat([after[row, :m], less.targets[row, :m, 3:4]], 1).tolist()):
            assert point in remaining  # in their order, with their pens
        assert torch.equal(after[row, m - 1], before[row, n - 1])
        assert torch.equal(less.targets[row, m:], torch.tensor([0.0, 0, 0, 0, 1]).expand(less.targets.shape[1] - m, 5))
        inner += n - 1 - int(ends[: n - 1].sum())
        kept += n - m
    assert kept / inner == pytest.approx(0.3, abs=0.08)
    assert torch.equal(less.targets[..., 2:].sum(-1), torch.ones(less.targets.shape[:2]))
    assert torch.equal(less.inputs[:, 1:], less.targets[:, :-1])
    assert torch.equal(less.inputs[:, 0], batch.inputs[:, 0])
