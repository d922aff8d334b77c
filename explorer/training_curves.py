"""A training to look at: its losses over time, and what the model draws meanwhile."""

import math
from collections.abc import Iterable

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer.ink import paint_sketch
from explorer.theme import LiveTheme, Theme
from explorer.training import Curve, Training

REFRESH_MS = 150
START = 0.05
"""Heights are fitted to what comes after this part of the time: the first fall is steep, and all alike."""
LOSSES = ("L<sub>R</sub>", "L<sub>KL</sub>", "L<sub>R</sub> + {:g} L<sub>KL</sub>")
TINY_MINUTES = 0.02
Points = tuple[list[float], list[float]]
"""(minutes, losses)."""


class LossPlot(QWidget):
    """One loss: training thin, validation in the accent colour with a dot each time."""

    def __init__(self, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._theme = theme
        self.title = QLabel()
        self.plot = pg.GraphicsLayoutWidget()  # a PlotWidget comes with menus of a hundred widgets
        self.plot.setMinimumSize(120, 120)
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.ci.setContentsMargins(1, 1, 1, 1)
        self.plot.ci.setSpacing(0)
        self._view = pg.ViewBox(enableMouse=False, enableMenu=False)
        self._left, self._bottom = (pg.AxisItem(side, linkView=self._view) for side in ("left", "bottom"))
        for item, row, column in ((self._left, 0, 0), (self._view, 0, 1), (self._bottom, 1, 1)):
            self.plot.addItem(item, row, column)
        self.train, self.validation = pg.PlotDataItem(), pg.PlotDataItem()
        self._view.addItem(self.train)
        self._view.addItem(self.validation)
        self.train.setDownsampling(auto=True, method="mean")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.title)
        column.addWidget(self.plot, 1)
        self.dress()

    def dress(self) -> None:
        """Take up the theme's present colours."""
        accent = self._theme.accent
        self.plot.setBackground(self._theme.paper)
        font = QFont(self.font())
        font.setPointSizeF(0.85 * font.pointSizeF())
        for axis in (self._left, self._bottom):
            axis.setPen(self._theme.line)
            axis.setTextPen(self._theme.faint)
            axis.setStyle(tickFont=font, tickLength=-4, maxTickLevel=0)
        self._left.setWidth(38)
        self.train.setPen(self._theme.faint, width=1)
        self.validation.setPen(accent, width=2)
        self.validation.setSymbol("o")
        self.validation.setSymbolSize(5)
        self.validation.setSymbolPen(accent)
        self.validation.setSymbolBrush(accent)

    def show_loss(
        self, name: str, train: tuple[list[float], list[float]], valid: tuple[list[float], list[float]]
    ) -> None:
        self.title.setText(f"{name}&nbsp; <b>{valid[1][-1]:.3f}</b>" if valid[1] else name)
        self.train.setData(*train)
        self.validation.setData(*valid)
        end = max([TINY_MINUTES, *train[0][-1:], *valid[0][-1:]])
        self._view.setXRange(0, end, padding=0.02)
        heights = [*_after(START * end, *train), *_after(START * end, *valid)]
        if heights:
            margin = 0.06 * (max(heights) - min(heights)) or 0.01
            self._view.setYRange(min(heights) - margin, max(heights) + margin, padding=0)


class LossCurves(QWidget):
    """L_R, L_KL and their weighted sum side by side, over minutes of training."""

    def __init__(self, training: Training, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._training, self._theme = training, theme
        self.plots = [LossPlot(theme) for _ in LOSSES]
        self.legend = QLabel()
        row = QHBoxLayout()
        row.setSpacing(12)
        for plot in self.plots:
            row.addWidget(plot, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row, 1)
        column.addWidget(self.legend)
        self._timer = QTimer(self, interval=REFRESH_MS, singleShot=True)
        self._timer.timeout.connect(self.refresh)
        training.curves_changed.connect(self._on_changed)
        self._dress()

    def refresh(self) -> None:
        """Show what the training has reported."""
        training = self._training
        for number, (plot, name) in enumerate(zip(self.plots, LOSSES, strict=True)):
            train, valid = (
                (curve.minutes, self._losses(curve)[number]) for curve in (training.train, training.validation)
            )
            plot.show_loss(name.format(training.kl_weight), train, valid)
        self._say_legend()

    def _losses(self, curve: Curve) -> tuple[list[float], list[float], list[float]]:
        weight = self._training.kl_weight
        total = [l_r + weight * l_kl for l_r, l_kl in zip(curve.L_R, curve.L_KL, strict=True)]
        return curve.L_R, curve.L_KL, total

    def _say_legend(self) -> None:
        faint, accent, best = self._theme.faint, self._theme.accent, self._training.best
        words = f'— training, <span style="color:{accent}">— validation</span>, over minutes'
        if best is not None:
            words += f"; best: L<sub>R</sub> {best[0]:.3f}, L<sub>KL</sub> {best[1]:.3f}"
        self.legend.setText(f'<span style="color:{faint}">{words}</span>')

    def _on_changed(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _dress(self) -> None:
        for plot in self.plots:
            plot.dress()
        self._say_legend()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()


class SketchRow(QWidget):
    """What the model draws of a few held-out drawings, beside one another."""

    def __init__(self, training: Training, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._training, self._theme = training, theme
        self.setMinimumHeight(96)
        self.setAccessibleName("What the model draws")
        self.setToolTip("What the model draws of a few drawings that it does not train on, at τ = 0.2")
        training.sketches_changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        sketches = self._training.sketches
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._theme.paper))
            width = self.width() / max(len(sketches), 1)
            for number, stroke3 in enumerate(sketches):
                area = QRectF(number * width, 0, width, self.height())
                paint_sketch(painter, stroke3, area, QColor(self._theme.ink))


def _after(start: float, minutes: Iterable[float], losses: Iterable[float]) -> list[float]:
    """The finite losses from `start` on."""
    return [loss for minute, loss in zip(minutes, losses, strict=True) if minute >= start and math.isfinite(loss)]
