"""The map's points: antialiased dots when close, a picture of their density when far.

A dot is a small disc, composited over what is there. What changes with the zoom is its diameter and
how opaque it is, both without a step, so that far away the same discs add up to a density. Few
points in view are drawn disc by disc. Many are gathered by pixel first, and the pixels' mean colours
are then composited once for each pixel of the disc: where discs do not overlap, that is the same.
"""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsObject, QStyleOptionGraphicsItem, QWidget
from shiboken6 import wrapInstance

from explorer.point_grid import PointGrid

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Sums = NDArray[np.float64]
FEW = 12_000
"""Points in view up to which each is drawn by itself."""
EMPHASIS = 1.6
"""How much larger emphasised dots are, and no smaller than LEAST_EMPHASISED pixels."""
LEAST_EMPHASISED = 6.0
OUTLINE = 2.5
"""Pixels by which the outline of an emphasised dot is wider than the dot."""
LEAST_COVER = 0.03
"""Of a pixel: what a disc covers less of is not drawn."""
SHEET_COLUMNS = 64
"""Sprites side by side in their pixmap."""
PACKED = 2.0**26
"""A float64 holds two sums exactly, one in multiples of this: np.bincount then adds both at once,"""
MOST_PACKED = 2**18
"""as long as no more points than this meet on a pixel: 255 * 2**18 < 2**26."""
CHUNK = 32_768
"""Points projected at once: what is worked on stays in the processor's cache."""


@dataclass(frozen=True)
class Dot:
    """How one point looks at a zoom."""

    diameter: float
    """Device pixels."""
    opacity: float
    """Of a point alone, 0 to 1."""


def dot_at(spacing: float, ratio: float = 1.0) -> Dot:
    """The dot for crowded points `spacing` device pixels apart; `ratio` device pixels are one of the screen.

    Its diameter grows with less than the square root of the zoom. Its opacity is such that where
    points are crowded, nine tenths of the ground are covered, within bounds: a point alone must still be seen.
    """
    apart = max(spacing / ratio, 1e-6)
    diameter = float(np.clip(2.4 * apart**0.42, 1.0, 10.0)) * ratio
    overlap = max(np.pi / 4 * (diameter / spacing) ** 2, 1.0) if spacing > 0 else np.inf
    return Dot(diameter, float(np.clip(1 - 0.1 ** (1 / overlap), 0.22, 0.82)))


def disc(diameter: float) -> Floats:
    """[side, side], odd: how much of each pixel a disc in the middle covers, 0 to 1."""
    radius = diameter / 2
    reach = int(np.ceil(radius - 0.5))
    fine = (np.arange(8) + 0.5) / 8 - 0.5
    axis = (np.arange(-reach, reach + 1)[:, None] + fine).ravel()
    inside = axis[:, None] ** 2 + axis**2 <= radius**2
    side = 2 * reach + 1
    covered = inside.reshape(side, 8, side, 8).mean(axis=(1, 3), dtype=np.float32)
    return np.where(covered < LEAST_COVER, np.float32(0), covered)


