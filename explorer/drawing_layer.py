"""Drawings on the map, like place names on a street map: they pan along, and come as the zoom makes room."""

import time
from collections import OrderedDict
from collections.abc import Hashable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget

from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme
from explorer.thumbnails import SIDE, Chosen, Drawn, ViewRequest, draw_view, level_of, scale_of
from explorer.workers import LatestWorker

SETTLED_MS = 60
"""After the view's last change; a view that is passed through asks for nothing."""
FADE_S = 0.18
FRAME_MS = 16
KEPT = 1000
"""Pictures kept, about 16 KB each."""


class DrawingLayer(QGraphicsObject):
    """Thumbnails of the drawings in view, or (`lattice`) what the model draws all over it."""

    def __init__(self, studio: Studio, box: pg.ViewBox, theme: Theme | LiveTheme) -> None:
        super().__init__(box)
        self._studio, self._box, self._theme = studio, box, theme
        self.lattice = False
        self.chosen = Chosen(0, [], np.zeros((0, 2)))
        self.pictures: OrderedDict[Hashable, tuple[QImage, float]] = OrderedDict()
        """Key -> (picture, when it came), the last used last."""
        self._worker = LatestWorker(draw_view, "thumbnails", self)
        self._worker.answered.connect(self._on_answered)
        self._worker.failed.connect(studio.failed)
        self._settling = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settling.timeout.connect(self._ask)
        self._fading = QTimer(self, interval=FRAME_MS)
        self._fading.timeout.connect(self._on_fading)
        self.setZValue(-2)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.sigRangeChanged.connect(self._on_view_changed)
        box.sigResized.connect(self.prepareGeometryChange)
        studio.opened.connect(self.forget)
        studio.map_moved.connect(self._on_view_changed)
        studio.showing.filtered.connect(self._on_view_changed)

    def set_lattice(self, lattice: bool) -> None:
        self.lattice = lattice
        self._clear()

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        self._theme = theme
        self.forget()

    def forget(self) -> None:
        """Draw everything anew: another map or another ink."""
        self.pictures.clear()
        self._clear()

    def stop(self) -> None:
        self._settling.stop()
        self._worker.stop()

    def _clear(self) -> None:
        self._worker.cancel()
        self.chosen = Chosen(0, [], np.zeros((0, 2)))
        self._on_view_changed()

    def _on_view_changed(self) -> None:
        self.update()
        if not self._settling.isActive():  # while the view keeps changing it is asked for all the same
            self._settling.start()

    def _scale(self) -> float:
        return 1 / float(self._box.viewPixelSize()[0])

    def _ask(self) -> None:
        opened = self._studio.current
        view = self.scene().views()[0] if self.scene() is not None and self.scene().views() else None
        if opened is None or view is None:
            return
        (left, right), (bottom, top) = self._box.viewRange()
        level = level_of(self._scale())
        # what is asked for while the sketch of a click is drawn would keep that waiting
        sketch = self._studio.sketch
        if self._studio.live or sketch is None or not sketch.finished:
            self._settling.start()
            return
        request = ViewRequest(
            opened,
            (left, bottom, right, top),
            level,
            self.lattice,
            self._studio.showing.mask,
            frozenset(self.pictures),
            view.devicePixelRatio(),
            str(self._theme.ink),
            str(self._theme.paper),
        )
        self._worker.submit(request, preempt=level != self.chosen.level)

    def _on_answered(self, number: int, answer: Chosen | Drawn) -> None:
        if not self._worker.current(number):
            return
        if isinstance(answer, Chosen):
            self.chosen = answer
            for key in answer.keys:
                if key in self.pictures:
                    self.pictures.move_to_end(key)
        else:
            now = time.monotonic()
            self.pictures.update((key, (image, now)) for key, image in answer.pictures.items())
            while len(self.pictures) > KEPT:
                self.pictures.popitem(last=False)
            self._fading.start()
        self.update()

    def _on_fading(self) -> None:
        newest = max((came for _, came in self.pictures.values()), default=0.0)
        if time.monotonic() - newest > FADE_S:
            self._fading.stop()
        self.update()

    # -- painting ----------------------------------------------------------------------------

    def boundingRect(self) -> QRectF:
        return self._box.rect()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if not self.chosen.keys:
            return
        # Zoomed out since they were chosen, they shrink and so do not overlap before others are.
        side = SIDE * min(1.0, self._scale() / scale_of(self.chosen.level))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, side != SIDE)
        to_box, now = self._box.childTransform(), time.monotonic()
        for key, place in zip(self.chosen.keys, self.chosen.places.tolist(), strict=True):
            if key in self.pictures:
                image, came = self.pictures[key]
                target = QRectF(0, 0, side, side)
                target.moveCenter(to_box.map(QPointF(*place)))
                painter.setOpacity(min((now - came) / FADE_S, 1.0))
                if side == SIDE:
                    painter.drawImage(target.topLeft(), image)
                else:
                    painter.drawImage(target, image)
