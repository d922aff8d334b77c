import itertools
import math
import multiprocessing
from contextlib import ExitStack, closing

import numpy as np
import pytest
import scipy.sparse
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from core import projection
from core.errors import ConfigError, ProjectionError
from core.projection import LayoutConfig, align, pca_layout, umap_layout


def clusters(each=50, count=4, dimensions=16, seed=0):
    """Codes around `count` centres, and which one each belongs to."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(count), each))
    centres = 4 * rng.standard_normal((count, dimensions))
    return (centres[labels] + rng.standard_normal((len(labels), dimensions))).astype(np.float32), labels


def agreement(positions, labels, neighbours=10):
    """Share of the nearest neighbours on the map that are of one's own cluster."""
    _, indices = NearestNeighbors(n_neighbors=neighbours + 1).fit(positions).kneighbors(positions)
    return (labels[indices[:, 1:]] == labels[:, None]).mean()


def children():
    return [child for child in multiprocessing.active_children() if child.name == "umap"]


# -- PCA ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(200, 16), (10, 64), (3, 2), (500, 3)])
def test_pca_is_that_of_scikit_learn(shape):
    rng = np.random.default_rng(0)
    latents = (rng.standard_normal(shape) * np.linspace(1, 5, shape[1]) + 100).astype(np.float32)
    expected = PCA(2, svd_solver="full").fit_transform(latents.astype(np.float64))
    actual = pca_layout(latents)
    for axis in range(2):
        sign = np.sign(actual[:, axis] @ expected[:, axis])
        scaled = sign * expected[:, axis] / expected[:, 0].std()
        np.testing.assert_allclose(actual[:, axis], scaled, atol=2e-4)
    assert actual.dtype == np.float32
    assert actual.std(axis=0).max() == pytest.approx(1, rel=1e-5)


def test_pca_does_not_depend_on_the_order_of_the_drawings():
    latents, _ = clusters()
    order = np.random.default_rng(1).permutation(len(latents))
    np.testing.assert_allclose(pca_layout(latents)[order], pca_layout(latents[order]), atol=1e-4)
    np.testing.assert_array_equal(pca_layout(latents), pca_layout(latents.copy()))


def test_pca_of_too_little_is_still_a_place():
    assert pca_layout(np.ones((1, 8), dtype=np.float32)).tolist() == [[0, 0]]
    assert pca_layout(np.ones((3, 8), dtype=np.float32)).tolist() == [[0, 0]] * 3
    line = pca_layout(np.arange(5, dtype=np.float32)[:, None])  # one dimension
    np.testing.assert_allclose(line[:, 0], (np.arange(5) - 2) / np.sqrt(2), rtol=1e-6)
    assert (line[:, 1] == 0).all()


def test_alignment_undoes_a_similarity():
    rng = np.random.default_rng(0)
    reference = rng.standard_normal((300, 2)).astype(np.float32) * (3, 1) + (5, -2)
    angle = 2.3
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) @ np.diag([1, -1])
    np.testing.assert_allclose(align(7 * reference @ turn + 40, reference), reference, atol=1e-4)


def test_alignment_keeps_the_size_of_what_it_aligns_to():
    """However unlike the two are; the least-squares size would shrink frame by frame."""
    rng = np.random.default_rng(0)
    positions, reference = (rng.standard_normal((500, 2)).astype(np.float32) for _ in range(2))
    aligned = align(positions, reference + 3)
    np.testing.assert_allclose(aligned.mean(axis=0), reference.mean(axis=0) + 3, atol=1e-5)
    assert np.linalg.norm(aligned - aligned.mean(axis=0)) == pytest.approx(
        np.linalg.norm(reference - reference.mean(axis=0)), rel=1e-5
    )
    shape = np.linalg.norm(positions[:50, None] - positions[None, :50], axis=-1)
    assert np.corrcoef(shape.ravel(), np.linalg.norm(aligned[:50, None] - aligned[None, :50], axis=-1).ravel())[
        0, 1
    ] == pytest.approx(1, abs=1e-6)


def test_a_single_place_is_only_moved():
    reference = np.random.default_rng(0).standard_normal((4, 2)).astype(np.float32)
    aligned = align(np.full((4, 2), 7, dtype=np.float32), reference)
    np.testing.assert_allclose(aligned, np.tile(reference.mean(axis=0), (4, 1)), atol=1e-6)


# -- UMAP --------------------------------------------------------------------------------------