class PointLayer(QGraphicsObject):
    """N points in a ViewBox. It takes no mouse events, and redraws only when points or view have changed."""

    def __init__(self, box: pg.ViewBox, outline: QColor) -> None:
        super().__init__(box)
        self._box, self._outline = box, outline
        self._positions = np.zeros((0, 2), np.float32)
        self._colours = np.zeros((0, 4), np.uint8)
        self._visible: NDArray[np.bool_] | None = None
        self._emphasised: NDArray[np.intp] | None = None
        self._all = self._over = _Cloud(self._positions, self._colours)
        self._scratch = _Scratch()
        self._drawn: tuple[object, QImage] | None = None
        """What was drawn last, and of which view."""
        self.setZValue(-3)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        box.sigRangeChanged.connect(self._on_view_changed)
        box.sigResized.connect(self._on_resized)

    # -- what is shown -----------------------------------------------------------------------

    def set_positions(self, positions: Floats) -> None:
        """Map positions [N, 2]. Of the same N, the points move: colours and what is visible stay."""
        if len(positions) != len(self._positions):
            self._colours = np.full((len(positions), 4), 128, np.uint8)
            self._visible = self._emphasised = None
        self._positions = np.ascontiguousarray(positions, dtype=np.float32)
        self._gather()

    def set_colours(self, rgba: Bytes) -> None:
        """Colours [N, 4], not premultiplied; the alpha multiplies that of a dot. Raises ValueError for another N."""
        if rgba.shape != (len(self._positions), 4):
            raise ValueError(f"colours {rgba.shape} do not fit {len(self._positions)} points")
        self._colours = np.ascontiguousarray(rgba, dtype=np.uint8)
        self._all.set_colours(self._colours)
        self._over.set_colours(self._colours)
        self._changed()

    def set_visible(self, mask: NDArray[np.bool_] | None) -> None:
        """Show the points of a mask [N] only; None shows all."""
        self._visible = mask
        self._gather()

    def set_emphasised(self, indices: NDArray[np.integer] | None) -> None:
        """Draw these points larger, outlined, above all others; None: no point is."""
        self._emphasised = None if indices is None else np.asarray(indices, dtype=np.intp)
        self._over = self._cloud(self._emphasised if self._emphasised is not None else np.zeros(0, np.intp))
        self._changed()

    def set_outline(self, colour: QColor) -> None:
        """The colour around emphasised points."""
        self._outline = colour
        self._changed()

    def _gather(self) -> None:
        self._all = self._cloud(None if self._visible is None else np.flatnonzero(self._visible))
        self.set_emphasised(self._emphasised)

    def _cloud(self, rows: NDArray[np.intp] | None) -> "_Cloud":
        return _Cloud(self._positions, self._colours, rows)

    def _changed(self) -> None:
        self._drawn = None
        self.update()

    # -- painting ----------------------------------------------------------------------------

    @property
    def picture(self) -> QImage | None:
        """What was painted last, if nothing has changed since but the view."""
        return None if self._drawn is None else self._drawn[1]

    def boundingRect(self) -> QRectF:
        return self._box.rect()

    def _on_view_changed(self) -> None:
        self.update()

    def _on_resized(self) -> None:
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        ratio = painter.device().devicePixelRatio()
        rect = self.boundingRect()
        width, height = round(rect.width() * ratio), round(rect.height() * ratio)
        to_pixels = self._box.childTransform() * QTransform.fromScale(ratio, ratio)
        view = (width, height, ratio, *(getattr(to_pixels, name)() for name in ("m11", "m22", "dx", "dy")))
        if self._drawn is None or self._drawn[0] != view:
            self._drawn = (view, self.render(width, height, to_pixels, ratio))
        painter.drawImage(QPointF(0, 0), self._drawn[1])

    def render(self, width: int, height: int, to_pixels: QTransform, ratio: float = 1.0) -> QImage:
        """A transparent picture of `width` x `height` device pixels; `to_pixels` maps map units to them."""
        image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        if len(self._all):
            spacing = self._all.grid.spacing * abs(to_pixels.m11())
            dot = dot_at(spacing, ratio)
            self._all.paint(image, to_pixels, dot, self._scratch)
            if len(self._over):
                large = Dot(max(dot.diameter * EMPHASIS, LEAST_EMPHASISED * ratio), 1.0)
                self._over.paint(
                    image, to_pixels, Dot(large.diameter + OUTLINE * ratio, 1.0), self._scratch, self._outline
                )
                self._over.paint(image, to_pixels, large, self._scratch)
        image.setDevicePixelRatio(ratio)
        return image


