"""The pictures of docs/guide.md: `python benchmarks/guide_pictures.py [NAME …]` drives the window and grabs it.

What is drawn in them, the model drew, or a hand in the pad. A picture is a function that brings a new
window there and returns what of it is to be seen; `window` is the picture of README.md.
"""

import io
import math
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QPoint, QPointF, QRectF, QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QPainter, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

sys.path.insert(0, str(Path(__file__).parents[1]))
from explorer.cheat_sheet import CheatSheet
from explorer.gestures import WELCOME
from explorer.ink import fit
from explorer.map_view import Tool
from explorer.notice import Notice
from explorer.studio import Studio
from explorer.theme import LIGHT, LiveTheme, apply_theme
from explorer.window import Window
from explorer.workers import LatestWorker
from tests.parametric import write_kind

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "guide"
SIZE = (1120, 720)
TALL = (1120, 940)
"""Where a page beside the map is shown alone."""
COLOURS = 256
"""Of a picture's palette, so that it stays small."""
GAP = 14
"""Pixels between grabs that stand beside one another."""
NEAR = 0.02
"""Map units in view, either side, when one drawing is clicked."""
BUTTERFLY, CAT_HEAD, PIG_HEAD, DUCK = 20421, 12270, 3511, 15042
WALKING, FACE, RABBIT = 18145, 903, 25801
"""Drawings of the shipped checkpoint that the model draws well."""
EARLY = 20
"""Points: those after them have enough before them to attend to."""
MINUTES = 3
TRAINING_S = 130
"""Into a training of so many minutes."""
WING = [
    *((0.53, 0.40), (0.47, 0.27), (0.40, 0.20), (0.31, 0.16), (0.22, 0.18), (0.17, 0.26), (0.19, 0.36), (0.26, 0.45)),
    *((0.35, 0.51), (0.27, 0.56), (0.21, 0.64), (0.21, 0.74), (0.27, 0.81), (0.36, 0.81), (0.45, 0.75), (0.53, 0.62)),
]
"""A stroke on the pad, in shares of the sheet."""

Shown = QWidget | QPixmap


def wait(window: Window) -> None:
    """Until nothing is being done."""
    loop, quiet = QEventLoop(), 0

    def look() -> None:
        nonlocal quiet
        workers = [*window.findChildren(LatestWorker), *window.studio.findChildren(LatestWorker)]
        busy = window.progress.isVisible() or window.studio.current is None or not all(each.idle for each in workers)
        film = window.studio.film
        busy = busy or (film is not None and not film.finished)
        quiet = 0 if busy or not window.panel.view.complete else quiet + 1
        if quiet > 20:
            loop.quit()

    poll = QTimer(interval=50)
    poll.timeout.connect(look)
    poll.start()
    loop.exec()


def pause(seconds: float) -> None:
    """Let the window go on for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


# -- hands ---------------------------------------------------------------------------------------


def on_map(window: Window, x: float, y: float) -> QPoint:
    """Pixel at shares of the map's width and height."""
    return QPoint(round(x * window.map.width()), round(y * window.map.height()))


def click(widget: QWidget, at: QPoint | None = None) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at or QPoint())


def click_drawing(window: Window, index: int) -> None:
    """Go near a drawing of the map, click it with the tool at hand, and go back to where one sees all."""
    assert window.studio.current is not None
    x, y = window.studio.current.atlas.positions[index].tolist()
    window.map.look_at(((x - NEAR, x + NEAR), (y - NEAR, y + NEAR)))
    QApplication.processEvents()
    click(window.map.viewport(), window.map.mapFromScene(window.map.box.mapViewToScene(QPointF(x, y))))
    window.map.fit()
    wait(window)


def drag(widget: QWidget, places: Sequence[QPoint]) -> None:
    QTest.mousePress(widget, Qt.MouseButton.LeftButton, pos=places[0])
    for place in places[1:]:
        QTest.mouseMove(widget, place)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=places[-1])


def press(window: Window, name: str) -> None:
    """Choose a menu's entry."""
    action: QAction = window.actions_by_name[name]
    action.trigger()


