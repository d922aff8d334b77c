import numpy as np
import pytest
import torch

from core.checkpoint import content_digest
from core.dataset import TEST, VALID, load_dataset
from core.errors import CheckpointError, TrainingError
from core.picture import MARGIN
from core.picture_classifier import (
    LINE,
    SIDE,
    PictureClassifier,
    learn_pictures,
    load_classifier,
    new_classifier,
    rasters,
    save_classifier,
)
from core.sketch import polylines_to_stroke3

CPU = torch.device("cpu")
CROSS = polylines_to_stroke3([np.array([[0, 0], [80, 40]]), np.array([[0, 40], [80, 0]])])


def held_out(dataset):
    return np.concatenate([dataset.indices(VALID), dataset.indices(TEST)])


def test_a_picture_is_the_drawing_fitted_into_the_square():
    (picture,) = rasters([CROSS])
    rows, columns = np.nonzero(picture)
    across = (1 - 2 * MARGIN) * SIDE
    assert columns.max() - columns.min() + 1 == pytest.approx(across + LINE, abs=2)
    assert rows.max() - rows.min() + 1 == pytest.approx(across / 2 + LINE, abs=2)
    assert (rows.min() + rows.max()) / 2 == pytest.approx((SIDE - 1) / 2, abs=1)
    length = 2 * np.hypot(across, across / 2)
    assert picture.sum() / 255 == pytest.approx(length * LINE, rel=0.15)


def test_where_and_how_large_a_drawing_is_makes_no_difference():
    larger = CROSS * np.array([8, 8, 1])
    np.testing.assert_array_equal(rasters([CROSS]), rasters([larger]))


@pytest.mark.parametrize("offsets", [[[0, 0, 1]], [[5, 0, 1]], [[0, -5, 0]], [[0, 0, 1], [0, 0, 1]]])
def test_dots_and_straight_lines_have_pictures(offsets):
    assert rasters([np.array(offsets, dtype=np.float32)]).sum() > 255


def test_a_drawing_without_a_point_has_no_ink(classifier):
    nothing = np.zeros((0, 3), dtype=np.float32)
    assert rasters([nothing]).sum() == 0
    assert np.isfinite(classifier.log_probabilities([nothing])).all()


def test_it_tells_what_it_was_not_trained_on(classifier, dataset):
    indices = held_out(dataset)
    log_p = classifier.log_probabilities([dataset.stroke3(i) for i in indices])
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-5)
    assert (log_p.argmax(axis=1) == dataset.labels[indices]).mean() > 0.9


def test_the_same_seed_learns_the_same(dataset, classifier):
    torch.rand(1)
    again = new_classifier(dataset.categories, 0, CPU)
    before = torch.get_rng_state()
    for _ in learn_pictures(again, dataset, 0):
        pass
    assert torch.equal(torch.get_rng_state(), before)
    weights = classifier.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in again.state_dict().items())


def test_one_category_is_not_told_apart(files):
    one = load_dataset(files[:1])
    with pytest.raises(TrainingError, match="one category"):
        next(learn_pictures(new_classifier(one.categories, 0, CPU), one, 0))


def test_a_file_gives_it_back(classifier, dataset, tmp_path):
    path = tmp_path / "deep" / "pictures.pth"
    save_classifier(classifier, path)
    again = load_classifier(path)
    drawings = [dataset.stroke3(i) for i in held_out(dataset)]
    assert again.categories == dataset.categories
    expected = np.exp(classifier.log_probabilities(drawings))
    np.testing.assert_allclose(np.exp(again.log_probabilities(drawings)), expected, atol=0.02)


def written(content, path, **changes):
    whole = {"format": "sketch-explorer picture classifier", "version": 1, "sha256": content_digest(content)}
    torch.save({**whole, "content": content, **changes}, path)
    return path


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda content: content["weights"].popitem(), "damaged"),
        (lambda content: content["categories"].pop(), "damaged"),
        (lambda content: content.update(categories=[]), "damaged"),
        (lambda content: content.update(categories=["cat"] * 20_000), "damaged"),
        (lambda content: content.update(categories=[1, 2, 3]), "damaged"),
        (lambda content: content.update(categories=3), "damaged"),
        (lambda content: content.update(categories=["cat", "cat", "pig"]), "damaged"),
        (lambda content: content["weights"].update({"layers.0.weight": torch.ones(24, 1, 3, 3).int()}), "damaged"),
        (lambda content: content.update(weights=[]), "damaged"),
        (lambda content: content["weights"].update({"layers.0.weight": 1.0}), "damaged"),
        (lambda content: content["weights"]["layers.0.weight"].fill_(np.nan), "damaged"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(classifier, tmp_path, spoil, problem):
    save_classifier(classifier, tmp_path / "good.pth")
    content = torch.load(tmp_path / "good.pth", weights_only=True)["content"]
    spoil(content)
    path = written(content, tmp_path / "bad.pth")
    with pytest.raises(CheckpointError, match=problem) as refused:
        load_classifier(path)
    assert str(path) in str(refused.value)


def test_other_files_and_flipped_bits_are_refused(classifier, tmp_path):
    path = tmp_path / "pictures.pth"
    save_classifier(classifier, path)
    content = torch.load(path, weights_only=True)["content"]
    for changes, problem in (
        ({"version": 2}, "of this version"),
        ({"format": "sketch-explorer checkpoint"}, "of this version"),
        ({"sha256": "0"}, "checksum"),
    ):
        with pytest.raises(CheckpointError, match=problem):
            load_classifier(written(content, path, **changes))
    with pytest.raises(CheckpointError, match="of this version"):
        load_classifier(written([], path))
    with pytest.raises(CheckpointError, match="does not exist"):
        load_classifier(tmp_path / "nowhere.pth")


def test_an_untrained_one_is_the_same_for_the_same_seed():
    one, other = (new_classifier(("a", "b"), 3, CPU).state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert isinstance(PictureClassifier(("a", "b")).categories, tuple)