def test_umap_refines_the_map_in_a_child_process():
    """UMAP and densMAP at once: their clusters end apart, and no process is left.

    densMAP minds density in its last epochs alone, so up to there two processes must agree to the bit.
    """
    latents, labels = clusters()
    initial = np.random.default_rng(0).standard_normal((len(latents), 2)).astype(np.float32)  # worse than PCA
    frames, results = [[], []], [None, None]
    with ExitStack() as stack:
        configs = (LayoutConfig(epochs=60), LayoutConfig(epochs=60, method="densmap"))
        layouts = [stack.enter_context(closing(umap_layout(latents, initial, config))) for config in configs]
        assert all(next(layout).positions is None for layout in layouts)
        assert len(children()) == 2
        while any(result is None for result in results):
            for i, layout in enumerate(layouts):
                try:
                    frames[i].append(next(layout))
                except StopIteration as stop:
                    results[i] = stop.value if results[i] is None else results[i]
        assert not children()
    assert agreement(initial, labels) < 0.4
    for reports, result in zip(frames, results, strict=True):
        assert agreement(result, labels) > 0.95
        assert result.dtype == np.float32
        np.testing.assert_allclose(result.mean(axis=0), initial.mean(axis=0), atol=1e-4)
        spreads = [np.linalg.norm(positions - positions.mean(axis=0)) for positions in (result, initial)]
        assert spreads[0] == pytest.approx(spreads[1], rel=1e-3)
        fractions = [frame.fraction for frame in reports]
        assert fractions == sorted(fractions)
    moved = [[frame for frame in reports if frame.positions is not None] for reports in frames]
    alike = [np.array_equal(one.positions, two.positions) for one, two in zip(*moved, strict=True)]
    early = sum(frame.fraction <= 1 - projection.DENSMAP["frac"] for frame in moved[0])
    assert early > 10
    assert all(alike[:early])
    assert not alike[-1]
    for before, after in itertools.pairwise(frame.positions for frame in moved[0]):
        np.testing.assert_allclose(align(after, before), after, atol=1e-3)  # no turn is left between two frames


def test_densities_are_mean_squares_over_the_edges():
    """densMAP's local radius of a point: the logarithm of its edges' mean squared length, by their weight."""
    head, tail, weight = np.array([0, 0, 1, 2]), np.array([1, 2, 2, 3]), np.array([1, 0.5, 0.25, 1], dtype=np.float32)
    apart = scipy.sparse.coo_array(([2.0, 3.0, 4.0, 5.0], (head, tail)), shape=(4, 4))
    found = projection._densities(head, tail, weight, apart, 4)
    masses = np.array([1.5, 1.25, 1.75, 1])
    radii = np.log([(4 + 4.5) / 1.5, (4 + 4) / 1.25, (4.5 + 4 + 25) / 1.75, 25])
    np.testing.assert_allclose(found["mu_sum"], masses, rtol=1e-6)
    np.testing.assert_allclose(found["R"], (radii - radii.mean()) / radii.std(), rtol=1e-5)


def start():
    latents, _ = clusters()
    return umap_layout(latents, latents[:, :2])


def test_closing_ends_the_child():
    layout = start()
    next(layout)
    assert len(children()) == 1
    layout.close()
    assert not children()


def test_a_child_that_dies_is_told():
    with closing(start()) as layout:
        next(layout)
        children()[0].kill()
        with pytest.raises(ProjectionError, match="ended before it was done"):
            list(layout)
        assert not children()


class Sender:
    """The child's end of the pipe, with nobody at the other."""

    def __init__(self):
        self.sent = []
        self.closed = False

    def send(self, message):
        self.sent.append(message)

    def close(self):
        self.closed = True


def test_what_fails_in_the_child_is_told_in_words(monkeypatch):
    def fail(*_):
        raise MemoryError("too many points")

    monkeypatch.setattr(projection, "_run_umap", fail)
    monkeypatch.setattr(projection.signal, "signal", lambda *_: None)
    sender = Sender()
    projection._child(sender, None, None, None)
    assert sender.sent == [("error", "MemoryError: too many points")]
    assert sender.closed


def test_progress_comes_from_the_count_of_epochs():
    sender, embedding = Sender(), np.zeros((4, 2), dtype=np.float32)
    watcher = projection._Watcher(sender, embedding, embedding, 200)
    for epoch in range(201):
        for text in (f"\r{epoch}", "", "\n", "epochs"):
            assert watcher.write(text) == len(text)
    fractions = [frame.fraction for _, frame in sender.sent]
    assert fractions == sorted(fractions)
    assert len(fractions) == projection.FRAMES + 1
    assert fractions[-1] == 1


def test_too_few_drawings_stay_where_they_are():
    initial = np.eye(3, 2, dtype=np.float32)
    with pytest.raises(StopIteration) as stop:
        next(umap_layout(np.eye(3, 8, dtype=np.float32), initial))
    assert stop.value.value is initial


@pytest.mark.parametrize(
    "settings",
    [
        {"neighbours": 1},
        {"min_dist": -0.1},
        {"min_dist": 1.1},
        {"min_dist": math.nan},
        {"metric": "manhattan"},
        {"method": "tsne"},
        {"epochs": 0},
        {"seed": -1},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ConfigError):
        LayoutConfig(**settings)
