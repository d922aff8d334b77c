"""Ctrl-C: the first asks training to end after its step, the second aborts."""

import _thread
import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
SIGNAL_STATUS = 128
"""Added to a signal's number, it is what a shell reports of a program which that signal ended."""
INTERRUPTED = SIGNAL_STATUS + signal.SIGINT
ECHO_SECONDS = 5.0
STDIN = 0


class GracefulStop:
    """While entered, the first SIGINT or SIGTERM calls `request`; a second raises KeyboardInterrupt.

    Under torchrun (`echoed`) a Ctrl-C comes twice, from the terminal and from torchrun, so a second
    signal counts only after a while.
    """

    def __init__(self, request: Callable[[], None], *, echoed: bool = False) -> None:
        self._request = request
        self._echo_seconds = ECHO_SECONDS if echoed else 0.0
        self._received_at = 0.0
        self._previous: dict[int, object] = {}
        self.received: int | None = None
        """The signal that asked for the stop."""

    def __enter__(self) -> "GracefulStop":
        if threading.current_thread() is threading.main_thread():  # Python lets no other set handlers
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None:
            if time.monotonic() - self._received_at < self._echo_seconds:
                return
            raise KeyboardInterrupt
        self.received, self._received_at = number, time.monotonic()
        self._request()


def interrupt_at_end_of_input() -> None:
    """Behave as at Ctrl-C once standard input ends.

    A program that holds the other end can so ask for a stop on any system, and cannot leave a training
    behind: when it ends, in whatever way, the system closes what it held.
    """

    def wait() -> None:
        while os.read(STDIN, 1024):  # not sys.stdin.read(): Python could not end while that holds its lock
            pass
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)  # wakes it if it waits, too
        else:
            _thread.interrupt_main(signal.SIGINT)

    threading.Thread(target=wait, name="input", daemon=True).start()
