"""The map's points, by the pixels they paint."""

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QColor, QImage, QTransform

from explorer import point_layer
from explorer.map_view import MapBox
from explorer.point_grid import PointGrid
from explorer.point_layer import Dot, PointLayer, disc, dot_at

TO_PIXELS = QTransform(100, 0, 0, -100, 50, 250)
"""3 x 2 map units from (-0.5, 0.5) on, 100 pixels each."""


@pytest.fixture
def layer(qtbot):
    view, box = pg.GraphicsView(), MapBox()
    view.setCentralItem(box)
    qtbot.addWidget(view)
    yield PointLayer(box, QColor("black"))
    view.close()


def pixels(image: QImage) -> np.ndarray:
    """[height, width, 4]: blue, green, red, alpha, premultiplied."""
    return np.array(image.constBits(), dtype=np.uint8).reshape(image.height(), image.width(), 4).astype(int)


def rendered(layer: PointLayer, ratio: float = 1.0) -> np.ndarray:
    to_pixels = TO_PIXELS * QTransform.fromScale(ratio, ratio)
    return pixels(layer.render(round(300 * ratio), round(200 * ratio), to_pixels, ratio))


def scattered(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions so far apart that no two dots touch, and colours."""
    rng = np.random.default_rng(0)
    cells = rng.permutation(19 * 29)[:count]
    positions = np.column_stack([cells % 29, cells // 29]) * 0.1 + rng.uniform(0, 0.01, (count, 2)) + (-0.4, 0.6)
    return positions.astype(np.float32), rng.integers(0, 256, (count, 4), dtype=np.uint8)


def test_many_points_look_as_each_by_itself(layer, monkeypatch):
    """The two ways to draw agree wherever dots do not overlap: there is no seam between them."""
    positions, colours = scattered(60)
    layer.set_positions(positions)
    layer.set_colours(colours)
    alone = rendered(layer)
    monkeypatch.setattr(point_layer, "FEW", 0)
    together = rendered(layer)
    assert alone[..., 3].max() > 100
    np.testing.assert_allclose(together, alone, atol=2)


def test_colours_are_the_same_however_crowded_a_pixel_is(layer, monkeypatch):
    rng = np.random.default_rng(0)
    layer.set_positions(rng.normal((1, 1.5), 0.2, (5000, 2)).astype(np.float32))
    layer.set_colours(np.column_stack([rng.integers(0, 256, (5000, 3)), np.full(5000, 255)]).astype(np.uint8))
    monkeypatch.setattr(point_layer, "FEW", 0)
    usual = rendered(layer)
    monkeypatch.setattr(point_layer, "MOST_PACKED", 1)
    np.testing.assert_array_equal(rendered(layer), usual)


@pytest.mark.parametrize("few", [0, 1000])
def test_a_point_is_painted_where_it_is_in_its_colour(layer, monkeypatch, few):
    monkeypatch.setattr(point_layer, "FEW", few)
    layer.set_positions(np.array([[0.5, 1.0], [9.0, 9.0]], np.float32))
    layer.set_colours(np.array([[255, 0, 0, 255], [0, 255, 0, 255]], np.uint8))
    picture = rendered(layer)
    blue, green, red, alpha = picture[150, 100]
    assert red == alpha > 150
    assert blue == green == 0
    rows, columns = np.nonzero(picture[..., 3])
    assert np.hypot(rows - 150, columns - 100).max() <= 6


def test_positions_move_and_colours_and_visibility_stay(layer):
    positions, colours = scattered(40)
    layer.set_positions(positions)
    layer.set_colours(colours)
    mask = np.arange(40) % 2 == 0
    layer.set_visible(mask)
    layer.set_positions(positions[::-1])
    moved = rendered(layer)
    other = PointLayer(layer.parentItem(), QColor("black"))
    other.set_positions(positions[::-1][mask])
    other.set_colours(colours[mask])
    np.testing.assert_array_equal(moved[..., 3] > 0, rendered(other)[..., 3] > 0)


def test_colours_of_another_number_of_points_are_refused(layer):
    layer.set_positions(np.zeros((3, 2), np.float32))
    with pytest.raises(ValueError, match="3 points"):
        layer.set_colours(np.zeros((4, 4), np.uint8))


def test_emphasised_points_are_larger_and_outlined(layer):
    positions, _ = scattered(20)
    layer.set_positions(positions)
    before = (rendered(layer)[..., 3] > 0).sum()
    layer.set_emphasised(np.array([3]))
    after = rendered(layer)
    assert (after[..., 3] > 0).sum() > before
    column, row = TO_PIXELS.map(*positions[3].tolist())
    ring = after[int(row) - 8 : int(row) + 9, int(column) - 8 : int(column) + 9]
    assert ((ring[..., 3] > 200) & (ring[..., :3].max(axis=2) < 60)).any()
    layer.set_emphasised(None)
    assert (rendered(layer)[..., 3] > 0).sum() == before


def test_twice_the_device_pixels_make_dots_twice_as_wide(layer):
    layer.set_positions(scattered(30)[0])
    single, double = ((rendered(layer, ratio)[..., 3] > 0).sum() for ratio in (1.0, 2.0))
    assert 3 < double / single < 5


def test_no_points_paint_nothing(layer):
    layer.set_positions(np.zeros((0, 2), np.float32))
    assert not rendered(layer).any()


def test_dots_change_with_the_zoom_without_a_step():
    spacings = np.geomspace(0.05, 200, 400)
    dots = [dot_at(spacing) for spacing in spacings]
    assert (np.diff([dot.diameter for dot in dots]) >= 0).all()
    assert np.abs(np.diff([dot.diameter for dot in dots])).max() < 0.3
    assert np.abs(np.diff([dot.opacity for dot in dots])).max() < 0.05
    assert dots[0].diameter >= 1
    assert dot_at(30.0, 2.0).diameter == pytest.approx(2 * dot_at(15.0).diameter)


@pytest.mark.parametrize("diameter", [1.0, 2.3, 5.0, 9.7])
def test_a_disc_has_the_area_of_its_circle(diameter):
    assert disc(diameter).sum() == pytest.approx(np.pi / 4 * diameter**2, rel=0.12)
    assert Dot(diameter, 0.5).diameter == diameter


@pytest.mark.parametrize("view", [(-1, -1, 1, 1), (-0.2, 0.1, 0.3, 0.2), (5, 5, 6, 6), (-100, -100, 100, 100)])
def test_a_view_is_given_all_its_points(view):
    positions = np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32)
    grid = PointGrid(positions)
    given = np.concatenate([grid.order[run] for run in grid.within(*view)] or [np.zeros(0, int)])
    left, bottom, right, top = view
    inside = ((positions >= (left, bottom)) & (positions <= (right, top))).all(axis=1)
    assert set(np.flatnonzero(inside)) <= set(given.tolist())
    assert len(set(given.tolist())) == len(given)
    np.testing.assert_array_equal(grid.x, positions[grid.order, 0])


def test_points_all_in_one_place_have_a_grid():
    grid = PointGrid(np.ones((7, 2), np.float32))
    assert sum(run.stop - run.start for run in grid.within(0, 0, 2, 2)) == 7
