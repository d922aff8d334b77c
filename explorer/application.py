"""The application around the window: theme, errors that nobody expected, and pictures of the window."""

import gc
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QEvent,
    QEventLoop,
    QMessageLogContext,
    QPointF,
    QSettings,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from explorer.options import is_session
from explorer.studio import Studio
from explorer.theme import LiveTheme, apply_theme
from explorer.window import Window
from explorer.workers import LatestWorker

if TYPE_CHECKING:
    from explorer.host import Host

HOST_MS = 1000
"""From the start until autosaving begins, whose imports nobody should wait for."""
LONGEST_WAIT_S = 600
"""For a picture of a map that is still being made."""


def run(what: str, data: list[Path], device: str, screenshot: Path | None) -> int:
    """Open the window on a checkpoint or a session, or take a picture of it; the exit status."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Sketch Explorer")
    application.setOrganizationName("Sketch Explorer")
    application.setStyle("Fusion")
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python would hear Ctrl-C only once Qt calls it again
    qInstallMessageHandler(_qt_says)
    theme = LiveTheme(application)
    apply_theme(application, theme.current)
    studio = Studio()
    studio.opening.connect(gc.enable)  # all that is large is imported by then
    window = Window(studio, theme)
    theme.changed.connect(lambda: apply_theme(application, theme.current))
    theme.changed.connect(window.refresh_theme)
    sys.excepthook = _report_surprise
    try:
        if screenshot is None:
            window.restoreGeometry(QSettings().value("geometry", b""))
        window.show()
        window.files.device = device
        if is_session(what):
            studio.reopen(Path(what), device)
        else:
            studio.open(what, data, device)
        if screenshot is not None:
            return _take_picture(window, screenshot)
        window.files.asks = True
        hosts: list[Host] = []
        QTimer.singleShot(HOST_MS, window, lambda: hosts.append(_host(window)))
        status = application.exec()
        for host in hosts:
            host.end()
        QSettings().setValue("geometry", window.saveGeometry())
        return status
    finally:
        sys.excepthook = sys.__excepthook__
        window.files.asks = False
        window.close()


def _host(window: Window) -> "Host":
    from explorer.autosave import default_folder
    from explorer.host import Host

    return Host(window, default_folder())


def _qt_says(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    """Qt's own messages go to stderr, less the one that its offscreen platform has for every window."""
    if "does not support propagateSizeHints" not in message:
        sys.stderr.write(f"{message}\n")


def _report_surprise(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """The one door for errors that nobody expected: the program goes on, the traceback can be copied."""
    details = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(details)
    box = QMessageBox(QMessageBox.Icon.Critical, "Sketch Explorer", f"Something unexpected happened: {error}")
    box.setInformativeText("The program goes on. The details below help to mend it.")
    box.setDetailedText(details)
    box.exec()


def _take_picture(window: Window, file: Path) -> int:
    """Wait for the map, click a drawing as a user would, wait until all is drawn, save."""
    failures: list[str] = []
    window.studio.failed.disconnect()
    window.studio.failed.connect(lambda message, details: failures.append(details or message))
    sys.excepthook = lambda kind, error, trace: failures.extend(traceback.format_exception(kind, error, trace))
    studio = window.studio

    def settled() -> bool:
        drawn = window.panel.view.complete and (studio.film is None or studio.film.finished)
        workers = [*window.findChildren(LatestWorker), *studio.findChildren(LatestWorker)]
        idle = all(worker.idle for worker in workers)
        return studio.current is not None and not window.progress.isVisible() and drawn and idle

    _wait_until(lambda: bool(failures) or settled())
    if not failures:
        before = studio.here
        _click_a_drawing(window)
        _wait_until(lambda: bool(failures) or (studio.here is not before and settled()))
    if not failures and not window.grab().save(str(file)):
        failures.append(f"The picture could not be written to {file}.")
    sys.stderr.write("".join(f"{failure.rstrip()}\n" for failure in failures))
    return 2 if failures else 0


def _wait_until(condition: Callable[[], bool]) -> None:
    """Run the event loop until `condition` holds, or for LONGEST_WAIT_S."""
    loop, poll = QEventLoop(), QTimer(interval=20)
    deadline = time.monotonic() + LONGEST_WAIT_S
    poll.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > deadline else None)
    poll.start()
    loop.exec()


def _click_a_drawing(window: Window) -> None:
    """Press and release the left button on the drawing nearest to the middle of the map."""
    opened = window.studio.current
    assert opened is not None
    middle = opened.atlas.positions.mean(axis=0)
    index, _ = opened.navigator.on_map(*middle.tolist())
    scene = window.map.box.mapViewToScene(QPointF(*opened.atlas.positions[index].tolist()))
    at = QPointF(window.map.mapFromScene(scene))
    viewport = window.map.viewport()
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, held in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, none)):
        where = viewport.mapToGlobal(at)
        QApplication.sendEvent(viewport, QMouseEvent(kind, at, where, left, held, Qt.KeyboardModifier.NoModifier))
