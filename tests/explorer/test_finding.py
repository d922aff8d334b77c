"""Colouring, filtering, searching and listing, by the studio and by the window's own events."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from core.attributes import ATTRIBUTES, Filter, Numbers
from core.errors import Cancelled
from explorer.finding import drawings_of
from explorer.palette import class_rgba, number_rgba
from explorer.range_bar import RangeBar
from explorer.theme import DARK, LIGHT, LiveTheme

WAIT = 20_000


def coloured(qtbot, studio, name):
    """Colour by `name` and wait for the colours."""
    studio.showing.colour_by(name)
    qtbot.waitUntil(
        lambda: studio.showing.shown is not None and studio.showing.shown.attribute.name == name, timeout=WAIT
    )
    return studio.showing.shown


def contrast(one, two):
    """WCAG contrast ratio of two RGB colours."""

    def luminance(colour):
        linear = (np.asarray(colour[:3], dtype=float) / 255) ** 2.2
        return float(linear @ (0.2126, 0.7152, 0.0722)) + 0.05

    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return light / dark


# -- colours -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_colours_for_every_attribute(studio, qtbot, name):
    found = coloured(qtbot, studio, name)
    assert found.rgba.shape == (len(studio.current.atlas), 4)
    assert found.rgba.dtype == np.uint8
    assert (found.rgba[:, 3] == 255).all()


def test_a_category_has_its_colour_and_numbers_run_through_theirs(studio, qtbot):
    labels = studio.current.atlas.labels
    np.testing.assert_array_equal(coloured(qtbot, studio, "category").rgba, class_rgba(3)[labels])
    losses = coloured(qtbot, studio, "loss")
    table = number_rgba(dark=False)
    np.testing.assert_array_equal(losses.rgba[losses.attribute.values.argmax()], table[-1])
    np.testing.assert_array_equal(losses.rgba[losses.attribute.values.argmin()], table[0])


def test_forty_categories_have_colours_of_their_own():
    assert len(np.unique(class_rgba(40), axis=0)) == 40


@pytest.mark.parametrize("dark", [False, True])
def test_high_numbers_stand_out_from_the_paper(dark):
    paper = [int((DARK if dark else LIGHT).paper[i : i + 2], 16) for i in (1, 3, 5)]
    table = number_rgba(dark=dark)
    assert contrast(table[-1], paper) > 7
    assert contrast(table[-1], paper) > 2 * contrast(table[0], paper)


def test_distance_follows_the_current_code(studio, qtbot):
    coloured(qtbot, studio, "distance")
    with qtbot.waitSignal(
        studio.showing.coloured, timeout=WAIT, check_params_cb=lambda found: found.attribute.values[9] == 0
    ):
        studio.choose_drawing(9)


# -- filters -----------------------------------------------------------------------------------


def test_filters_by_several_attributes_hold_together(studio, qtbot):
    atlas = studio.current.atlas
    coloured(qtbot, studio, "category")
    studio.showing.set_filter(Filter().toggled(1))
    median = float(np.median(atlas.losses))
    coloured(qtbot, studio, "loss")
    studio.showing.set_filter(Filter(low=median))
    np.testing.assert_array_equal(studio.showing.mask, (atlas.labels != 1) & (atlas.losses >= median))
    studio.showing.show_all()
    assert studio.showing.mask is None


def test_what_is_hidden_is_neither_clicked_nor_hovered(studio, qtbot):
    atlas = studio.current.atlas
    coloured(qtbot, studio, "category")
    studio.showing.set_filter(Filter().toggled(int(atlas.labels[5])))
    index, _ = studio.current.navigator.on_map(*atlas.positions[5].tolist(), studio.showing.mask)
    shown = np.flatnonzero(studio.showing.mask)
    apart = np.linalg.norm(atlas.positions[shown] - atlas.positions[5], axis=1)
    assert index == shown[apart.argmin()]
    assert studio.current.navigator.on_map(0, 0, np.zeros(len(atlas), dtype=bool))[1] == np.inf


def row_at(window, row):
    rows = window.legend.rows
    return rows.viewport(), rows.visualRect(rows.model().index(row, 0)).center()


def test_a_click_on_the_legend_hides_and_a_double_click_isolates(window, qtbot):
    coloured(qtbot, window.studio, "category")
    labels = window.studio.current.atlas.labels
    viewport, place = row_at(window, 1)
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    np.testing.assert_array_equal(window.studio.showing.mask, labels != 1)
    assert "of" in window.legend.count.text()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert window.studio.showing.mask is None
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier, place)
    np.testing.assert_array_equal(window.studio.showing.mask, labels == 1)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert window.studio.showing.mask is None


def test_the_legend_is_used_by_keyboard(window, qtbot):
    coloured(qtbot, window.studio, "category")
    rows, labels = window.legend.rows, window.studio.current.atlas.labels
    rows.setFocus()
    rows.setCurrentIndex(rows.model().index(2, 0))
    qtbot.keyClick(rows, Qt.Key.Key_Space)
    np.testing.assert_array_equal(window.studio.showing.mask, labels != 2)
    qtbot.keyClick(rows, Qt.Key.Key_Return)
    np.testing.assert_array_equal(window.studio.showing.mask, labels == 2)


def test_dragging_over_the_colour_bar_shows_a_range(window, qtbot):
    losses = coloured(qtbot, window.studio, "loss").attribute
    bar = window.legend.range.bar
    middle, right = QPoint(bar.width() // 2, 20), QPoint(bar.width() - 1, 20)
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(bar, right)
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=right)
    half = (losses.low + losses.high) / 2
    assert window.studio.showing.filter.low == pytest.approx(half, abs=0.02 * (losses.high - losses.low))
    assert window.studio.showing.filter.high is None  # the worst are in, beyond the end of the colours
    assert window.studio.showing.mask[losses.values.argmax()]


# -- search ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["#7", "7", " # 7 "])
def test_a_number_finds_its_drawing(window, qtbot, text):
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    with qtbot.waitSignal(window.studio.located, timeout=WAIT, check_params_cb=lambda here: here.place.index == 7):
        window.search.find(text)


def test_a_category_selects_its_drawings_and_shows_a_typical_one(window, qtbot):
    with qtbot.waitSignal(window.studio.located, timeout=WAIT, check_params_cb=lambda here: here.title == "hot dog"):
        window.search.find("HOT")
    np.testing.assert_array_equal(window.studio.selection.mask, window.studio.current.atlas.labels == 2)


@pytest.mark.parametrize(("text", "words"), [("#999", "#0 to #"), ("unicorn", "No category"), ("t", "2 categories")])
def test_what_is_not_found_is_told(window, text, words):
    window.search.find(text)
    assert words in window.status.text()


def test_what_is_found_comes_into_view(window, qtbot):
    window.map.zoom(0.05)
    atlas = window.studio.current.atlas
    view = window.map.box.viewRect()
    outside = next(i for i, (x, y) in enumerate(atlas.positions.tolist()) if not view.contains(x, y))
    window.search.find(f"#{outside}")
    assert window.map.box.viewRect().contains(*atlas.positions[outside].tolist())


# -- lists -------------------------------------------------------------------------------------


def test_the_nearest_are_those_of_the_navigator_without_the_drawing_itself(studio, qtbot):
    with qtbot.waitSignal(
        studio.listing.listed, timeout=WAIT, check_params_cb=lambda found: 4 not in found.indices and found.drawings
    ):
        studio.choose_drawing(4)
    listed, atlas = studio.listing.shown, studio.current.atlas
    apart = np.linalg.norm(atlas.latents - atlas.latents[4], axis=1)
    apart[4] = np.inf
    np.testing.assert_allclose(listed.values, np.sort(apart)[: len(listed.values)], rtol=1e-4)
    assert [drawing.index for drawing in listed.drawings] == listed.indices.tolist()
    assert all(drawing.decoded for drawing in listed.drawings)


def test_the_worst_are_listed_of_the_selection(window, qtbot):
    studio = window.studio
    studio.selection.choose(np.arange(20))
    losses = studio.current.atlas.losses[:20]
    with qtbot.waitSignal(
        studio.listing.listed, timeout=WAIT, check_params_cb=lambda found: not found.nearest and found.drawings
    ):
        qtbot.mouseClick(window.strip.worst, Qt.MouseButton.LeftButton)
    np.testing.assert_allclose(studio.listing.shown.values, np.sort(losses)[::-1][:12])
    with qtbot.waitSignal(
        studio.located, timeout=WAIT, check_params_cb=lambda here: here.place.index == losses.argmax()
    ):
        thumbnails = window.strip.thumbnails
        qtbot.mouseClick(thumbnails, Qt.MouseButton.LeftButton, pos=thumbnails.cell(0).center().toPoint())


def test_originals_are_shown_where_they_are_at_hand(studio, drawings):
    from dataclasses import replace

    from core.dataset import load_dataset

    dataset = load_dataset(drawings, studio.current.checkpoint.max_points)
    at_hand = replace(studio.current, dataset=dataset)
    for drawing in drawings_of(at_hand, [0, 30, 5], 0.1, lambda: False):
        assert not drawing.decoded
        np.testing.assert_array_equal(drawing.stroke3, dataset.stroke3(drawing.index))


def test_decoding_for_a_list_can_be_stopped(studio):
    with pytest.raises(Cancelled):
        list(drawings_of(studio.current, [0, 1], 0.1, lambda: True))


# -- the theme ---------------------------------------------------------------------------------


def test_the_theme_changes_while_the_window_is_open(window, qtbot):
    live = LiveTheme()
    live.current = LIGHT
    window.theme = live
    live.changed.connect(window.refresh_theme)
    coloured(qtbot, window.studio, "loss")
    with qtbot.waitSignal(window.studio.showing.coloured, timeout=WAIT):
        live.use(DARK)
    np.testing.assert_array_equal(np.unique(window.studio.showing.shown.rgba, axis=0)[:, 3], 255)
    high = window.studio.showing.shown.attribute.values.argmax()
    np.testing.assert_array_equal(window.studio.showing.shown.rgba[high], number_rgba(dark=True)[-1])
    assert window.map.backgroundBrush().color().name() == DARK.paper


def test_a_hidden_category_has_no_name_on_the_map(window, qtbot):
    coloured(qtbot, window.studio, "category")
    qtbot.waitUntil(lambda: [name for name, _, _ in window.map.names._names].count("cat") == 1, timeout=WAIT)
    window.studio.showing.set_filter(Filter().toggled(window.studio.current.atlas.categories.index("cat")))
    assert "cat" not in [name for name, _, _ in window.map.names._names]
    window.studio.showing.show_all()
    assert "cat" in [name for name, _, _ in window.map.names._names]


def test_a_bar_of_nearly_equal_numbers_is_drawn(qtbot):
    """As the distances to a code far outside the data are."""
    bar = RangeBar(LIGHT)
    qtbot.addWidget(bar)
    values = np.nextafter(np.float32(1e9), np.float32([0, 2e9]))
    bar.show_numbers(Numbers("distance", values, float(values[0]), float(values[1]), *values.tolist()))
    bar.show_range(float(values[0]), float(values[0]))
    assert not bar.grab().isNull()
