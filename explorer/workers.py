"""Work that leaves the GUI thread: long generators, and questions of which only the newest matters."""

import contextlib
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.errors import Cancelled, SketchExplorerError

Cancel = Callable[[], bool]
Make = Callable[[], Generator[Any, None, Any]]


PATIENCE_S = 60.0
"""Without an answer, after which a thread is taken for hung: no question takes a tenth of this."""
WATCH_MS = 1000


class LatestWorker(QObject):
    """Answers the newest request on a thread of its own.

    `answer(request, cancelled)` yields any number of answers; each leaves as `answered(number,
    answer)` with the number that `submit` gave. A request that waits is replaced by a newer one. One
    that runs is cancelled by a newer one too, unless that came with `preempt=False`: during a drag,
    requests arrive faster than they can be answered, and preempting each would answer none. An
    answer that is no longer `current` is late and to be dropped.

    A thread that has died, or given no sign of life for `patience` seconds, is left to itself and
    another takes its place; `failed` says so.
    """

    answered = Signal(int, object)
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""
    _over = Signal(int)
    """All answers to the request of that number have arrived."""

    def __init__(
        self,
        answer: Callable[[Any, Cancel], Iterator[Any]],
        name: str,
        parent: QObject | None = None,
        patience: float = PATIENCE_S,
    ) -> None:
        super().__init__(parent)
        self._answer, self._name, self._patience = answer, name, patience
        self._changed = threading.Condition()
        self._waiting: tuple[int, Any] | None = None
        self._newest = 0
        self._oldest_wanted = 0
        self._stopping = False
        self._serving: int | None = None
        """Number of the request that is being answered, until its last answer has arrived."""
        self._alive_at = 0.0
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._look_after)
        self._over.connect(self._on_over)
        self._start()

    def _start(self) -> None:
        self._serving = None
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def submit(self, request: Any, *, preempt: bool = True) -> int:
        """Ask; returns the number that its answers will bear."""
        with self._changed:
            self._newest += 1
            self._waiting = (self._newest, request)
            if preempt:
                self._oldest_wanted = self._newest
            self._changed.notify()
        if not self._watch.isActive():
            self._watch.start()
        return self._newest

    def current(self, number: int) -> bool:
        """Whether answers of that number are still wanted."""
        return number >= self._oldest_wanted

    @property
    def idle(self) -> bool:
        """Whether everything asked so far is answered, and the answers have arrived, or no longer wanted."""
        with self._changed:
            return self._waiting is None and self._serving is None

    def cancel(self) -> None:
        """Want no answer to anything asked so far."""
        with self._changed:
            self._waiting = None
            self._newest += 1
            self._oldest_wanted = self._newest

    def stop(self) -> None:
        """End the thread and wait for it, unless it hangs."""
        self._watch.stop()
        self.cancel()
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(self._patience)

    def _look_after(self) -> None:
        """Put another thread in the place of one that has died or hangs."""
        with self._changed:
            if self._waiting is None and self._serving is None:
                self._watch.stop()
                return
            died = not self._thread.is_alive()
            hangs = self._serving is not None and time.monotonic() - self._alive_at > self._patience
            if not died and not hangs:
                return
            if self._serving is not None:
                self._oldest_wanted = max(self._oldest_wanted, self._serving + 1)
            self._start()
        what = "has stopped" if died else f"has not answered for {self._patience:.0f} seconds"
        self.failed.emit(f"A part of the program ({self._name}) {what} and was started anew; please try again.", "")

    def _in_charge(self) -> bool:
        """Whether the calling thread is the one at work, not one that was given up."""
        return threading.current_thread() is self._thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._stopping or not self._in_charge())
                if self._waiting is None or not self._in_charge():
                    return
                number, request = self._waiting
                self._waiting, self._serving, self._alive_at = None, number, time.monotonic()
            self._serve(number, request)
            if self._in_charge():
                self._over.emit(number)

    def _on_over(self, number: int) -> None:
        with self._changed:
            if self._serving == number:  # else another is being answered by now
                self._serving = None

    def _serve(self, number: int, request: Any) -> None:
        try:
            for answer in self._answer(request, lambda: not self.current(number)):
                if not self.current(number):
                    return
                self._alive_at = time.monotonic()
                self.answered.emit(number, answer)
        except Cancelled:
            return
        except SketchExplorerError as error:
            self.failed.emit(str(error), "")
        except Exception as error:  # noqa: BLE001 - a surprise: shown with its traceback, and the thread lives on
            self.failed.emit(f"{type(error).__name__}: {error}", traceback.format_exc())


class Job(QObject):
    """Runs one generator at a time, each on a thread of its own; its signals are of the present run alone."""

    progressed = Signal(object)
    """What the generator has yielded."""
    succeeded = Signal(object)
    """What it has returned."""
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""
    _said = Signal(object, str, object)
    """(the thread, the name of the signal that is to follow, its arguments)."""

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._queue: deque[Make] = deque()
        self._thread: threading.Thread | None = None
        self._threads: list[threading.Thread] = []
        """That one, and those of cancelled runs that have not come to their next value."""
        self._said.connect(self._hear)

    @property
    def running(self) -> bool:
        """Whether there is a present run; it is over when it has succeeded or failed."""
        return self._thread is not None

    @property
    def waiting(self) -> int:
        """How many runs wait for their turn."""
        return len(self._queue)

    def start(self, make: Make) -> None:
        """Run `make()` at once; whatever runs or waits is wanted no more."""
        self._queue.clear()
        self.cancel()
        self.enqueue(make)

    def enqueue(self, make: Make) -> None:
        """Run `make()` when everything asked for before is over."""
        self._queue.append(make)
        if self._thread is None:
            self._next()

    def cancel(self) -> None:
        """Close the generator at its next value; nothing more is heard of it, and what waits follows."""
        if self._thread is not None:
            self._next()

    def finish(self) -> None:
        """Wait until everything that runs or waits is done; nothing of it is heard."""
        while self._thread is not None:
            self._thread.join()
            self._next()

    def close(self) -> None:
        """End everything, and wait for the threads."""
        self._queue.clear()
        self.cancel()
        for thread in self._threads:
            thread.join()

    def _next(self) -> None:
        self._thread = None
        if self._queue:
            run = self._queue.popleft()
            self._thread = threading.Thread(target=self._run, args=(run,), name=self._name, daemon=True)
            self._threads = [*(thread for thread in self._threads if thread.is_alive()), self._thread]
            self._thread.start()

    def _hear(self, thread: threading.Thread, signal: str, arguments: tuple[Any, ...]) -> None:
        if thread is self._thread:
            if signal != "progressed":
                self._next()
            getattr(self, signal).emit(*arguments)

    def _run(self, make: Make) -> None:  # in the new thread
        thread = threading.current_thread()
        try:
            with contextlib.closing(make()) as generator:
                while thread is self._thread:
                    try:
                        value = next(generator)
                    except StopIteration as finished:
                        self._said.emit(thread, "succeeded", (finished.value,))
                        return
                    self._said.emit(thread, "progressed", (value,))
        except SketchExplorerError as error:
            self._said.emit(thread, "failed", (str(error), ""))
        except Exception as error:  # noqa: BLE001 - a surprise: shown with its traceback
            self._said.emit(thread, "failed", (f"{type(error).__name__}: {error}", traceback.format_exc()))