def draw(window: Window, *strokes: Sequence[tuple[float, float]]) -> None:
    """Draw on the pad by mouse; strokes in shares of the sheet."""
    sheet = window.pad.sheet.sheet()
    for stroke in strokes:
        drag(
            window.pad.sheet,
            [QPoint(round(sheet.x() + x * sheet.width()), round(sheet.y() + y * sheet.height())) for x, y in stroke],
        )
    wait(window)


def ring(x: float, y: float, across: float, down: float) -> list[tuple[float, float]]:
    """An ellipse around (x, y), from its top."""
    angles = (math.radians(angle) for angle in np.linspace(-90, 270, 40))
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


def beside(*pixmaps: QPixmap) -> QPixmap:
    """Pixmaps in a row."""
    width = sum(each.width() + GAP for each in pixmaps) - GAP
    row = QPixmap(width, max(each.height() for each in pixmaps))
    row.fill(QColor("white"))
    with QPainter(row) as painter:
        left = 0
        for each in pixmaps:
            painter.drawPixmap(left, 0, each)
            left += each.width() + GAP
    return row


# -- pictures ------------------------------------------------------------------------------------


def start(window: Window) -> Shown:
    Notice(WELCOME, [("Close", lambda: None)], window.map)
    return window


def explore(window: Window) -> Shown:
    """A drawing chosen, and the card of another."""
    assert window.studio.current is not None
    click_drawing(window, BUTTERFLY)
    places = window.studio.current.atlas.positions
    x, y = places[BUTTERFLY].tolist()
    window.map.look_at(((x - 0.5, x + 0.5), (y - 0.3, y + 0.3)))
    wait(window)
    beside_it = int(np.abs(np.hypot(*(places - places[BUTTERFLY]).T) - 0.12).argmin())
    place = QPointF(*places[beside_it].tolist())
    QTest.mouseMove(window.map.viewport(), window.map.mapFromScene(window.map.box.mapViewToScene(place)))
    pause(2)
    return window


def sketch(window: Window) -> Shown:
    """Its order, the attention of a point, variants."""
    window.resize(*TALL)
    window.side.setFixedWidth(370)
    click_drawing(window, DUCK)
    press(window, "colour-the-line-by-its-order")
    grabs = [window.panel.grab()]
    press(window, "colour-the-line-by-its-order")
    drawn, attend = window.studio.sketch, window.panel.view.attend
    assert drawn is not None
    assert attend is not None
    shares = attend(drawn.stroke3)
    assert shares is not None
    clearest = int(shares[:, 1:].max(axis=1)[EARLY:].argmax()) + EARLY
    place = np.cumsum(drawn.stroke3[:, :2], axis=0)[clearest]
    placed = fit(drawn.stroke3, QRectF(window.panel.view.rect()))
    QTest.mouseMove(window.panel.view, placed.map(QPointF(*place.tolist())).toPoint())
    pause(0.3)
    grabs.append(window.panel.grab())
    press(window, "variants")
    pause(4)
    return beside(*grabs, window.panel.grab())


def colours(window: Window) -> Shown:
    press(window, "colour-by-reconstruction-loss")
    return window.toolbar.parentWidget()


def selecting(window: Window) -> Shown:
    window.set_tool(Tool.SELECT)
    window.map.marquee.set_lasso(True)
    corners = ((0.4, 0.1), (0.65, 0.12), (0.7, 0.3), (0.55, 0.42), (0.38, 0.3))
    drag(window.map.viewport(), [on_map(window, x, y) for x, y in corners])
    wait(window)
    window.selected.name.setText("crowd")
    QTest.keyClick(window.selected.name, Qt.Key.Key_Return)
    return window.toolbar.parentWidget()


def path(window: Window) -> Shown:
    """A path through four drawings, and its film in the middle."""
    press(window, "path")
    for index in (BUTTERFLY, CAT_HEAD, PIG_HEAD, WALKING):
        click_drawing(window, index)
    return window


