"""Saving, reopening, dropping, asking, and what is left after a crash."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox

from explorer import autosave
from explorer.autosave import Autosave, orphans
from explorer.host import Host
from explorer.notice import Notice
from explorer.options import parse_options
from explorer.session import Session, Source, View, write_session
from explorer.studio import Studio
from explorer.theme import LIGHT
from explorer.window import Window

ROOT = Path(__file__).parents[2]
WAIT = 20_000
BUTTON = QMessageBox.StandardButton


@pytest.fixture
def answer(monkeypatch):
    """What the file dialogs will say."""

    def set_answer(path: Path | str) -> None:
        for name in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), ""))
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(path)], ""))

    return set_answer


def save(window, qtbot, path: Path) -> None:
    with qtbot.waitSignal(window.studio.keeping.saved, timeout=WAIT):
        window.studio.keeping.save(path)


def press(window, qtbot, which: BUTTON) -> None:
    box = window.findChild(QMessageBox)
    assert box.isVisible()
    qtbot.mouseClick(box.button(which), Qt.MouseButton.LeftButton)


def test_what_is_made_shows_in_the_title_until_it_is_saved_or_undone(window, qtbot, tmp_path, answer):
    keys = Qt.KeyboardModifier.ControlModifier
    window.studio.choose_drawing(5)  # mere looking
    qtbot.waitUntil(lambda: window.studio.drawn, timeout=WAIT)
    assert not window.isWindowModified()
    qtbot.keyClick(window, Qt.Key.Key_D, keys)
    assert list(window.studio.pins) == ["a"]
    assert window.isWindowModified()
    qtbot.keyClick(window, Qt.Key.Key_Z, keys)
    assert not window.isWindowModified()
    qtbot.keyClick(window, Qt.Key.Key_D, keys)
    answer(tmp_path / "owls")
    with qtbot.waitSignal(window.studio.keeping.saved, timeout=WAIT) as said:
        qtbot.keyClick(window, Qt.Key.Key_S, keys)
    assert said.args == ["Saved as owls.sketchspace"]
    assert (tmp_path / "owls.sketchspace").exists()
    assert window.windowTitle() == "owls[*] – Sketch Explorer"
    assert not window.isWindowModified()
    window.studio.unpin("a")
    assert window.isWindowModified()


def test_a_session_brings_back_what_was_made_and_how_it_looked(window, qtbot, tmp_path):
    studio, path = window.studio, tmp_path / "mine.sketchspace"
    studio.pin()
    studio.selection.choose(np.arange(3, 6))
    assert studio.selection.name_group("flock") == "flock"
    studio.showing.colour_by("norm")
    width = window.map.width()
    window.toggle_legend()
    qtbot.waitUntil(lambda: window.map.width() > width, timeout=WAIT)
    window.map.zoom(0.5)
    camera = window.map.camera
    save(window, qtbot, path)
    code = studio.pins["a"].code
    studio.unpin("a")
    studio.selection.drop_group("flock")
    studio.showing.colour_by("category")
    window.map.fit()
    window.toggle_legend()
    qtbot.waitUntil(lambda: window.map.width() == width, timeout=WAIT)
    with qtbot.waitSignal(studio.keeping.took, timeout=WAIT):
        window.files.open([path])
    assert (studio.pins["a"].code == code).all()
    assert studio.state.groups["flock"].indices.tolist() == [3, 4, 5]
    assert studio.state.colour_by == "norm"
    assert window.legend.isHidden()
    qtbot.waitUntil(lambda: np.allclose(window.map.camera, camera, atol=1e-2), timeout=WAIT)
    assert not window.isWindowModified()
    assert not studio.history.canUndo()


def test_a_session_that_cannot_be_opened_takes_nothing_away(window, qtbot, tmp_path):
    studio, bad = window.studio, tmp_path / "bad.sketchspace"
    studio.pin()
    state, opened = studio.state, studio.current
    bad.write_bytes(b'{"format": "sketchspace", "version": 1, "state": {}}')
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as said:
        window.files.open([bad])
    assert said.args[0].startswith(f"{bad} is damaged")
    assert said.args[1] == ""
    assert studio.state is state
    assert studio.current is opened
    assert studio.history.canUndo()


def test_saving_where_nothing_can_be_written_is_said_and_nothing_is_lost(window, qtbot, tmp_path):
    (tmp_path / "file").touch()
    window.studio.pin()
    with qtbot.waitSignal(window.studio.failed, timeout=WAIT) as said:
        window.studio.keeping.save(tmp_path / "file" / "mine.sketchspace")
    assert "could not be written" in said.args[0]
    assert window.studio.keeping.modified
    save(window, qtbot, tmp_path / "mine.sketchspace")


@pytest.fixture
def slow_disk(monkeypatch):
    """A gate without which no session is written."""
    gate = threading.Event()

    def write_slowly(session, path):
        assert gate.wait(20)
        write_session(session, path)

    monkeypatch.setattr("explorer.session.write_session", write_slowly)
    yield gate
    gate.set()


def test_what_is_saved_while_a_file_is_written_is_what_remains(window, qtbot, tmp_path, slow_disk):
    studio, path, followed = window.studio, tmp_path / "mine.sketchspace", []
    for _ in range(3):
        studio.pin()
        studio.keeping.save(path, lambda: followed.append(studio.keeping.modified))
    slow_disk.set()
    qtbot.waitUntil(lambda: len(followed) == 3, timeout=WAIT)
    assert followed == [True, True, False]
    with qtbot.waitSignal(studio.keeping.took, timeout=WAIT):
        window.files.open([path])
    assert list(studio.pins) == ["a", "b", "c"]


def test_closing_waits_for_everything_that_was_saved(window, tmp_path, slow_disk):
    for name in ("one", "two"):
        window.studio.keeping.save(tmp_path / f"{name}.sketchspace")
    threading.Timer(0.05, slow_disk.set).start()
    window.close()
    assert sorted(path.stem for path in tmp_path.glob("*.sketchspace")) == ["one", "two"]


def test_a_file_written_late_is_not_that_of_another_session(window, qtbot, checkpoint, tmp_path, slow_disk):
    keeping = window.studio.keeping
    keeping.save(tmp_path / "old.sketchspace")
    with qtbot.waitSignal(keeping.took, timeout=WAIT):
        window.files.open([checkpoint])
    with qtbot.waitSignal(keeping.saved, timeout=WAIT):
        slow_disk.set()
    assert keeping.path is None
    assert keeping.source.checkpoint == str(checkpoint)


def test_closing_asks_only_if_something_made_would_be_lost(window, qtbot, tmp_path, answer):
    window.files.asks = True
    window.studio.pin()
    window.close()
    assert window.isVisible()
    press(window, qtbot, BUTTON.Cancel)
    assert window.isVisible()
    window.findChild(QMessageBox).setParent(None)
    window.close()
    answer(tmp_path / "kept.sketchspace")
    with qtbot.waitSignal(window.studio.keeping.saved, timeout=WAIT):
        press(window, qtbot, BUTTON.Save)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert (tmp_path / "kept.sketchspace").exists()


def test_looking_around_is_nothing_to_ask_about(window):
    window.files.asks = True
    window.studio.choose_drawing(9)
    window.studio.set_temperature(0.7)
    window.studio.set_clearest(False)
    window.studio.choose_frame(3)
    window.studio.selection.choose_category(0)
    window.close()
    assert not window.isVisible()


def test_opening_something_else_asks_too(window, qtbot, checkpoint):
    window.files.asks = True
    window.studio.pin()
    window.files.open([checkpoint])
    assert window.studio.pins
    with qtbot.waitSignal(window.studio.keeping.took, timeout=WAIT):
        press(window, qtbot, BUTTON.Discard)
    assert not window.studio.pins


def test_what_is_made_while_something_opens_is_asked_for_too(window, qtbot, checkpoint, tmp_path):
    studio, opened, path = window.studio, window.studio.current, tmp_path / "mine.sketchspace"
    window.files.asks = True
    save(window, qtbot, path)
    for name, act, which in (
        ("a checkpoint", lambda: window.files.open([checkpoint]), BUTTON.Cancel),
        ("a session", lambda: window.files.open([path]), BUTTON.Discard),
    ):
        act()
        assert window.findChild(QMessageBox) is None, name
        studio.pin()
        qtbot.waitUntil(lambda: window.findChild(QMessageBox) is not None, timeout=WAIT)
        assert (studio.current is opened, list(studio.pins)) == (True, ["a"]), name
        press(window, qtbot, which)
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert bool(studio.pins) == (which == BUTTON.Cancel), name
        assert window.isWindowModified() == (which == BUTTON.Cancel), name
        assert not window.progress.isVisible(), name
        studio.history.undo()


def test_looking_around_while_something_opens_is_asked_for_by_nobody(window, qtbot, checkpoint):
    window.files.asks = True
    window.studio.pin()
    window.files.open([checkpoint])
    press(window, qtbot, BUTTON.Discard)
    window.studio.choose_drawing(5)
    with qtbot.waitSignal(window.studio.keeping.took, timeout=WAIT):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert window.findChild(QMessageBox) is None


def drop(window, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), copy, data, left, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), copy, data, left, none))


def test_nothing_open_is_said_once_and_until_something_is(qtbot, checkpoint, tmp_path):
    window = Window(Studio(), LIGHT)
    qtbot.addWidget(window)
    window.show()
    for _ in range(2):
        with qtbot.waitSignal(window.studio.failed, timeout=WAIT):
            window.files.open([tmp_path / "missing.pt"])
    [notice] = window.map.findChildren(Notice)
    with qtbot.waitSignal(notice.closed, timeout=WAIT):
        window.files.open([checkpoint])
    window.close()


def test_files_can_be_dropped_on_the_window(window, qtbot, checkpoint, drawings, tmp_path):
    studio, path = window.studio, tmp_path / "mine.sketchspace"
    studio.pin()
    save(window, qtbot, path)
    with qtbot.waitSignal(studio.keeping.took, timeout=WAIT):
        drop(window, checkpoint)
    assert not studio.pins
    with qtbot.waitSignal(studio.keeping.took, timeout=WAIT):
        drop(window, path)
    assert list(studio.pins) == ["a"]
    with qtbot.waitSignal(studio.keeping.took, timeout=WAIT):
        drop(window, drawings[0], checkpoint)
    assert studio.keeping.source.checkpoint == str(checkpoint)
    assert list(studio.keeping.source.data) == [str(drawings[0])]
    with qtbot.waitSignal(studio.failed, timeout=WAIT) as said:
        drop(window, checkpoint, path)
    assert "not several files" in said.args[0]
    mime, left = QMimeData(), Qt.MouseButton.LeftButton
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    enter = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, mime, left, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(window.map.viewport(), enter)
    assert enter.isAccepted()
    assert enter.position() == window.map.viewport().mapTo(window, QPointF(50, 50))  # by the window, not the map


def test_the_checkpoints_that_ship_are_a_menu(window, qtbot):
    menu = QMenu()

    def checked() -> list[str]:
        window.files.fill_shipped(menu)
        return [action.text() for action in menu.actions() if action.isChecked()]

    assert checked() == []
    [owl] = [action for action in menu.actions() if action.text() == "owl"]
    with qtbot.waitSignal(window.studio.opened, timeout=WAIT):
        owl.trigger()
    assert window.studio.current.atlas.categories == ("owl",)
    assert checked() == ["owl"]


def recent_entries(window) -> list[str]:
    menu = QMenu()
    window.files.fill_recent(menu)
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def test_recent_files_are_offered_while_they_are_there(window, qtbot, checkpoint, tmp_path):
    assert recent_entries(window) == [checkpoint.name, "Clear"]
    for name in ("one", "two"):
        save(window, qtbot, tmp_path / f"{name}.sketchspace")
    assert recent_entries(window) == ["two.sketchspace", "one.sketchspace", checkpoint.name, "Clear"]
    (tmp_path / "two.sketchspace").unlink()
    assert recent_entries(window) == ["one.sketchspace", checkpoint.name, "Clear"]
    menu = QMenu()
    window.files.fill_recent(menu)
    with qtbot.waitSignal(window.studio.keeping.took, timeout=WAIT):
        menu.actions()[0].trigger()
    assert window.studio.keeping.path == tmp_path / "one.sketchspace"
    menu.actions()[-1].trigger()
    assert recent_entries(window) == ["Nothing yet"]


def test_the_program_takes_a_session_or_a_checkpoint(capsys):
    assert parse_options(["owl.sketchspace"]).file == "owl.sketchspace"
    assert parse_options([]).checkpoint == "animals"
    for nonsense in (["owl.sketchspace", "--data", "cat.npz"], ["owl.pt", "--checkpoint", "cat.pt"]):
        with pytest.raises(SystemExit):
            parse_options(nonsense)
    assert "is opened alone" in capsys.readouterr().err


# -- autosave ------------------------------------------------------------------------------------


def test_what_is_made_is_kept_until_it_is_saved(window, qtbot, tmp_path):
    autosave = Autosave(window.studio, tmp_path / "open")
    window.studio.choose_drawing(4)
    autosave.save()
    qtbot.waitUntil(lambda: window.studio.drawn, timeout=WAIT)
    window.studio.pin()
    with qtbot.waitSignal(autosave.written, timeout=WAIT):
        QApplication.instance().applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert autosave.file.exists()
    assert orphans(tmp_path / "open") == []  # its window is open
    with qtbot.waitSignal(autosave.written, timeout=WAIT):
        save(window, qtbot, tmp_path / "mine.sketchspace")
    assert not autosave.file.exists()
    window.studio.unpin("a")
    with qtbot.waitSignal(autosave.written, timeout=WAIT):
        autosave.save()
    autosave.end()
    assert list((tmp_path / "open").iterdir()) == []


def test_two_windows_do_not_take_each_others(studio, tmp_path, qtbot):
    one, two = Autosave(studio, tmp_path), Autosave(studio, tmp_path)
    assert one.file != two.file
    studio.pin()
    for each in (one, two):
        with qtbot.waitSignal(each.written, timeout=WAIT):
            each.save()
    assert orphans(tmp_path) == []
    one.end()
    two._worker.stop()
    two._lock.release()  # as the system does when a process ends
    [left] = orphans(tmp_path)
    assert left.file == two.file
    assert orphans(tmp_path) == []  # somebody has it
    left.leave()
    [again] = orphans(tmp_path)
    again.drop()
    assert list(tmp_path.iterdir()) == []


MAKER = """
import sys
import threading
from pathlib import Path
from PySide6.QtCore import QCoreApplication
import explorer.autosave
import explorer.host
explorer.autosave.DELAY_MS = 10
from explorer import application

