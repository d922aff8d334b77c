"""The map: every drawing as a point, category names above them, and the tools of the mouse."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QCursor, QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from explorer.code_drag import DropTarget, drag_code
from explorer.drawing_layer import DrawingLayer
from explorer.finding import Listed
from explorer.glide import Glide
from explorer.hover_card import HoverCard
from explorer.layouts import Relocated
from explorer.map_names import NameLayer
from explorer.marks import Marks
from explorer.marquee import Marquee
from explorer.palette import class_rgba
from explorer.path_layer import PathLayer
from explorer.point_layer import PointLayer
from explorer.requests import AtPosition, Located
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

if TYPE_CHECKING:
    from core.atlas import Atlas
    from explorer.opening import Opened

REACH = 7
"""Pixels within which a click means a drawing rather than a place between drawings."""
UNSELECTED_ALPHA = 60
"""Of 255: how much is left of the drawings beside a selection."""
DIMMED = 0.3
"""Opacity of the points below the decoded lattice."""
MOST_OUTLINED = 100
"""Of a larger selection, outlines would hide the drawings."""

FARTHEST = 1e5
"""Map units from the origin that can be looked at: a click out there is within what a session can hold."""


class Tool(Enum):
    """What the left button does on the map."""

    EXPLORE = "explore"
    PATH = "path"
    SELECT = "select"


class MapBox(pg.ViewBox):
    """A ViewBox whose left button belongs to the tool; the middle button or space pans, the wheel zooms."""

    pressed = Signal(QPointF)
    drag_began = Signal()
    """`dragged` follows, until the button is released."""
    dragged = Signal(QPointF, QPointF, bool)
    """(start, end, whether the button was released), in map units."""
    pressed_right = Signal(QPointF)

    def __init__(self) -> None:
        super().__init__(lockAspect=True, enableMenu=False)
        self.setLimits(xMin=-FARTHEST, xMax=FARTHEST, yMin=-FARTHEST, yMax=FARTHEST)
        self.panning = False
        self.panned = False
        """Whether anything was dragged since `panning` was last set."""
        self._pans = False
        """Whether the present drag moves the map, from its beginning to its end."""
        self.modifiers = Qt.KeyboardModifier.NoModifier
        """What was held during the last press or drag."""

    def mouseClickEvent(self, ev: Any) -> None:
        self.modifiers = ev.modifiers()
        if ev.button() == Qt.MouseButton.LeftButton and not self.panning:
            ev.accept()
            self.pressed.emit(self.mapToView(ev.pos()))
        elif ev.button() == Qt.MouseButton.RightButton:
            ev.accept()
            self.pressed_right.emit(self.mapToView(ev.pos()))

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        self.modifiers = ev.modifiers()
        self.panned = True
        if ev.isStart():
            self._pans = self.panning or ev.button() != Qt.MouseButton.LeftButton
            if not self._pans:
                self.drag_began.emit()
        if not self._pans:
            ev.accept()
            start, end = self.mapToView(ev.buttonDownPos()), self.mapToView(ev.pos())
            self.dragged.emit(start, end, ev.isFinish())
        elif ev.button() != Qt.MouseButton.RightButton:
            super().mouseDragEvent(ev, axis)


class MapView(pg.GraphicsView):
    """The scatter of all drawings."""

    hovered = Signal(object)
    """Index of the drawing under the pointer, or None."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__(background=theme.paper)
        self.box = MapBox()
        self.setCentralItem(self.box)
        self.enableMouse(False)  # of the view itself: the box has the mouse
        self._studio, self._theme = studio, theme
        self.tool = Tool.EXPLORE
        self.setMinimumSize(320, 240)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Map of drawings")
        self.points = PointLayer(self.box, QColor(theme.ink))
        self.names = NameLayer(self.box, theme)
        self.names.failed.connect(studio.failed)
        self.drawings = DrawingLayer(studio, self.box, theme)
        self.card = HoverCard(studio, theme, self.viewport())
        self.box.sigTransformChanged.connect(self.card.dismiss)
        self.card.drawn.connect(self._on_card_drawn)
        self._drag: Callable[[QPointF, QPointF, bool], None] = self._explore_drag
        """What the present drag does, from its beginning to its end."""
        self._carried: int | None = None
        """The drawing that is to be dragged away."""
        take = DropTarget(self.viewport(), studio.choose_code)
        take.alone = True  # else the view takes files too, and does nothing with them
        self.path = PathLayer(studio, self.box, theme)
        self._near = Marks(self.box, 3, 12, pg.mkPen(theme.ink, width=1.2))
        self._ring = Marks(self.box, 11, 18, pg.mkPen(theme.accent, width=3), theme.paper)
        self.marquee = Marquee(studio, self.box, theme)
        self._camera_moved = False
        """Whether the user has chosen what to look at; then it stays so while points move."""
        self._glide = Glide(self.points.set_positions, self)
        self._codes_glide = Glide(self._show_codes, self)
        self._camera_glide = Glide(self._show_range, self)
        self.box.sigRangeChangedManually.connect(self._on_camera)
        self.box.pressed.connect(self._on_pressed)
        self.box.pressed_right.connect(self._on_pressed_right)
        self.box.drag_began.connect(self._on_drag_began)
        self.box.dragged.connect(self._on_dragged)
        self.scene().sigMouseMoved.connect(self._on_hover)
        studio.opened.connect(self._on_opened)
        studio.map_moved.connect(self._on_moved)
        studio.located.connect(self._on_located)
        studio.film_changed.connect(self._codes_glide.stop)
        studio.layouts.relocated.connect(self._on_relocated)
        studio.showing.coloured.connect(self._colour)
        studio.showing.filtered.connect(self._on_filtered)
        studio.selection.changed.connect(self._on_selection)
        studio.listing.listed.connect(self._on_listed)

    # -- showing -----------------------------------------------------------------------------

    def _on_opened(self, opened: "Opened") -> None:
        self._ring.clear()
        self._near.clear()
        self.names.clear()
        self._glide.jump(opened.atlas.positions)
        self._place_points(opened.atlas)
        self.fit()

    def _on_moved(self, opened: "Opened") -> None:
        self._glide.to(opened.atlas.positions)
        self.names.show_names(opened.atlas)
        self._on_listed(self._studio.listing.shown)
        if not self._camera_moved:
            self._camera_glide.to(self._whole(opened))

    def _on_relocated(self, relocated: Relocated) -> None:
        places = [] if relocated.here is None else [relocated.here.position]
        film = [] if relocated.film is None else [relocated.film.positions, relocated.film.line]
        self._codes_glide.to(np.concatenate([np.reshape(places, (-1, 2)), *film]))

    def _show_codes(self, places: np.ndarray) -> None:
        """The ring and, if there are more places than one [n, 2], the film's frames and its line."""
        self._ring.set_places(places[:1])
        if len(places) > 1:
            self.path.show_line(places[1:])

    def _colour(self) -> None:
        """Everybody's colours; what is not selected steps back while something is."""
        coloured, selection = self._studio.showing.shown, self._studio.selection
        if coloured is None or len(coloured.rgba) != len(selection.mask):
            return
        rgba = coloured.rgba
        if selection.count:
            rgba = rgba.copy()
            rgba[~selection.mask, 3] = UNSELECTED_ALPHA
        self.points.set_colours(rgba)

    def _on_filtered(self) -> None:
        showing = self._studio.showing
        self.points.set_visible(showing.mask)
        self.names.set_hidden(showing.filters["category"].hidden if "category" in showing.filters else frozenset())

    def _on_selection(self) -> None:
        self._colour()
        few = 0 < self._studio.selection.count <= MOST_OUTLINED
        self.points.set_emphasised(self._studio.selection.indices if few else None)

    def _on_listed(self, listed: Listed | None) -> None:
        """Rings around the nearest neighbours."""
        opened = self._studio.current
        if opened is None or listed is None or not listed.nearest:
            self._near.clear()
        else:
            self._near.set_places(opened.atlas.positions[listed.indices])

    # -- the camera --------------------------------------------------------------------------

    def _whole(self, opened: "Opened") -> np.ndarray:
        """[2, 2]: low and high corner of nearly all drawings."""
        return np.percentile(opened.atlas.positions, (0.2, 99.8), axis=0)

    def _show_range(self, corners: np.ndarray) -> None:
        (left, bottom), (right, top) = corners.tolist()
        self.box.setRange(xRange=(left, right), yRange=(bottom, top), padding=0.06)

    def _on_camera(self) -> None:
        self._camera_moved = True
        self._camera_glide.stop()

    def fit(self) -> None:
        """Look at the whole map, and keep it in view while it is laid out."""
        self._camera_moved = False
        if self._studio.current is not None:
            self._camera_glide.jump(self._whole(self._studio.current))

    @property
    def camera(self) -> "tuple[tuple[float, float], tuple[float, float]] | None":
        """What the user has chosen to look at: (left, right), (bottom, top); None is the whole map."""
        if not self._camera_moved:
            return None
        (left, right), (bottom, top) = self.box.viewRange()
        return (left, right), (bottom, top)

    def look_at(self, camera: "tuple[tuple[float, float], tuple[float, float]] | None") -> None:
        """Look there, as `camera` says it."""
        self.fit()
        if camera is not None:
            self._on_camera()
            self.box.setRange(xRange=camera[0], yRange=camera[1], padding=0)

    def zoom(self, factor: float) -> None:
        """See `factor` times as much."""
        self._on_camera()
        self.box.scaleBy((factor, factor))

    def bring_into_view(self, index: int) -> None:
        """Move to drawing `index` if it is not in view."""
        opened = self._studio.current
        if opened is not None:
            place = QPointF(*opened.atlas.positions[index].tolist())
            if not self.box.viewRect().contains(place):
                self._on_camera()
                self.box.translateBy(place - self.box.viewRect().center())

    def _place_points(self, atlas: "Atlas") -> None:
        self.points.set_colours(class_rgba(len(atlas.categories))[atlas.labels])
        self.names.show_names(atlas)

    def _on_located(self, located: Located) -> None:
        self._codes_glide.stop()
        self._ring.set_places(located.position)

    # -- the mouse ---------------------------------------------------------------------------

    def set_tool(self, tool: Tool) -> None:
        self.tool = tool
        self.path.set_active(tool is Tool.PATH)
        self.setCursor(Qt.CursorShape.ArrowCursor if tool is Tool.EXPLORE else Qt.CursorShape.CrossCursor)

    def set_theme(self, theme: Theme | LiveTheme) -> None:
        """Take up a theme's colours."""
        self._theme = theme
        self.setBackground(theme.paper)
        self.points.set_outline(QColor(theme.ink))
        self._near.set_look(pg.mkPen(theme.ink, width=1.2))
        self._ring.set_look(pg.mkPen(theme.accent, width=3), theme.paper)
        self.marquee.set_theme(theme)
        self.path.set_theme(theme)
        for layer in (self.names, self.drawings, self.card):
            layer.set_theme(theme)

    def toggle_lattice(self) -> None:
        """Show what the model draws all over the view, or the drawings that are there again."""
        self.drawings.set_lattice(not self.drawings.lattice)
        self.points.setOpacity(DIMMED if self.drawings.lattice else 1.0)

    def stop(self) -> None:
        """End the map's threads."""
        for layer in (self.names, self.drawings, self.card):
            layer.stop()

    def reach(self) -> float:
        """REACH in map units at the present zoom."""
        return REACH * float(self.box.viewPixelSize()[0])

    def _target(self, at: QPointF) -> AtPosition:
        return AtPosition(at.x(), at.y(), self.reach(), self._studio.showing.mask)

    def _on_pressed(self, at: QPointF) -> None:
        if self.tool is Tool.SELECT:
            self.marquee.press(at, self.reach(), self.box.modifiers)
        elif self.tool is Tool.PATH:
            self.path.press(at, self._target(at))
        else:
            self._studio.choose(self._target(at))

    def _on_drag_began(self) -> None:
        drags = {Tool.EXPLORE: self._explore_drag, Tool.PATH: self._path_drag, Tool.SELECT: self._select_drag}
        carries = self.tool is Tool.EXPLORE and self.box.modifiers & Qt.KeyboardModifier.ControlModifier
        self._drag = self._carry_drag if carries else drags[self.tool]

    def _on_dragged(self, start: QPointF, end: QPointF, released: bool) -> None:
        self._drag(start, end, released)

    def _explore_drag(self, _start: QPointF, end: QPointF, released: bool) -> None:
        self._studio.choose(self._target(end), live=not released)

    def _carry_drag(self, start: QPointF, _end: QPointF, released: bool) -> None:
        self._carry(None if released else start)

    def _path_drag(self, start: QPointF, end: QPointF, released: bool) -> None:
        self.path.drag(start, end, self._target(start), self._target(end), released)

    def _select_drag(self, start: QPointF, end: QPointF, released: bool) -> None:
        self.marquee.drag(start, end, released, self.box.modifiers)

    def _on_pressed_right(self, at: QPointF) -> None:
        if self.tool is Tool.PATH:
            self.path.remove_at(at)

    def _carry(self, start: QPointF | None) -> None:
        """Let the drawing at a place hang on the pointer, as soon as it is drawn; None gives up."""
        opened = self._studio.current
        if start is None or opened is None:
            self._carried = None
        elif self._carried is None:
            index, distance = opened.navigator.on_map(start.x(), start.y(), self._studio.showing.mask)
            if distance <= self.reach():
                self._carried = index
                self.card.point_at(index, self.mapFromScene(self.box.mapViewToScene(start)))
                self.card.hasten()
                self._on_card_drawn()

    def _on_card_drawn(self) -> None:
        index, drawing, opened = self._carried, self.card.drawing, self._studio.current
        if index is None or opened is None or drawing is None or self.card.index != index:
            return
        self._carried = None
        self.card.dismiss()
        title = f"{opened.atlas.category(index)} #{index}"
        drag_code(self, title, opened.atlas.latents[index], drawing.stroke3)
        self._release()

    def _release(self) -> None:
        """Tell the scene that the button is up: the drag has kept that for itself."""
        at = QPointF(self.viewport().mapFromGlobal(QCursor.pos()))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        held = Qt.KeyboardModifier.ControlModifier
        event = QMouseEvent(QEvent.Type.MouseButtonRelease, at, self.viewport().mapToGlobal(at), left, none, held)
        QApplication.sendEvent(self.viewport(), event)

    def _on_hover(self, at: QPointF) -> None:
        if self._carried is not None:
            return  # the card is drawing what is to be dragged, wherever the pointer is by now
        if self._studio.current is None or not self.box.sceneBoundingRect().contains(at):
            self._point_at(None)
            return
        place = self.box.mapSceneToView(at)
        if self.tool is Tool.PATH and not self.box.panning:
            grips = self.path.hover(place)
            self.setCursor(Qt.CursorShape.PointingHandCursor if grips else Qt.CursorShape.CrossCursor)
            if grips:
                self._point_at(None)
                return
        index, distance = self._studio.current.navigator.on_map(place.x(), place.y(), self._studio.showing.mask)
        self._point_at(index if distance <= self.reach() else None, self.mapFromScene(at))

    def _point_at(self, index: int | None, pointer: QPoint | None = None) -> None:
        self.card.point_at(index, pointer or QPoint())
        self.hovered.emit(index)

    # -- the keyboard ------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, 1), Qt.Key.Key_Down: (0, -1)}
        if key in steps:
            (left, right), (bottom, top) = self.box.viewRange()
            x, y = steps[Qt.Key(key)]
            self._camera_moved = True
            self.box.translateBy(x=x * (right - left) / 10, y=y * (top - bottom) / 10)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(0.8)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1.25)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif self.tool is Tool.PATH and key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.path.remove_chosen()
        elif self.tool is Tool.PATH and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.path.begin_anew()
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._set_panning(True)
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() != Qt.Key.Key_Space:
            event.ignore()
        elif not event.isAutoRepeat():
            if self.box.panning and not self.box.panned:
                self._studio.resample()
            self._set_panning(False)

    def _set_panning(self, panning: bool) -> None:
        """Held, space lets the left button pan; pressed alone it draws the current code again."""
        self.box.panning, self.box.panned = panning, False
        if panning:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.set_tool(self.tool)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self.box.panning:
            self._set_panning(False)  # the release of the key goes elsewhere
        super().focusOutEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(None)
        super().leaveEvent(event)
