"""Icons of the actions: Lucide's drawings in the colours of the theme."""

import math
from collections.abc import Iterable
from functools import cache
from importlib import resources

from PySide6.QtGui import QAction, QGuiApplication, QIcon, QImage, QPixmap

from explorer.theme import LiveTheme, Theme

SIZE = 18
NAME, SHOWN = "icon_name", "icon_shown"
"""Properties of an action: the name of its icon, and the theme it was drawn for."""


@cache
def _source(name: str) -> str:
    return (resources.files("resources") / "icons" / "lucide" / f"{name}.svg").read_text(encoding="utf-8")


def _pixmap(name: str, colour: str, ratio: int) -> QPixmap:
    side = SIZE * ratio
    svg = _source(name).replace("currentColor", colour)
    svg = svg.replace('width="24"', f'width="{side}"', 1).replace('height="24"', f'height="{side}"', 1)
    # Lines of 2 in 24, as they are drawn, are heavier than the text beside them.
    image = QImage.fromData(svg.replace('stroke-width="2"', 'stroke-width="1.75"').encode(), "SVG")
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def ratios() -> set[int]:
    """Device pixels a pixel, of all screens there are."""
    return {math.ceil(screen.devicePixelRatio()) for screen in QGuiApplication.screens()}


def icon(name: str, theme: Theme | LiveTheme, *, checkable: bool = True) -> QIcon:
    """The Lucide icon `name`: in ink, in the accent colour where it is checked, faint where it is disabled."""
    made = QIcon()
    for ratio in ratios():
        made.addPixmap(_pixmap(name, str(theme.ink), ratio))
        if checkable:
            made.addPixmap(_pixmap(name, str(theme.accent), ratio), QIcon.Mode.Normal, QIcon.State.On)
        made.addPixmap(_pixmap(name, str(theme.line), ratio), QIcon.Mode.Disabled)
    return made


def dress(actions: Iterable[QAction], theme: Theme | LiveTheme) -> None:
    """Give those actions that name an icon that icon in the theme's colours, unless they have it."""
    for action in actions:
        name, shown = action.property(NAME), f"{action.property(NAME)} {theme.ink}"
        if name and action.property(SHOWN) != shown:
            action.setIcon(icon(name, theme, checkable=action.isCheckable()))
            action.setProperty(SHOWN, shown)
