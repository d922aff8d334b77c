"""What is shown: plain lines, JSON lines, and the moving display of a terminal."""

import io
import json
import math

import pytest
from rich.console import Console

from core.evaluation import Losses
from core.training import Progress
from trainer import display
from trainer.display import JsonDisplay, LineDisplay, duration, open_display
from trainer.live import LiveDisplay


def progress(**changes):
    values = {
        "epoch": 3,
        "step": 1234,
        "sketches": 9000,
        "fraction": 0.25,
        "seconds": 60.0,
        "sketches_per_second": 127.4,
        "train": Losses(0.3, 0.2, 0.1),
        "gradient_norm": 0.5,
        "learning_rate": 1e-3,
        "kl_weight": 0.05,
        "validation": Losses(0.31, 0.22, 0.12),
        "best": True,
    }
    return Progress(**{**values, **changes})


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set."""

    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(display, "time", clock)
    return clock


def test_lines_are_sparse(clock, capsys):
    shown = LineDisplay()
    for epoch in range(100):
        shown.training(progress(epoch=epoch))
        clock.now += 1
    assert len(capsys.readouterr().out.splitlines()) == 10


def test_a_long_epoch_is_reported_on(clock, capsys):
    shown = LineDisplay()
    for _ in range(100):
        shown.training(progress(validation=None, best=False))
        clock.now += 2
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_a_line_has_the_losses_the_pace_and_the_time_left(capsys):
    LineDisplay().training(progress())
    line = capsys.readouterr().out
    for part in ("epoch 3", "25%", "L_R 0.500", "L_R 0.530 L_KL 0.120 (best)", "127 sketches/s", "3:00 left"):
        assert part in line


def test_counting_within_a_stage_is_no_new_stage(clock, capsys):
    shown = LineDisplay()
    for epoch in range(200):
        shown.stage(f"UMAP epoch {epoch} of 200", epoch / 200)
    shown.stage("encoding drawings", 0.5)
    assert capsys.readouterr().out.splitlines() == ["UMAP epoch 0 of 200", "encoding drawings (50%)"]


def test_json_has_null_where_a_loss_is_not_finite(capsys):
    JsonDisplay().training(progress(train=Losses(math.nan, math.inf, 0.0), validation=None))
    line = json.loads(capsys.readouterr().out)
    assert line["train"] == {"L_s": None, "L_p": None, "L_KL": 0.0, "L_R": None}
    assert line["validation"] is None


def test_json_stages_are_throttled_but_end(clock, capsys):
    shown = JsonDisplay()
    for step in range(101):
        shown.stage("encoding drawings", step / 100)
        clock.now += 0.01
    fractions = [json.loads(line)["fraction"] for line in capsys.readouterr().out.splitlines()]
    assert 8 <= len(fractions) <= 13
    assert fractions[-1] == 1


def test_the_terminal_shows_bar_losses_and_sentences():
    terminal = io.StringIO()
    shown = LiveDisplay(Console(file=terminal, force_terminal=True, width=100))
    with shown:
        shown.training(progress())
        shown.say("Something happened.")
        shown.stage("encoding drawings", 0.5)
    text = terminal.getvalue()
    assert "Something happened." in text
    assert "50%" in text
    assert "encoding drawings" in text


def test_the_terminal_remembers_the_last_and_the_best_validation():
    shown = LiveDisplay(Console(file=io.StringIO(), width=100))
    shown.training(progress())
    shown.training(progress(validation=Losses(0.4, 0.4, 0.2), best=False))
    shown.training(progress(validation=None, best=False))
    console = Console(file=io.StringIO(), width=100)
    console.print(shown._render())
    text = console.file.getvalue()
    assert "epoch 3, step 1,234" in text
    assert "0.800" in text  # the last validation's L_R
    assert "0.530" in text  # the best one's
    assert "127 sketches/s" in text


def test_the_kind_of_display(capsys):
    assert type(open_display()) is LineDisplay
    assert type(open_display(as_json=True)) is JsonDisplay
    with open_display(as_json=True, shown=False) as silent:
        silent.say("one of several processes")
        silent.record("data")
        silent.stage("reading", 0.1)
        silent.training(progress())
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (62, "1:02"), (3723, "1:02:03"), (-3, "0:00")])
def test_durations(seconds, text):
    assert duration(seconds) == text
