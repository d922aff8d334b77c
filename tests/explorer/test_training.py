"""Training from the window: a real child process on a few drawings and a tiny model."""

import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton

from core.checkpoint import load_checkpoint, load_tensors
from explorer import training as training_module
from explorer.theme import DARK, LIGHT, LiveTheme
from explorer.training import Training, TrainingSettings, last_words, typed
from explorer.training_dialog import TrainingDialog, file_of, outcome
from explorer.training_form import flags_of, free_file, words_of

WAIT = 60_000
FLAGS = "--latent 8 --mixtures 3 --attention-dim 8 --batch-size 8 --threads 1 --layout pca"
SMALL_FILES = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
runpy.run_module("trainer", run_name="__main__")
"""
"""The trainer on a system where no file can grow, as on a full disk."""
PARENT = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from explorer.training import Training, TrainingSettings
application = QCoreApplication([])
training = Training()
training.progressed.connect(lambda stage, _: "sketches/s" in stage and print(training.process_id, flush=True))
sizes = dict(encoder_hidden=16, decoder_hidden=32, minutes=None, epochs=100_000)
training.start(TrainingSettings(data=(sys.argv[1],), out=Path(sys.argv[2]), flags=tuple(sys.argv[3:]), **sizes))
application.exec()
"""
"""A program that trains and prints the child's number once that trains."""


@pytest.fixture
def settings(drawings, tmp_path) -> TrainingSettings:
    return TrainingSettings(
        data=tuple(map(str, drawings)),
        out=tmp_path / "tiny.pt",
        encoder_hidden=16,
        decoder_hidden=32,
        minutes=None,
        epochs=2,
        flags=tuple(FLAGS.split()),
    )


@pytest.fixture
def training(qtbot):
    training = Training()
    yield training
    training.close()


def run(training, qtbot, settings, *, resume=False):
    with qtbot.waitSignal(training.ended, timeout=WAIT):
        training.start(settings, resume=resume)


def begin(training, qtbot, settings):
    """Start one that has no end of its own, and wait until it tells of its steps."""
    with qtbot.waitSignal(training.progressed, timeout=WAIT, check_params_cb=lambda stage, _: "sketches/s" in stage):
        training.start(replace(settings, epochs=100_000))


