"""What the window needs of the machine: a screen, and the system libraries that Qt loads."""

import ctypes
import os
import sys
from pathlib import Path

DEBIAN_PACKAGES = (
    "libegl1 libgl1 libfontconfig1 libdbus-1-3 libglib2.0-0 libxkbcommon0 libxkbcommon-x11-0 libxcb-cursor0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xkb1"
)
"""With what they depend on, all that Qt's widgets and its X11 platform load."""


def has_screen() -> bool:
    """Whether a window can be shown to somebody."""
    if platform := os.environ.get("QT_QPA_PLATFORM"):
        return platform.partition(":")[0] not in ("offscreen", "minimal")
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def missing_library(*, screen: bool) -> str | None:
    """A sentence about a system library that Qt lacks here, or None.

    Without some, importing Qt fails with a bare ImportError; without others, Qt's X11 platform ends the
    process when the first window is made, so it is loaded here for a try.
    """
    try:
        import PySide6
        import PySide6.QtWidgets
    except ImportError as error:
        return _sentence(error)
    if sys.platform.startswith("linux") and screen and not os.environ.get("WAYLAND_DISPLAY"):
        plugin = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            return _sentence(error)
    return None


def _sentence(error: Exception) -> str:
    library = str(error).partition(":")[0]
    if ".so" not in library:
        return f"Qt cannot be loaded here: {error}"
    return (
        f"Qt needs the system library {library}, which is not installed here.\n"
        f"On Debian and Ubuntu, type: sudo apt install {DEBIAN_PACKAGES}"
    )
