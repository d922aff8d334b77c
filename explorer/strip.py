"""Under the current sketch: drawings worth a look, as thumbnails."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QToolTip, QVBoxLayout, QWidget

from explorer.code_drag import CarriedCode, DragSource
from explorer.finding import Listed
from explorer.ink import paint_sketch
from explorer.studio import Studio
from explorer.theme import LiveTheme, Theme

COLUMNS = 6
CAPTION = 13
"""Pixels of the line under a thumbnail."""


class Thumbnails(QWidget):
    """A grid of drawings with a caption each; a click makes one current, and each can be dragged away."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio, self._theme = studio, theme
        self._listed: Listed | None = None
        self._chosen: int | None = None
        self._under: int | None = None
        self._pressed: int | None = None
        DragSource(self, self._carried)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Drawings in order")

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return 2 * (width // COLUMNS + CAPTION)

    def sizeHint(self) -> QSize:
        return QSize(300, self.heightForWidth(300))

    def show_listed(self, listed: Listed | None) -> None:
        self._listed, self._chosen = listed, None
        self.update()

    def cell(self, place: int) -> QRectF:
        """Where thumbnail `place` is painted, caption included."""
        side, height = self.width() / COLUMNS, self.height() / 2
        return QRectF(place % COLUMNS * side, place // COLUMNS * height, side, height)

    def _count(self) -> int:
        return 0 if self._listed is None else len(self._listed.indices)

    def _place_at(self, at: QPointF) -> int | None:
        return next((place for place in range(self._count()) if self.cell(place).contains(at)), None)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.fillRect(self.rect(), QColor(self._theme.paper))
            if self._listed is None:
                return
            font = QFont(self.font())
            font.setPointSizeF(font.pointSizeF() * 0.8)
            painter.setFont(font)
            for place in range(self._count()):
                self._paint_cell(painter, place)

    def _paint_cell(self, painter: QPainter, place: int) -> None:
        assert self._listed is not None
        cell = self.cell(place)
        picture = cell.adjusted(2, 1, -2, -CAPTION)
        if place < len(self._listed.drawings):
            paint_sketch(painter, self._listed.drawings[place].stroke3, picture, QColor(self._theme.ink))
        marked = place in (self._under, self._chosen if self.hasFocus() else None)
        painter.setPen(QColor(self._theme.accent if marked else self._theme.faint))
        value = f"#{self._listed.indices[place]}" if self._listed.nearest else f"{self._listed.values[place]:.2f}"
        painter.drawText(cell, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, value)
        if place == self._chosen:
            painter.setPen(QPen(QColor(self._theme.accent), 2))
            painter.drawLine(picture.bottomLeft() + QPointF(6, 0), picture.bottomRight() + QPointF(-6, 0))

    def choose(self, place: int) -> None:
        """Make thumbnail `place` current."""
        if self._listed is not None and 0 <= place < self._count():
            self._studio.choose_drawing(int(self._listed.indices[place]))
            self._chosen = place
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        left = event.button() == Qt.MouseButton.LeftButton
        self._pressed = self._place_at(event.position()) if left else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Only now: what is pressed may be dragged away instead."""
        place = self._place_at(event.position())
        if place is not None and place == self._pressed:
            self.choose(place)
        self._pressed = None

    def _carried(self, at: QPointF) -> CarriedCode | None:
        place, opened = self._place_at(at), self._studio.current
        if self._listed is None or opened is None or place is None or place >= len(self._listed.drawings):
            return None
        self._pressed = None
        index = int(self._listed.indices[place])
        title = f"{opened.atlas.category(index)} #{index}"
        return CarriedCode(title, opened.atlas.latents[index], self._listed.drawings[place].stroke3)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._under = self._place_at(event.position())
        self.update()

    def leaveEvent(self, event: object) -> None:
        self._under = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -COLUMNS, Qt.Key.Key_Down: COLUMNS}
        step = steps.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen is not None:
            self.choose(self._chosen)
        elif step is None:
            event.ignore()
        elif self._count():
            place = 0 if self._chosen is None else self._chosen + step
            self._chosen = min(max(place, 0), self._count() - 1)
            self.update()

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent) and self._listed is not None and self._studio.current is not None:
            place = self._place_at(QPointF(event.pos()))
            if place is None:
                QToolTip.hideText()
                return True
            index = int(self._listed.indices[place])
            what = "away in latent space" if self._listed.nearest else "reconstruction loss"
            words = f"{self._studio.current.atlas.category(index)} #{index}\n{self._listed.values[place]:.2f} {what}"
            if place < len(self._listed.drawings):
                words += "\n" + ("as the model draws it" if self._listed.drawings[place].decoded else "the original")
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)


class Strip(QWidget):
    """Nearest neighbours of the current code, or what the model reconstructs worst."""

    def __init__(self, studio: Studio, theme: Theme | LiveTheme) -> None:
        super().__init__()
        self._studio = studio
        self.setObjectName("strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.thumbnails = Thumbnails(studio, theme)
        self.nearest, self.worst = QToolButton(), QToolButton()
        self.nearest.setText("Nearest")
        self.nearest.setToolTip("The drawings whose codes are nearest to the current one (N)")
        self.worst.setText("Worst reconstructed")
        self.worst.setToolTip("The drawings that the model reconstructs worst, of the selection if there is one (W)")
        group, head = QButtonGroup(self), QHBoxLayout()
        head.setContentsMargins(8, 4, 8, 0)
        head.setSpacing(4)
        for button in (self.nearest, self.worst):
            button.setObjectName("flat")
            button.setCheckable(True)
            group.addButton(button)
            head.addWidget(button)
        self.nearest.setChecked(True)
        head.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 0, 6, 6)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.thumbnails)
        self.nearest.clicked.connect(studio.listing.list_nearest)
        self.worst.clicked.connect(studio.listing.list_worst)
        studio.listing.listed.connect(self._on_listed)
        studio.opened.connect(lambda: self.thumbnails.show_listed(None))

    def _on_listed(self, listed: Listed) -> None:
        self.nearest.setChecked(listed.nearest)
        self.worst.setChecked(not listed.nearest)
        self.thumbnails.show_listed(listed)
