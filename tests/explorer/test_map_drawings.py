"""Thumbnails, the decoded lattice and the hover card."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from explorer.thumbnails import PITCH, level_of, scale_of, with_room

WAIT = 20_000
POSITIONS = np.random.default_rng(0).normal(size=(3000, 2)).astype(np.float32)


def test_thumbnails_never_overlap():
    chosen = POSITIONS[with_room(POSITIONS, 0.2, (-2, -2, 2, 2))].astype(float)
    apart = np.abs(chosen[:, None] - chosen).max(axis=2)
    np.fill_diagonal(apart, np.inf)
    assert len(chosen) > 50
    assert apart.min() >= 0.2


def test_panning_changes_no_thumbnail():
    one = with_room(POSITIONS, 0.2, (-1, -1, 1, 1))
    shifted = with_room(POSITIONS, 0.2, (-0.63, -0.71, 1.37, 1.29))
    common = ((POSITIONS >= (-0.63, -0.71)) & (POSITIONS <= (1, 1))).all(axis=1)
    assert set(one[common[one]]) == set(shifted[common[shifted]])


def test_crowded_places_have_no_thumbnail_and_hidden_drawings_neither():
    assert len(with_room(POSITIONS / 1000, 1.0, (-2, -2, 2, 2))) == 0
    hidden = np.ones(len(POSITIONS), dtype=bool)
    hidden[with_room(POSITIONS, 0.2, (-2, -2, 2, 2))] = False
    assert hidden[with_room(POSITIONS, 0.2, (-2, -2, 2, 2), hidden)].all()


@pytest.mark.parametrize("zoom", [0.01, 1.0, 1.4, 77.0, 5000.0])
def test_a_level_begins_at_or_before_its_zoom(zoom):
    assert scale_of(level_of(zoom)) <= zoom * (1 + 1e-9) < scale_of(level_of(zoom) + 1)
    assert zoom * PITCH / scale_of(level_of(zoom)) >= PITCH * (1 - 1e-9)


def all_drawn(layer) -> bool:
    return bool(layer.chosen.keys) and all(key in layer.pictures for key in layer.chosen.keys)


def test_drawings_come_as_the_map_makes_room(window, qtbot):
    window.map.zoom(0.3)
    qtbot.waitUntil(lambda: all_drawn(window.map.drawings), timeout=WAIT)
    assert all(isinstance(key, int) for key in window.map.drawings.chosen.keys)
    image, _ = next(iter(window.map.drawings.pictures.values()))
    assert image.pixelColor(1, image.height() // 2).alpha() > 0


def test_the_lattice_covers_the_view_and_goes_again(window, qtbot):
    layer, box = window.map.drawings, window.map.box
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert layer.lattice
    qtbot.waitUntil(lambda: all_drawn(layer) and isinstance(layer.chosen.keys[0], tuple), timeout=WAIT)
    pitch = PITCH / scale_of(layer.chosen.level)
    view = box.viewRect()
    assert len(layer.chosen.keys) >= (view.width() / pitch - 1) * (view.height() / pitch - 1)
    assert window.map.points.opacity() < 1
    qtbot.keyClick(window, Qt.Key.Key_L)
    assert not layer.lattice
    assert window.map.points.opacity() == 1


def test_a_card_shows_the_drawing_beside_the_pointer_and_goes(window, qtbot):
    window.map.zoom(0.2)
    card, viewport = window.map.card, window.map.viewport()
    place = QPointF(*window.studio.current.atlas.positions[11].tolist())
    window.map.box.setRange(xRange=(place.x() - 0.01, place.x() + 0.01), yRange=(place.y() - 0.01, place.y() + 0.01))
    viewport.repaint()
    at = window.map.mapFromScene(window.map.box.mapViewToScene(place))
    sway = iter(range(10_000))

    def shown() -> bool:
        qtbot.mouseMove(viewport, at + QPoint(next(sway) % 2, 0))  # a hand is never still
        return card.drawing is not None

    qtbot.waitUntil(shown, timeout=WAIT)
    assert card.isVisible()
    assert not card.geometry().contains(at)
    assert viewport.rect().contains(card.geometry())
    title, origin = card.lines()
    assert title == f"{window.studio.current.atlas.category(card.index)} #{card.index}"
    assert origin.endswith("decoded")
    window.map.zoom(0.9)
    qtbot.waitUntil(lambda: not card.isVisible(), timeout=WAIT)


@pytest.mark.parametrize("corner", ["topLeft", "topRight", "bottomLeft", "bottomRight"])
def test_the_card_stays_on_the_map(window, qtbot, corner):
    card, room = window.map.card, window.map.viewport().rect()
    pointer = getattr(room, corner)()
    card.point_at(3, pointer)
    qtbot.waitUntil(card.isVisible, timeout=WAIT)
    assert room.contains(card.geometry())
    assert not card.geometry().contains(pointer)
