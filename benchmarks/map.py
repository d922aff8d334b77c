"""The map: how soon it is there, how fast it moves, and how it bears UMAP running.

    python benchmarks/map.py [--json] [--points N ...] [--runs N]

Positions are synthetic clusters (the shipped map has 27,710 drawings); what is painted does not depend
on what the points stand for, so no drawings are read. A frame runs from the new range to painted pixels.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from measure import machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

BARE = "import torch, PySide6.QtWidgets, pyqtgraph"
OURS = """
import os, runpy, sys
sys.path.insert(0, sys.argv[1])
sys.argv = ["sketch-explorer"]
import explorer.application as application

class Timed(application.Window):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.studio.located.connect(self.end)

    def end(self):
        # a request such as a click makes was answered; what the map shows is painted here at the latest
        self.map.viewport().repaint()
        if self.map.points.picture is not None:
            os._exit(0)

application.Window = Timed
runpy.run_module("explorer", run_name="__main__")
"""
SIZE = (853, 580)
"""Pixels of the map in a window as it opens."""


def seconds_of(*code: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", *code], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def measure_start(runs: int) -> dict[str, float]:
    """A bare import and the program until a click would be answered, in turn; the first of each warms the disk."""
    bare_code = f"{BARE}\nimport os\nos._exit(0)"
    pairs = [(seconds_of(bare_code), seconds_of(OURS, str(ROOT))) for _ in range(runs + 1)][1:]
    bare, ours = np.median(pairs, axis=0)
    return {"start_s": float(ours), "import_s": float(bare), "ratio_start": float(ours / bare)}


def clusters(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Positions [N, 2] in forty clusters of many sizes, and colours [N, 4]."""
    from explorer.palette import class_rgba

    rng = np.random.default_rng(seed)
    centres, sizes = rng.normal(size=(40, 2)) * 3, rng.uniform(0.2, 1.0, 40)
    labels = rng.integers(0, 40, count)
    positions = centres[labels] + rng.normal(size=(count, 2)) * sizes[labels, None]
    return positions.astype(np.float32), class_rgba(40)[labels]


class Stage:
    """A map view with points, as large as in the window."""

    def __init__(self, count: int) -> None:
        from PySide6.QtWidgets import QApplication

        from explorer.map_view import MapView
        from explorer.studio import Studio
        from explorer.theme import LIGHT

        self.application = QApplication.instance() or QApplication([])
        self.studio = Studio()
        self.view = MapView(self.studio, LIGHT)
        self.view.resize(*SIZE)
        self.view.show()
        self.positions, self.colours = clusters(count)
        self.view.points.set_positions(self.positions)
        self.view.points.set_colours(self.colours)
        low, high = np.percentile(self.positions, (0.2, 99.8), axis=0)
        self.view.box.setRange(xRange=(low[0], high[0]), yRange=(low[1], high[1]), padding=0.06)
        self.application.processEvents()

    def close(self) -> None:
        self.view.stop()
        self.studio.close()
        self.view.close()

    def frame(self, step: int, box: Any, painted: Any) -> float:
        """Milliseconds from a new range to its pixels; `painted()` changes with every picture."""
        for _ in range(3):
            self.application.processEvents()  # what else is waiting to be painted is no part of this frame
        before, began = painted(), time.perf_counter()
        move(box, step)
        while painted() is before:
            self.application.processEvents()
        return 1000 * (time.perf_counter() - began)

    def exact(self) -> bool:
        """Whether what was painted last is what a new layer paints."""
        from PySide6.QtGui import QColor

        from explorer.point_layer import PointLayer

        shown = self.view.points.picture
        fresh = PointLayer(self.view.box, QColor("black"))
        fresh.set_positions(self.positions)
        fresh.set_colours(self.colours)
        same = shown == fresh.render(shown.width(), shown.height(), self.view.box.childTransform())
        self.view.scene().removeItem(fresh)
        return same


def move(box: Any, step: int) -> None:
    """Of ten steps four zoom in and out again, the others pan."""
    if step % 5 == 0:
        box.scaleBy((0.8, 0.8) if step % 10 == 0 else (1.25, 1.25))
    else:
        width = box.viewRect().width()
        box.translateBy(x=0.03 * width * (1 if step % 10 < 5 else -1), y=0)


def measure_frames(count: int, frames: int) -> tuple[float, float]:
    """(median milliseconds, those of a recolouring until it is painted) of a number of points."""
    stage = Stage(count)
    times = []
    for step in range(frames):
        times.append(stage.frame(step, stage.view.box, lambda: stage.view.points.picture))
        if step % 20 == 19 and not stage.exact():
            raise SystemExit(f"Frame {step} of {count:,} points is not what a full render shows.")
    recolours = []
    for turn in range(7):
        colours = np.roll(stage.colours, turn, axis=0)
        began = time.perf_counter()
        stage.view.points.set_colours(colours)
        while stage.view.points.picture is None:
            stage.application.processEvents()
        recolours.append(1000 * (time.perf_counter() - began))
    stage.close()
    return float(np.median(times)), float(np.median(recolours))


