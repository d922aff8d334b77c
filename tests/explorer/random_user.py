"""A user who does anything at random: menu entries, clicks, drags, keys, words, and answers to whatever opens."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QEventLoop, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QKeySequence, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QMenu,
    QMessageBox,
    QSpinBox,
    QWidget,
)
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from explorer.layout_panel import LayoutPanel
from explorer.map_view import Tool
from explorer.window import Window
from tests.explorer.test_code_drag import drop, foreign

LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE, SHIFT, CTRL, ALT = (getattr(Qt.KeyboardModifier, f"{name}Modifier") for name in ("No", "Shift", "Control", "Alt"))
EXPRESSIONS = (
    *("cat", 'cat - bird + "hot dog"', "lerp(cat, bird, t)", "a - b", "mean(cat, bird) * x", "dot(cat, bird)"),
    *("slerp(cat, a, t)", "unit(cat)", "some + cat", "random(7)", "2 * (cat - bird)"),
)
NONSENSE = (
    "cat -",
    "((",
    "catp",
    "1 / 0",
    "cat * bird * cat",
    "\N{PILE OF POO}",
    "a" * 300,
    "lerp(cat)",
    '"',
    "1e999 * cat",
)
NAMES = ("some", "others", "red owl", "cat", "1x", "a", "", "ways", "\u200b", "x" * 200)
KEYS = "Delete Backspace Return Space Tab Left Right Up Down Home End F2 PageUp Escape Plus Minus V P S A L N W R O D 0"
PATIENCE_MS = 20_000
TURNS = 0.3
"""Of the steps are followed by a turn of the event loop, in which what is to be painted is painted."""

Gesture = Callable[["RandomUser"], object]
GESTURES: dict[str, Gesture] = {}


def gesture(act: Gesture) -> Gesture:
    GESTURES[act.__name__] = act
    return act


class RandomUser:
    """Does one thing at a time on `window`, with files in `folder`; what opens is answered at once."""

    def __init__(self, window: Window, qtbot: QtBot, folder: Path, files: Sequence[Path], seed: int) -> None:
        self.window, self.studio, self.random = window, window.studio, random.Random(seed)
        self._qtbot = qtbot
        self.may_open = True
        """Whether a file is chosen where one to open is asked for; nothing can be undone beyond that."""
        self._folder, self._files, self._count = folder, list(files), 0
        self._answering = self._watching = True
        self._watch()

    def _watch(self) -> None:
        """Answer what waits in an event loop of its own, too; a repeating timer would not do so within an answer."""
        if self._watching:
            QTimer.singleShot(10, self._watch)
            if self._answering:
                self.answer()

    def do(self, name: str) -> None:
        """A gesture, or a menu entry, by its name."""
        if name in GESTURES:
            GESTURES[name](self)
        else:
            self._trigger(self.window.actions_by_name[name])
        self.answer()
        if self.random.random() < TURNS:
            turn()

    def _trigger(self, action: QAction) -> None:
        """By its key, or from its menu as that is when it opens."""
        keys = action.shortcuts()
        if keys and self.random.random() < 0.4:
            focus = self.window.focusWidget() or self.window
            QTest.keySequence(focus, keys[0])
            return
        for menu in action.associatedObjects():
            if isinstance(menu, QMenu):
                menu.aboutToShow.emit()
        action.trigger()

    def leave(self) -> None:
        """Answer nothing any more, and let the window close without a question."""
        self._watching = False
        self.window.files.asks = False

    # -- what opens --------------------------------------------------------------------------

    def answer(self) -> None:
        """Answer and close every window but the program's own."""
        for popup in iter(QApplication.activePopupWidget, None):
            if isinstance(popup, QMenu) and self.random.random() < 0.5:
                actions = [each for each in popup.actions() if each.isEnabled() and each.objectName() != "quit"]
                if actions:
                    self.random.choice(actions).trigger()
            popup.close()
        for dialog in QApplication.topLevelWidgets():
            if isValid(dialog) and isinstance(dialog, QDialog) and dialog.isVisible():
                self._answer(dialog)
                self.window.activateWindow()

    def _answer(self, dialog: QDialog) -> None:
        if isinstance(dialog, QFileDialog):
            self._choose_file(dialog)
        elif isinstance(dialog, QMessageBox):
            self.random.choice(dialog.buttons()).click()
            if isValid(dialog):
                dialog.close()
        elif isinstance(dialog, LayoutPanel):
            dialog.method.setCurrentIndex(self.random.randrange(dialog.method.count()))
            dialog.seed.setValue(self.random.randrange(5))
            self.random.choice((dialog.apply, dialog.stop)).click()
            dialog.close()
        else:
            dialog.close()

    def _choose_file(self, dialog: QFileDialog) -> None:
        saving = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
        known = [path for path in self._files if any(path.suffix in each for each in dialog.nameFilters())]
        if saving and self.random.random() < 0.7:
            self._count += 1
            path = self._folder / f"{self._count}.{dialog.defaultSuffix()}"
            if "sketchspace" in dialog.nameFilters()[0]:
                self._files.append(path.with_suffix(".sketchspace"))
            dialog.selectFile(str(path))
            dialog.accept()
        elif not saving and known and self.may_open and self.random.random() < 0.5:
            dialog.selectFile(str(self.random.choice(known)))
            dialog.accept()
        else:
            dialog.reject()

    # -- hands -------------------------------------------------------------------------------

    def _somewhere(self, widget: QWidget) -> QPoint:
        return QPoint(self.random.randrange(max(widget.width(), 1)), self.random.randrange(max(widget.height(), 1)))

    def _click(self, widget: QWidget, at: QPoint | None = None, held: Qt.KeyboardModifier = NONE) -> None:
        QTest.mouseClick(widget, LEFT, held, self._somewhere(widget) if at is None else at)

    def _drag(
        self,
        widget: QWidget,
        button: Qt.MouseButton = LEFT,
        held: Qt.KeyboardModifier = NONE,
        steps: int = 3,
    ) -> None:
        QTest.mousePress(widget, button, held, self._somewhere(widget))
        for _ in range(steps):
            QTest.mouseMove(widget, self._somewhere(widget))
            turn()
            if not isValid(widget):
                return  # a slot that was dropped elsewhere
        QTest.mouseRelease(widget, button, held, self._somewhere(widget))

    def _type(self, widget: Any, words: str) -> None:
        widget.setFocus()
        widget.selectAll()
        QTest.keyClicks(widget, words) if words.isascii() else widget.insert(words)
        if self.random.random() < 0.7:
            QTest.keyClick(widget, Qt.Key.Key_Return)

    def _modifiers(self) -> Qt.KeyboardModifier:
        return self.random.choice((NONE, NONE, SHIFT, CTRL, ALT))

    def _turn_to(self, page: QWidget) -> None:
        self.window.side.setCurrentWidget(page)
        turn()

    # -- the map -----------------------------------------------------------------------------

    def _point(self) -> QPoint:
        """Where a drawing lies, on the map as it is seen."""
        opened = self.studio.current
        place = opened.atlas.positions[self.random.randrange(len(opened.atlas))]
        return self.window.map.mapFromScene(self.window.map.box.mapViewToScene(QPointF(*place.tolist())))

    def _map(self, tool: Tool) -> None:
        self.window.set_tool(tool)
        viewport = self.window.map.viewport()
        if self.random.random() < 0.5:
            self._drag(viewport, held=self._modifiers())
        else:
            at = self._point() if self.random.random() < 0.7 else self._somewhere(viewport)
            button = self.random.choice((LEFT, LEFT, LEFT, RIGHT, MIDDLE))
            QTest.mouseClick(viewport, button, self._modifiers(), at)

    @gesture
    def explore_the_map(self) -> None:
        self._map(Tool.EXPLORE)

    @gesture
    def draw_a_path(self) -> None:
        self._map(Tool.PATH)

    @gesture
    def select_on_the_map(self) -> None:
        self._map(Tool.SELECT)

    @gesture
    def pan(self) -> None:
        self._drag(self.window.map.viewport(), MIDDLE)

    @gesture
    def pan_with_space(self) -> None:
        self.window.map.setFocus()
        QTest.keyPress(self.window.map, Qt.Key.Key_Space)
        if self.random.random() < 0.7:
            self._drag(self.window.map.viewport())
        QTest.keyRelease(self.window.map, Qt.Key.Key_Space)

    @gesture
    def hover(self) -> None:
        widget = self.random.choice((self.window.map.viewport(), self.window.panel.view, self.window.film))
        QTest.mouseMove(widget, self._point() if self.random.random() < 0.5 else self._somewhere(widget))

    @gesture
    def turn_the_wheel(self) -> None:
        window = self.window
        widget = self.random.choice((window.map.viewport(), window.panel.slider, window.film, window.bench.slots))
        at, delta = QPointF(self._somewhere(widget)), QPoint(0, self.random.choice((-360, -120, 120, 360)))
        no_phase = Qt.ScrollPhase.NoScrollPhase
        button, held = Qt.MouseButton.NoButton, self._modifiers()
        turned = QWheelEvent(at, widget.mapToGlobal(at), QPoint(), delta, button, held, no_phase, False)
        QApplication.sendEvent(widget, turned)

    @gesture
    def press_a_key(self) -> None:
        widgets = (self.window.map, self.window.film, self.window.strip.thumbnails, self.window.panel.grid)
        widget = self.random.choice((self.window.focusWidget() or self.window, *widgets))
        widget.setFocus()
        QTest.keyClick(widget, getattr(Qt.Key, f"Key_{self.random.choice(KEYS.split())}"), self._modifiers())

    # -- codes that are carried ----------------------------------------------------------------

    def drop_anywhere(self, mime: QMimeData) -> None:
        """Let go over any of the places that take something, or nothing."""
        window = self.window
        places = (window.map.viewport(), window.panel.view, window.bench.line, window.bench.slots.widget())
        slots = window.bench.slots.slots()
        drop(self.random.choice((*places, *slots, window.pad, window.status)), mime)

    @gesture
    def carry_a_code(self) -> None:
        window = self.window
        sources = (window.panel.view, window.film, window.strip.thumbnails, *window.bench.slots.slots()[:1])
        self._drag(self.random.choice(sources))

    @gesture
    def drop_what_is_no_code(self) -> None:
        self.drop_anywhere(foreign(self.random.choice((b"", b"{}", b"[[", b'{"code": [1], "title": 3}'))))

    @gesture
    def drop_a_file(self) -> None:
        path = self.random.choice(self._files) if self.may_open else self._folder / "missing.svg"
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(str(path))])
        if self.random.random() < 0.2:
            drop(self.window.pad if path.suffix == ".svg" else self.window, mime)

    # -- the bench ---------------------------------------------------------------------------

    @gesture
    def type_an_expression(self) -> None:
        self._type(self.window.bench.line, self.random.choice(EXPRESSIONS))

    @gesture
    def type_nonsense(self) -> None:
        self._type(self.window.bench.line, self.random.choice(NONSENSE))

    @gesture
    def move_a_free_number(self) -> None:
        sliders = list(self.window.bench.scalars.sliders.values())
        if not sliders:
            self.window.bench.line.setFocus()
            self._type(self.window.bench.line, "lerp(cat, bird, t)")
            self.settle()
            sliders = list(self.window.bench.scalars.sliders.values())
        for scalar in sliders[:1]:
            if self.random.random() < 0.3:
                QTest.mouseDClick(scalar.value, LEFT)
                self._type(scalar.editor, self.random.choice(("0.3", "-1 to 2", "x", "1e9", "3 to 1")))
            else:
                self._drag(scalar.slider)

    @gesture
    def pin(self) -> None:
        self._click(self.window.bench.slots.empty)

    @gesture
    def use_a_slot(self) -> None:
        slots = self.window.bench.slots.slots()
        if slots:
            slot = self.random.choice(slots)
            if self.random.random() < 0.5:
                self._click(slot)
            else:
                slot.menu().popup(slot.mapToGlobal(QPoint(5, 5)))

    @gesture
    def unpin(self) -> None:
        for slot in self.window.bench.slots.slots()[: self.random.randrange(4)]:
            slot.setFocus()
            QTest.keyClick(slot, Qt.Key.Key_Delete)

    @gesture
    def rename_a_pin(self) -> None:
        slots = self.window.bench.slots.slots()
        if slots:
            QTest.mouseDClick(self.random.choice(slots), LEFT)
            self._type(self.window.bench.slots.editor, self.random.choice(NAMES))

    @gesture
    def press_a_button(self) -> None:
        """Any button that can be seen."""
        buttons = [each for each in self.window.findChildren(QAbstractButton) if each.isVisible() and each.isEnabled()]
        button = self.random.choice(buttons)
        self._click(button, button.rect().center())

    @gesture
    def move_a_slider(self) -> None:
        """Any slider or scroll bar that can be seen."""
        sliders = [each for each in self.window.findChildren(QAbstractSlider) if each.isVisible() and each.isEnabled()]
        for slider in self.random.sample(sliders, min(1, len(sliders))):
            self.random.choice((self._click, self._drag, self._step))(slider)

    def _step(self, widget: QWidget) -> None:
        widget.setFocus()
        for _ in range(self.random.randrange(4)):
            QTest.keyClick(widget, self.random.choice((Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_PageUp)))

    @gesture
    def choose_in_a_box(self) -> None:
        """Any list or number field that can be seen."""
        boxes = [each for each in self.window.findChildren(QComboBox) if each.isVisible() and each.isEnabled()]
        numbers = [each for each in self.window.findChildren(QSpinBox) if each.isVisible()]
        box = self.random.choice((*boxes, *numbers))
        box.setFocus()
        QTest.keyClick(box, self.random.choice((Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End)))

    # -- groups and filters --------------------------------------------------------------------

    @gesture
    def name_a_group(self) -> None:
        if self.studio.selection.count:
            self._type(self.window.selected.name, self.random.choice(NAMES))

    @gesture
    def use_a_group(self) -> None:
        rows = self.window.legend.groups.rows
        if rows.count():
            rows.setCurrentRow(self.random.randrange(rows.count()))
            self._click(rows.viewport(), rows.visualItemRect(rows.currentItem()).center())
            if self.random.random() < 0.2:
                QTest.keyClick(rows, Qt.Key.Key_Delete)

    @gesture
    def use_the_legend(self) -> None:
        legend = self.window.legend
        shown = legend.pages.currentWidget()
        if shown is legend.rows:
            self._click(legend.rows.viewport(), QPoint(30, self.random.randrange(70)), self._modifiers())
        else:
            self._drag(legend.range.bar)

    @gesture
    def search(self) -> None:
        self._type(self.window.search, self.random.choice(("#3", "#999999", "cat", "o", "zebra", "")))

    # -- sketches ----------------------------------------------------------------------------

    @gesture
    def take_a_variant(self) -> None:
        self._turn_to(self.window.panel)
        if not self.window.panel.variants.isChecked():
            self._click(self.window.panel.variants)
            self.settle()
        self._click(self.window.panel.grid)

    @gesture
    def use_a_thumbnail(self) -> None:
        self._click(self.window.strip.thumbnails)

    @gesture
    def choose_a_frame(self) -> None:
        self._click(self.window.film)

    @gesture
    def pin_a_frame(self) -> None:
        QTest.mouseDClick(self.window.film, LEFT, NONE, self._somewhere(self.window.film))

    @gesture
    def draw_on_the_pad(self) -> None:
        self._turn_to(self.window.pad)
        self._drag(self.window.pad.sheet, steps=4)

    @gesture
    def complete_the_drawing(self) -> None:
        self._turn_to(self.window.pad)
        self._click(self.window.pad.complete)
        if self.random.random() < 0.5:
            self.settle()
        self._click(self.window.pad.grid)

    @gesture
    def go_along_a_direction(self) -> None:
        self._turn_to(self.window.directions)
        directions = self.window.directions
        sliders = (*directions.attributes.values(), *directions.principal)
        if sliders:
            self._drag(self.random.choice(sliders).slider)

    @gesture
    def make_a_direction(self) -> None:
        self._turn_to(self.window.directions)
        self._click(self.window.directions.add)

    # -- the window --------------------------------------------------------------------------

    @gesture
    def undo_some(self) -> None:
        for _ in range(self.random.randrange(6)):
            QTest.keySequence(self.window.map, QKeySequence("Ctrl+Z"))

    @gesture
    def redo_some(self) -> None:
        for _ in range(self.random.randrange(6)):
            QTest.keySequence(self.window.map, QKeySequence("Ctrl+Shift+Z"))

    @gesture
    def resize(self) -> None:
        self.window.resize(self.random.randrange(700, 1100), self.random.randrange(500, 800))

    @gesture
    def quit_and_stay(self) -> None:
        """Where something would be lost, the window asks; going on is the answer."""
        if self.studio.keeping.modified:
            self._answering = False
            self.window.actions_by_name["quit"].trigger()
            boxes = [each for each in self.window.findChildren(QMessageBox) if each.isVisible()]
            for box in boxes:
                box.reject()
            self.window.activateWindow()
            self._answering = True

    @gesture
    def look_elsewhere(self) -> None:
        """Another program's window has the focus for a moment."""
        for kind in (QEvent.Type.WindowDeactivate, QEvent.Type.WindowActivate):
            QApplication.sendEvent(self.window, QEvent(kind))

    @gesture
    def settle(self) -> None:
        """Wait for the answers to everything asked so far."""
        self._qtbot.waitUntil(self.idle, timeout=PATIENCE_MS)

    def idle(self) -> bool:
        from explorer.workers import Job, LatestWorker

        owners = (self.window, self.studio)
        workers = [each for owner in owners for each in owner.findChildren(LatestWorker)]
        jobs = [each for owner in owners for each in owner.findChildren(Job)]
        return all(worker.idle for worker in workers) and not any(job.running for job in jobs)


def turn() -> None:
    """One turn of the event loop, in which what was deleted goes."""
    loop = QEventLoop()
    QTimer.singleShot(0, loop.quit)
    loop.exec()
