"""How long the current code is, against the codes of the data."""

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from explorer.requests import Located
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

WIDTH, HEIGHT = 110, 20
BEYOND = 1.6
"""Of the data's range is on the scale: what is longer stands at its end."""


class _Bar(QWidget):
    def __init__(self, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(WIDTH, HEIGHT)
        self.norm: float | None = None
        self.range, self.typical = (0.0, 1.0), 0.5

    def place(self, norm: float) -> float:
        """Pixels from the left."""
        share = norm / (BEYOND * self.range[1]) if self.range[1] > 0 else 0.0
        return 6 + min(max(share, 0.0), 1.0) * (self.width() - 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.norm is None:
            return
        middle = self.height() / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(QRectF(6, middle - 0.5, self.width() - 12, 1), QColor(self._theme.line))
            low, high = (self.place(end) for end in self.range)
            painter.fillRect(QRectF(low, middle - 3, high - low, 6), QColor(self._theme.line))
            painter.fillRect(QRectF(self.place(self.typical) - 0.5, middle - 5, 1, 10), QColor(self._theme.faint))
            painter.setPen(QPen(QColor(self._theme.paper), 1.5))
            painter.setBrush(QColor(self._theme.accent))
            painter.drawEllipse(QPointF(self.place(self.norm), middle), 4.5, 4.5)


class NormBar(QWidget):
    """‖z‖ in figures and as a mark on the range of nine tenths of the data."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio = studio
        self.bar = _Bar(theme)
        self.words = QLabel()
        self.words.setObjectName("faint")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.words)
        row.addWidget(self.bar)
        self.setAccessibleName("Length of the current code")
        studio.located.connect(self._on_located)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH + 4 + self.words.sizeHint().width(), HEIGHT)

    def _on_located(self, located: Located) -> None:
        assert self._studio.current is not None
        self.bar.range, self.bar.norm = located.norm_range, located.norm
        self.bar.typical = self._studio.current.atlas.typical_norm
        self.words.setText(f"‖z‖ {located.norm:.1f}")
        low, high = located.norm_range
        self.setToolTip(
            f"‖z‖, the length of the current code, is {located.norm:.1f}.\n"
            f"Nine tenths of the data: {low:.1f} to {high:.1f}, typically {self.bar.typical:.1f}."
        )
        self.bar.update()
