"""The line that finds a drawing by its number, or a category by its name."""

import re

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QCompleter, QLineEdit

from explorer.studio import Studio

NUMBER = re.compile(r"#?\s*(\d{1,9})")


class Search(QLineEdit):
    """`#123` makes drawing 123 current; a category's name selects its drawings and shows its most typical one."""

    found = Signal(object)
    """The number of the drawing that was found, so that the map can show where it is."""
    missed = Signal(str)
    """One sentence: why nothing was found."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self._studio = studio
        self.setObjectName("small")
        self.setPlaceholderText("Find #12 or a name")
        self.setToolTip("Find a drawing by its number, or a category by its name (Ctrl+F)")
        self.setAccessibleName("Find")
        self.setClearButtonEnabled(True)
        self.setMinimumWidth(100)
        self.setMaximumWidth(160)
        self._names = QStringListModel()
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.activated.connect(self.find)
        self.setCompleter(completer)
        self.returnPressed.connect(lambda: self.find(self.text()))
        studio.opened.connect(self._on_opened)

    def _on_opened(self) -> None:
        assert self._studio.current is not None
        self._names.setStringList(list(self._studio.current.category_means))
        self.clear()

    def find(self, text: str) -> None:
        """Go to what `text` names; the only category that contains it will do."""
        opened, text = self._studio.current, text.strip()
        if opened is None or not text:
            return
        if number := NUMBER.fullmatch(text):
            index = int(number[1])
            if index < len(opened.atlas):
                self._studio.choose_drawing(index)
                self.found.emit(index)
            else:
                self.missed.emit(f"The drawings are #0 to #{len(opened.atlas) - 1:,}")
            return
        names = list(opened.category_means)
        alike = [name for name in names if name.casefold() == text.casefold()]
        alike = alike or [name for name in names if text.casefold() in name.casefold()]
        if len(alike) != 1:
            self.missed.emit(f"{len(alike)} categories contain “{text}”" if alike else f"No category is named “{text}”")
            return
        self._studio.selection.choose_category(opened.atlas.categories.index(alike[0]))
        typical = int(opened.navigator.nearest(opened.category_means[alike[0]])[0][0])
        self._studio.choose_drawing(typical)
        self.found.emit(typical)
