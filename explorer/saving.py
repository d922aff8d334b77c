"""Where a file shall go: one dialog for all that is written, and the menu of what can be."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings, QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from explorer.exports import ANIMATION, CODES, FIGURE, FILMSTRIP, SKETCH, Formats

if TYPE_CHECKING:
    from explorer.studio import Studio

FOLDER = "export/folder"
"""Setting: where a file was last written."""


def ask_where(
    parent: QWidget, title: str, name: str, formats: Mapping[str, str], write: Callable[[Path], None]
) -> QFileDialog:
    """Ask for a file and call `write` with it; nothing if the user has second thoughts.

    `formats` are titles by ending; the first ending is the one of `name`, the others are in the list. A
    name without ending gets the chosen one before the dialog asks whether a file may be replaced.
    """
    filters = {f"{format_title} (*{ending})": ending for ending, format_title in formats.items()}
    usual = next(iter(formats))
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    dialog = QFileDialog(parent, title, str(QSettings().value(FOLDER, documents)))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setNameFilters(list(filters))
    dialog.setDefaultSuffix(usual)
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(filters[chosen]))
    dialog.selectFile(name + usual)

    def accept(chosen: str) -> None:
        QSettings().setValue(FOLDER, str(Path(chosen).parent))
        write(Path(chosen))

    dialog.fileSelected.connect(accept)
    dialog.open()
    return dialog


class ExportMenu(QMenu):
    """What can be exported now; what cannot be is grey."""

    def __init__(self, studio: "Studio", parent: QWidget) -> None:
        super().__init__("Export", parent)
        exporting = studio.exporting
        for title, name, formats, write, there_is in (
            ("Sketch…", "sketch", SKETCH, exporting.sketch, lambda: exporting.has_sketch),
            ("Filmstrip…", "filmstrip", FILMSTRIP, exporting.filmstrip, lambda: exporting.has_film),
            ("Figure of the expression…", "figure", FIGURE, exporting.figure, lambda: exporting.has_figure),
            ("Animation…", "animation", ANIMATION, exporting.animation, lambda: exporting.has_film),
            ("Codes…", "codes", CODES, exporting.codes, lambda: exporting.has_codes),
        ):
            self._add(title, name, formats, write, there_is)

    def _add(
        self, title: str, name: str, formats: Formats, write: Callable[[Path], None], there_is: Callable[[], bool]
    ) -> None:
        titles = {ending: entry.title for ending, entry in formats.items()}
        action = self.addAction(title)
        action.triggered.connect(lambda: ask_where(self.window(), f"Export {name}", name, titles, write))
        self.aboutToShow.connect(lambda: action.setEnabled(there_is()))
