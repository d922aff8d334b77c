"""Arrays that glide from what they are to what they shall be, instead of jumping."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer

Floats = NDArray[np.floating]
FRAME_MS = 16
LONGEST_S = 0.6
SHORTEST_S = 0.15
TOO_SLOW_S = 0.04
"""A step that takes longer than this is no glide: from then on this array jumps."""


class Glide(QObject):
    """Moves one array; `show` is called with each place in between and, at last, with the goal itself."""

    def __init__(self, show: Callable[[Floats], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show = show
        self._from: Floats | None = None
        self._goal: Floats | None = None
        self._began = 0.0
        self._seconds = LONGEST_S
        self._step_s = 0.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def goal(self) -> Floats | None:
        """Where it is, or is on the way to."""
        return self._goal

    @property
    def moving(self) -> bool:
        return self._timer.isActive()

    def jump(self, goal: Floats) -> None:
        """Be at `goal` at once."""
        self._timer.stop()
        self._goal = goal
        self._call(goal)

    def stop(self) -> None:
        """Stay here; the next goal is jumped to."""
        self._timer.stop()
        self._goal = None

    def to(self, goal: Floats) -> None:
        """Glide to `goal` from wherever it is; it takes about as long as goals have lately been apart."""
        now = time.perf_counter()
        if self._goal is None or self._goal.shape != goal.shape or self._step_s > TOO_SLOW_S:
            self.jump(goal)
        else:
            self._from = self._place(now)
            self._seconds = float(np.clip(now - self._began, SHORTEST_S, LONGEST_S))
            self._goal = goal
            self._timer.start()
        self._began = now

    def _place(self, now: float) -> Floats:
        assert self._goal is not None
        share = (now - self._began) / self._seconds
        if share >= 1 or self._from is None or not self._timer.isActive():
            return self._goal
        # Steady speed: each goal of a running layout is followed by another.
        return self._from + self._goal.dtype.type(share) * (self._goal - self._from)

    def _tick(self) -> None:
        place = self._place(time.perf_counter())
        if place is self._goal:
            self._timer.stop()
        self._call(place)

    def _call(self, place: Floats) -> None:
        began = time.perf_counter()
        self._show(place)
        self._step_s = time.perf_counter() - began
