"""Category names over their clusters."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QApplication, QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from explorer.palette import category_colour
from explorer.theme import LiveTheme, Theme
from explorer.workers import Cancel, LatestWorker

if TYPE_CHECKING:
    from core.atlas import Atlas

MOST_NAMES = 40
NAME_GRID = 64
"""Cells a side of the histogram that finds where a category is at home."""
NAME_CELLS = (7, 3)
"""Half of what a name covers of that histogram, about: no other name is put there."""
SMOOTHING = 2.0
"""Cells: standard deviation of what the histogram is smoothed by."""
GROUND_ALPHA = 200
WIDEST = 180
"""Pixels of a name; a longer one is cut short."""

Home = tuple[str, int, tuple[float, float]]
"""(name, label, map position) of a category."""


class NameLayer(QGraphicsObject):
    """Names at map positions, all painted at once."""

    failed = Signal(str, str)

    def __init__(self, box: pg.ViewBox, theme: Theme | LiveTheme) -> None:
        super().__init__(box)
        self._box, self._theme = box, theme
        self._names: list[tuple[str, QColor, QPointF]] = []
        self._hidden: frozenset[int] = frozenset()
        self._homes: list[Home] = []
        self._worker = LatestWorker(_most_homes, "names", self)
        self._worker.answered.connect(self._on_answered)
        self._worker.failed.connect(self.failed)
        self._font = QFont(QApplication.font())
        self._font.setWeight(QFont.Weight.DemiBold)
        self.setZValue(-1)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.sigRangeChanged.connect(self._on_view_changed)
        box.sigResized.connect(self.prepareGeometryChange)

    def show_names(self, atlas: "Atlas") -> None:
        """Name the clusters of an atlas as soon as they are found; until then names stay where they are."""
        self._worker.submit(atlas, preempt=False)

    def clear(self) -> None:
        """Show no names."""
        self._worker.cancel()
        self._homes = []
        self.set_theme(self._theme)

    def stop(self) -> None:
        self._worker.stop()

    def _on_answered(self, number: int, homes: list[Home]) -> None:
        if self._worker.current(number):
            self._homes = homes
            self.set_theme(self._theme)

    def set_hidden(self, labels: frozenset[int]) -> None:
        """Leave out the names of categories that are not shown."""
        self._hidden = labels
        self.set_theme(self._theme)

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        self._theme = theme
        metrics, end = QFontMetricsF(self._font), Qt.TextElideMode.ElideRight
        self._names = [
            (metrics.elidedText(name, end, WIDEST), readable(category_colour(label), dark=theme.dark), QPointF(*at))
            for name, label, at in self._homes
            if label not in self._hidden
        ]
        self.update()

    def _on_view_changed(self) -> None:
        self.update()

    def boundingRect(self) -> QRectF:
        return self._box.rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        ground = QColor(self._theme.paper)
        ground.setAlpha(GROUND_ALPHA)
        painter.setFont(self._font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for label, name, colour in self.placed():
            if label.intersects(self._box.rect()):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(ground)
                painter.drawRoundedRect(label, 3, 3)
                painter.setPen(colour)
                painter.drawText(label, Qt.AlignmentFlag.AlignCenter, name)

    def placed(self) -> list[tuple[QRectF, str, QColor]]:
        """Where each name stands in the box, in pixels: at home, or just above or below where others stand there.

        Where those leave no room the name of the smaller category is left out, until the map is zoomed in.
        """
        metrics, to_box = QFontMetricsF(self._font), self._box.childTransform()
        placed: list[tuple[QRectF, str, QColor]] = []
        for name, colour, place in self._names:
            home = QRectF(0, 0, metrics.horizontalAdvance(name) + 8, metrics.height() + 2)
            home.moveCenter(to_box.map(place))
            for lines in (0, -0.5, 0.5, -1, 1):
                label = home.translated(0, lines * home.height())
                if not any(label.intersects(other) for other, _, _ in placed):
                    placed.append((label, name, colour))
                    break
        return placed


def _most_homes(atlas: "Atlas", _cancelled: Cancel) -> Iterator[list[Home]]:
    """The names that the map shows; one category alone needs no name."""
    yield category_homes(atlas)[:MOST_NAMES] if len(atlas.categories) > 1 else []


def category_homes(atlas: "Atlas") -> list[Home]:
    """The home of each category, most drawings first.

    The position is where the category is both dense and among itself: its smoothed density squared
    over everyone's. Where a name already stands there is no room for another.
    """
    places = atlas.positions.astype(np.float64)
    low, high = places.min(axis=0), places.max(axis=0) + 1e-6
    size = (high - low) / NAME_GRID
    columns, rows = ((places - low) / size).astype(np.intp).clip(0, NAME_GRID - 1).T
    cells = np.arange(NAME_GRID)
    smoother = np.exp(-0.5 * ((cells[:, None] - cells) / SMOOTHING) ** 2)
    smoother /= smoother.sum(axis=1, keepdims=True)
    # One count for all categories at once: this runs at every frame of a layout.
    shape = (len(atlas.categories), NAME_GRID, NAME_GRID)
    grid = np.bincount(np.ravel_multi_index((atlas.labels, columns, rows), shape), minlength=int(np.prod(shape)))
    densities = smoother @ grid.reshape(shape) @ smoother.T
    everyone = densities.sum(axis=0)
    free = np.ones_like(everyone)
    homes = []
    counts = np.bincount(atlas.labels, minlength=len(atlas.categories))
    for label in np.argsort(-counts, kind="stable"):
        if counts[label]:
            own = densities[label]
            cell = np.unravel_index(np.argmax(free * own**2 / (everyone + everyone.mean())), own.shape)
            free[tuple(slice(max(0, i - reach), i + reach + 1) for i, reach in zip(cell, NAME_CELLS, strict=True))] = 0
            centre = tuple((low + (np.array(cell) + 0.5) * size).tolist())
            homes.append((atlas.categories[label], int(label), centre))
    return homes


def readable(colour: QColor, *, dark: bool) -> QColor:
    """The colour, dark or light enough to read as text on the theme's paper."""
    hue, saturation, lightness, _ = colour.getHsl()
    return QColor.fromHsl(hue, saturation, max(lightness, 165) if dark else min(lightness, 85))
