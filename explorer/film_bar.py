"""Above the filmstrip: play and scrub, how the path leads, how many frames it has."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.filmstrip import NARROWEST, Filmstrip
from explorer.player import Repeat
from explorer.requests import FEWEST_FRAMES, MOST_FRAMES, Mode
from explorer.state import State
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme, clear_of_border

STEPS = 50
"""Slider steps a frame."""
MODES = {Mode.STRAIGHT: "Straight", Mode.SPHERICAL: "Spherical", Mode.DATA: "Through the data"}
SPEEDS = {0.5: "½×", 1.0: "1×", 2.0: "2×", 4.0: "4×"}
REPEATS = {Repeat.TO_AND_FRO: "To and fro", Repeat.LOOP: "Loop", Repeat.ONCE: "Once"}
MODE_TIP = (
    "How the path leads from point to point:\n"
    "straight in latent space; along a great circle, the length of the code changing evenly;\n"
    "or from drawing to near drawing"
)


class PlayButton(QAbstractButton):
    """A triangle, or two bars while it plays."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._player, self._theme = studio.player, theme
        self.setFixedSize(26, 24)
        self.clicked.connect(studio.player.toggle)
        studio.player.changed.connect(self._on_changed)
        self._on_changed()

    def _on_changed(self) -> None:
        what = "Pause" if self._player.playing else "Play"
        self.setAccessibleName(what)
        self.setToolTip(f"{what} the film (Ctrl+Space; space in the filmstrip)")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        lit = self.underMouse() or self.hasFocus()
        colour = QColor(self._theme.accent if lit else self._theme.ink if self.isEnabled() else self._theme.line)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(self.width() / 2, self.height() / 2)
            pen = QPen(colour, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.setBrush(colour)
            if self._player.playing:
                for x in (-4.5, 1.5):
                    painter.drawRect(round(x), -5, 2, 10)
            else:
                painter.drawPolygon(QPolygonF([QPointF(-4, -5.5), QPointF(5.5, 0), QPointF(-4, 5.5)]))


class FilmScroll(QScrollArea):
    """Holds the strip; the wheel moves it sideways."""

    def __init__(self, strip: Filmstrip) -> None:
        super().__init__()
        self.setWidget(strip)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        return self.widget().sizeHint()

    def minimumSizeHint(self) -> QSize:
        return QSize(NARROWEST, self.widget().minimumHeight() + self.horizontalScrollBar().sizeHint().height())

    def wheelEvent(self, event: QWheelEvent) -> None:
        bar, turned = self.horizontalScrollBar(), event.angleDelta()
        bar.setValue(bar.value() - (turned.x() or turned.y()))
        event.accept()


class FilmPanel(QWidget):
    """The bar and the filmstrip."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme, strip: Filmstrip) -> None:
        super().__init__()
        self._studio, self._strip = studio, strip
        self.play = PlayButton(studio, theme)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Place in the film")
        self.slider.setToolTip("Drag to morph from frame to frame")
        self.time = QLabel()
        self.time.setObjectName("faint")
        self.time.setFixedWidth(self.time.fontMetrics().horizontalAdvance("00.0 / 00"))
        self.speed = _choice(SPEEDS, "Speed of the film")
        self.repeat = _choice(REPEATS, "What happens at the end of the film")
        self.speed.setCurrentIndex(list(SPEEDS).index(studio.player.speed))
        self.mode = _choice(MODES, MODE_TIP)
        self.mode.setAccessibleName("Way of the path")
        self.note = QLabel("straight until the ways are found")
        self.note.setObjectName("faint")
        self.note.hide()
        self.frames = QSpinBox()
        self.frames.setRange(FEWEST_FRAMES, MOST_FRAMES)
        self.frames.setSuffix(" frames")
        clear_of_border(self.frames)
        self.frames.setAccessibleName("Frames")
        self.frames.setToolTip(f"Sketches along the path, {FEWEST_FRAMES} to {MOST_FRAMES}")
        self.scroll = FilmScroll(strip)
        self._lay_out()
        self._connect()
        self._on_film()
        self._on_state(studio.state, studio.state)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(10, 4, 12, 2)
        row.setSpacing(8)
        for widget in (self.play, self.slider, self.time, self.speed, self.repeat):
            row.addWidget(widget, 1 if widget is self.slider else 0)
        row.addSpacing(18)
        label = QLabel("Path")
        label.setBuddy(self.mode)
        for widget in (label, self.mode, self.note, self.frames):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.scroll, 1)

    def _connect(self) -> None:
        studio, player = self._studio, self._studio.player
        self.slider.valueChanged.connect(lambda step: player.seek(step / STEPS))
        self.slider.sliderPressed.connect(player.pause)
        self.speed.currentIndexChanged.connect(lambda: setattr(player, "speed", self.speed.currentData()))
        self.repeat.currentIndexChanged.connect(lambda: setattr(player, "repeat", self.repeat.currentData()))
        self.mode.activated.connect(lambda: studio.set_mode(self.mode.currentData()))
        self.frames.valueChanged.connect(self._set_frames)
        self.frames.editingFinished.connect(studio.end_gesture)
        player.moved.connect(self._show_time)
        player.changed.connect(self._show_time)
        studio.film_changed.connect(self._on_film)
        studio.opened.connect(self._on_film)
        studio.state_changed.connect(self._on_state)
        studio.filming.progressed.connect(self._show_note)

    def _set_frames(self, frames: int) -> None:
        self._studio.set_route(replace(self._studio.state.route, frames=frames), live=True)

    def _on_state(self, _before: State, after: State) -> None:
        for widget in (self.mode, self.frames):
            widget.blockSignals(True)
        self.mode.setCurrentIndex(list(MODES).index(after.route.mode))
        self.frames.setValue(after.route.frames)
        for widget in (self.mode, self.frames):
            widget.blockSignals(False)
        self._show_note()

    def _show_note(self) -> None:
        self.note.setVisible(self._studio.filming.stand_in)

    def _on_film(self) -> None:
        for widget in (self.play, self.slider, self.speed, self.repeat):
            widget.setEnabled(self._studio.film is not None)
        self.slider.blockSignals(True)
        self.slider.setRange(0, STEPS * self._studio.player.end)
        self.slider.setSingleStep(STEPS // 5)
        self.slider.setPageStep(STEPS)
        self.slider.blockSignals(False)
        self._show_time()

    def _show_time(self) -> None:
        player = self._studio.player
        self.slider.blockSignals(True)
        self.slider.setValue(round(player.time * STEPS))
        self.slider.blockSignals(False)
        self.time.setText(f"{player.time + 1:.1f} / {player.end + 1}" if player.end else "")
        if player.shown:
            cell = self._strip.cell(0).width()
            self.scroll.ensureVisible(round((player.time + 0.5) * cell), 0, round(cell), 0)


def _choice(entries: Mapping[Any, str], tip: str) -> QComboBox:
    choice = QComboBox()
    for value, title in entries.items():
        choice.addItem(title, value)
    choice.setToolTip(tip)
    choice.setAccessibleName(tip.partition("\n")[0])
    return choice
