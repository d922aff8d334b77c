"""Ink on paper: the colours of both themes, and Qt's palette and style sheet made from them."""

from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QAbstractSpinBox, QApplication

from core.picture import INK, PAPER


@dataclass(frozen=True)
class Theme:
    """The few colours that the window is made of."""

    paper: str
    """Ground of drawings and map."""
    panel: str
    """Ground of everything else."""
    line: str
    """Hairlines between panels."""
    ink: str
    """Drawings and text."""
    faint: str
    """Text of second rank."""
    accent: str
    """What is current."""
    error: str
    dark: bool


LIGHT = Theme(PAPER, "#f3efe6", "#ddd6c8", INK, "#6f675b", "#b3471d", "#a61b1b", False)
DARK = Theme("#171614", "#1f1d1a", "#37332d", "#ece6da", "#a1988a", "#f08a5d", "#ff8a80", True)


def current_theme() -> Theme:
    """The theme that the desktop asks for."""
    return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


class LiveTheme(QObject):
    """The theme of the moment, with a Theme's own attributes; it follows the desktop.

    Widgets that read it while they paint need nothing else; what keeps colours listens to `changed`.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.current = current_theme()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._on_scheme)

    def __getattr__(self, name: str) -> str | bool:
        return getattr(self.current, name)

    def use(self, theme: Theme) -> None:
        """Show `theme` from now on."""
        if theme is not self.current:
            self.current = theme
            self.changed.emit()

    def _on_scheme(self) -> None:
        self.use(current_theme())


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Dress the whole application."""
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, colour in (
        (roles.Window, theme.panel),
        (roles.Base, theme.paper),
        (roles.AlternateBase, theme.panel),
        (roles.Button, theme.panel),
        (roles.WindowText, theme.ink),
        (roles.Text, theme.ink),
        (roles.ButtonText, theme.ink),
        (roles.ToolTipBase, theme.paper),
        (roles.ToolTipText, theme.ink),
        (roles.PlaceholderText, theme.faint),
        (roles.Highlight, theme.accent),
        (roles.HighlightedText, theme.paper),
        (roles.Link, theme.accent),
    ):
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faint))
    # Without this, Qt dresses each widget once for each of those around it: three times as long in all.
    application.setStyleSheet("")
    application.setPalette(palette)
    arrow = resources.files("resources") / "icons" / ("down-dark.svg" if theme.dark else "down.svg")
    application.setStyleSheet(_STYLE.format(**vars(theme), arrow=Path(str(arrow)).as_posix()))


def clear_of_border(box: QAbstractSpinBox) -> None:
    """Keep a box's number off its border: the style sheet's padding does not reach the line edit inside."""
    box.lineEdit().setTextMargins(6, 0, 0, 0)


