"""The studio: how soon a click has drawn, and how fast the filmstrip follows a control point.

    python benchmarks/studio.py [--json] [--clicks N] [--seconds S]

A window on the shipped checkpoint, shown offscreen, is driven by mouse events. A click's time runs from
before its press to the painted sketch: to the first of its points, and to all of them. Every click comes
when the window has come to rest, after the pointer has moved there. While a control point is dragged in
circles, an update is a film that has at least ten frames decoded anew and is painted.
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["QT_QPA_PLATFORM"] = "offscreen"

FRAMES = 24
FRESH = 10
"""Frames decoded anew that make an update."""
MOVE_MS = 10
"""Between two moves of the mouse."""
WARM_CLICKS = 5
LONGEST_S = 120


class Stage:
    """The window on a checkpoint, at rest."""

    def __init__(self, checkpoint: str) -> None:
        from PySide6.QtWidgets import QApplication

        from explorer.filmstrip import Filmstrip
        from explorer.sketch_view import SketchView
        from explorer.studio import Studio
        from explorer.theme import LIGHT, apply_theme
        from explorer.window import Window

        self.on_paint: dict[str, Callable[[], object]] = {}
        """What to call when a widget of a class, by its name, has been painted."""
        for kind in (SketchView, Filmstrip):
            self._watch(kind)
        self.application = QApplication.instance() or QApplication([])
        self.application.setStyle("Fusion")
        apply_theme(self.application, LIGHT)
        self.studio = Studio()
        self.studio.failed.connect(lambda message, details: sys.exit(details or message))
        self.window = Window(self.studio, LIGHT)
        self.window.show()
        self.studio.open(checkpoint)
        self.wait(lambda: self.studio.film is not None and self.studio.film.finished)
        self.settle()

    def _watch(self, kind: Any) -> None:
        """Before any is made: later Qt no longer looks for the method."""
        paint = kind.paintEvent

        def watched(widget: Any, event: Any) -> None:
            paint(widget, event)
            self.on_paint.get(kind.__name__, lambda: None)()

        kind.paintEvent = watched

    def wait(self, condition: Callable[[], bool]) -> None:
        """Run the event loop, as a user's program does, until `condition` holds."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop, poll, deadline = QEventLoop(), QTimer(interval=5), time.perf_counter() + LONGEST_S
        poll.timeout.connect(lambda: loop.quit() if condition() or time.perf_counter() > deadline else None)
        poll.start()
        loop.exec()
        if time.perf_counter() > deadline:
            raise SystemExit(f"The window did not come to rest within {LONGEST_S} s.")

    def rest(self, seconds: float) -> None:
        """Run the event loop for a while."""
        from PySide6.QtCore import QEventLoop, Qt, QTimer

        loop = QEventLoop()
        timer = QTimer(interval=round(1000 * seconds), singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        timer.timeout.connect(loop.quit)
        timer.start()
        loop.exec()

    def settle(self) -> None:
        """Wait until every worker has been idle for a while."""
        from explorer.workers import LatestWorker

        workers = [*self.window.findChildren(LatestWorker), *self.studio.findChildren(LatestWorker)]
        for _ in range(2):
            self.rest(0.15)
            self.wait(lambda: all(worker.idle for worker in workers))

    def pixel(self, x: float, y: float) -> Any:
        """The pixel of the map's viewport at a map position."""
        from PySide6.QtCore import QPointF

        return self.window.map.mapFromScene(self.window.map.box.mapViewToScene(QPointF(x, y)))

    def close(self) -> None:
        self.window.close()


def measure_clicks(stage: Stage, clicks: int) -> dict[str, float]:
    """Milliseconds from a click on a drawing to its first painted ink, and to the whole sketch."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    studio, viewport, view = stage.studio, stage.window.map.viewport(), stage.window.panel.view
    painted: list[tuple[float, object, int, bool]] = []

    def timed() -> None:
        painted.append((time.perf_counter(), studio.here, len(studio.sketch.stroke3), view.complete))

    stage.on_paint["SketchView"] = timed
    atlas = studio.current.atlas
    first, whole, points = [], [], []
    for index in np.random.default_rng(0).permutation(len(atlas))[: clicks + WARM_CLICKS].tolist():
        at = stage.pixel(*atlas.positions[index].tolist())
        QTest.mouseMove(viewport, at)
        stage.rest(0.05)
        before = studio.here
        painted.clear()
        began = time.perf_counter()
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=at)
        stage.wait(lambda before=before: bool(painted) and painted[-1][1] is not before and painted[-1][3])
        own = [when for when, here, count, _ in painted if here is not before and count]
        first.append(1000 * (own[0] - began))
        whole.append(1000 * (painted[-1][0] - began))
        points.append(len(studio.sketch.stroke3))
        stage.settle()
    stage.on_paint.clear()
    result: dict[str, float] = {"clicks": clicks, "median_points": float(np.median(points[WARM_CLICKS:]))}
    for name, times in (("first_ink_ms", first), ("whole_ms", whole)):
        for share in (50, 95):
            result[f"{name}_p{share}"] = float(np.percentile(times[WARM_CLICKS:], share))
    return result


def measure_drag(stage: Stage, seconds: float, frames: int = FRAMES) -> dict[str, float]:
    """Updates a second of the filmstrip while the middle one of three control points is dragged in circles."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    from explorer.map_view import Tool

    studio, window = stage.studio, stage.window
    window.set_tool(Tool.PATH)
    viewport = window.map.viewport()
    width, height = viewport.width(), viewport.height()
    for x, y in ((0.25, 0.35), (0.5, 0.5), (0.75, 0.6)):
        QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=QPoint(round(x * width), round(y * height)))
        stage.settle()
    studio.set_route(replace(studio.state.route, frames=frames))
    stage.settle()
    shown, counted, lasted = {id(sketch) for sketch in studio.film.sketches}, [], []
    kept = [studio.film]  # so that no sketch's id is given again

    def timed() -> None:
        nonlocal shown
        film = studio.film
        if film is kept[-1]:
            return
        kept.append(film)
        own = {id(sketch): whole for sketch, whole in zip(film.sketches, film.whole, strict=True)}
        fresh = [whole for sketch, whole in own.items() if sketch not in shown]
        shown = set(own)
        if len(fresh) >= FRESH:
            counted.append(time.perf_counter())
            lasted.append(float(np.mean(fresh)))

    stage.on_paint["Filmstrip"] = timed
    point = window.map.path.grips.places[1]
    start, radius = stage.pixel(*point), 0.15 * height
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds:
        turn = 2 * math.pi * passed / 3
        step = QPoint(round(radius * math.sin(turn)), round(radius * (1 - math.cos(turn))))
        QTest.mouseMove(viewport, start + step)
        stage.rest(MOVE_MS / 1000)
    stage.on_paint.clear()
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start)
    stage.settle()
    gaps = 1000 * np.diff([began, *counted])
    return {
        "path_updates_per_second": len(counted) / seconds,
        "path_gap_ms_p95": float(np.percentile(gaps, 95)) if len(gaps) else math.inf,
        "path_whole_share": float(np.mean(lasted)) if lasted else 0.0,
        "path_frames": frames,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="not read: the shipped map is shown")
    parser.add_argument("--checkpoint", default="animals")
    parser.add_argument("--clicks", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=9.0, help="of dragging")
    arguments = parser.parse_args()
    stage = Stage(arguments.checkpoint)
    result: dict[str, Any] = {"device": machine(torch.device("cpu"))}
    result |= measure_clicks(stage, arguments.clicks)
    result |= measure_drag(stage, arguments.seconds)
    stage.close()
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"on {result.pop('device')}; {arguments.checkpoint}, window shown offscreen")
    for name, value in result.items():
        print(f"  {name:28} {value:10.2f}")


if __name__ == "__main__":
    main()
