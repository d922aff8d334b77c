"""A dataset through the encoder to an atlas; the layout itself is tested in test_projection."""

import os
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from core import mapping
from core.checkpoint import content_digest
from core.dataset import BatchSource
from core.encoding import encode_dataset
from core.errors import CheckpointError, ProjectionError
from core.loss import reconstruction_loss
from core.mapping import AtlasCache, GraphCache, LayoutCache, build_atlas, find_graph, lay_out
from core.projection import LayoutConfig, LayoutFrame, pca_layout
from tests.core.conftest import make_model
from tests.generators import finish

SCALE = 30.0


@pytest.fixture(scope="module")
def encoded(dataset):
    return finish(encode_dataset(make_model(), dataset, SCALE))


def test_codes_and_losses_are_those_of_each_drawing_alone(dataset, encoded):
    model = make_model()
    fractions, (latents, losses) = encoded
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    source = BatchSource(dataset, SCALE, torch.device("cpu"))
    for index in range(0, len(dataset), 11):
        batch, whole = (source.batch(np.array([index]), full_length=full) for full in (False, True))
        with torch.inference_mode():
            mean, _ = model.encoder(batch.points(), batch.lengths)
            least, most = (
                reconstruction_loss(model.decoder(mean, b.inputs), b.targets, b.lengths, dataset.max_points).total
                for b in (batch, whole)
            )
        np.testing.assert_allclose(latents[index], mean[0], atol=1e-5)
        # In a batch there may be a few more steps of padding, which cost the pen something.
        assert least.item() - 1e-4 <= losses[index] <= most.item() + 1e-4


def test_encoding_leaves_gradients_on_between_batches(dataset):
    encoding = encode_dataset(make_model(), dataset, SCALE)
    next(encoding)
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


@pytest.fixture
def short_layout(monkeypatch):
    """A layout that moves everything twice; the list tells what it was given and how it ended."""
    log = []

    def layout(latents, initial, config):
        log.append((latents, initial, config))
        try:
            yield LayoutFrame("starting", 0.0, None)
            yield LayoutFrame("moving", 0.5, initial + 1)
            return initial + 2
        finally:
            log.append("ended")

    monkeypatch.setattr(mapping, "umap_layout", layout)
    return log


def test_a_dataset_becomes_an_atlas(dataset, encoded, short_layout):
    config = LayoutConfig(seed=3)
    reports, atlas = finish(build_atlas(make_model(), dataset, SCALE, config))
    latents, losses = encoded[1]
    first = [report for report in reports if report.atlas]
    assert len(first) == 1
    np.testing.assert_allclose(first[0].atlas.positions, pca_layout(latents), atol=1e-6)
    np.testing.assert_array_equal(atlas.positions, first[0].atlas.positions + 2)
    assert [report.stage for report in reports[-2:]] == ["starting", "moving"]
    np.testing.assert_array_equal(reports[-1].positions, first[0].atlas.positions + 1)
    np.testing.assert_array_equal(short_layout[0][0], latents)
    assert short_layout[0][2] is config
    np.testing.assert_array_equal(atlas.losses, losses)
    np.testing.assert_array_equal(atlas.labels, dataset.labels)


def test_closing_ends_the_layout(dataset, short_layout):
    building = build_atlas(make_model(), dataset, SCALE)
    while next(building).stage != "moving":
        assert "ended" not in short_layout
    building.close()
    assert short_layout[-1] == "ended"


def test_a_failing_layout_is_told(dataset, monkeypatch):
    def layout(*_):
        raise ProjectionError("UMAP could not lay out the map.")
        yield

    monkeypatch.setattr(mapping, "umap_layout", layout)
    with pytest.raises(ProjectionError):
        finish(build_atlas(make_model(), dataset, SCALE))


# -- the cache ---------------------------------------------------------------------------------


def test_an_atlas_is_found_by_data_and_checkpoint(atlas, tmp_path):
    cache = AtlasCache(tmp_path / "new" / "cache")
    assert cache.load("data", "checkpoint", 8) is None
    cache.save("data", "checkpoint", atlas)
    found = cache.load("data", "checkpoint", 8)
    np.testing.assert_array_equal(found.latents, atlas.latents)
    np.testing.assert_array_equal(found.positions, atlas.positions)
    assert found.categories == atlas.categories
    for data, checkpoint in (
        ("other", "checkpoint"),
        ("data", "other"),
        ("checkpoint", "data"),
        ("data checkpoint", ""),
    ):
        assert cache.load(data, checkpoint, 8) is None
    assert cache.load("data", "checkpoint", 9) is None
    moved = replace(atlas, positions=atlas.positions + 1)
    cache.save("data", "checkpoint", moved)
    np.testing.assert_array_equal(cache.load("data", "checkpoint", 8).positions, moved.positions)


def test_what_a_killed_program_left_in_the_cache_goes_in_time(atlas, tmp_path):
    old, young, another = (tmp_path / name for name in (".a.atlas.1.part", ".b.atlas.2.part", "mine.part"))
    for file in (old, young, another):
        file.touch()
    for file in (old, another):
        os.utime(file, (0, 0))
    AtlasCache(tmp_path).save("data", "checkpoint", atlas)
    assert not old.exists()
    assert young.exists()  # it may be written just now
    assert another.exists()


