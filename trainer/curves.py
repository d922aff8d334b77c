"""Validation curves of several runs: losses against epochs and against wall time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trainer.figures import CATEGORY_COLOURS, INK, PAPER, new_figure

History = Sequence[dict[str, float]]
GRID = 400
"""Points of a mean curve."""
START = 0.05
"""The axes show what comes after this part of the longest run: the first fall is steep, and all alike."""


@dataclass(frozen=True)
class Curve:
    """One variant: the histories of its runs, one entry a validation."""

    label: str
    runs: Sequence[History]


def draw_curves(curves: Sequence[Curve]) -> Figure:
    """L_R and L_KL against epochs and minutes: every run thin, the mean of a variant's runs bold."""
    figure = new_figure(9, 6)
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    for line, loss in enumerate(("L_R", "L_KL")):
        for column, (key, unit, heading) in enumerate((("epoch", 1, "epochs"), ("seconds", 60, "minutes"))):
            axes = panels[line, column]
            for curve, colour in zip(curves, _colours(len(curves)), strict=True):
                _draw(axes, curve, key, unit, f"valid_{loss}", colour)
            if line == 1:
                axes.set_xlabel(heading)
            if column == 0:
                axes.set_ylabel(f"validation ${loss.replace('_KL', '_{KL}')}$")
            _dress(axes)
        _fit_height(panels[line, 0], curves, f"valid_{loss}")
    panels[0, 1].legend(frameon=False, labelcolor=INK)
    return figure


def mean_curve(runs: Sequence[History], key: str, value: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(x, y) [GRID] of the mean over runs of `value` against `key`, where all of them have it.

    Between its validations a run is interpolated.
    """
    columns = [(_column(run, key), _column(run, value)) for run in runs]
    x = np.linspace(max(xs[0] for xs, _ in columns), min(xs[-1] for xs, _ in columns), GRID)
    return x, np.mean([np.interp(x, xs, ys) for xs, ys in columns], axis=0)


def _draw(axes: Axes, curve: Curve, key: str, unit: float, value: str, colour: str) -> None:
    for run in curve.runs:
        axes.plot(_column(run, key) / unit, _column(run, value), color=colour, linewidth=0.6, alpha=0.6)
    x, y = mean_curve(curve.runs, key, value)
    label = curve.label if len(curve.runs) == 1 else f"{curve.label}, mean of {len(curve.runs)}"
    axes.plot(x / unit, y, color=colour, linewidth=2.2, label=label)


def _fit_height(axes: Axes, curves: Sequence[Curve], value: str) -> None:
    shown = []
    for curve in curves:
        for run in curve.runs:
            seconds = _column(run, "seconds")
            shown.append(_column(run, value)[seconds >= START * seconds[-1]])
    low, high = np.min(np.concatenate(shown)), np.max(np.concatenate(shown))
    margin = 0.05 * (high - low) or 0.01
    axes.set_ylim(low - margin, high + margin)


def _dress(axes: Axes) -> None:
    axes.set_facecolor(PAPER)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=INK, alpha=0.08, linewidth=0.6)
    axes.tick_params(colors=INK)
    axes.set_xlim(left=0)


def _column(run: History, key: str) -> NDArray[np.float64]:
    return np.array([entry[key] for entry in run], dtype=np.float64)


def _colours(count: int) -> list[str]:
    return [CATEGORY_COLOURS[i % len(CATEGORY_COLOURS)] for i in range(count)]