class _Cloud:
    """Some of the points, in drawing order, with the two ways to draw them."""

    def __init__(self, positions: Floats, colours: Bytes, rows: NDArray[np.intp] | None = None) -> None:
        self.grid = PointGrid(positions if rows is None else positions[rows])
        self._rows = self.grid.order if rows is None else rows[self.grid.order]
        self.set_colours(colours)

    def __len__(self) -> int:
        return len(self._rows)

    def set_colours(self, colours: Bytes) -> None:
        """Of all points [N, 4]."""
        own = colours[self._rows]
        self._packed = own.view(np.uint32)[:, 0]
        self._solid = bool((own[:, 3] == 255).all())
        self._alphas = own[:, 3]
        red, green, blue = (own[:, channel].astype(np.float64) for channel in range(3))
        self._pairs = [red * PACKED + green, blue * PACKED + 1]

    def paint(
        self, image: QImage, to_pixels: QTransform, dot: Dot, scratch: "_Scratch", colour: QColor | None = None
    ) -> None:
        """Draw onto a premultiplied image, in one colour if it is given."""
        spread = QRectF(image.rect()).adjusted(-dot.diameter, -dot.diameter, dot.diameter, dot.diameter)
        seen = to_pixels.inverted()[0].mapRect(spread)
        runs = self.grid.within(seen.left(), seen.top(), seen.right(), seen.bottom())
        if not runs:
            return
        x, y = _take(self.grid.x, runs), _take(self.grid.y, runs)
        if not len(x):
            return
        if len(x) <= FEW:
            packed = _take(self._packed, runs) if colour is None else np.full(len(x), _packed(colour), np.uint32)
            _stamp(image, _Raster(image, to_pixels, 0).columns_and_rows(x, y), packed, dot)
            return
        raster = _Raster(image, to_pixels, int(np.ceil(dot.diameter / 2)) + 1)
        flat = raster.flat(x, y)
        weights = None if self._solid or colour is not None else _depths(dot.opacity)[_take(self._alphas, runs)]
        pairs = None if colour is not None else [_take(pair, runs) for pair in self._pairs]
        pixels = scratch.clean(raster.width * raster.height)
        touched, places = scratch.gather(flat, len(pixels))
        counts, channels = _sums(places, len(touched), weights, pairs)
        if colour is not None:
            channels = [counts * channel for channel in colour.getRgb()[:3]]
        _splat(image, raster, pixels, touched, counts, channels, dot)


