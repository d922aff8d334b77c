"""Threads: the newest request wins, generators report, fail and stop."""

import threading

import pytest
from PySide6.QtCore import QCoreApplication, QObject

from core.errors import DataError
from explorer.workers import GeneratorThread, LatestWorker


@pytest.fixture
def gate():
    return threading.Event()


def test_a_newer_request_cancels_the_running_one(qtbot, gate):
    cancelled_when_asked = []

    def answer(request, cancelled):
        if request == "old":
            gate.wait(10)
            cancelled_when_asked.append(cancelled())
        yield request

    worker = LatestWorker(answer, "test")
    answers = []
    worker.answered.connect(lambda number, value: worker.current(number) and answers.append(value))
    worker.submit("old")
    worker.submit("new")
    gate.set()
    qtbot.waitUntil(lambda: answers == ["new"], timeout=5000)
    worker.stop()
    assert cancelled_when_asked in ([], [True])  # empty if "old" was replaced before it began


def test_without_preemption_the_running_request_is_answered(qtbot, gate):
    begun = threading.Event()

    def answer(request, cancelled):
        begun.set()
        gate.wait(10)
        yield request

    worker = LatestWorker(answer, "test")
    answers = []
    worker.answered.connect(lambda number, value: worker.current(number) and answers.append(value))
    worker.submit("first", preempt=False)
    assert begun.wait(5)
    worker.submit("replaced", preempt=False)
    worker.submit("last", preempt=False)
    gate.set()
    qtbot.waitUntil(lambda: answers == ["first", "last"], timeout=5000)
    worker.stop()


def test_a_failing_answer_is_reported_and_the_worker_lives_on(qtbot):
    def answer(request, cancelled):
        if request == "expected":
            raise DataError("It is broken.")
        if request == "surprise":
            raise ZeroDivisionError("oh")
        yield request

    worker = LatestWorker(answer, "test")
    with qtbot.waitSignal(worker.failed, timeout=5000) as signal:
        worker.submit("expected")
    assert signal.args == ["It is broken.", ""]
    with qtbot.waitSignal(worker.failed, timeout=5000) as signal:
        worker.submit("surprise")
    assert "Traceback" in signal.args[1]
    with qtbot.waitSignal(worker.answered, timeout=5000) as signal:
        worker.submit("fine")
    assert signal.args[1] == "fine"
    worker.stop()


def test_a_generator_reports_and_returns(qtbot):
    def count():
        yield 1
        yield 2
        return "done"

    thread = GeneratorThread(count)
    values = []
    thread.progressed.connect(values.append)
    with qtbot.waitSignal(thread.succeeded, timeout=5000) as signal:
        thread.start()
    assert signal.args == ["done"]
    assert values == [1, 2]
    thread.wait()


def test_a_cancelled_generator_is_closed_and_says_nothing_more(qtbot):
    closed, pace = threading.Event(), threading.Event()

    def forever():
        try:
            while not pace.wait(0.01):
                yield 0
        finally:
            closed.set()

    thread = GeneratorThread(forever)
    said = []
    thread.succeeded.connect(said.append)
    with qtbot.waitSignal(thread.progressed, timeout=5000):
        thread.start()
    thread.cancel()
    assert thread.wait(5000)
    QCoreApplication.processEvents()
    assert closed.is_set()
    assert said == []


def test_a_generator_that_has_ended_leaves_no_thread_behind(qtbot):
    def make():
        yield 1

    owner = QObject()
    thread = GeneratorThread(make, owner)
    with qtbot.waitSignal(thread.succeeded, timeout=5000):
        thread.start()
    qtbot.waitUntil(lambda: not owner.findChildren(GeneratorThread), timeout=5000)


def test_a_hung_thread_is_noticed_and_another_goes_on(qtbot, gate):
    begun = threading.Event()

    def answer(request, cancelled):
        if request == "hang":
            begun.set()
            gate.wait(30)
        yield request

    worker = LatestWorker(answer, "drawing", patience=0.2)
    answers = []
    worker.answered.connect(lambda number, value: worker.current(number) and answers.append(value))
    hung = worker._thread
    with qtbot.waitSignal(worker.failed, timeout=10_000) as signal:
        worker.submit("hang")
        assert begun.wait(5)
        worker.submit("waiting", preempt=False)
    assert "drawing" in signal.args[0]
    assert "started anew" in signal.args[0]
    qtbot.waitUntil(lambda: answers == ["waiting"], timeout=5000)
    gate.set()
    hung.join(5)
    assert not hung.is_alive()
    QCoreApplication.processEvents()
    assert answers == ["waiting"]
    worker.stop()
    assert not worker._thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_died_is_replaced(qtbot):
    def answer(request, cancelled):
        if request == "die":
            raise SystemExit
        yield request

    worker = LatestWorker(answer, "drawing")
    with qtbot.waitSignal(worker.failed, timeout=10_000) as signal:
        worker.submit("die")
    assert "has stopped" in signal.args[0]
    with qtbot.waitSignal(worker.answered, timeout=5000) as signal:
        worker.submit("fine")
    assert signal.args[1] == "fine"
    worker.stop()