class Maker(application.Window):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.studio.sketch_changed.connect(self.make)

    def make(self, sketch):
        if sketch.finished and not self.studio.pins:
            self.studio.pin()

class Teller(explorer.host.Host):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.autosave.written.connect(lambda: print("kept", flush=True))

def end():
    sys.stdin.readline()
    QCoreApplication.exit(0)  # quit would ask whether to save

application.Window, explorer.host.Host = Maker, Teller
threading.Thread(target=end, daemon=True).start()
application.run(sys.argv[1], [], "cpu", None)
"""


@contextlib.contextmanager
def windows_that_make(count: int, checkpoint: Path, folder: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """As many programs with a window, each of which has pinned something and autosaved it; a line ends one well."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [sys.executable, "-c", MAKER, str(checkpoint)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(count)]
    try:
        for process in processes:
            assert process.stdout.readline() == "kept\n"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_a_killed_window_leaves_what_was_made_to_the_next_and_a_running_one_keeps_its_own(
    window, qtbot, checkpoint, tmp_path
):
    folder = tmp_path / "sketch-explorer" / "open"
    with windows_that_make(2, checkpoint, tmp_path) as (running, killed):
        files = set(folder.glob("*.sketchspace"))
        assert len(files) == 2
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        [left] = orphans(folder)
        kept = files - {left.file}
        left.leave()
        running.communicate("\n", timeout=60)
        assert running.returncode == 0
        assert set(folder.glob("*.sketchspace")) == files - kept
    host = Host(window, folder)
    assert host.notice.isVisible()
    with qtbot.waitSignal(host.autosave.written, timeout=WAIT):
        qtbot.mouseClick(host.notice.buttons[0], Qt.MouseButton.LeftButton)
    assert list(window.studio.pins) == ["a"]
    assert window.isWindowModified()
    assert window.studio.keeping.path is None
    qtbot.waitUntil(lambda: list(folder.glob("*.sketchspace")) == [host.autosave.file], timeout=WAIT)
    host.end()
    assert list(folder.iterdir()) == []


