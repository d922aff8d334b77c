"""What lies at a path that a user gave: nothing, where the system takes no such name.

pathlib's own methods raise OSError for a name that is longer than a file's may be, before Python 3.14.
"""

import os
from pathlib import Path


def exists(path: str | Path) -> bool:
    """Whether anything lies there."""
    return os.path.exists(path)  # noqa: PTH110


def is_file(path: str | Path) -> bool:
    """Whether it is a file, or leads to one."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Whether it is a folder, or leads to one."""
    return os.path.isdir(path)  # noqa: PTH112