_STYLE = """
QToolTip {{ background: {paper}; color: {ink}; border: 1px solid {line}; padding: 3px; }}
QStatusBar {{ border-top: 1px solid {line}; color: {faint}; }}
QStatusBar::item {{ border: none; }}
QGraphicsView {{ border: 1px solid transparent; }}
QGraphicsView:focus {{ border-color: {faint}; }}
QSplitter::handle {{ background: {line}; }}
QToolButton, QPushButton {{ border: 1px solid {line}; border-radius: 4px; padding: 3px 9px; background: {panel}; }}
QToolButton:hover, QPushButton:hover {{ border-color: {faint}; }}
QPushButton#flat, QToolButton#flat {{ border-color: transparent; background: transparent; padding: 2px 6px; }}
QPushButton#flat:hover, QToolButton#flat:hover {{ color: {accent}; }}
QPushButton#flat:focus, QToolButton#flat:focus {{ border-color: {accent}; }}
QToolButton#flat:checked {{ color: {accent}; }}
QToolButton:checked {{ border-color: {accent}; color: {accent}; }}
QToolButton:focus, QPushButton:focus {{ border-color: {accent}; }}
QToolButton#tool {{ border-color: transparent; background: transparent; padding: 4px 5px; }}
QToolButton#tool:hover {{ border-color: {line}; }}
QToolButton#tool:focus {{ border-color: {faint}; }}
QToolButton#tool:checked {{ background: {paper}; border-color: {line}; color: {accent}; }}
QToolButton#tool:disabled {{ color: {faint}; }}
QPushButton:disabled {{ color: {faint}; }}
QLineEdit {{ border: 1px solid {line}; border-radius: 4px; padding: 5px 8px; background: {paper}; color: {ink}; }}
QPlainTextEdit {{ border: 1px solid {line}; border-radius: 4px; background: {paper}; color: {faint}; }}
QLineEdit:disabled {{ color: {faint}; background: {panel}; }}
QLineEdit:focus, QPlainTextEdit:focus {{ border-color: {accent}; }}
QCheckBox::indicator:unchecked {{ border: 1px solid {faint}; border-radius: 2px; width: 12px; height: 12px;
    background: {paper}; }}
QComboBox, QSpinBox, QDoubleSpinBox {{ border: 1px solid {line}; border-radius: 4px; padding: 3px 6px;
    background: {paper}; color: {ink}; selection-background-color: {accent}; }}
QSpinBox QLineEdit, QDoubleSpinBox QLineEdit {{ border: none; padding: 0 5px; background: transparent; }}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{
    width: 0; border: none; }}
QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border-color: {accent}; }}
QComboBox::drop-down {{ border: none; width: 18px; }}
QComboBox::down-arrow {{ image: url({arrow}); width: 9px; height: 6px; }}
QComboBox:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled {{ color: {faint}; background: {panel}; }}
QComboBox QAbstractItemView {{ background: {paper}; color: {ink}; border: 1px solid {line}; outline: none;
    selection-background-color: {line}; selection-color: {ink}; }}
QMenu {{ background: {paper}; border: 1px solid {line}; padding: 4px 0; }}
QMenu::item {{ padding: 4px 22px; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::item:selected {{ background: {line}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 0; }}
QTabWidget::pane {{ border: none; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ border: none; border-bottom: 2px solid transparent; padding: 9px 12px 5px 12px; color: {faint};
    background: transparent; }}
QTabBar::tab:hover {{ color: {ink}; }}
QTabBar::tab:selected {{ color: {accent}; border-bottom-color: {accent}; }}
QTabBar::tab:focus {{ color: {accent}; }}
QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {line}; border-radius: 4px; min-height: 24px; margin: 1px 2px; }}
QScrollBar::handle:vertical:hover {{ background: {faint}; }}
QScrollBar:horizontal {{ background: transparent; height: 9px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {line}; border-radius: 4px; min-width: 24px; margin: 2px 1px; }}
QScrollBar::handle:horizontal:hover {{ background: {faint}; }}
QScrollBar::add-line, QScrollBar::sub-line,
QScrollBar::add-page, QScrollBar::sub-page {{ background: none; height: 0; }}
QLineEdit#small {{ padding: 3px 6px; }}
QListView#completion {{ background: {paper}; color: {ink}; border: 1px solid {line}; padding: 1px 0;
    selection-background-color: {line}; selection-color: {ink}; }}
QListView#completion::item {{ padding: 2px 8px; }}
QListView {{ border: none; background: transparent; outline: none; }}
QMenuBar {{ background: {panel}; }}
QMenuBar::item {{ padding: 3px 9px; background: transparent; }}
QMenuBar::item:selected {{ color: {accent}; }}
QWidget#legend, QWidget#strip {{ background: {paper}; }}
QFrame#card {{ background: {paper}; border: 1px solid {line}; border-radius: 6px; }}
QGraphicsView {{ border: none; border-top: 1px solid {paper}; }}
QGraphicsView:focus {{ border-top-color: {accent}; }}
QLabel#faint {{ color: {faint}; }}
QLabel#error {{ color: {error}; }}
QSlider::groove:horizontal {{ height: 3px; background: {line}; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ background: {faint}; border-radius: 1px; }}
QSlider#centred::sub-page:horizontal {{ background: {line}; }}
QSlider::handle:horizontal {{ background: {ink}; width: 13px; height: 13px; margin: -5px 0; border-radius: 6px; }}
QSlider::handle:horizontal:focus {{ background: {accent}; }}
QProgressBar {{ border: none; background: {line}; border-radius: 2px; max-height: 4px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 2px; }}
"""