def pin_three(window: Window) -> None:
    """a, b, c: an animal on four legs, a cat's head, a rabbit's head."""
    for index in (WALKING, FACE, RABBIT):
        click_drawing(window, index)
        press(window, "pin-the-current-code")


def calculate(window: Window) -> None:
    """a - b + c, brought back to where the data is."""
    click(window.bench.rescale)
    QTest.keyClicks(window.bench.line, "a - b + c")
    QTest.keyClick(window.bench.line, Qt.Key.Key_Return)
    wait(window)


def bench(window: Window) -> Shown:
    pin_three(window)
    QTest.keyClicks(window.bench.line, "lerp(a, c, t)")
    QTest.keyClick(window.bench.line, Qt.Key.Key_Return)
    return window.bench


def figure(window: Window) -> Shown:
    pin_three(window)
    calculate(window)
    press(window, "show-the-expression-as-a-figure")
    wait(window)
    assert window.bench.dialog is not None
    return window.bench.dialog


def directions(window: Window) -> Shown:
    window.resize(*TALL)
    click_drawing(window, RABBIT)
    press(window, "directions")
    wait(window)
    panel = window.directions
    panel.low.setCurrentText("rabbit")
    panel.high.setCurrentText("butterfly")
    click(panel.add)
    wait(window)
    [slider] = panel.attributes.values()
    slider.go(1.0)
    wait(window)
    return window.side


def pad(window: Window) -> Shown:
    """Half a butterfly, and nine ways to go on with it."""
    window.resize(SIZE[0], 800)
    press(window, "draw-by-hand")
    draw(window, ring(0.56, 0.5, 0.04, 0.25), WING)
    grabs = [window.pad.grab()]
    press(window, "complete-the-drawing-by-hand")
    wait(window)
    pause(4)
    return beside(*grabs, window.pad.grab())


def _without_folders(words: str) -> str:
    """Words about files, without where they lie on this machine."""
    return words.replace(sys.executable, "python").replace(f"{ROOT}/", "")


def training(window: Window) -> Shown:
    """The shipped model learns parametric faces."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPATH"] = str(ROOT)  # the trainer begins in the folder, so that paths are short
        os.chdir(folder)
        write_kind(Path("faces.npz"), "face", counts=(400, 60, 60))
        press(window, "train-a-model")
        dialog = window._training_dialog
        assert dialog is not None
        dialog.form.data.setText("faces.npz")
        dialog.form.out.setText("faces.pt")
        click(dialog.form.fine_tune, QPoint(8, dialog.form.fine_tune.height() // 2))
        dialog.form.amount.setValue(MINUTES)
        click(dialog.train)
        pause(TRAINING_S)
        dialog.form.command.setPlainText(_without_folders(dialog.form.command.toPlainText()))
        dialog.message.setText(_without_folders(dialog.message.text()))
        picture = dialog.grab()
        window.studio.training.kill()
        pause(1)
        os.chdir(ROOT)
    return picture


def keys(window: Window) -> Shown:
    sheet = CheatSheet(window.menuBar(), window)
    sheet.show()
    return sheet


def window(window: Window) -> Shown:
    """Path, film, pins and a result at once."""
    window.resize(1280, 820)
    pin_three(window)
    path(window)
    window.set_tool(Tool.PATH)
    calculate(window)
    return window


PICTURES: tuple[Callable[[Window], Shown], ...] = (
    *(start, explore, sketch, colours, selecting, path, bench, figure, directions, pad, training, keys),
    window,
)


def take(picture: Callable[[Window], Shown], theme: LiveTheme) -> None:
    """Bring a new window there and write its picture."""
    opened = Window(Studio(), theme)
    opened.resize(*SIZE)
    opened.show()
    opened.studio.open("animals")
    wait(opened)
    shown = picture(opened)
    if isinstance(shown, QWidget):
        wait(opened)
        shown = shown.grab()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    shown.save(buffer, "PNG")
    image = Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")
    name = picture.__name__
    file = ROOT / "docs" / "window.png" if name == "window" else FOLDER / f"{name}.png"
    image.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1024} KB")
    opened.close()


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
