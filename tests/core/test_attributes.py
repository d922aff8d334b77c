"""What drawings can be coloured, filtered and ranked by."""

import numpy as np
import pytest

from core.attributes import ATTRIBUTES, CLASSES, Classes, Filter, Numbers, attribute, worst


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_every_attribute_has_a_value_for_each_drawing(atlas, name):
    found = attribute(atlas, name, atlas.latents[3])
    assert isinstance(found, Classes if name in CLASSES else Numbers)
    if isinstance(found, Classes):
        assert found.counts.sum() == len(atlas)
        assert [found.counts[label] for label in np.unique(found.labels)] == np.unique(
            found.labels, return_counts=True
        )[1].tolist()
    else:
        assert len(found.values) == len(atlas)
        assert found.least <= found.low <= found.high <= found.most


def test_distance_is_that_to_the_code(atlas):
    found = attribute(atlas, "distance", atlas.latents[7])
    assert found.values[7] == 0
    expected = [np.linalg.norm(latent - atlas.latents[7]) for latent in atlas.latents]
    np.testing.assert_allclose(found.values, expected, rtol=1e-5)


@pytest.mark.parametrize("name", ["distance", "colour"])
def test_an_attribute_that_cannot_be_is_refused(atlas, name):
    with pytest.raises(ValueError, match=name):
        attribute(atlas, name)


def test_steps_span_the_middle_and_keep_extremes_at_the_ends():
    numbers = Numbers("loss", np.array([-100, 0, 5, 10, 1000], dtype=np.float32), 0, 10, -100, 1000)
    assert numbers.steps(256).tolist() == [0, 0, 128, 255, 255]


def test_one_value_for_all_is_in_the_middle():
    assert Numbers("loss", np.full(3, 7, dtype=np.float32), 7, 7, 7, 7).steps(10).tolist() == [5, 5, 5]


def test_the_worst_come_first(atlas):
    assert worst(atlas, 3).tolist() == [59, 58, 57]  # losses rise with the number
    among = np.arange(60) < 10
    assert worst(atlas, 3, among).tolist() == [9, 8, 7]
    assert len(worst(atlas, 100, among)) == 10


def test_a_filter_hides_classes(atlas):
    classes = attribute(atlas, "category")
    nothing = Filter()
    assert not nothing
    assert nothing.mask(classes).all()
    one = nothing.toggled(1)
    assert one
    np.testing.assert_array_equal(one.mask(classes), atlas.labels != 1)
    assert one.toggled(1) == nothing


def test_isolating_twice_shows_all_again(atlas):
    classes = attribute(atlas, "category")
    alone = Filter().toggled(0).isolated(2, 3)
    np.testing.assert_array_equal(alone.mask(classes), atlas.labels == 2)
    assert alone.isolated(2, 3) == Filter()


def test_a_filter_keeps_a_range_of_numbers(atlas):
    losses = attribute(atlas, "loss")
    mask = Filter(low=0.2, high=0.5).mask(losses)
    np.testing.assert_array_equal(mask, (atlas.losses >= 0.2) & (atlas.losses <= 0.5))
    assert 0 < mask.sum() < len(atlas)
    assert Filter(low=0.2).mask(losses).sum() > mask.sum()
