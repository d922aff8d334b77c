"""The bench: slots, the expression line, free numbers, the norm, the figure."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox

from core.completion import completions
from core.generation import SamplingConfig
from explorer.arithmetic import Figure
from explorer.code_drag import code_mime
from explorer.requests import AtCode, AtDrawing, ByExpression, Calculated, Misread
from explorer.scalar_row import read_entry
from explorer.session import read_state, session_bytes
from tests.explorer.test_code_drag import drop, foreign

WAIT = 20_000
LEFT = Qt.MouseButton.LeftButton


def drawn(qtbot, studio):
    """Wait for the next finished sketch."""
    return qtbot.waitSignal(studio.sketch_changed, timeout=WAIT, check_params_cb=lambda sketch: sketch.finished)


def say(qtbot, studio, text):
    """Give an expression and wait for what becomes of it."""
    with qtbot.waitSignal(studio.calculated, timeout=WAIT) as signal:
        studio.calculate(text)
    return signal.args[0]


def steps(studio):
    return [studio.history.text(number) for number in range(studio.history.count())]


# -- the controller ----------------------------------------------------------------------------


def test_any_number_of_codes_has_names(studio):
    code, stroke3 = studio.current.atlas.latents[0], np.zeros((0, 3), np.float32)
    names = [studio.pin_code("x", code, stroke3) for _ in range(28)]
    assert names[:2] + names[25:] == ["a", "b", "z", "a2", "b2"]
    assert list(studio.pins) == names
    for _ in names:
        studio.history.undo()
    assert studio.pins == {}


def test_a_code_of_another_size_is_refused_in_words(studio, qtbot):
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as signal:
        assert studio.pin_code("x", np.zeros(3, np.float32), np.zeros((0, 3), np.float32)) is None
    assert "another model" in signal.args[0]
    assert studio.pins == {}


def test_a_pin_is_renamed_with_the_expression_and_back(studio, qtbot):
    studio.pin()
    studio.pin()
    say(qtbot, studio, "a - b + cat")
    studio.end_gesture()
    assert studio.rename_pin("a", "  red   owl ") == ""
    assert list(studio.pins) == ["red owl", "b"]
    assert studio.pins["red owl"].name == "red owl"
    assert studio.state.expression == '"red owl" - b + cat'
    studio.history.undo()
    assert list(studio.pins) == ["a", "b"]
    assert studio.state.expression == "a - b + cat"


@pytest.mark.parametrize("name", ["", "1a", "a-b", "cat", "b", "x" + chr(0), '"', "some"])
def test_faulty_names_are_refused_in_words(studio, qtbot, name):
    studio.pin()
    studio.pin()
    studio.selection.choose(np.array([1, 2]))
    studio.selection.name_group("some")
    assert "name" in studio.rename_pin("a", name)
    assert list(studio.pins) == ["a", "b"]


def test_pins_are_moved(studio):
    for _ in range(3):
        studio.pin()
    studio.arithmetic.move_pin("c", "a")
    assert list(studio.pins) == ["c", "a", "b"]
    studio.arithmetic.move_pin("c", None)
    assert list(studio.pins) == ["a", "b", "c"]
    count = studio.history.count()
    studio.arithmetic.move_pin("c", "c")
    assert studio.history.count() == count
    studio.history.undo()
    assert list(studio.pins) == ["c", "a", "b"]


def test_an_expression_is_checked_anew_when_its_names_change_and_nothing_moves(studio, qtbot):
    studio.choose(AtDrawing(3))
    answer = say(qtbot, studio, "cat - a")
    assert isinstance(answer, Misread)
    studio.choose(AtDrawing(4))
    with qtbot.waitSignal(studio.calculated, timeout=WAIT) as signal:
        studio.pin()
    assert isinstance(signal.args[0], Calculated)
    assert isinstance(studio.state.target, AtDrawing)
    assert steps(studio)[-1] == "pin a"
    with qtbot.waitSignal(studio.calculated, timeout=WAIT) as signal:
        studio.history.undo()
    assert isinstance(signal.args[0], Misread)
    assert studio.history.canRedo()


def test_no_expression_leaves_what_is_current(studio, qtbot):
    with drawn(qtbot, studio):
        studio.calculate("cat")
    target = studio.state.target
    studio.calculate("")
    assert studio.state.expression == ""
    assert studio.state.target is target


def test_a_free_number_in_motion_is_one_step(studio, qtbot):
    means = studio.current.category_means
    say(qtbot, studio, "lerp(cat, bird, t)")
    studio.end_gesture()
    before, count = studio.state, studio.history.count()
    for number in (0.6, 0.7, 0.9):
        studio.arithmetic.set_scalar("t", number)
    with drawn(qtbot, studio):
        studio.arithmetic.settle()
    assert studio.history.count() == count + 1
    assert not studio.live
    qtbot.waitUntil(lambda: np.allclose(studio.here.place.code, 0.1 * means["cat"] + 0.9 * means["bird"], atol=1e-5))
    studio.history.undo()
    assert studio.state is before
    studio.arithmetic.settle()
    assert studio.history.canRedo()


def test_rescaling_brings_results_to_the_typical_norm(studio, qtbot):
    typical = float(np.median(studio.current.atlas.norms))
    with drawn(qtbot, studio):
        studio.calculate("3 * cat")
    long = studio.here.norm
    with drawn(qtbot, studio):
        studio.arithmetic.set_rescale(True)
    assert studio.here.norm == pytest.approx(typical, rel=1e-5)
    assert long != pytest.approx(typical, rel=1e-2)
    with drawn(qtbot, studio):
        studio.calculate("bird - cat")
    assert studio.here.norm == pytest.approx(typical, rel=1e-5)
    with drawn(qtbot, studio):
        studio.choose(AtDrawing(3))
    assert studio.here.norm == pytest.approx(float(studio.current.atlas.norms[3]))
    say(qtbot, studio, "cat - cat")  # zero has no direction: it stays what it is
    qtbot.waitUntil(lambda: studio.here.norm == 0, timeout=WAIT)


def test_rescaling_is_undone_with_its_result(studio, qtbot):
    with drawn(qtbot, studio):
        studio.calculate("3 * cat")
    studio.end_gesture()
    studio.arithmetic.set_rescale(True)
    studio.history.undo()
    assert not studio.state.rescale
    assert isinstance(studio.state.target, ByExpression)
    assert not studio.state.target.rescale


def test_a_code_that_no_session_could_hold_is_refused_in_a_sentence(studio, qtbot):
    studio.pin()
    said = say(qtbot, studio, "1e10 * a")
    assert said.message == "The result of this is too large: a code has numbers of up to 1,000,000."
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    studio.pin()
    read_state(session_bytes(studio.keeping.session()), studio.current)


def test_the_figure_has_each_term_and_the_result(studio, qtbot):
    means = studio.current.category_means
    studio.set_temperature(1.0)
    with drawn(qtbot, studio):
        studio.calculate('cat - bird + 0.5 * "hot dog"')
    with qtbot.waitSignal(studio.arithmetic.figured, timeout=WAIT) as signal:
        studio.arithmetic.draw_figure()
    [figure] = signal.args
    assert isinstance(figure, Figure)
    assert [operand.sign for operand in figure.operands] == ["", "-", "+", "="]
    assert [operand.text for operand in figure.operands] == ["cat", "bird", '0.5 * "hot dog"', ""]
    codes = np.stack([means["cat"], means["bird"], means["hot dog"] / 2, means["cat"] - means["bird"]])
    codes[3] += codes[2]
    sampling = SamplingConfig(studio.temperature, studio.current.checkpoint.max_points)
    expected = studio.current.decoder.decode(codes, [studio.sketch.seed] * 4, sampling)
    for operand, sketch in zip(figure.operands, expected, strict=True):
        assert len(operand.stroke3) == len(sketch)
        np.testing.assert_allclose(operand.stroke3, sketch, atol=1e-2)
    np.testing.assert_allclose(figure.operands[-1].stroke3, studio.sketch.stroke3, atol=1e-2)


@pytest.mark.parametrize("text", ["cat - dgo", "norm(cat) + 1", "", "cat -"])
def test_what_is_no_code_has_no_figure(studio, qtbot, text):
    studio.calculate(text)
    with qtbot.waitSignal(studio.arithmetic.figure_refused, timeout=WAIT) as signal:
        studio.arithmetic.draw_figure()
    assert signal.args[0].endswith((".", "?"))


def test_a_code_that_is_being_drawn_is_pinned_when_it_is_whole(studio, qtbot):
    given = []
    studio.located.connect(lambda: given.append(studio.pin()))
    studio.choose(AtDrawing(11))
    qtbot.waitUntil(lambda: list(studio.pins) == ["a"], timeout=WAIT)
    np.testing.assert_array_equal(studio.pins["a"].code, studio.current.atlas.latents[11])
    np.testing.assert_array_equal(studio.pins["a"].stroke3, studio.sketch.stroke3)
    assert studio.sketch.finished
    assert given == [None]


def test_what_is_pinned_at_once_after_a_click_is_what_was_clicked(studio, qtbot):
    for index in (3, 11):
        studio.choose(AtDrawing(index))
        assert studio.pin() is None  # not what was on view until now
        qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
        np.testing.assert_array_equal(list(studio.pins.values())[-1].code, studio.current.atlas.latents[index])
    assert list(studio.pins) == ["a", "b"]


def test_where_an_expression_has_no_code_what_is_on_view_can_be_pinned(studio, qtbot):
    studio.choose(AtDrawing(3))
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    studio.calculate("nobody - nothing")
    qtbot.waitUntil(lambda: studio.drawn, timeout=WAIT)
    assert studio.pin() == "a"
    np.testing.assert_array_equal(studio.pins["a"].code, studio.current.atlas.latents[3])


# -- the window --------------------------------------------------------------------------------


def test_the_empty_slot_pins_and_takes_what_is_dropped(window, qtbot):
    studio, row = window.studio, window.bench.slots
    assert not row.words.isHidden()
    qtbot.mouseClick(row.empty, LEFT)
    assert row.words.isHidden()
    code, stroke3 = studio.current.atlas.latents[7], studio.sketch.stroke3
    assert drop(row.widget(), code_mime("cat #7", code, stroke3))
    assert list(studio.pins) == ["a", "b"]
    assert studio.pins["b"].title == "cat #7"
    np.testing.assert_array_equal(studio.pins["b"].code, code)
    assert not drop(row.widget(), foreign(b"\x80\x04"))
    assert drop(row.slots()[0], code_mime("cat #7", code, stroke3))  # it is pinned already: it moves
    assert list(studio.pins) == ["b", "a"]


def test_a_code_dropped_on_the_line_is_pinned_and_named_there(window, qtbot):
    studio, line = window.studio, window.bench.line
    with qtbot.waitSignal(studio.calculated, timeout=WAIT):
        QTest.keyClicks(line, "cat - ")
    code = studio.current.atlas.latents[7]
    mime = code_mime("cat #7", code, studio.sketch.stroke3)
    with drawn(qtbot, studio):
        assert drop(line, mime)
    assert line.text() == "cat - a"
    np.testing.assert_allclose(studio.here.place.code, studio.current.category_means["cat"] - code, atol=1e-5)
    assert drop(line, mime)
    assert list(studio.pins) == ["a"]


def test_a_code_dropped_on_sketch_or_map_becomes_current(window, qtbot):
    studio = window.studio
    for index, widget in ((7, window.panel.view), (9, window.map.viewport())):
        code = studio.current.atlas.latents[index]
        with drawn(qtbot, studio):
            assert drop(widget, code_mime("x", code, studio.sketch.stroke3))
        assert isinstance(studio.state.target, AtCode)
        np.testing.assert_array_equal(studio.here.place.code, code)


def test_a_double_click_renames_and_escape_does_not(window, qtbot):
    studio, row = window.studio, window.bench.slots
    studio.pin()
    qtbot.mouseDClick(row.slots()[0], LEFT)
    assert row.editor.isVisible()
    QTest.keyClicks(row.editor, "owl")
    qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert list(studio.pins) == ["owl"]
    assert row.editor.isHidden()
    qtbot.keyClick(row.slots()[0], Qt.Key.Key_F2)
    QTest.keyClicks(row.editor, "dove")
    qtbot.keyClick(row.editor, Qt.Key.Key_Escape)
    assert row.editor.isHidden()
    assert list(studio.pins) == ["owl"]


def test_a_name_that_is_taken_is_refused_in_place(window, qtbot):
    studio, row, verdict = window.studio, window.bench.slots, window.bench.verdict
    studio.pin()
    qtbot.mouseDClick(row.slots()[0], LEFT)
    QTest.keyClicks(row.editor, "cat")
    qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert verdict.words == "'cat' is the name of a code, a group or a category already."
    assert verdict.objectName() == "error"
    assert list(studio.pins) == ["a"]
    assert not window.findChildren(QMessageBox)
    row.rename(row.slots()[0])
    QTest.keyClicks(row.editor, "dove")
    qtbot.keyClick(row.editor, Qt.Key.Key_Return)
    assert list(studio.pins) == ["dove"]
    assert verdict.objectName() == "faint"


def test_the_menu_of_a_slot(window, qtbot):
    studio, row = window.studio, window.bench.slots
    studio.pin()
    studio.rename_pin("a", "red owl")
    actions = {action.text(): action for action in row.slots()[0].menu().actions()}
    with drawn(qtbot, studio):
        actions["Put into the expression"].trigger()
    assert studio.state.expression == '"red owl"'
    actions["Unpin"].trigger()
    assert row.slots() == []


def test_many_slots_scroll_to_the_newest(window, qtbot):
    window.resize(1024, 720)
    for _ in range(30):
        window.studio.pin()
    row = window.bench.slots
    qtbot.waitUntil(lambda: row.horizontalScrollBar().maximum() > 0)
    newest = row.slots()[-1]
    qtbot.waitUntil(lambda: row.viewport().rect().contains(newest.mapTo(row.viewport(), QPoint(1, 1))))
    assert window.bench.line.width() > window.bench.width() / 2


def test_slots_stand_level_with_the_line(window):
    row, line = window.bench.slots, window.bench.line
    top = row.empty.mapTo(window.bench, QPoint(0, 0)).y()
    assert top == line.mapTo(window.bench, QPoint(0, 0)).y()


def test_completion_offers_and_replaces_what_was_begun(window, qtbot):
    line = window.bench.line
    line.setFocus()
    QTest.keyClicks(line, "cat - ho")
    popup = line.completion.popup()
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Tab)
    assert line.text() == 'cat - "hot dog"'
    assert not popup.isVisible()
    assert window.studio.state.expression == 'cat - "hot dog"'
    QTest.keyClicks(line, " + b")
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert line.text() == 'cat - "hot dog" + bird'
    line.clear()
    qtbot.keyClick(line, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert popup.isVisible()
    offered = [popup.model().index(row, 0).data() for row in range(popup.model().rowCount())]
    assert {"bird", "cat", '"hot dog"', "mean("} <= set(offered)
    qtbot.keyClick(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible()
    assert line.text() == ""


def test_all_345_categories_complete(window, qtbot):
    from importlib import resources

    names = (resources.files("resources") / "quickdraw_categories.txt").read_text().split("\n")[:345]
    assert len(names) == 345
    line = window.bench.line
    line._names = lambda: names
    for name in (name for name in names if " " in name):
        for length in range(1, len(name) + 1):
            entries = completions(name[:length], length, names).entries
            whole = name[:length].endswith(" ") and name[:length].strip() in names  # "baseball " of "baseball bat"
            assert ("+" if whole else f'"{name}"') in entries, name[:length]
    line.setFocus()
    QTest.keyClicks(line, "The Ei")
    popup = line.completion.popup()
    assert popup.isVisible()
    line.clear()
    for begun in ("the ei", '"the ei', "eiffel t"):
        QTest.keyClicks(line, begun)
        qtbot.keyClick(popup, Qt.Key.Key_Tab)
        assert line.text() == '"The Eiffel Tower"'
        line.clear()


def test_a_free_number_grows_a_slider(window, qtbot):
    studio, scalars = window.studio, window.bench.scalars
    assert scalars.isHidden()
    studio.calculate("lerp(cat, bird, t) + u * cat")
    qtbot.waitUntil(lambda: list(scalars.sliders) == ["t", "u"], timeout=WAIT)
    studio.end_gesture()
    slider = scalars.sliders["t"].slider
    assert slider.number() == 0.5
    count = studio.history.count()
    with qtbot.waitSignal(slider.settled, timeout=WAIT):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert studio.history.count() == count + 1
    assert studio.state.scalars["t"] == pytest.approx(0.55)
    studio.history.undo()
    qtbot.waitUntil(lambda: slider.number() == 0.5, timeout=WAIT)
    studio.calculate("cat")
    qtbot.waitUntil(scalars.isHidden, timeout=WAIT)


def test_values_and_ranges_are_typed(window, qtbot):
    studio, scalars = window.studio, window.bench.scalars
    studio.calculate("t * cat")
    qtbot.waitUntil(lambda: list(scalars.sliders) == ["t"], timeout=WAIT)
    one = scalars.sliders["t"]

    def enter(text):
        qtbot.mouseDClick(one.label, LEFT)
        QTest.keyClicks(one.editor, text)
        qtbot.keyClick(one.editor, Qt.Key.Key_Return)

    enter("2.5")
    assert studio.state.scalars["t"] == 2.5
    enter("-1 to 2")
    assert (one.slider.low, one.slider.high) == (-1, 2)
    assert studio.state.scalars["t"] == 2
    enter("nan")
    assert "Type a value" in window.bench.verdict.words
    assert studio.state.scalars["t"] == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.3", 0.3), (" -2 ", -2), (".5", 0.5), ("-1 to 2", (-1, 2)), ("0..3", (0, 3)), ("1e9", None)]
    + [(text, None) for text in ("", "a", "inf", "2 to 1", "1 to 1", "5000", "0 to 99999", "1 2")],
)
def test_entries(text, expected):
    assert read_entry(text) == expected


def test_an_error_keeps_its_sliders_and_clearing_the_line_does_not(window, qtbot):
    studio, bench = window.studio, window.bench
    studio.calculate("cat / t")
    qtbot.waitUntil(lambda: list(bench.scalars.sliders) == ["t"], timeout=WAIT)
    studio.arithmetic.set_scalar("t", 0.0)
    qtbot.waitUntil(lambda: "divides by zero" in bench.verdict.words, timeout=WAIT)
    assert list(bench.scalars.sliders) == ["t"]
    bench.line.selectAll()
    qtbot.keyClick(bench.line, Qt.Key.Key_Delete)
    assert bench.scalars.isHidden()
    assert "Try" in bench.verdict.words
    studio.pin()  # another change of the state does not bring the text back
    assert bench.line.text() == ""


def test_a_turned_wheel_scrolls_past_sliders_that_have_no_focus(window, qtbot):
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtWidgets import QApplication

    studio, scalars = window.studio, window.bench.scalars
    studio.calculate("t * cat")
    qtbot.waitUntil(lambda: list(scalars.sliders) == ["t"], timeout=WAIT)
    slider = scalars.sliders["t"].slider
    window.map.setFocus()

    def turn():
        at, none = QPointF(slider.rect().center()), Qt.MouseButton.NoButton
        keys, phase = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        there = slider.mapToGlobal(at)
        QApplication.sendEvent(slider, QWheelEvent(at, there, QPoint(), QPoint(0, 120), none, keys, phase, False))

    turn()
    assert slider.number() == 0.5
    slider.setFocus()
    turn()
    assert slider.number() > 0.5


def test_the_norm_is_shown_against_the_data(window, qtbot):
    studio, norm = window.studio, window.bench.norm
    with drawn(qtbot, studio):
        studio.calculate("9 * cat")
    low, high = studio.current.atlas.norm_range
    assert norm.words.text() == f"‖z‖ {studio.here.norm:.1f}"
    assert norm.bar.place(low) < norm.bar.place(norm.bar.typical) < norm.bar.place(high)
    assert norm.bar.place(studio.here.norm) > norm.bar.place(high)
    qtbot.waitUntil(lambda: "Rescale" in window.bench.verdict.words, timeout=WAIT)
    with drawn(qtbot, studio):
        qtbot.mouseClick(window.bench.rescale, LEFT)
    assert norm.bar.norm == pytest.approx(norm.bar.typical)
    studio.history.undo()
    assert not window.bench.rescale.isChecked()


def test_an_example_and_its_figure_are_one_click(window, qtbot):
    with qtbot.waitSignal(window.studio.arithmetic.figured, timeout=WAIT):
        qtbot.mouseClick(window.bench.figure, LEFT)
    assert window.studio.state.expression == 'bird - cat + "hot dog"'
    dialog = window.bench.dialog
    assert dialog is not None
    assert [operand.sign for operand in dialog.view.figure.operands] == ["", "-", "+", "="]
    image = dialog.view.grab().toImage()
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert {"#7b3294", "#2166ac", "#8c510a", "#cb181d"} <= colours
    with qtbot.waitSignal(
        window.studio.arithmetic.figured, timeout=WAIT, check_params_cb=lambda figure: figure.text == "cat - bird"
    ) as signal:
        window.studio.calculate("cat - bird")  # an open figure follows
    assert [operand.text for operand in signal.args[0].operands] == ["cat", "bird", ""]
    dialog.copy.click()
    assert not QGuiApplication.clipboard().image().isNull()
    dialog.close()


def test_a_slot_that_is_clicked_as_its_code_goes_does_nothing(window, qtbot):
    window.studio.pin()
    [slot] = window.bench.slots.slots()
    window.studio.unpin("a")
    state = window.studio.state
    with qtbot.captureExceptions() as exceptions:
        slot.click()
    assert not exceptions
    assert window.studio.state is state


def test_an_open_figure_follows_with_the_sketch_on_view(window, qtbot):
    studio = window.studio
    studio.set_temperature(1.0)
    with qtbot.waitSignal(studio.arithmetic.figured, timeout=WAIT):
        qtbot.mouseClick(window.bench.figure, LEFT)
    with qtbot.waitSignal(
        studio.arithmetic.figured, timeout=WAIT, check_params_cb=lambda figure: figure.text == "cat - bird"
    ) as signal:
        studio.calculate("cat - bird")
    assert studio.sketch.seed != studio.seed  # the clearest is another than the first
    result = signal.args[0].operands[-1].stroke3
    assert len(result) == len(studio.sketch.stroke3)
    np.testing.assert_allclose(result, studio.sketch.stroke3, atol=1e-2)
    window.bench.dialog.close()


def test_the_figure_is_written_in_every_format(studio, qtbot, tmp_path):
    studio.calculate("cat - bird")
    with qtbot.waitSignal(studio.arithmetic.figured, timeout=WAIT):
        studio.arithmetic.draw_figure()
    for name in ("figure.svg", "figure.png", "figure.pdf"):
        with qtbot.waitSignal(studio.exporting.exported, timeout=WAIT):
            studio.exporting.figure(tmp_path / name)
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")
    png = QImage(str(tmp_path / "figure.png"))
    svg = QSvgRenderer(str(tmp_path / "figure.svg"))
    assert svg.isValid()
    assert svg.viewBox().size() == png.size()
    drawn = QImage(png.size(), QImage.Format.Format_RGB32)
    with QPainter(drawn) as painter:
        svg.render(painter)
    for colour in ("#7b3294", "#2166ac", "#cb181d"):
        counts = [
            sum(image.pixelColor(x, y).name() == colour for x in range(0, png.width(), 3) for y in range(png.height()))
            for image in (png, drawn)
        ]
        assert min(counts) > 0.8 * max(counts) > 0
