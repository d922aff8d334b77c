"""Memory that is freed is kept for the next step, where the C library gives it back each time."""

import ctypes
import platform
import sys

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
"""Parameters of mallopt(3)."""


def keep_freed_memory() -> None:
    """Tell glibc to keep what is freed; does nothing on other systems.

    A training step allocates and frees tensors of some 25 MB. glibc maps each from the system anew,
    which zeroes its pages; kept instead, CPU training went from 98 to 127 sketches a second.
    """
    if sys.platform != "linux" or platform.libc_ver()[0] != "glibc":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_MMAP_MAX, 0)
    mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
    mallopt(_M_TOP_PAD, 1 << 28)