def test_what_a_killed_window_wrote_in_half_is_removed(tmp_path):
    for name in (".dead.sketchspace.1f.part", "dead.lock", ".killed.sketchspace.2e.part", "killed.sketchspace"):
        (tmp_path / name).touch()
    [left] = orphans(tmp_path)
    assert left.file == tmp_path / "killed.sketchspace"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["killed.lock", "killed.sketchspace"]


def test_a_session_that_goes_while_it_is_looked_at_was_no_crash(tmp_path, monkeypatch):
    file = tmp_path / "ended.sketchspace"
    file.touch()
    monkeypatch.setattr(autosave, "_age", lambda each: each.unlink() or 0.0)  # its window ends well just then
    assert orphans(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_can_be_discarded_or_left_for_later(window, qtbot, checkpoint, tmp_path):
    opened = window.studio.current
    left = tmp_path / "dead.sketchspace"
    write_session(Session(Source(str(checkpoint)), opened, window.studio.state, View()), left)
    host = Host(window, tmp_path)
    qtbot.mouseClick(host.notice.buttons[2], Qt.MouseButton.LeftButton)
    host.end()
    assert [path.name for path in tmp_path.glob("*.sketchspace")] == ["dead.sketchspace"]
    host = Host(window, tmp_path)
    qtbot.mouseClick(host.notice.buttons[1], Qt.MouseButton.LeftButton)
    host.end()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_said(window, tmp_path):
    (tmp_path / "file").touch()
    host = Host(window, tmp_path / "file" / "open")
    assert "not kept through a crash" in window.status.text()
    host.end()
