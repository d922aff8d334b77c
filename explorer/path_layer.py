"""The path on the map: its line, its frames, and control points to be added, moved and removed."""

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QPointF, QTimer

from explorer.grips import Grips
from explorer.marks import Marks
from explorer.requests import AtCode, AtDrawing, AtPosition, Film, Waypoint, snapped
from explorer.state import State
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

NEAR_POINT, NEAR_LINE = 10, 6
"""Pixels within which a press means a control point, or the line between two."""
DRAG_MS = 25
"""Between two steps of a drag: painting the map for each that a mouse reports would leave the film no time."""


class PathLayer(QObject):
    """Shows the studio's path and its film; with the path tool, lets the mouse change it."""

    def __init__(self, studio: Studio, box: pg.ViewBox, theme: Theme | LiveTheme) -> None:
        super().__init__(box)
        self._studio, self._box = studio, box
        self._places: dict[int, tuple[Waypoint, object, tuple[float, float]]] = {}
        self._grabbed: int | None = None
        """The control point that is being dragged."""
        self._dragged_to: AtPosition | None = None
        """Where it has not been brought yet."""
        self._wait = QTimer(self, singleShot=True, interval=DRAG_MS)
        self._wait.timeout.connect(self._follow)
        self._anew = True
        """Whether the next click begins another path."""
        self.line_places = np.zeros((0, 2))
        """[K, 2]: the path's line on the map."""
        self._halo, self._line, self._ties = (pg.PlotCurveItem(antialias=True) for _ in range(3))
        for depth, curve in ((0.8, self._halo), (1, self._line), (0.9, self._ties)):
            curve.setZValue(depth)
            box.addItem(curve)
        self._frames = Marks(box, 2, 6, None)
        self.grips = Grips(box, theme)
        self._marker = Marks(box, 13, 13, None)
        self.set_theme(theme)
        studio.opened.connect(self._on_opened)
        studio.map_moved.connect(self._show_grips)
        studio.film_changed.connect(self._on_film)
        studio.state_changed.connect(self._on_state)
        studio.player.moved.connect(self._show_marker)
        studio.player.changed.connect(self._show_marker)

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        """Take the colours of a theme."""
        self._halo.setPen(pg.mkPen(theme.paper, width=4))
        self._line.setPen(pg.mkPen(theme.ink, width=1.5))
        self._ties.setPen(pg.mkPen(theme.faint, width=1))
        self._frames.set_look(pg.mkPen(theme.paper, width=1), theme.ink)
        self._marker.set_look(pg.mkPen(theme.paper, width=2), theme.accent)
        self.grips.set_theme(theme)

    def set_active(self, active: bool) -> None:
        """Show the control points, or not."""
        self.grips.setVisible(active)
        self._ties.setVisible(active)

    # -- showing -----------------------------------------------------------------------------

    def _on_opened(self) -> None:
        self._anew = True
        self._grabbed = None
        self._places.clear()
        self._clear()

    def _clear(self) -> None:
        for item in (self._halo, self._line, self._ties, self._frames, self._marker):
            item.clear()
        self.line_places = np.zeros((0, 2))

    def _on_state(self, before: State, after: State) -> None:
        if after.route is not before.route:
            self._show_grips()

    def _show_grips(self) -> None:
        self.grips.set_places([self.place(target) for target in self._studio.state.route.points])

    def _on_film(self, film: Film | None) -> None:
        if film is None:
            self._clear()
        else:
            self.show_line(np.concatenate([film.positions, film.line]))

    def show_line(self, places: NDArray[np.float64]) -> None:
        """Show the film's frames and its line, one after the other, at places [n, 2] of the map."""
        film = self._studio.film
        if film is None or len(places) != len(film.positions) + len(film.line):
            return
        self._frames.set_places(places[: len(film.positions)])
        self.line_places = places[len(film.positions) :]
        for curve in (self._halo, self._line):
            curve.setData(*self.line_places.T)
        # Between drawings a code's own place is not quite where it was asked for.
        points = self._studio.state.route.points
        if len(points) == len(film.corners):
            there = [self.place(target) for target in points]
            pairs = np.stack([np.array(there), self.line_places[film.corners]], axis=1)
            self._ties.setData(*pairs.reshape(-1, 2).T, connect="pairs")
        self._show_marker()

    def _show_marker(self) -> None:
        place = self._studio.player.place()
        self._marker.set_places([] if place is None else place)

    def place(self, target: Waypoint) -> tuple[float, float]:
        """Where on the map a control point is."""
        opened = self._studio.current
        assert opened is not None
        if isinstance(target, AtDrawing):
            x, y = opened.atlas.positions[target.index].tolist()
            return x, y
        if isinstance(target, AtPosition):
            return target.x, target.y
        # Milliseconds a code; the target itself is kept, so that its number is not another's.
        known = self._places.get(id(target))
        if known is None or known[1] is not opened.navigator:
            known = self._places[id(target)] = (target, opened.navigator, opened.navigator.to_map(target.code))
        return known[2]

    # -- the mouse ---------------------------------------------------------------------------

    def press(self, at: QPointF, target: AtPosition) -> None:
        """A click: on a control point chooses it, on the line adds one there, elsewhere one at the end."""
        points = list(self._studio.state.route.points)
        on_point, on_line = self._point_at(at), self._line_at(at)
        if on_point is not None:
            self.grips.choose(on_point)
        elif on_line is not None:
            number, way = on_line
            points.insert(number, AtCode(way, "on the path"))
            self._become(points, number)
        else:
            kept = [] if self._anew else points
            self._become([*kept, self._snapped(target)], len(kept))
        self._anew = False

    def drag(self, start: QPointF, end: QPointF, first: AtPosition, last: AtPosition, released: bool) -> None:
        """The pointer has come from `start` to `end`: it moves a control point, or draws another path."""
        if self._grabbed is None:
            self._grab(start, first, last)
        self._dragged_to = last
        if released:
            self._follow()
            self._grabbed = None
            self._studio.end_gesture()
        elif not self._wait.isActive():
            self._follow()

    def _grab(self, start: QPointF, first: AtPosition, last: AtPosition) -> None:
        """Take hold of what a drag begins on; it begins another path where there is nothing."""
        points = list(self._studio.state.route.points)
        on_line = self._line_at(start)
        self._grabbed = self._point_at(start)
        if self._grabbed is None and on_line is not None:
            self._grabbed = on_line[0]
            points.insert(self._grabbed, last)
        elif self._grabbed is None:
            self._grabbed = 1
            points = [self._snapped(first), last]
        self._anew = False
        self._become(points, self._grabbed, live=True)

    def _follow(self) -> None:
        """Bring the point that is being dragged to where the pointer was last, some times a second."""
        points = list(self._studio.state.route.points)
        if self._grabbed is None or self._dragged_to is None or self._grabbed >= len(points):
            return
        points[self._grabbed] = self._snapped(self._dragged_to)
        self._dragged_to = None
        self._become(points, self._grabbed, live=True)
        self._wait.start()

    def hover(self, at: QPointF) -> bool:
        """The pointer is at a place of the map; whether it could take hold of something there."""
        point = self._point_at(at)
        self.grips.set_hovered(point)
        return point is not None or self._line_at(at) is not None

    def remove_at(self, at: QPointF) -> None:
        """Remove the control point there, if there is one."""
        self._remove(self._point_at(at))

    def remove_chosen(self) -> None:
        """Remove the control point that was chosen, moved or added last."""
        self._remove(self.grips.chosen)

    def begin_anew(self) -> None:
        """Let the next click or drag begin another path."""
        self._anew = True
        self.grips.choose(None)

    def _remove(self, number: int | None) -> None:
        points = list(self._studio.state.route.points)
        if number is not None and number < len(points) and len(points) > 1:
            del points[number]
            self._become(points, max(0, number - 1))

    def _become(self, points: list[Waypoint], chosen: int, *, live: bool = False) -> None:
        self.grips.choose(chosen)
        self._studio.set_route(replace(self._studio.state.route, points=tuple(points)), live=live)

    def _snapped(self, target: AtPosition) -> AtDrawing | AtPosition:
        """The drawing that is meant now; later, under another zoom or filter, another might be."""
        opened = self._studio.current
        return target if opened is None else snapped(target, opened)

    def _point_at(self, at: QPointF) -> int | None:
        return self.grips.at(at, NEAR_POINT * self._pixel())

    def _line_at(self, at: QPointF) -> tuple[int, NDArray[np.float32]] | None:
        """Which control point one added there would be, and the path's code there; None beside the line."""
        film = self._studio.film
        places = self.line_places
        if film is None or self._anew or len(places) < 2 or len(places) != len(film.way):
            return None
        if len(film.corners) != len(self._studio.state.route.points):
            return None
        distance, nearest = _to_polyline(np.array([at.x(), at.y()]), places)
        if distance > NEAR_LINE * self._pixel():
            return None
        return int(np.searchsorted(film.corners[1:-1], nearest, side="right")) + 1, film.way[nearest]

    def _pixel(self) -> float:
        """In map units."""
        return float(self._box.viewPixelSize()[0])


def _to_polyline(at: NDArray[np.float64], line: NDArray[np.float64]) -> tuple[float, int]:
    """Distance from `at` [2] to a polyline [K, 2], and which of its points is nearest there."""
    steps = np.diff(line, axis=0)
    squares = np.square(steps).sum(axis=1)
    squares[squares == 0] = 1  # pieces of no length, along which there is nowhere to go
    along = np.clip(((at - line[:-1]) * steps).sum(axis=1) / squares, 0, 1)
    distances = np.linalg.norm(line[:-1] + along[:, None] * steps - at, axis=1)
    piece = int(distances.argmin())
    return float(distances[piece]), piece + int(along[piece] > 0.5)
