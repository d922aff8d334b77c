import numpy as np
import pytest
import torch

from core.dataset import TEST, VALID
from core.pictures import LINE, MARGIN, SIDE, learn_pictures, new_classifier, rasters
from core.sketch import polylines_to_stroke3

CPU = torch.device("cpu")
CROSS = polylines_to_stroke3([np.array([[0, 0], [40, 20]]), np.array([[0, 20], [40, 0]])])


@pytest.fixture(scope="module")
def classifier(dataset):
    classifier = new_classifier(dataset, 0, CPU)
    assert list(learn_pictures(classifier, dataset, 0))[-1] == 1
    return classifier


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


def test_it_tells_what_it_was_not_trained_on(classifier, dataset):
    indices = held_out(dataset)
    log_p = classifier.log_probabilities([dataset.stroke3(i) for i in indices])
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-5)
    assert (log_p.argmax(axis=1) == dataset.labels[indices]).mean() > 0.9


def test_the_same_seed_learns_the_same(dataset, classifier):
    torch.rand(1)
    again = new_classifier(dataset, 0, CPU)
    before = torch.get_rng_state()
    for _ in learn_pictures(again, dataset, 0):
        pass
    assert torch.equal(torch.get_rng_state(), before)
    weights = classifier.state_dict()
    assert all(torch.equal(tensor, weights[name]) for name, tensor in again.state_dict().items())
