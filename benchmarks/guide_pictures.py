"""The pictures of docs/guide.md: `python benchmarks/guide_pictures.py [NAME …]` drives the window and grabs it.

What is drawn in them, the model drew. A picture is a function that brings the window there.
"""

import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QPoint, QSettings, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

sys.path.insert(0, str(Path(__file__).parents[1]))
from explorer.cheat_sheet import CheatSheet
from explorer.gestures import WELCOME
from explorer.map_view import Tool
from explorer.notice import Notice
from explorer.studio import Studio
from explorer.theme import LIGHT, LiveTheme, apply_theme
from explorer.window import Window
from explorer.workers import LatestWorker

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "guide"
SIZE = (1120, 720)
COLOURS = 256
"""Of a picture's palette, so that it stays small."""


def wait(window: Window) -> None:
    """Until nothing is being done."""
    loop, quiet = QEventLoop(), 0

    def look() -> None:
        nonlocal quiet
        workers = [*window.findChildren(LatestWorker), *window.studio.findChildren(LatestWorker)]
        busy = window.progress.isVisible() or window.studio.current is None or not all(each.idle for each in workers)
        quiet = 0 if busy or not window.panel.view.complete else quiet + 1
        if quiet > 20:
            loop.quit()

    poll = QTimer(interval=50)
    poll.timeout.connect(look)
    poll.start()
    loop.exec()


def on_map(window: Window, x: float, y: float) -> QPoint:
    """Pixel at shares of the map's width and height."""
    return QPoint(round(x * window.map.width()), round(y * window.map.height()))


def start(window: Window) -> QWidget:
    Notice(WELCOME, [("Close", lambda: None)], window.map)
    return window


def explore(window: Window) -> QWidget:
    QTest.mouseClick(window.map.viewport(), Qt.MouseButton.LeftButton, pos=on_map(window, 0.55, 0.25))
    return window


def selecting(window: Window) -> QWidget:
    window.set_tool(Tool.SELECT)
    window.map.marquee.set_lasso(True)
    viewport = window.map.viewport()
    corners = [on_map(window, x, y) for x, y in ((0.4, 0.1), (0.65, 0.12), (0.7, 0.3), (0.55, 0.42), (0.38, 0.3))]
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(viewport, corner)
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=corners[-1])
    wait(window)
    window.selected.name.setText("crowd")
    QTest.keyClick(window.selected.name, Qt.Key.Key_Return)
    return window


def colours(window: Window) -> QWidget:
    window.studio.showing.colour_by("loss")
    return window


def bench(window: Window) -> QWidget:
    for x, y in ((0.5, 0.3), (0.6, 0.7)):
        QTest.mouseClick(window.map.viewport(), Qt.MouseButton.LeftButton, pos=on_map(window, x, y))
        wait(window)
        window.studio.pin()
    window.bench.line.setText("cat - owl + pig")
    QTest.keyClick(window.bench.line, Qt.Key.Key_Return)
    return window


def keys(window: Window) -> QWidget:
    sheet = CheatSheet(window.menuBar(), window)
    sheet.show()
    return sheet


PICTURES: tuple[Callable[[Window], QWidget], ...] = (start, explore, selecting, colours, bench, keys)


def take(picture: Callable[[Window], QWidget], theme: LiveTheme) -> None:
    """Bring a new window there and write its picture."""
    window = Window(Studio(), theme)
    window.resize(*SIZE)
    window.show()
    window.studio.open("animals")
    wait(window)
    widget = picture(window)
    wait(window)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    image = Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")
    file = FOLDER / f"{picture.__name__}.png"
    image.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} KB")
    window.close()


def main(names: list[str]) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QApplication(sys.argv[:1])
    application.setStyle("Fusion")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, tempfile.mkdtemp())
    theme = LiveTheme(application)
    theme.current = LIGHT
    apply_theme(application, theme.current)
    FOLDER.mkdir(exist_ok=True)
    for picture in PICTURES:
        if picture.__name__ in names or not names:
            take(picture, theme)


if __name__ == "__main__":
    main(sys.argv[1:])
