"""Plays the film: a place in time between its frames, and the drawing there."""

import time
from enum import Enum
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from core.morph import LEG_SECONDS, MorphedFilm, Polylines

if TYPE_CHECKING:
    from explorer.requests import Film
    from explorer.studio import Studio

FRAME_MS = 16
FRAMES_PER_SECOND = 1 / LEG_SECONDS
"""At speed 1."""


class Repeat(Enum):
    """What happens at the end of the film."""

    TO_AND_FRO = "to and fro"
    LOOP = "loop"
    ONCE = "once"


class Player(QObject):
    """The studio's film in motion. It is no part of the state: playing makes nothing."""

    moved = Signal(float)
    """The frame that is shown, or the place between two."""
    changed = Signal()
    """It plays, pauses, or is put away."""

    def __init__(self, studio: "Studio") -> None:
        super().__init__(studio)
        self.time = 0.0
        """In frames, the first at 0."""
        self.shown = False
        """Whether the film is on view, not the current code."""
        self.speed = 1.0
        self.repeat = Repeat.TO_AND_FRO
        self._studio = studio
        self._film: Film | None = None
        self._morph: MorphedFilm | None = None
        self._forward = True
        self._last = 0.0
        self._timer = QTimer(self, interval=FRAME_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        studio.film_changed.connect(self._on_film)
        studio.opened.connect(lambda: self._on_film(None))
        studio.located.connect(self.put_away)

    @property
    def playing(self) -> bool:
        return self._timer.isActive()

    @property
    def end(self) -> int:
        """The time of the last frame; 0 where there is no film."""
        return 0 if self._morph is None else self._morph.legs

    def _on_film(self, film: "Film | None") -> None:
        self._film = film
        self._morph = None if film is None else MorphedFilm(film.sketches)
        self.time = min(self.time, float(self.end))
        if film is None:
            self.put_away()
        elif self.shown:
            self.moved.emit(self.time)

    # -- doing -------------------------------------------------------------------------------

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        if not self.end:
            return
        if self.repeat is Repeat.ONCE and self.time >= self.end:
            self.time = 0.0
        self._forward = self._forward or self.repeat is not Repeat.TO_AND_FRO
        self._last = time.perf_counter()
        self.shown = True
        self._timer.start()
        self.changed.emit()

    def pause(self) -> None:
        if self.playing:
            self._timer.stop()
            self.changed.emit()

    def seek(self, moment: float) -> None:
        """Show the film at `moment`, in frames."""
        if self.end:
            self.shown = True
            self.time = min(max(moment, 0.0), float(self.end))
            self.moved.emit(self.time)

    def put_away(self) -> None:
        """Let the current code be seen again."""
        self._timer.stop()
        if self.shown:
            self.shown = False
            self.changed.emit()

    # -- what is seen ------------------------------------------------------------------------

    def lines(self) -> Polylines:
        """The drawing at this time, in the unit square."""
        return [] if self._morph is None else self._morph.at(self.time)

    def place(self) -> tuple[float, float] | None:
        """Where on the map it is, while the film is on view."""
        return self._film.place(self.time) if self._film is not None and self.shown else None

    def tick(self) -> None:
        """Go on by the time that has passed."""
        now = time.perf_counter()
        step = (now - self._last) * FRAMES_PER_SECOND * self.speed
        self._last = now
        moment = self.time + (step if self._forward else -step)
        end = float(self.end)
        if self.repeat is Repeat.LOOP:
            moment %= end
        elif self.repeat is Repeat.TO_AND_FRO:
            around = moment % (2 * end)  # there and back again
            moment, turned = min(around, 2 * end - around), not 0 <= moment <= end
            self._forward ^= turned
        elif moment >= end:
            moment = end
            self._timer.stop()
            self.changed.emit()
        self.seek(moment)
