"""Train from the window: what to train on and how long, and a training to watch."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core import named_data
from core.file_paths import exists
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme
from explorer.training import Training
from explorer.training_curves import LossCurves, SketchRow
from explorer.training_form import TrainingForm

HINT = "Choose drawings, a file for the model and a time.\nCurves and sketches appear here while it trains."


class TrainingDialog(QDialog):
    """The settings, and beside them the training that runs or ran last; it goes on while this is hidden."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.ask: Callable[[Callable[[], object]], object] = lambda then: then()
        """Does what would close the present session, once that is saved or given up."""
        self._studio, self._training, self._theme = studio, studio.training, theme
        self.setWindowTitle("Train a model")
        self.form = TrainingForm(studio)
        self.curves, self.sketches = LossCurves(self._training, theme), SketchRow(self._training, theme)
        self.shown = QStackedWidget()
        self.stage, self.message, self.progress = QLabel(), QLabel(), QProgressBar()
        self.train, self.resume, self.stop, self.open = (
            QPushButton(name) for name in ("Train", "Resume", "Stop", "Open")
        )
        self._lay_out()
        self.train.clicked.connect(lambda: self._start(resume=False))
        self.resume.clicked.connect(lambda: self._start(resume=True))
        self.stop.clicked.connect(self._stop)
        self.open.clicked.connect(self._open)
        self._training.progressed.connect(self._on_progress)
        self._training.curves_changed.connect(self._on_curves)
        self._training.said.connect(self._say)
        self._training.changed.connect(self.refresh)
        self._training.ended.connect(self._on_ended)
        for line in (self.form.data, self.form.out, self.form.flags):
            line.textChanged.connect(self.refresh)
        self.refresh()
        self._on_curves()

    def _lay_out(self) -> None:
        hint = QLabel(HINT)
        hint.setObjectName("faint")
        hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        watch = QWidget()
        column = QVBoxLayout(watch)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.curves, 3)
        column.addWidget(self.sketches, 1)
        self.shown.addWidget(hint)
        self.shown.addWidget(watch)
        self.stage.setObjectName("faint")
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.hide()
        self.train.setDefault(True)
        self.resume.setToolTip("Go on with the training of this file; a longer time than before trains it further")
        self.open.setToolTip("Open the finished checkpoint in the window")
        buttons = QHBoxLayout()
        buttons.addWidget(self.stop)
        buttons.addStretch()
        for button in (self.open, self.resume, self.train):
            buttons.addWidget(button)
        right = QVBoxLayout()
        right.setSpacing(10)
        right.addWidget(self.shown, 1)
        right.addWidget(self.message)
        right.addWidget(self.stage)
        right.addWidget(self.progress)
        right.addLayout(buttons)
        self.form.setFixedWidth(330)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 14, 16, 14)
        row.setSpacing(20)
        row.addWidget(self.form, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(right, 1)
        self.resize(1020, 540)

    # -- doing -------------------------------------------------------------------------------

    def _start(self, *, resume: bool) -> None:
        settings = self.form.settings()
        if settings is not None:
            self._say("")
            self._training.start(settings, resume=resume)

    def _stop(self) -> None:
        """The first press lets it save, the second does not."""
        if self._training.stopping:
            self._training.kill()
        else:
            self._training.stop()

    def _open(self) -> None:
        """Open the checkpoint; one that was stopped before it had a map is mapped by the window."""
        saved, settings = self._training.saved, self._training.settings
        assert saved is not None
        assert settings is not None
        data = [] if saved["has_map"] else [file_of(word) for word in settings.data]
        self.ask(lambda: self._studio.open(saved["path"], data))

    # -- hearing -----------------------------------------------------------------------------

    def refresh(self) -> None:
        """What can be pressed."""
        training, settings = self._training, self.form.settings()
        self.form.setEnabled(not training.running)
        replaces = settings is not None and exists(settings.out)
        self.train.setText("Train anew" if replaces else "Train")
        self.train.setToolTip(f"Train in the background{'; the file is replaced when that is done' * replaces}")
        self.train.setEnabled(settings is not None and not training.running)
        self.resume.setEnabled(settings is not None and not training.running and settings.can_resume)
        self.stop.setEnabled(training.running)
        self.stop.setText("End now" if training.stopping else "Stop")
        self.stop.setToolTip("End without saving" if training.stopping else "Save and end; it can be resumed")
        self.open.setEnabled(training.saved is not None and not training.running)

    def _on_progress(self, stage: str, fraction: float | None) -> None:
        self.stage.setText(f"{stage[:1].upper()}{stage[1:]}")
        self.progress.setVisible(bool(stage))
        self.progress.setRange(0, 0 if fraction is None else 1000)
        if fraction is not None:
            self.progress.setValue(round(1000 * fraction))

    def _on_curves(self) -> None:
        self.shown.setCurrentIndex(1 if self._training.train.minutes else 0)

    def _on_ended(self) -> None:
        training = self._training
        self._say(training.problem or outcome(training.saved), error=bool(training.problem))

    def _say(self, text: str, *, error: bool = False) -> None:
        self.message.setText(text)
        self.message.setStyleSheet(f"color: {self._theme.error};" if error else "")


def file_of(word: str) -> Path:
    """The file that a word of data means, which for a name is the one that the trainer fetched."""
    return named_data.file_of(word) if named_data.means_name(word) else Path(word)


def outcome(saved: dict | None) -> str:
    """What there is of a training that has ended without an error."""
    if saved is None:
        return "Stopped; there is no checkpoint yet. Resume goes on from what was saved."
    path, figures = saved["path"], saved["figures"]
    if "L_R_mu" not in figures:
        return f"Stopped and saved as {path}."
    return f"Saved as {path}: L_R {figures['L_R_mu']:.3f}, L_KL {figures['L_KL_mu']:.3f}, N_max {figures['N_max']:g}."


def may_close(window: QWidget, training: Training) -> bool:
    """Whether no training runs; if one does, ask, and close the window once it has saved."""
    if not training.running:
        return True
    if training.stopping:
        words, ending = f"The training of {training.name} is still saving.", "End it now"
    else:
        words, ending = f"A training of {training.name} is running.", "Stop it, save and close"
    box = QMessageBox(QMessageBox.Icon.Question, "Sketch Explorer", words, parent=window)
    end = box.addButton(ending, QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton("Keep the window open", QMessageBox.ButtonRole.RejectRole)
    box.setEscapeButton(stay)
    box.setDefaultButton(end)
    act = training.kill if training.stopping else training.stop

    def close() -> None:
        if training.running:
            training.ended.connect(window.close, Qt.ConnectionType.SingleShotConnection)
            act()
        else:
            window.close()

    end.clicked.connect(close)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.open()
    return False
