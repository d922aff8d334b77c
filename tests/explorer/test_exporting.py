"""Files and the clipboard, from the studio and from the window."""

import csv
import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from core.picture import SKETCH_SIDE
from core.sketch import stroke_count
from core.svg_writer import sketch_svg
from explorer.saving import FOLDER
from explorer.studio import Studio

WAIT = 20_000


@pytest.fixture
def settings(tmp_path, qapp):
    """Settings in a folder of their own."""
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    names = qapp.organizationName(), qapp.applicationName()
    qapp.setOrganizationName("tests")
    qapp.setApplicationName("export")
    yield QSettings()
    qapp.setOrganizationName(names[0])
    qapp.setApplicationName(names[1])


@pytest.fixture
def filmed(studio, qtbot):
    """A studio with a finished sketch and film, and a pinned code."""
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    studio.pin()
    return studio


def written(studio, qtbot, write, path):
    """Have `path` written; what was said about it."""
    with qtbot.waitSignal(studio.exporting.exported, timeout=WAIT) as signal:
        write(path)
    return signal.args[0]


def test_everything_is_written_in_every_format(filmed, qtbot, tmp_path):
    exporting = filmed.exporting
    for write, names in (
        (exporting.sketch, ("a.svg", "a.png")),
        (exporting.filmstrip, ("film.SVG", "film.png", "film.pdf")),
        (exporting.animation, ("moving.gif", "moving.svg")),
        (exporting.codes, ("codes.npz", "codes.csv")),
    ):
        for name in names:
            sentence = written(filmed, qtbot, write, tmp_path / name)
            assert sentence.startswith(f"{name} written in ")
            assert sentence.endswith("s")
            assert (tmp_path / name).stat().st_size > 100
    assert not [path.name for path in tmp_path.iterdir() if path.suffix == ".part"]
    assert (tmp_path / "a.svg").read_text().count("<path") == stroke_count(filmed.sketch.stroke3)
    with Image.open(tmp_path / "film.png") as film, Image.open(tmp_path / "moving.gif") as moving:
        assert film.width == len(filmed.film.sketches) * film.height
        assert moving.n_frames > len(filmed.film.sketches)


def test_codes_are_those_on_view(filmed, qtbot, tmp_path):
    written(filmed, qtbot, filmed.exporting.codes, tmp_path / "codes.npz")
    written(filmed, qtbot, filmed.exporting.codes, tmp_path / "codes.csv")
    codes = [filmed.here.place.code, *filmed.film.codes, filmed.pins["a"].code]
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as file:
        np.testing.assert_array_equal(file["codes"], codes)
        assert file["kinds"].tolist() == ["current", *["frame"] * (len(codes) - 2), "pin"]
        assert file["names"].tolist()[1:] == [*map(str, range(1, len(codes) - 1)), "a"]
    rows = list(csv.DictReader((tmp_path / "codes.csv").open()))
    assert [np.float32(row["z0"]) for row in rows] == [code[0] for code in codes]


@pytest.mark.parametrize("name", ["no/such/file/a.png", "a.jpg", "a"])
def test_what_cannot_be_written_is_one_sentence(filmed, qtbot, tmp_path, name):
    (tmp_path / "no").write_text("a file, no folder")
    with qtbot.waitSignal(filmed.failed, timeout=WAIT) as signal:
        filmed.exporting.sketch(tmp_path / name)
    message, details = signal.args
    assert details == ""
    assert "\n" not in message
    assert ("could not be written" if "/" in name else "names no format: end it with .svg, .png") in message
    assert [path.name for path in tmp_path.iterdir()] == ["no"]