class _Raster:
    """The device pixels of an image with a margin all around; what lies beyond falls on the margin's rim."""

    def __init__(self, image: QImage, to_pixels: QTransform, margin: int) -> None:
        self.margin = margin
        self.width, self.height = image.width() + 2 * margin, image.height() + 2 * margin
        self._scale = to_pixels.m11(), to_pixels.m22()
        # Subtracting the origin first keeps float32 exact where the zoom is deep.
        self._origin = ((-margin - to_pixels.dx()) / to_pixels.m11(), (-margin - to_pixels.dy()) / to_pixels.m22())

    def columns_and_rows(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Pixels of map positions, not bounded."""
        columns, rows = (
            np.floor((axis - np.float32(origin)) * np.float32(scale))
            for axis, origin, scale in zip((x, y), self._origin, self._scale, strict=True)
        )
        return columns, rows

    def flat(self, x: Floats, y: Floats) -> NDArray[np.intp]:
        """Pixel numbers, row by row, of map positions."""
        numbers = np.empty(len(x), np.intp)
        for start in range(0, len(x), CHUNK):
            chunk = slice(start, start + CHUNK)
            columns, rows = self.columns_and_rows(x[chunk], y[chunk])
            np.clip(columns, 0, self.width - 1, out=columns)
            np.clip(rows, 0, self.height - 1, out=rows)
            # float32 counts to 2**24, which is more pixels than a screen has
            numbers[chunk] = rows * np.float32(self.width) + columns
        return numbers


def _take(values: NDArray, runs: list[slice]) -> NDArray:
    return values[runs[0]] if len(runs) == 1 else np.concatenate([values[run] for run in runs])


def _depths(opacity: float) -> NDArray[np.float64]:
    """[256]: how many dots of an opacity cover as much as one whose colour has that alpha."""
    bounded = min(opacity, 1 - 1e-6)
    return np.log1p(-bounded * np.arange(256) / 255) / np.log1p(-bounded)


def _packed(colour: QColor) -> int:
    return int(np.array(colour.getRgb(), np.uint8).view(np.uint32)[0])


def _stamp(image: QImage, pixels: tuple[Floats, Floats], packed: NDArray[np.uint32], dot: Dot) -> None:
    """Draw each disc by itself, the sprites of its colour all made at once."""
    shades, shade = np.unique(packed, return_inverse=True)
    covered = disc(dot.diameter) * np.float32(dot.opacity)
    side, across = len(covered), min(len(shades), SHEET_COLUMNS)
    down = -(-len(shades) // across)
    rgba = np.zeros((across * down, 4), np.float32)
    rgba[: len(shades)] = shades[:, None].view(np.uint8)
    alpha = covered[None] * rgba[:, 3, None, None] / 255
    premultiplied = np.concatenate([alpha[..., None] * rgba[:, None, None, 2::-1], 255 * alpha[..., None]], axis=-1)
    sheet = (premultiplied + 0.5).astype(np.uint8).reshape(down, across, side, side, 4).transpose(0, 2, 1, 3, 4)
    fragments = np.zeros((len(packed), 10))  # QPainter.PixmapFragment: x, y, left, top, width, height, …
    fragments[:, 0], fragments[:, 1] = pixels[0] + 0.5, pixels[1] + 0.5
    fragments[:, 2], fragments[:, 3] = side * (shade % across), side * (shade // across)
    fragments[:, 4:6] = side
    fragments[:, 6:8] = 1  # scale
    fragments[:, 9] = 1  # opacity
    pixmap = QPixmap.fromImage(_image(np.ascontiguousarray(sheet).view(np.uint32).reshape(down * side, across * side)))
    with QPainter(image) as painter:
        painter.drawPixmapFragments(
            wrapInstance(fragments.ctypes.data, QPainter.PixmapFragment), len(fragments), pixmap
        )


def _sums(
    places: NDArray[np.intp], size: int, weights: Sums | None, pairs: list[Sums] | None
) -> tuple[Sums, list[Sums]]:
    """How many points [N] lie on each of `size` places, and the sums of their red, green and blue, all weighted."""
    if pairs is None:
        return np.bincount(places, weights, size), []
    red_green, blue_one = pairs
    if weights is None:
        blue, counts = _unpacked(np.bincount(places, blue_one, size))
        if counts.max() <= MOST_PACKED:
            return counts, [*_unpacked(np.bincount(places, red_green, size)), blue]
    channels = [*_unpacked(red_green), _unpacked(blue_one)[0]]
    if weights is not None:
        channels = [channel * weights for channel in channels]
    return np.bincount(places, weights, size), [np.bincount(places, channel, size) for channel in channels]


def _unpacked(pairs: Sums) -> tuple[Sums, Sums]:
    """What is above PACKED, and what is below it."""
    above = np.floor(pairs * (1 / PACKED))
    return above, pairs - above * PACKED


def _splat(
    image: QImage,
    raster: _Raster,
    pixels: NDArray[np.uint32],
    touched: NDArray[np.intp],
    counts: Sums,
    channels: list[Sums],
    dot: Dot,
) -> None:
    """Composite the mean colours (sums of red, green, blue) of touched pixels once for each pixel of the disc."""
    n = counts.astype(np.float32)
    alpha = 1 - np.exp(n * np.float32(np.log1p(-min(dot.opacity, 1 - 1e-6))))
    premultiplied = np.empty((len(touched), 4), np.float32)  # blue, green, red, alpha
    premultiplied[:, 3] = 255 * alpha
    mean = alpha / np.maximum(n, np.float32(1e-9))
    for place, channel in enumerate(reversed(channels)):
        np.multiply(channel, mean, out=premultiplied[:, place], casting="same_kind")
    covered = disc(dot.diameter)
    reach = len(covered) // 2
    picture = _image(pixels.reshape(raster.height, raster.width))
    shade = np.empty_like(premultiplied)
    with QPainter(image) as painter:
        for cover in np.unique(covered[covered > 0]):
            np.multiply(premultiplied, cover, out=shade)
            shade += np.float32(0.5)
            pixels[touched] = shade.astype(np.uint8).view(np.uint32)[:, 0]
            for row, column in np.argwhere(covered == cover).tolist():
                painter.drawImage(column - reach - raster.margin, row - reach - raster.margin, picture)


class _Scratch:
    """Arrays of one number a pixel, kept between frames: fresh memory costs more than what is done with it."""

    def __init__(self) -> None:
        self._pixels = np.zeros(0, np.uint32)
        self._mask = np.zeros(0, bool)
        self._slots = np.zeros(0, np.intp)

    def clean(self, size: int) -> NDArray[np.uint32]:
        """Transparent pixels."""
        if len(self._pixels) < size:
            self._pixels, self._mask, self._slots = (np.zeros(size, kind) for kind in (np.uint32, bool, np.intp))
        self._pixels[:size] = 0
        self._mask[:size] = False
        return self._pixels[:size]

    def gather(self, flat: NDArray[np.intp], size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pixels [K] that points [N] of these pixel numbers touch, and which of them each point touches [N]."""
        self._mask[flat] = True
        touched = np.flatnonzero(self._mask[:size])
        self._slots[touched] = np.arange(len(touched))
        return touched, self._slots[flat]


def _image(pixels: NDArray[np.uint32]) -> QImage:
    """A view of premultiplied ARGB pixels [height, width]; they must outlive it."""
    height, width = pixels.shape
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
