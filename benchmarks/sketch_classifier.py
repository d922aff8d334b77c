"""A small convolutional network that names drawings by how they look, independent of any code."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from torch import nn

from explorer.ink import paint_sketch

SIDE = 28
BATCH = 64
FEATURES = 128


def rasters(drawings: Sequence[NDArray]) -> NDArray[np.float32]:
    """[N, SIDE, SIDE], ink 1 on paper 0, of stroke-3 drawings, each fitted into the square."""
    images = np.empty((len(drawings), SIDE, SIDE), dtype=np.float32)
    for image, drawing in zip(images, drawings, strict=True):
        canvas = QImage(SIDE, SIDE, QImage.Format.Format_Grayscale8)
        canvas.fill(Qt.GlobalColor.black)
        painter = QPainter(canvas)
        paint_sketch(painter, drawing, QRectF(0, 0, SIDE, SIDE), QColor("white"))
        painter.end()
        rows = np.frombuffer(canvas.constBits(), dtype=np.uint8).reshape(SIDE, canvas.bytesPerLine())
        image[:] = rows[:, :SIDE] / 255
    return images


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the classifier says of N drawings."""

    probabilities: NDArray[np.float32]
    """[N, classes]"""
    features: NDArray[np.float32]
    """[N, FEATURES]: what its last layer reads."""

    @property
    def names(self) -> NDArray[np.int64]:
        """[N]: the likeliest class of each drawing."""
        return self.probabilities.argmax(axis=1)


class SketchClassifier:
    """Trained on creation, always the same way."""

    def __init__(self, drawings: Sequence[NDArray], labels: NDArray[np.integer], classes: int, epochs: int) -> None:
        torch.manual_seed(0)
        self._network = nn.Sequential(
            *(nn.Conv2d(1, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(576, FEATURES), nn.ReLU()),
            *(nn.Dropout(0.3), nn.Linear(FEATURES, classes)),
        )
        images, targets = torch.from_numpy(rasters(drawings))[:, None], torch.from_numpy(labels.astype(np.int64))
        # A class counts as much as any other, however many drawings it has.
        loss = nn.CrossEntropyLoss(len(labels) / (classes * torch.bincount(targets, minlength=classes).float()))
        optimiser = torch.optim.Adam(self._network.parameters(), lr=2e-3)
        steps = epochs * -(-len(images) // BATCH)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        for _ in range(epochs):
            for batch in torch.randperm(len(images)).split(BATCH):
                optimiser.zero_grad()
                seen = images[batch]
                mirrored = torch.rand(len(batch)) < 0.5
                seen = torch.where(mirrored[:, None, None, None], seen.flip(-1), seen)
                loss(self._network(seen), targets[batch]).backward()
                optimiser.step()
                schedule.step()
        self._network.eval()

    @torch.inference_mode()
    def judge(self, drawings: Sequence[NDArray]) -> Judgement:
        """Probabilities and features of stroke-3 drawings."""
        features = self._network[:-1](torch.from_numpy(rasters(drawings))[:, None])
        return Judgement(self._network[-1](features).softmax(dim=1).numpy(), features.numpy())
