"""Thousands of things that a user can do, at random: nothing breaks, nothing leaks, everything can be undone."""

import os
import random
import threading
from collections import Counter

import pytest
from PySide6.QtCore import QSettings, QThread
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QDialog

from core import mapping
from core.projection import LayoutFrame
from explorer import opening
from explorer.equation_view import FigureDialog
from explorer.layout_panel import LayoutPanel
from explorer.saving import FOLDER
from explorer.training_dialog import TrainingDialog
from explorer.workers import LatestWorker
from tests.explorer.random_user import GESTURES, RandomUser

STEPS = int(os.environ.get("SKETCH_EXPLORER_STEPS", "5000"))
"""How many; of 5,000, each thing is done 20 times at least."""
EACH = STEPS // 250
SEED = int(os.environ.get("SKETCH_EXPLORER_SEED", "0"))


def schedule(names: list[str], chance: random.Random) -> list[str]:
    """STEPS names, each at least EACH times."""
    steps = EACH * names + chance.choices(names, k=STEPS - EACH * len(names))
    chance.shuffle(steps)
    return steps


@pytest.fixture
def layout(monkeypatch, tmp_path):
    """A quick layout in place of UMAP, and a cache of its own."""

    def umap_layout(latents, initial, config):
        for step in range(5):
            yield LayoutFrame(f"UMAP epoch {step + 1} of 5", (step + 1) / 5, initial * (1 + step / 10))
        return initial[:, ::-1] * (1.5 + config.seed / 10)

    monkeypatch.setattr(mapping, "umap_layout", umap_layout)
    monkeypatch.setattr(opening, "default_cache", lambda: tmp_path / "cache")


class Observer:
    """Notes what the stack should bring back, and what is said to have failed."""

    def __init__(self, studio) -> None:
        self.studio = studio
        self.states = {0: studio.state}
        self.failures: list[tuple[str, str]] = []
        studio.opened.connect(self._on_opened)
        studio.history.indexChanged.connect(self._on_index)
        studio.failed.connect(lambda message, details: self.failures.append((message, details)))

    def _on_opened(self) -> None:
        self.states = {0: self.studio.state}

    def _on_index(self, index: int) -> None:
        self.states[index] = self.studio.state

    def there_and_back(self) -> None:
        """Undo everything and redo it: each step brings back the very state that was there."""
        history, states = self.studio.history, dict(self.states)
        end = history.index()
        for undone in range(end - 1, -1, -1):
            history.undo()
            assert (history.index(), self.studio.state) == (undone, states[undone])
        for redone in range(1, end + 1):
            history.redo()
            assert (history.index(), self.studio.state) == (redone, states[redone])


@pytest.fixture
def user(window, qtbot, checkpoint, drawings, tmp_path, layout, monkeypatch):
    """At a small window that asks before work is lost; what is dragged is let go anywhere."""
    window.resize(900, 640)
    window.files.asks = True
    QSettings().setValue(FOLDER, str(tmp_path))
    user = RandomUser(window, qtbot, tmp_path, [checkpoint, checkpoint, *drawings], SEED)
    monkeypatch.setattr(QDrag, "exec", lambda drag, *_: user.drop_anywhere(drag.mimeData()))
    yield user
    user.leave()


@pytest.mark.timeout(1800)  # two minutes on a quiet machine
def test_anything_in_any_order(window, user, qtbot):
    studio, began = window.studio, {*threading.enumerate()}
    studio.history.setUndoLimit(0)  # none: the start shall be reached
    seen = Observer(studio)
    names = [*(name for name in window.actions_by_name if name != "quit"), *GESTURES]
    done: Counter[str] = Counter()
    with qtbot.captureExceptions() as exceptions:
        for number, name in enumerate(schedule(names, random.Random(SEED))):
            user.may_open = number < STEPS / 2
            user.do(name)
            done[name] += 1
            assert window.isVisible(), (number, name)
            assert not exceptions, (number, name)
            assert not any(details for _, details in seen.failures), (number, name, seen.failures[-1])
            if number % 250 == 249 and user.may_open:
                seen.there_and_back()
        assert min(done[name] for name in names) >= EACH
        user.settle()
        seen.there_and_back()
        user.settle()
        qtbot.waitUntil(lambda: {*threading.enumerate()} <= began)  # not one thread more
        qtbot.waitUntil(lambda: not studio.findChildren(QThread))
        open_once = Counter(type(dialog) for dialog in window.findChildren(QDialog))
        assert open_once.keys() <= {FigureDialog, LayoutPanel, TrainingDialog}
        assert max(open_once.values()) == 1
        workers = [*studio.findChildren(LatestWorker), *window.findChildren(LatestWorker)]
        user.leave()
        window.actions_by_name["quit"].trigger()
        assert not any(worker._thread.is_alive() for worker in workers)
        assert not exceptions
