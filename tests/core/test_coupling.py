"""Codes of the prior and the drawings that they are matched with."""

from itertools import permutations

import numpy as np
import pytest
import torch

from core import coupling
from core.coupling import Coupled, couple_round, matched
from core.dataset import TRAIN
from core.encoding import encode_means
from tests.core.conftest import make_model

CPU = torch.device("cpu")


@pytest.fixture
def round_of(dataset):
    model = make_model()

    def round_of(seed=0):
        return couple_round(model, dataset, dataset.indices(TRAIN), 20.0, 16, (seed,))

    return round_of


def test_the_match_is_the_nearest_of_all():
    rng = np.random.default_rng(0)
    codes, means = rng.normal(size=(2, 6, 3)).astype(np.float32)
    distances = [((codes[list(order)] - means) ** 2).sum() for order in permutations(range(6))]
    assert ((matched(codes, means) - means) ** 2).sum() == pytest.approx(min(distances))


def test_a_round_is_of_codes_of_the_prior_and_drawings_once_each(round_of, dataset, monkeypatch):
    monkeypatch.setattr(coupling, "TOGETHER", 60)
    coupled = round_of()
    drawings, codes = np.concatenate([each.drawings for each in coupled]), torch.cat([each.codes for each in coupled])
    assert len(np.unique(drawings)) == len(drawings) == 60
    assert np.isin(drawings, dataset.indices(TRAIN)).all()
    assert codes.mean() == pytest.approx(0, abs=0.15)
    assert codes.std() == pytest.approx(1, abs=0.1)
    assert max(len(each.drawings) for each in coupled) == 16
    spread = [np.ptp(dataset.lengths[each.drawings]) for each in coupled]
    assert np.mean(spread) < np.ptp(dataset.lengths[drawings]) / 2
    assert all(torch.equal(one.codes, other.codes) for one, other in zip(coupled, round_of(), strict=True))
    assert not torch.equal(coupled[0].codes[:1], round_of(1)[0].codes[:1])


def test_each_drawing_is_with_a_code_near_its_own(round_of, dataset):
    """Its product with the mean is large, in standard deviations of such products over all pairs."""
    coupled = round_of()
    codes = torch.cat([each.codes for each in coupled]).numpy()
    means = encode_means(make_model(), dataset, 20.0, np.concatenate([each.drawings for each in coupled]))
    means -= means.mean(axis=0)
    products = codes @ means.T
    assert np.diagonal(products).mean() > products.mean() + 0.8 * products.std()


def test_they_survive_a_file(round_of):
    before = round_of()[0]
    after = Coupled.from_dict(before.to_dict(), CPU)
    assert torch.equal(after.codes, before.codes)
    np.testing.assert_array_equal(after.drawings, before.drawings)


def test_rare_categories_are_matched_oftener_than_they_are_drawn(dataset, monkeypatch):
    """Each as often as the root of its size, as far as it goes."""
    train = dataset.indices(TRAIN)
    few = np.concatenate([train[dataset.labels[train] == label][:count] for label, count in ((0, 16), (1, 64))])
    monkeypatch.setattr(coupling, "TOGETHER", 9)
    model = make_model()
    rounds = [couple_round(model, dataset, few, 20.0, 16, (seed,)) for seed in range(60)]
    drawings = np.concatenate([each.drawings for coupled in rounds for each in coupled])
    assert (dataset.labels[drawings] == 0).mean() == pytest.approx(4 / (4 + 8), abs=0.08)
