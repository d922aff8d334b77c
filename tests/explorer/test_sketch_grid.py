"""The grid of sketches: what is ink and what is accent, and how one is taken."""

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from explorer.ink import continuation_path, sketch_path
from explorer.sketch_grid import SketchGrid
from explorer.theme import LIGHT
from tests.parametric import Factors, draw

FACE = draw("face", Factors()).astype(np.float32)
OUTLINE = int(np.flatnonzero(FACE[:, 2])[0]) + 1
"""Points of the face's first stroke."""


@pytest.fixture
def grid(qtbot):
    grid = SketchGrid(LIGHT)
    qtbot.addWidget(grid)
    grid.resize(330, 300)
    grid.show()
    return grid


def nodes(path):
    """Positions of a path and whether the pen was down on the way there."""
    return [(e.x, e.y, not e.isMoveTo()) for e in map(path.elementAt, range(path.elementCount()))]


@pytest.mark.parametrize("given", [0, OUTLINE - 3, OUTLINE, OUTLINE + 1, len(FACE)])
def test_the_given_part_and_its_continuation_are_the_whole(given):
    """Together they have every line of the drawing once, and nothing else."""

    def lines(path):
        pairs = ((first[:2], second[:2]) for first, second in pairwise(nodes(path)) if second[2])
        return [(*first, *second) for first, second in pairs if np.ptp([first, second], axis=0).max() > 0.02]  # no dot

    parts = lines(sketch_path(FACE[:given])) + lines(continuation_path(FACE, given))
    np.testing.assert_allclose(parts, lines(sketch_path(FACE)), atol=0.02)


def count_near(grid, place, colour):
    """Pixels of a cell that have nearly the colour."""
    image = grid.grab(grid.cell(place).toRect()).toImage()
    wanted = QColor(colour).getRgb()[:3]
    pixels = (image.pixelColor(x, y).getRgb()[:3] for x in range(image.width()) for y in range(image.height()))
    return sum(np.abs(np.subtract(pixel, wanted)).max() < 24 for pixel in pixels)


def test_the_given_part_is_ink_and_the_rest_accent(grid, qtbot):
    grid.begin(given=OUTLINE)
    grid.show_sketches([FACE, FACE[:OUTLINE]], finished=True)
    qtbot.waitUntil(lambda: grid.complete)
    assert count_near(grid, 0, LIGHT.ink) > 50
    assert count_near(grid, 0, LIGHT.accent) > 20
    assert count_near(grid, 1, LIGHT.ink) > 50
    assert count_near(grid, 1, LIGHT.accent) == 0


def test_sketches_draw_themselves_and_are_on_view_at_once_where_told_so(grid, qtbot):
    grid.begin()
    grid.show_sketches([FACE], finished=False)
    assert not grid.complete
    grid.show_sketches([FACE], finished=True)
    qtbot.waitUntil(lambda: grid.complete)
    grid.begin(animate=False)
    grid.show_sketches([FACE], finished=True)
    assert grid.complete
    assert count_near(grid, 0, LIGHT.accent) == 0


def test_a_click_takes_the_sketch_under_it(grid, qtbot):
    grid.begin()
    grid.show_sketches([FACE] * 8, finished=True)
    with qtbot.waitSignal(grid.taken) as taken:
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(5).center().toPoint())
    assert taken.args == [5]
    with qtbot.assertNotEmitted(grid.taken):  # a cell without a sketch, and none at all
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(8).center().toPoint())
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=(grid.cell(0).topLeft() - QPointF(5, 0)).toPoint())


def test_arrows_and_enter_take_one_and_stay_within_the_grid(grid, qtbot):
    grid.begin()
    grid.show_sketches([FACE] * 9, finished=True)
    taken = []
    grid.taken.connect(taken.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(grid, key)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Enter):
        qtbot.keyClick(grid, key)
    assert taken == [4, 0]
