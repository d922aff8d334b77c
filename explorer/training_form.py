"""What to train on, what, and how long: the settings of a training from the window."""

import glob
import itertools
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.file_paths import exists
from explorer.studio import Studio
from explorer.theme import clear_of_border
from explorer.training import TrainingSettings, command, typed

if TYPE_CHECKING:
    from explorer.opening import Opened

MINUTES, EPOCHS = "minutes", "epochs"


class TrainingForm(QWidget):
    """The settings."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.data, self.out, self.flags = QLineEdit(), QLineEdit(), QLineEdit()
        self.fine_tune, self.attention = QCheckBox(), QCheckBox("Attention")
        self.encoder, self.decoder, self.amount = QSpinBox(), QSpinBox(), QSpinBox()
        self.unit = QComboBox()
        self.browse_data, self.browse_out = QPushButton("Browse…"), QPushButton("Browse…")
        self.command, self.copy = QPlainTextEdit(), QPushButton("Copy")
        self._fill()
        self._lay_out()
        self.data.textChanged.connect(self._on_data)
        for signal in (self.out.textChanged, self.flags.textChanged, self.fine_tune.toggled, self.attention.toggled):
            signal.connect(self.refresh)
        for signal in (self.encoder.valueChanged, self.decoder.valueChanged, self.amount.valueChanged):
            signal.connect(self.refresh)
        self.unit.currentIndexChanged.connect(self.refresh)
        self.browse_out.clicked.connect(self._choose_out)
        self.copy.setToolTip("Put the command on the clipboard")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.toPlainText()))
        studio.opened.connect(self._on_opened)
        self._on_opened(studio.current)

    def _fill(self) -> None:
        self.data.setPlaceholderText("owl; pig; a folder; a file")
        self.data.setToolTip("Files, folders or names of Quick, Draw! categories, with ; between them")
        self.out.setPlaceholderText("owl.pt")
        self.out.setToolTip("The checkpoint to write")
        self.flags.setPlaceholderText("--learning-rate 0.001")
        self.flags.setToolTip("Any other flags of python -m trainer")
        self.fine_tune.setToolTip("Begin with the weights of the open checkpoint; its sizes are kept")
        self.attention.setChecked(True)
        self.attention.setToolTip("The decoder attends to the points already drawn; without it, the published baseline")
        for box, most, value, what in (
            (self.encoder, 4096, 256, "Hidden size of the encoder LSTM, each way"),
            (self.decoder, 4096, 512, "Hidden size of the decoder LSTM"),
            (self.amount, 1_000_000, 30, "How long to train"),
        ):
            box.setRange(1, most)
            box.setValue(value)
            box.setToolTip(what)
            box.setAccessibleName(what)
            clear_of_border(box)
        self.encoder.setPrefix("encoder ")
        self.decoder.setPrefix("decoder ")
        self.unit.addItems([MINUTES, EPOCHS])
        menu = QMenu(self.browse_data)
        menu.addAction("Files…", self._choose_files)
        menu.addAction("Folder…", self._choose_folder)
        self.browse_data.setMenu(menu)
        self.command.setReadOnly(True)
        self.command.setFixedHeight(200)
        self.command.setTabChangesFocus(True)
        self.command.setAccessibleName("Command line")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        form = QFormLayout()
        column.addLayout(form)
        column.addWidget(self.copy, 0, Qt.AlignmentFlag.AlignRight)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(8)
        for title, *fields in (
            ("Data", self.data, self.browse_data),
            ("Save as", self.out, self.browse_out),
            ("Time", self.amount, self.unit),
            ("", self.fine_tune),
            ("Model", self.encoder, self.decoder),
            ("", self.attention),
            ("More flags", self.flags),
            ("Command", self.command),
        ):
            row = QHBoxLayout()
            row.setSpacing(6)
            for field in fields:
                row.addWidget(field, 0 if isinstance(field, QPushButton) else 1)
            label = QLabel(title)
            label.setMinimumHeight(self.data.sizeHint().height())  # level with the field, however high that is
            form.addRow(label, row)

    # -- what it says ------------------------------------------------------------------------

    def settings(self) -> TrainingSettings | None:
        """What is chosen; None while data or file are missing."""
        words, out = words_of(self.data.text()), self.out.text().strip()
        if not words or not out:
            return None
        opened = self._studio.current
        return TrainingSettings(
            data=words,
            out=Path(at_home(out)),
            encoder_hidden=self.encoder.value(),
            decoder_hidden=self.decoder.value(),
            attention=self.attention.isChecked(),
            minutes=self.amount.value() if self.unit.currentText() == MINUTES else None,
            epochs=self.amount.value(),
            start_from=opened.file if opened is not None and self.fine_tune.isChecked() else None,
            flags=flags_of(self.flags.text()),
        )

    def refresh(self) -> None:
        """Show the command that these settings amount to."""
        for widget in (self.encoder, self.decoder, self.attention):
            widget.setEnabled(not self.fine_tune.isChecked())
        settings = self.settings()
        self.command.setPlainText("" if settings is None else typed(command(settings)))
        self.copy.setEnabled(settings is not None)

    # -- hearing -----------------------------------------------------------------------------

    def _on_data(self, text: str) -> None:
        if not self.out.isModified():
            words = words_of(text)
            self.out.setText(str(free_file(default_folder(), Path(words[0]).stem)) if words else "")
        self.refresh()

    def _on_opened(self, opened: "Opened | None") -> None:
        self.fine_tune.setEnabled(opened is not None)
        self.fine_tune.setText("Fine-tune the open checkpoint" if opened is None else f"Fine-tune {opened.file.stem}")
        self.refresh()

    def _choose_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Drawings to train on")
        self._add_data(names)

    def _choose_folder(self) -> None:
        self._add_data([QFileDialog.getExistingDirectory(self, "A folder of drawings")])

    def _add_data(self, names: list[str]) -> None:
        words = [*words_of(self.data.text()), *filter(None, names)]
        self.data.setText("; ".join(dict.fromkeys(words)))

    def _choose_out(self) -> None:
        options = QFileDialog.Option.DontConfirmOverwrite  # it may be there to be resumed
        name, _ = QFileDialog.getSaveFileName(
            self, "Save the model as", self.out.text(), "Checkpoints (*.pt)", options=options
        )
        if name:
            self.out.setText(name)
            self.out.setModified(True)


def words_of(text: str) -> tuple[str, ...]:
    """What a line of data names: words between semicolons, or commas where no file is named so."""
    words: list[str] = []
    for part in map(str.strip, text.split(";")):
        words += [part] if exists(part) else map(str.strip, part.split(","))
    return tuple(at_home(word) for word in words if word)


def at_home(path: str) -> str:
    """A path with the home folder for its `~`; as it is, if that is of a user that there is not."""
    return os.path.expanduser(path)  # noqa: PTH111 - pathlib's raises RuntimeError for such a user


def flags_of(text: str) -> tuple[str, ...]:
    """The words of a command line; one whose quotes are open is taken as it stands."""
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def free_file(folder: Path, stem: str) -> Path:
    """STEM.pt, or STEM-2.pt and so on where such a file or a training of it is there already."""
    names = (f"{stem}.pt" if number == 1 else f"{stem}-{number}.pt" for number in itertools.count(1))
    return next(folder / name for name in names if not any(folder.glob(f"{glob.escape(name)}*")))


def default_folder() -> Path:
    """Where models go unless told otherwise."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)) / "Sketch Explorer"
