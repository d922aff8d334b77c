"""How the map is laid out: the settings of PCA, UMAP and densMAP in a small window."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from explorer.studio import Studio
from explorer.theme import clear_of_border

METHODS = (
    ("UMAP", "umap", "Near drawings lie near one another; dense and sparse places look alike."),
    ("densMAP", "densmap", "UMAP that keeps dense places dense; takes about twice as long."),
    ("PCA", "pca", "The two directions in which the codes differ most; at once."),
)
METRICS = (("Euclidean", "euclidean"), ("Cosine", "cosine"))


class LayoutPanel(QDialog):
    """Settings, and a button that lays the map out again by them."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self.setWindowTitle("Layout of the map")
        self.method, self.measure = QComboBox(), QComboBox()
        for title, name, _ in METHODS:
            self.method.addItem(title, name)
        for title, name in METRICS:
            self.measure.addItem(title, name)
        self.neighbours, self.seed, self.min_dist = QSpinBox(), QSpinBox(), QDoubleSpinBox()
        for box in (self.neighbours, self.seed, self.min_dist):
            clear_of_border(box)
        self.neighbours.setRange(2, 200)
        self.neighbours.setToolTip("Size of the local neighbourhood: small shows detail, large the overall shape")
        self.min_dist.setRange(0, 1)
        self.min_dist.setSingleStep(0.05)
        self.min_dist.setToolTip("How tightly points may sit: small packs clusters, large spreads them")
        self.measure.setToolTip("How the distance of two codes is measured")
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setToolTip("Of the random numbers: the same seed gives the same map")
        self.about = QLabel()
        self.about.setObjectName("faint")
        self.about.setWordWrap(True)
        self.stage = QLabel()
        self.stage.setObjectName("faint")
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.apply, self.stop = QPushButton("Lay out again"), QPushButton("Stop")
        self.apply.setDefault(True)
        self.apply.setToolTip("Lay the map out by these settings; the one you see stays until there is a better one")
        self.stop.setToolTip("End the layout and keep the map as it is (Esc)")
        self._lay_out()
        self._fill()
        self.method.currentIndexChanged.connect(self._on_method)
        self.apply.clicked.connect(self._apply)
        self.stop.clicked.connect(studio.layouts.cancel)
        studio.layouts.progressed.connect(self._on_progress)
        self._on_method()
        self._on_progress("", None)

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(8)
        for title, field in (
            ("Method", self.method),
            ("Neighbours", self.neighbours),
            ("Least distance", self.min_dist),
            ("Metric", self.measure),
            ("Seed", self.seed),
        ):
            form.addRow(title, field)
        buttons = QHBoxLayout()
        buttons.addWidget(self.stop)
        buttons.addStretch()
        buttons.addWidget(self.apply)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(10)
        column.addLayout(form)
        column.addWidget(self.about)
        column.addStretch()
        column.addWidget(self.stage)
        column.addWidget(self.progress)
        column.addLayout(buttons)
        self.setFixedWidth(300)

    def _fill(self) -> None:
        from core.projection import LayoutConfig

        config = self._studio.layouts.config or LayoutConfig()
        self.method.setCurrentIndex(self.method.findData(config.method))
        self.measure.setCurrentIndex(self.measure.findData(config.metric))
        self.neighbours.setValue(config.neighbours)
        self.min_dist.setValue(config.min_dist)
        self.seed.setValue(config.seed)

    def _on_method(self) -> None:
        self.about.setText(METHODS[self.method.currentIndex()][2])
        for field in (self.neighbours, self.min_dist, self.measure, self.seed):
            field.setEnabled(self.method.currentData() != "pca")

    def _apply(self) -> None:
        from core.projection import LayoutConfig

        self._studio.layouts.start(
            LayoutConfig(
                method=self.method.currentData(),
                neighbours=self.neighbours.value(),
                min_dist=round(self.min_dist.value(), 4),
                metric=self.measure.currentData(),
                seed=self.seed.value(),
            )
        )

    def _on_progress(self, stage: str, fraction: float | None) -> None:
        self.stage.setText(stage[:1].upper() + stage[1:])
        self.progress.setValue(round(1000 * (fraction or 0)))
        for widget in (self.stage, self.progress):
            widget.setEnabled(bool(stage))
        self.progress.setVisible(bool(stage))
        self.stop.setEnabled(bool(stage))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._studio.layouts.running:
            self._studio.layouts.cancel()
        else:
            super().keyPressEvent(event)
