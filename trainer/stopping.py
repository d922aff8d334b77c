"""Ctrl-C: the first asks training to end after its step, the second aborts."""

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GracefulStop:
    """While entered, the first SIGINT or SIGTERM calls `request`; a second raises KeyboardInterrupt."""

    def __init__(self, request: Callable[[], None]) -> None:
        self._request = request
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
            raise KeyboardInterrupt
        self.received = number
        self._request()