def test_a_full_disk_is_one_sentence_and_the_next_file_is_written(filmed, qtbot, tmp_path, monkeypatch):
    def fill(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", fill)
        with qtbot.waitSignal(filmed.failed, timeout=WAIT) as signal:
            filmed.exporting.filmstrip(tmp_path / "film.pdf")
    assert "No space left on device" in signal.args[0]
    assert list(tmp_path.iterdir()) == []
    written(filmed, qtbot, filmed.exporting.filmstrip, tmp_path / "film.pdf")


def test_a_cancelled_animation_leaves_nothing(filmed, qtbot, tmp_path):
    said = []
    filmed.exporting.exported.connect(said.append)
    filmed.failed.connect(lambda *words: said.append(words))
    stages = []
    filmed.exporting.progressed.connect(lambda stage, fraction: stages.append((stage, fraction)))
    with qtbot.waitSignal(filmed.exporting.progressed, timeout=WAIT):
        filmed.exporting.animation(tmp_path / "film.gif")
    filmed.exporting.cancel()
    assert stages[0][0] == "writing film.gif"
    assert stages[-1] == ("", None)
    filmed.exporting.close()  # waits for the thread
    assert said == []
    assert list(tmp_path.iterdir()) == []
    written(filmed, qtbot, filmed.exporting.sketch, tmp_path / "a.svg")


def test_files_asked_for_at_once_are_written_one_after_the_other(filmed, qtbot, tmp_path):
    exporting, stages, sentences = filmed.exporting, [], []
    exporting.progressed.connect(lambda stage, _: stages.append(stage))
    exporting.exported.connect(sentences.append)
    exporting.animation(tmp_path / "film.gif")
    stroke3 = filmed.sketch.stroke3
    exporting.sketch(tmp_path / "a.svg")
    filmed.resample()  # what waits is written as it was when it was asked for
    exporting.filmstrip(tmp_path / "nothing.doc")
    exporting.codes(tmp_path / "codes.csv")
    assert stages[-1] == "writing film.gif, 3 more to follow"
    with qtbot.waitSignal(filmed.failed, timeout=WAIT) as failed:
        qtbot.waitUntil(lambda: not exporting.busy, timeout=WAIT)
    assert failed.args[0].startswith("nothing.doc names no format")
    assert [sentence.split()[0] for sentence in sentences] == ["film.gif", "a.svg", "codes.csv"]
    assert (tmp_path / "a.svg").read_text() == sketch_svg(stroke3)
    assert stages[-1] == ""
    assert stages.count("") == 1
    assert "writing a.svg, 2 more to follow" in stages


def test_stopping_one_file_lets_the_next_follow(window, qtbot, tmp_path):
    studio = window.studio
    qtbot.waitUntil(lambda: studio.film is not None and studio.film.finished, timeout=WAIT)
    studio.exporting.animation(tmp_path / "film.gif")
    with qtbot.waitSignal(studio.exporting.exported, timeout=WAIT):
        studio.exporting.sketch(tmp_path / "a.svg")
        assert window.status.text() == "Writing film.gif, 1 more to follow …"
        window.stop.click()
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
    assert window.stop.isHidden()


def test_without_a_map_there_is_nothing_to_write(qapp, qtbot, tmp_path):
    studio = Studio()
    exporting = studio.exporting
    assert [exporting.has_sketch, exporting.has_film, exporting.has_codes] == [False] * 3
    for write in (exporting.sketch, exporting.filmstrip, exporting.animation, exporting.codes):
        write(tmp_path / "a.svg")
    exporting.copy_sketch()
    assert not exporting.busy
    studio.close()


# -- the window --------------------------------------------------------------------------------


def test_ctrl_c_copies_the_sketch_as_svg_and_as_a_picture(window, qtbot):
    window.map.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    data = QGuiApplication.clipboard().mimeData()
    svg = data.data("image/svg+xml").data().decode()
    assert svg.count("<path") == stroke_count(window.studio.sketch.stroke3)
    image = QImage(data.imageData())
    assert (image.width(), image.height()) == (SKETCH_SIDE, SKETCH_SIDE)
    assert "copied" in window.status.text()


def test_ctrl_c_in_a_line_copies_its_text(window, qtbot):
    window.activateWindow()
    window.bench.line.setFocus()
    qtbot.waitUntil(window.bench.line.hasFocus)
    qtbot.keyClicks(window.bench.line, "cat")
    window.bench.line.selectAll()
    qtbot.keyClick(window.bench.line, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "cat"
    QGuiApplication.clipboard().clear()


def export_menu(window):
    file = window.menuBar().actions()[0].menu()
    (menu,) = [action.menu() for action in file.actions() if action.menu() and action.text().startswith("Export")]
    menu.aboutToShow.emit()
    return {action.text(): action for action in menu.actions()}


def dialog_of(window, qtbot):
    qtbot.waitUntil(lambda: bool(window.findChildren(QFileDialog)))
    return window.findChildren(QFileDialog)[-1]


def test_the_menu_asks_for_a_file_and_remembers_its_folder(window, qtbot, tmp_path, settings):
    folder = tmp_path / "pictures"
    folder.mkdir()
    actions = export_menu(window)
    assert list(actions) == ["Sketch…", "Filmstrip…", "Figure of the expression…", "Animation…", "Codes…"]
    actions["Filmstrip…"].trigger()
    dialog = dialog_of(window, qtbot)
    assert dialog.nameFilters() == ["SVG drawing (*.svg)", "PNG picture (*.png)", "PDF page (*.pdf)"]
    dialog.filterSelected.emit("PDF page (*.pdf)")
    assert dialog.defaultSuffix() == "pdf"
    dialog.selectFile(str(folder / "mine"))
    with qtbot.waitSignal(window.studio.exporting.exported, timeout=WAIT):
        dialog.accept()
    assert (folder / "mine.pdf").read_bytes().startswith(b"%PDF")
    assert window.status.text().startswith("mine.pdf written in ")
    assert settings.value(FOLDER) == str(folder)
    actions["Sketch…"].trigger()
    again = dialog_of(window, qtbot)
    assert Path(again.directory().path()) == folder
    again.reject()


def test_a_selection_is_asked_for_and_written_likewise(window, qtbot, tmp_path, settings):
    window.studio.selection.choose(np.array([1, 2]))
    window.selected.save.click()
    dialog = dialog_of(window, qtbot)
    assert dialog.nameFilters()[0] == "Sketch-RNN drawings (*.npz)"
    dialog.selectFile(str(tmp_path / "two.csv"))
    with qtbot.waitSignal(window.studio.exporting.exported, timeout=WAIT):
        dialog.accept()
    assert len((tmp_path / "two.csv").read_text().splitlines()) == 3