def gone(process):
    """Whether a process has ended, and its parent has heard of that."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_stopped_and_resumed(training, qtbot, settings):
    stages, said = [], []
    training.progressed.connect(lambda stage, fraction: stages.append((stage, fraction)))
    training.said.connect(said.append)
    training.start(replace(settings, epochs=100_000))
    qtbot.waitUntil(lambda: len(training.validation.minutes) > 1 or not training.running, timeout=WAIT)
    assert 0 < len(training.sketches) <= 6
    assert all(stroke3.shape[1:] == (3,) for stroke3 in training.sketches)
    with qtbot.waitSignal(training.ended, timeout=WAIT):
        training.stop()
        assert training.stopping
    assert (training.problem, training.stopping, training.running) == ("", False, False)
    assert training.saved["interrupted"]
    assert settings.can_resume
    assert any(stage.startswith("training tiny.pt: epoch 1, ") and "sketches/s" in stage for stage, _ in stages)
    assert stages[-1] == ("", None)
    assert any("60 train" in text for text in said)

    before = load_checkpoint(settings.out).history
    run(training, qtbot, replace(settings, epochs=len(before) + 2), resume=True)
    assert training.problem == ""
    assert training.saved["has_map"]
    assert not training.saved["interrupted"]
    history = load_checkpoint(settings.out).history
    assert len(history) == len(before) + 2
    # Those of the first sitting, and those that followed.
    for name, curve in (("L_R", training.validation.L_R), ("L_KL", training.validation.L_KL)):
        assert curve == pytest.approx([entry[f"valid_{name}"] for entry in history])
    minutes = [entry["seconds"] / 60 for entry in history]
    assert training.validation.minutes == pytest.approx(minutes, abs=1e-3)
    assert training.train.minutes == sorted(training.train.minutes)


@pytest.mark.skipif(os.name == "nt", reason="there are no limits on files on Windows")
def test_a_full_disk(training, qtbot, settings, monkeypatch):
    monkeypatch.setattr(training_module, "TRAINER", (sys.executable, "-c", SMALL_FILES))
    run(training, qtbot, settings)
    assert training.problem.startswith(f"{settings.out} could not be written (")
    assert "\n" not in training.problem


def test_a_program_that_is_not_there(training, qtbot, settings, monkeypatch):
    monkeypatch.setattr(training_module, "TRAINER", ("/nowhere/python",))
    run(training, qtbot, settings)
    assert training.problem.startswith("The training could not be started: ")


@pytest.mark.skipif(os.name == "nt", reason="there are no signals on Windows")
def test_a_killed_child_is_reported_and_can_be_resumed(training, qtbot, settings):
    begin(training, qtbot, settings)
    with qtbot.waitSignal(training.ended, timeout=WAIT):
        os.kill(training.process_id, signal.SIGKILL)
    assert training.problem == ("The training was ended from outside (SIGKILL); Resume goes on from its last state.")
    assert settings.can_resume


def test_ended_now_is_no_failure(training, qtbot, settings):
    with qtbot.waitSignal(training.ended, timeout=WAIT):
        training.start(settings)
        training.kill()
    assert training.problem == ""
    assert training.saved is None
    assert outcome(None).startswith("Stopped; there is no checkpoint yet.")


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waiting for a stranger's end needs Linux")
def test_no_child_outlives_a_killed_program(drawings, tmp_path):
    """It hears the end of its standard input and ends, with a state to go on from."""
    out = tmp_path / "tiny.pt"
    command = [sys.executable, "-c", PARENT, str(drawings[0]), str(out), *FLAGS.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    ready, _, _ = select.select([child], [], [], WAIT / 1000)
    os.close(child)
    assert ready
    assert load_tensors(tmp_path / "tiny.pt.resume")["step"] > 0


def press(window, text):
    """Press a button of the question that the window asks."""
    box = window.findChildren(QMessageBox)[-1]
    next(button for button in box.findChildren(QPushButton) if button.text() == text).click()


def test_closing_the_window_asks_and_ends_the_child(window, qtbot, settings):
    training = window.studio.training
    window.show_training()
    begin(training, qtbot, settings)
    child = training.process_id
    assert not window.close()
    press(window, "Keep the window open")
    assert training.running
    assert window.isVisible()
    assert not window.close()
    with qtbot.waitSignal(training.ended, timeout=WAIT):
        press(window, "Stop it, save and close")
        assert window._training_dialog.stop.text() == "End now"
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert gone(child)
    assert load_checkpoint(settings.out).atlas is None


def test_the_end_of_the_studio_is_the_childs(studio, qtbot, settings):
    with qtbot.waitSignal(studio.training.progressed, timeout=WAIT):
        studio.training.start(settings)
    child = studio.training.process_id
    assert not gone(child)
    studio.training.close()
    assert gone(child)


def dialog_of(window, qtbot, settings):
    """The dialog, opened by its key and filled in."""
    qtbot.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    dialog = window._training_dialog
    assert dialog.isVisible()
    assert not dialog.train.isEnabled()
    dialog.form.data.setText("; ".join(settings.data))
    dialog.form.out.setText(str(settings.out))
    dialog.form.unit.setCurrentText("epochs")
    dialog.form.amount.setValue(2)
    dialog.form.flags.setText("--threads 1 --layout pca")
    return dialog


def test_the_dialog_fine_tunes_what_is_open_and_opens_the_result(window, qtbot, settings):
    studio = window.studio
    before = studio.current
    dialog = dialog_of(window, qtbot, settings)
    dialog.form.fine_tune.setChecked(True)
    assert f"--start-from {before.file}" in dialog.form.command.toPlainText()
    assert "--encoder-hidden" not in dialog.form.command.toPlainText()
    with qtbot.waitSignal(studio.training.ended, timeout=WAIT):
        qtbot.mouseClick(dialog.train, Qt.MouseButton.LeftButton)
        assert not dialog.form.isEnabled()
        assert dialog.stop.isEnabled()
        dialog.hide()  # it goes on, and the status bar shows it
        qtbot.waitUntil(lambda: "sketches/s" in window.status.text(), timeout=WAIT)
    dialog.show()
    assert dialog.message.text().startswith(f"Saved as {settings.out}: L_R ")
    assert window.status.text() == "The training of tiny.pt has ended"
    assert len(dialog.curves.plots[0].validation.getData()[0]) == 2
    with qtbot.waitSignal(studio.opened, timeout=WAIT):
        qtbot.mouseClick(dialog.open, Qt.MouseButton.LeftButton)
    assert studio.current.file == settings.out
    assert studio.current.checkpoint.training["started_from"] == before.checkpoint.digest


def test_a_stopped_training_is_opened_on_its_drawings(window, qtbot, settings, checkpoint):
    """It has no map yet."""
    dialog, training = dialog_of(window, qtbot, settings), window.studio.training
    training.settings = settings
    training.saved = {"path": str(checkpoint), "has_map": False, "figures": {}}
    training.changed.emit()
    training.ended.emit()
    assert dialog.message.text() == f"Stopped and saved as {checkpoint}."
    with qtbot.waitSignal(window.studio.opened, timeout=WAIT):
        qtbot.mouseClick(dialog.open, Qt.MouseButton.LeftButton)
    assert len(window.studio.current.dataset) == 72
    window.studio.layouts.cancel()


def test_the_dialog_says_what_failed(window, qtbot, settings):
    dialog = dialog_of(window, qtbot, replace(settings, data=("/nowhere/owl.npz",)))
    with qtbot.waitSignal(window.studio.training.ended, timeout=WAIT):
        dialog.train.click()
    assert dialog.message.text() == "/nowhere/owl.npz cannot be read: No such file or directory."
    assert dialog.train.isEnabled()
    assert not dialog.open.isEnabled()


def test_a_line_of_data_becomes_words(tmp_path):
    odd = tmp_path / "cats, dogs.npz"
    odd.touch()
    assert words_of("owl, hot air balloon;pig") == ("owl", "hot air balloon", "pig")
    assert words_of(f" {odd} ; owl ; ") == (str(odd), "owl")
    assert words_of(" ; , ") == ()
    assert words_of("~/owl.npz") == (str(Path.home() / "owl.npz"),)
    assert file_of(str(odd)) == odd
    assert file_of("owl").name == "owl.npz"


def test_a_line_of_many_categories_is_no_file(window, qtbot, settings):
    """A name cannot be that long; nor has everybody a home folder."""
    names = tuple(f"hot air balloon {letter}" for letter in "abcdefghijklmnopqrstuvwxyz")
    form = dialog_of(window, qtbot, settings).form
    form.data.setText(", ".join(names))
    form.out.setText("~nobody-of-that-name/owl.pt")
    assert form.settings().data == names
    assert form.settings().out == Path("~nobody-of-that-name/owl.pt")
    form.out.setText(f"{'owl' * 100}.pt")
    assert not form.settings().can_resume
    assert words_of("~nobody-of-that-name/owl.npz") == ("~nobody-of-that-name/owl.npz",)
    assert file_of("owl" * 100).stem == "owl" * 100


def test_a_file_whose_name_begins_with_a_dash_is_no_flag(settings):
    assert f".{os.sep}-owl.npz" in replace(settings, data=("-owl.npz",)).arguments()


def test_a_new_model_gets_a_name_of_its_own(tmp_path):
    assert free_file(tmp_path / "new", "owl").name == "owl.pt"
    (tmp_path / "owl.pt.resume").touch()
    (tmp_path / "owl-2.pt").touch()
    assert free_file(tmp_path, "owl") == tmp_path / "owl-3.pt"


def test_the_theme_changes_under_the_curves(studio, qtbot):
    theme = LiveTheme()
    theme.use(LIGHT)
    dialog = TrainingDialog(studio, theme, None)
    qtbot.addWidget(dialog)
    dialog.show()
    plot = dialog.curves.plots[0]
    assert plot.plot.backgroundBrush().color().name() == LIGHT.paper
    theme.use(DARK)
    QApplication.sendEvent(dialog.curves, QEvent(QEvent.Type.PaletteChange))  # as apply_theme makes Qt do
    assert plot.plot.backgroundBrush().color().name() == DARK.paper
    assert plot.validation.opts["pen"].color().name() == DARK.accent


def test_flags_are_split_as_a_shell_does():
    assert flags_of("--seed 3 --config 'my settings.toml'") == ("--seed", "3", "--config", "my settings.toml")
    assert flags_of("--config 'my") == ("--config", "'my")


@pytest.mark.skipif(os.name == "nt", reason="a shell of another kind")
def test_the_command_can_be_typed():
    words = ["python", "-m", "trainer", "--data", "a b.npz", "$HOME", "--json", "--out", "o'wl.pt"]
    shown = subprocess.run(["sh", "-c", f"printf '%s\\n' {typed(words)}"], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines() == words


def test_last_words_of_a_box_are_what_stands_in_it():
    box = "╭─ Value error ─────╮\n│ Error parsing --x: │\n│ nothing fits.      │\n│ ────── │\n│ help │\n╰────╯\n"
    assert last_words(box) == "Error parsing --x: nothing fits."
    assert last_words("Traceback …\n  File\nValueError: no\n") == "ValueError: no"
    assert last_words("") == ""