def measure_million(runs: int) -> dict[str, float]:
    """Our frames and those of pyqtgraph's ScatterPlotItem at a million points, in turn."""
    import pyqtgraph as pg

    stage = Stage(1_000_000)
    colours = [pg.mkBrush(*colour) for colour in np.unique(stage.colours, axis=0).tolist()]
    rank = np.unique(stage.colours, axis=0, return_inverse=True)[1].ravel()
    painted = [0]

    class Scatter(pg.ScatterPlotItem):
        def paint(self, *arguments: Any) -> None:
            super().paint(*arguments)
            painted[0] = object()

    plot = pg.PlotWidget(background="w")
    for axis in ("left", "bottom"):
        plot.getPlotItem().hideAxis(axis)
    plot.setAspectLocked(True)
    plot.resize(*SIZE)
    item = Scatter(pen=None, size=3)
    item.setData(pos=stage.positions, brush=np.array(colours, dtype=object)[rank])
    plot.addItem(item)
    plot.show()
    stage.application.processEvents()
    plot.getViewBox().setRange(stage.view.box.viewRect(), padding=0)
    stage.application.processEvents()
    ours, theirs = [], []
    for step in range(1, runs + 1):
        theirs.append(stage.frame(step, plot.getViewBox(), lambda: painted[0]))
        ours.append(stage.frame(step, stage.view.box, lambda: stage.view.points.picture))
    plot.close()
    stage.close()
    ratio = float(np.median(theirs) / np.median(ours))
    return {"ratio_million": ratio, "scatter_ms": float(np.median(theirs)), "beside_scatter_ms": float(np.median(ours))}


def measure_hover(count: int, moves: int) -> float:
    """Median milliseconds of the navigator's answer to where the pointer is."""
    from core.navigation import Navigator

    rng = np.random.default_rng(0)
    positions, _ = clusters(count)
    navigator = Navigator(atlas_of(positions))
    navigator.prepare()
    times = []
    for x, y in rng.uniform(positions.min(axis=0), positions.max(axis=0), (moves, 2)).tolist():
        began = time.perf_counter()
        navigator.on_map(x, y)
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times))


def atlas_of(positions: np.ndarray) -> Any:
    """An atlas at these positions [N, 2] whose codes are random."""
    from core.atlas import Atlas

    count, latent = len(positions), 8
    codes = np.random.default_rng(1).integers(0, 256, (count, latent), dtype=np.uint8)
    zeros = np.zeros(count, np.int32)
    scale = np.full(latent, 1 / 64, np.float32)
    splits = zeros.astype(np.uint8)
    losses = zeros.astype(np.float32)
    return Atlas(codes, -128 * scale, scale, positions, zeros, splits, zeros, zeros, zeros, losses, ("a",), ("a.npz",))


def measure_heartbeat(count: int) -> dict[str, float]:
    """By how much a 10 ms beat is late while UMAP lays out `count` codes in its child process and the points follow."""
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    from core.projection import pca_layout, umap_layout
    from explorer.workers import Job

    rng = np.random.default_rng(0)
    codes = (rng.normal(size=(16, 32))[rng.integers(0, 16, count)] * 2 + rng.normal(size=(count, 32))).astype(
        np.float32
    )
    stage = Stage(count)
    job = Job("layout")
    late, loop, last = [], QEventLoop(), [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        late.append(1000 * (now - last[0]) - 10)
        last[0] = now

    def show(frame: Any) -> None:
        if frame.positions is not None:
            stage.view.points.set_positions(frame.positions)

    timer = QTimer(interval=10, timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    job.progressed.connect(show)
    job.succeeded.connect(loop.quit)
    job.failed.connect(lambda message, details: sys.exit(details or message))
    timer.start()
    job.start(lambda: umap_layout(codes, pca_layout(codes)))
    last[0] = time.perf_counter()
    loop.exec()
    job.close()
    stage.close()
    return {"heartbeat_late_ms": max(late), "heartbeat_points": count, "heartbeat_beats": len(late)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print one object instead of a table")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="not read: the points are synthetic")
    parser.add_argument("--points", type=int, nargs="+", default=[70_000, 254_703, 1_000_000])
    parser.add_argument("--runs", type=int, default=5, help="starts, and frames beside ScatterPlotItem")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--umap-points", type=int, default=10_000)
    arguments = parser.parse_args()
    result: dict[str, Any] = {"device": machine(torch.device("cpu"))}
    result |= measure_start(arguments.runs)
    result["frame_ms"], recolour = {}, {}
    for count in arguments.points:
        result["frame_ms"][str(count)], recolour[count] = measure_frames(count, arguments.frames)
    result["recolour_ms"] = recolour[min(recolour)]
    result |= measure_million(arguments.runs)
    result["hover_ms"] = measure_hover(254_703, 200)
    result |= measure_heartbeat(arguments.umap_points)
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"on {result.pop('device')}; synthetic positions; map of {SIZE[0]} x {SIZE[1]} pixels, offscreen")
    for count, milliseconds in result.pop("frame_ms").items():
        print(f"  {'frame_ms at ' + format(int(count), ','):28} {milliseconds:10.1f}")
    for name, value in result.items():
        print(f"  {name:28} {value:10.2f}")


if __name__ == "__main__":
    main()
