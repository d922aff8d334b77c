"""Threads: the newest request wins, generators report, fail and stop."""

import threading

import pytest
from PySide6.QtCore import QCoreApplication

from core.errors import DataError
from explorer.workers import Job, LatestWorker


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


def test_a_worker_is_idle_only_when_its_answers_have_arrived(qtbot):
    given = threading.Event()

    def answer(request, cancelled):
        yield request
        given.set()

    worker = LatestWorker(answer, "test")
    answers = []
    worker.answered.connect(lambda number, value: answers.append(value))
    worker.submit("question")
    assert given.wait(5)
    worker.stop()  # the thread has ended, its answer is under way
    assert not worker.idle
    qtbot.waitUntil(lambda: worker.idle, timeout=5000)
    assert answers == ["question"]


@pytest.fixture
def job(qapp):
    """A Job whose signals are kept in `said`."""
    job = Job("test")
    job.said = []
    for name in ("progressed", "succeeded", "failed"):
        getattr(job, name).connect(lambda *values, name=name: job.said.append((name, *values)))
    yield job
    job.close()


def counting(gate, closed=None):
    """A generator that says "begun", waits for `gate`, and returns "done"."""

    def make():
        try:
            yield "begun"
            gate.wait(10)
            yield "gone on"
            return "done"
        finally:
            if closed is not None:
                closed.set()

    return make


def test_a_job_reports_and_returns(qtbot, job, gate):
    gate.set()
    with qtbot.waitSignal(job.succeeded, timeout=5000):
        job.start(counting(gate))
    assert job.said == [("progressed", "begun"), ("progressed", "gone on"), ("succeeded", "done")]
    assert not job.running


def test_a_cancelled_run_is_closed_and_says_nothing_more(qtbot, job, gate):
    closed = threading.Event()
    with qtbot.waitSignal(job.progressed, timeout=5000):
        job.start(counting(gate, closed))
    job.cancel()
    assert not job.running
    gate.set()
    assert closed.wait(5)
    job.close()
    QCoreApplication.processEvents()
    assert job.said == [("progressed", "begun")]


def test_what_a_replaced_run_still_says_is_not_heard(qtbot, job):
    said = threading.Event()

    def late():
        yield "late"
        said.set()
        return "late"

    job.start(late)
    assert said.wait(5)  # its signals are on their way
    with qtbot.waitSignal(job.succeeded, timeout=5000):
        job.start(lambda: (yield "new"))
    assert job.said == [("progressed", "new"), ("succeeded", None)]


@pytest.mark.parametrize("error", [DataError("It is broken."), ZeroDivisionError("oh")])
def test_a_failure_is_told_and_what_waits_follows(qtbot, job, gate, error):
    def fail():
        yield "begun"
        raise error

    job.start(fail)
    job.enqueue(counting(gate))
    gate.set()
    with qtbot.waitSignal(job.succeeded, timeout=5000):
        assert job.waiting == 1
    [(_, message, details)] = [said for said in job.said if said[0] == "failed"]
    assert str(error) in message
    assert ("Traceback" in details) == isinstance(error, ZeroDivisionError)


def test_runs_in_the_queue_follow_one_another_in_order(qtbot, job, gate):
    alive = []

    def make(number):
        def generator():
            alive.append(number)
            yield sorted(alive)
            gate.wait(10)
            alive.remove(number)
            return number

        return generator

    for number in range(4):
        job.enqueue(make(number))
    gate.set()
    qtbot.waitUntil(lambda: not job.running, timeout=5000)
    assert job.said == [each for n in range(4) for each in (("progressed", [n]), ("succeeded", n))]


def test_starting_drops_what_waits_and_cancelling_does_not(qtbot, job, gate):
    ran = []
    for number in range(3):
        job.enqueue(lambda number=number: iter_of(ran, number))
    job.start(counting(gate))
    job.enqueue(lambda: iter_of(ran, "queued"))
    job.cancel()
    with qtbot.waitSignal(job.succeeded, timeout=5000):
        gate.set()
    job.close()
    assert set(ran) <= {0, "queued"}
    assert job.said[-1] == ("succeeded", "queued")


def iter_of(ran, name):
    ran.append(name)
    yield name
    return name


def test_close_waits_for_cancelled_runs_too(qtbot, job, gate):
    closed = [threading.Event() for _ in range(3)]
    for event in closed:
        with qtbot.waitSignal(job.progressed, timeout=5000):
            job.start(counting(gate, event))
    threading.Timer(0.05, gate.set).start()
    job.close()
    assert all(event.is_set() for event in closed)


def test_finish_lets_everything_end(job, gate):
    ran = []
    threading.Timer(0.05, gate.set).start()
    job.start(counting(gate))
    for number in range(3):
        job.enqueue(lambda number=number: iter_of(ran, number))
    job.finish()
    assert ran == [0, 1, 2]


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
    qtbot.waitUntil(lambda: worker.idle, timeout=5000)
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