def test_a_damaged_file_of_the_cache_is_no_atlas(atlas, tmp_path):
    cache = AtlasCache(tmp_path)
    cache.save("data", "checkpoint", atlas)
    (path,) = tmp_path.iterdir()
    content, chance = path.read_bytes(), random.Random(0)
    for _ in range(60):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        found = cache.load("data", "checkpoint", 8)
        assert found is None or np.array_equal(found.latents, atlas.latents)
    for payload in ({}, [], {"sha256": None, "atlas": None}, {"sha256": "", "atlas": {1: torch.eye(2).to_sparse()}}):
        torch.save(payload, path)
        assert cache.load("data", "checkpoint", 8) is None
    path.write_bytes(content[: len(content) // 2])
    assert cache.load("data", "checkpoint", 8) is None
    path.write_bytes(content)
    assert cache.load("data", "checkpoint", 8) is not None


def test_a_cache_that_cannot_be_written_is_told(atlas, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError):
        AtlasCache(tmp_path / "file").save("data", "checkpoint", atlas)


# -- layouts -----------------------------------------------------------------------------------


def test_a_layout_is_kept_by_latents_and_settings(atlas, short_layout, tmp_path):
    cache, config = LayoutCache(tmp_path), LayoutConfig(neighbours=7)
    frames, first = finish(lay_out(atlas.latents, config, cache))
    np.testing.assert_array_equal(frames[0].positions, pca_layout(atlas.latents))
    np.testing.assert_array_equal(first, pca_layout(atlas.latents) + 2)
    ran = len(short_layout)
    frames, second = finish(lay_out(atlas.latents, config, cache))
    assert frames == []
    np.testing.assert_array_equal(first, second)
    assert len(short_layout) == ran
    for latents, other in ((atlas.latents, LayoutConfig(neighbours=8)), (atlas.latents + 1, config)):
        assert cache.load(latents, other) is None


def test_pca_is_a_layout_without_settings(atlas, short_layout, tmp_path):
    frames, positions = finish(lay_out(atlas.latents, LayoutConfig(method="pca"), LayoutCache(tmp_path)))
    assert (frames, short_layout) == ([], [])
    np.testing.assert_array_equal(positions, pca_layout(atlas.latents))


@pytest.mark.parametrize(
    "positions", [torch.zeros(3, 2), torch.full((60, 2), torch.nan), torch.zeros(60, 2, dtype=torch.float64), [1]]
)
def test_a_kept_layout_that_cannot_be_is_a_miss(atlas, tmp_path, positions):
    cache, config = LayoutCache(tmp_path), LayoutConfig()
    cache.save(atlas.latents, config, atlas.positions)
    np.testing.assert_array_equal(cache.load(atlas.latents, config), atlas.positions)
    [path] = tmp_path.iterdir()
    mapping._keep(path, {"positions": positions})
    assert cache.load(atlas.latents, config) is None


def test_a_layout_that_cannot_be_kept_is_told_and_shown(atlas, short_layout, tmp_path):
    (tmp_path / "file").write_text("")
    frames, positions = finish(lay_out(atlas.latents, LayoutConfig(), LayoutCache(tmp_path / "file")))
    assert "not kept" in frames[-1].stage
    np.testing.assert_array_equal(positions, pca_layout(atlas.latents) + 2)


def test_closing_a_layout_ends_it(atlas, short_layout, tmp_path):
    laying = lay_out(atlas.latents, LayoutConfig(), LayoutCache(tmp_path))
    while next(laying).stage != "moving":
        pass
    laying.close()
    assert short_layout[-1] == "ended"
    assert list(tmp_path.iterdir()) == []


# -- ways through the data ---------------------------------------------------------------------


def test_a_graph_is_kept_by_its_latents(atlas, tmp_path):
    cache = GraphCache(tmp_path / "new")
    steps, first = finish(find_graph(atlas.latents, cache))
    assert steps[-1] == 1.0
    steps, second = finish(find_graph(atlas.latents, cache))
    assert steps == []
    np.testing.assert_array_equal(first.members, second.members)
    np.testing.assert_array_equal(first.edges.toarray(), second.edges.toarray())
    np.testing.assert_array_equal(first.route(3, 40), second.route(3, 40))
    assert cache.load(atlas.latents + 1) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.pop("indptr"),
        lambda content: content.update(indices=content["indices"] + 1000),
        lambda content: content.update(members=content["members"] + 1000),
        lambda content: content.update(data=[1]),
    ],
)
def test_a_kept_graph_that_cannot_be_is_a_miss(atlas, tmp_path, change):
    cache = GraphCache(tmp_path)
    finish(find_graph(atlas.latents, cache))
    (path,) = tmp_path.iterdir()
    content = torch.load(path, weights_only=True)["content"]
    change(content)
    torch.save({"sha256": content_digest(content), "content": content}, path)
    assert cache.load(atlas.latents) is None


def test_a_graph_that_cannot_be_kept_is_found_all_the_same(atlas, tmp_path):
    (tmp_path / "file").write_text("no folder")
    _, graph = finish(find_graph(atlas.latents, GraphCache(tmp_path / "file" / "cache")))
    assert len(graph.members) == len(atlas)
