"""Work that leaves the GUI thread: long generators, and questions of which only the newest matters."""

import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from core.errors import Cancelled, SketchExplorerError

Cancel = Callable[[], bool]


class LatestWorker(QObject):
    """Answers the newest request on a thread of its own.

    `answer(request, cancelled)` yields any number of answers; each leaves as `answered(number,
    answer)` with the number that `submit` gave. A request that waits is replaced by a newer one. One
    that runs is cancelled by a newer one too, unless that came with `preempt=False`: during a drag,
    requests arrive faster than they can be answered, and preempting each would answer none. An
    answer that is no longer `current` is late and to be dropped.
    """

    answered = Signal(int, object)
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""

    def __init__(
        self, answer: Callable[[Any, Cancel], Iterator[Any]], name: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._answer = answer
        self._changed = threading.Condition()
        self._waiting: tuple[int, Any] | None = None
        self._newest = 0
        self._oldest_wanted = 0
        self._stopping = False
        self._serving = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, request: Any, *, preempt: bool = True) -> int:
        """Ask; returns the number that its answers will bear."""
        with self._changed:
            self._newest += 1
            self._waiting = (self._newest, request)
            if preempt:
                self._oldest_wanted = self._newest
            self._changed.notify()
            return self._newest

    def current(self, number: int) -> bool:
        """Whether answers of that number are still wanted."""
        return number >= self._oldest_wanted

    @property
    def idle(self) -> bool:
        """Whether everything asked so far is answered or no longer wanted."""
        with self._changed:
            return self._waiting is None and not self._serving

    def cancel(self) -> None:
        """Want no answer to anything asked so far."""
        with self._changed:
            self._waiting = None
            self._newest += 1
            self._oldest_wanted = self._newest

    def stop(self) -> None:
        """End the thread and wait for it."""
        self.cancel()
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._stopping)
                if self._waiting is None:
                    return
                number, request = self._waiting
                self._waiting, self._serving = None, True
            self._serve(number, request)
            with self._changed:
                self._serving = False

    def _serve(self, number: int, request: Any) -> None:
        try:
            for answer in self._answer(request, lambda: not self.current(number)):
                if not self.current(number):
                    return
                self.answered.emit(number, answer)
        except Cancelled:
            return
        except SketchExplorerError as error:
            self.failed.emit(str(error), "")
        except Exception as error:  # noqa: BLE001 - a surprise: shown with its traceback, and the thread lives on
            self.failed.emit(f"{type(error).__name__}: {error}", traceback.format_exc())


class GeneratorThread(QThread):
    """Runs one generator: its values are `progressed`, what it returns is `succeeded`."""

    progressed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(str, str)
    """(one sentence, traceback or empty)."""

    def __init__(self, make: Callable[[], Generator[Any, None, Any]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._make = make

    def cancel(self) -> None:
        """Close the generator at its next value; neither `succeeded` nor `failed` follows."""
        self.requestInterruption()

    def run(self) -> None:  # in the new thread
        generator = self._make()
        try:
            while not self.isInterruptionRequested():
                try:
                    value = next(generator)
                except StopIteration as finished:
                    if not self.isInterruptionRequested():
                        self.succeeded.emit(finished.value)
                    return
                self.progressed.emit(value)
        except SketchExplorerError as error:
            self.failed.emit(str(error), "")
        except Exception as error:  # noqa: BLE001 - a surprise: shown with its traceback
            self.failed.emit(f"{type(error).__name__}: {error}", traceback.format_exc())
        finally:
            generator.close()
