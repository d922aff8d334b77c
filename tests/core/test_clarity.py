"""The clearest of several drawings, by a classifier that has learnt the parametric kinds."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from core import clarity as clarity_of
from core.clarity import Clarity, clarities, log_category
from core.dataset import TEST, TRAIN

KINDS = ("ellipse", "face", "house")
MEANS = {name: np.eye(8, dtype=np.float32)[i] * 3 for i, name in enumerate(KINDS)}


@pytest.fixture(scope="module")
def clarity(classifier):
    return Clarity(classifier, MEANS)


@pytest.fixture(scope="module")
def drawings(dataset):
    """One of each kind, that the classifier was not trained on."""
    test = dataset.indices(TEST)
    assert dataset.categories == KINDS
    return [dataset.stroke3(test[dataset.labels[test] == kind][0]) for kind in range(3)]


def test_what_a_code_is_of_is_bayes_rule_with_the_noise_of_the_prior():
    codes = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    densities = np.stack([multivariate_normal(MEANS[name]).pdf(codes) for name in KINDS], axis=1)
    told = np.exp(log_category(codes, np.stack([MEANS[name] for name in KINDS])))
    np.testing.assert_allclose(told, densities / densities.sum(axis=1, keepdims=True), rtol=1e-4)


def test_a_category_that_is_known_decides(clarity, drawings):
    for label, kind in enumerate(KINDS):
        assert clarity.clearest(drawings, MEANS["face"], kind) == label


def test_else_code_and_picture_count_together(clarity, drawings):
    for label, kind in enumerate(KINDS):
        assert clarity.clearest(drawings, 5 * MEANS[kind]) == label


def test_a_clear_drawing_is_before_scrawls(clarity, drawings):
    scrawl = np.random.default_rng(1).normal(0, 40, (30, 3)).astype(np.float32)
    scrawl[:, 2] = 0
    for kind, drawing in zip(KINDS, drawings, strict=True):
        assert clarity.clearest([scrawl, drawing, scrawl], MEANS[kind]) == 1


def test_the_first_of_equals_is_taken(clarity, drawings):
    assert clarity.clearest([drawings[2]] * 3, MEANS["house"]) == 0


def test_categories_that_the_classifier_does_not_know_are_left_out(classifier, drawings):
    some = Clarity(classifier, {"zebra": MEANS["house"], "face": MEANS["face"]})
    assert some.categories == ("face",)
    assert some.clearest(drawings, MEANS["house"]) == 1
    assert some.clearest(drawings, MEANS["face"], "zebra") == 0  # whatever looks most like a face is no zebra
    with pytest.raises(ValueError, match="no category"):
        Clarity(classifier, {"zebra": MEANS["house"]})


@pytest.mark.parametrize("at_once", [7, 4096])
def test_how_clear_a_drawing_is_depends_on_what_it_is_said_to_be(classifier, dataset, monkeypatch, at_once):
    monkeypatch.setattr(clarity_of, "AT_ONCE", at_once)
    train = dataset.indices(TRAIN)
    swapped = dataset.labels.copy()
    swapped[train[::2]] = (swapped[train[::2]] + 1) % 3  # half of them say that they are something else
    told = replace(dataset, labels=swapped)
    shown = clarities(classifier, told, train)
    assert (shown[1::2] > 0.5).mean() > 0.8
    assert (shown[::2] > 0.5).mean() < 0.2
    other = clarities(classifier, dataset, train)
    np.testing.assert_array_equal(other[1::2], shown[1::2])
    assert (other[::2] + shown[::2] <= 1).all()  # of one picture, two categories
