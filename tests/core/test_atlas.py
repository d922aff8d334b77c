import numpy as np
import pytest
import torch

from core.atlas import Atlas, make_atlas
from core.errors import CheckpointError
from core.sketch import stroke_count
from tests.core.conftest import make_atlas_of


def made(dataset, latents):
    count = len(dataset)
    return make_atlas(dataset, latents, np.linspace(0, 1, count), np.random.default_rng(1).normal(size=(count, 2)))


def test_codes_are_kept_within_half_a_step(dataset):
    rng = np.random.default_rng(0)
    latents = (rng.standard_normal((len(dataset), 8)) * np.logspace(-6, 6, 8) + 3).astype(np.float32)
    latents[:, 4] = 7  # no range at all
    atlas = made(dataset, latents)
    step = np.ptp(latents.astype(np.float64), axis=0) / 255
    rounding = 1e-6 * np.abs(latents).max(axis=0)
    assert (np.abs(atlas.latents - latents) <= 0.5 * step + rounding).all()
    np.testing.assert_array_equal(atlas.latents[:, 4], 7)
    assert atlas.latents.dtype == np.float32
    np.testing.assert_allclose(atlas.norms, np.sqrt((atlas.latents.astype(float) ** 2).sum(axis=1)), rtol=1e-6)


def test_an_atlas_describes_its_dataset(dataset):
    atlas = made(dataset, np.random.default_rng(0).standard_normal((len(dataset), 8)).astype(np.float32))
    assert len(atlas) == len(dataset)
    assert atlas.categories == ("ellipse", "face", "house")
    assert atlas.sources == ("ellipse.npz", "face.npz", "house.npz")
    for index in (0, 45, 100, 167):
        assert atlas.point_counts[index] == len(dataset.stroke3(index))
        assert atlas.stroke_counts[index] == stroke_count(dataset.stroke3(index))
    assert set(atlas.stroke_counts[atlas.labels == 1]) == {4}  # a face: outline, eyes and mouth
    assert atlas.category(57) == "face"
    assert atlas.origin(41) == "valid 1 of ellipse.npz"
    np.testing.assert_array_equal(atlas.splits, dataset.splits)
    np.testing.assert_array_equal(atlas.rows, dataset.rows)
    means = atlas.category_means()
    assert list(means) == ["ellipse", "face", "house"]
    np.testing.assert_allclose(means["face"], atlas.latents[56:112].mean(axis=0), atol=1e-6)


def test_a_category_without_drawings_has_no_mean():
    atlas = make_atlas_of(np.eye(4), labels=[0, 0, 2, 2])
    assert list(atlas.category_means()) == ["cat", "hot dog"]


def test_an_atlas_survives_as_tensors(atlas):
    again = Atlas.from_dict(atlas.to_dict(), 8)
    np.testing.assert_array_equal(again.latents, atlas.latents)
    np.testing.assert_array_equal(again.losses, atlas.losses)
    assert again.categories == atlas.categories


def edited(name, edit):
    def change(values):
        values[name] = edit(values[name])

    return change


def first(value):
    def edit(tensor):
        tensor = tensor.clone()
        tensor.view(-1)[0] = value
        return tensor

    return edit


@pytest.mark.parametrize(
    ("change", "words"),
    [
        *[(lambda values, name=name: values.pop(name), "lacks a part") for name in ("low", "labels", "categories")],
        *[
            (edited(name, lambda tensor: tensor[:-1]), "of the wrong kind")
            for name in ("quantised", "low", "step", "positions", "splits", "rows", "point_counts", "losses")
        ],
        *[
            (edited(name, lambda tensor: tensor.double()), "of the wrong kind")
            for name in ("quantised", "low", "positions", "labels", "stroke_counts")
        ],
        *[
            (edited(name, first(value)), "not finite")
            for name in ("low", "step", "positions", "losses")
            for value in (torch.nan, torch.inf, -torch.inf)
        ],
        *[
            (edited(name, first(value)), f"{name} out of range")
            for name, value in (("labels", 3), ("labels", -1), ("splits", 3), ("rows", -1), ("point_counts", -5))
        ],
        (edited("step", first(3e38)), "not finite"),
        (edited("quantised", torch.Tensor.flatten), "of the wrong kind"),
        (edited("labels", lambda tensor: tensor[:0]), "of the wrong kind"),
        (edited("labels", lambda tensor: tensor.sum(dtype=torch.int32)), "of the wrong kind"),
        (edited("labels", torch.Tensor.to_sparse), "lacks a part"),
        (edited("labels", torch.Tensor.tolist), "lacks a part"),
        (edited("positions", torch.Tensor.bfloat16), "lacks a part"),
        (edited("categories", lambda names: names[:2]), "category names"),
        (edited("categories", lambda names: "cat"), "category names"),
        (edited("categories", lambda names: [1, 2, 3]), "category names"),
        (edited("categories", lambda names: ["cat", "cat", "pig"]), "category names"),
        (edited("categories", lambda names: None), "lacks a part"),
        (edited("sources", lambda names: names[:2]), "category names"),
        (edited("sources", lambda names: [1, 2, 3]), "category names"),
    ],
)
def test_every_field_is_checked(atlas, change, words):
    values = atlas.to_dict()
    change(values)
    with pytest.raises(CheckpointError, match=words):
        Atlas.from_dict(values, 8)


def test_an_atlas_of_other_codes_or_of_none_is_refused(atlas):
    with pytest.raises(CheckpointError, match="quantised of the wrong kind"):
        Atlas.from_dict(atlas.to_dict(), 9)
    empty = {name: value[:0] if torch.is_tensor(value) else value for name, value in atlas.to_dict().items()}
    empty |= {name: atlas.to_dict()[name] for name in ("low", "step")}
    with pytest.raises(CheckpointError, match="is empty"):
        Atlas.from_dict(empty, 8)
