"""What tells a drawing's category by how it looks: practice is led by it (`core.practice`).

It reads pictures and not strokes, since the encoder takes many drawings for what nobody sees in them:
of six drawings of one code, the one that a picture shows best is recognised far more often than the one
that the encoder reads best.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional as F

from core.dataset import TRAIN, SketchDataset
from core.sketch import Array, stroke3_to_polylines

SIDE = 28
"""Pixels."""
FINER = 4
"""Lines are drawn on so many times finer a grid, then averaged."""
LINE = 1.25
"""Width, in pixels."""
MARGIN = 0.06
"""Of the side, all around."""
EPOCHS = 4
"""Of the training drawings …"""
FEWEST_DRAWINGS = 3_000
"""… but so many drawings at least, some again and again …"""
MOST_DRAWINGS = 100_000
"""… and no more than so many, which is enough for hundreds of categories."""
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
"""Of Adam; a cosine to nothing."""
AT_ONCE = 256
"""Pictures that are read together."""


def rasters(drawings: Sequence[Array]) -> NDArray[np.uint8]:
    """[N, SIDE, SIDE] of stroke-3 drawings of a point or more, ink 255 on 0, each fitted into the square."""
    return np.stack([_raster(drawing) for drawing in drawings])


def _raster(drawing: Array) -> NDArray[np.uint8]:
    side = SIDE * FINER
    lines = stroke3_to_polylines(drawing)
    points = np.concatenate(lines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = (1 - 2 * MARGIN) * side / max(float((high - low).max()), 1e-6)
    image = Image.new("L", (side, side))
    pen = ImageDraw.Draw(image)
    for line in lines:
        places = ((line - (low + high) / 2) * scale + side / 2).ravel().tolist()
        pen.line(places, fill=255, width=round(LINE * FINER))
        pen.circle(places[:2], LINE * FINER / 2, fill=255)  # a dot is a line of no length
    return np.asarray(image.reduce(FINER))


class PictureClassifier(nn.Module):
    """A small convolutional network."""

    def __init__(self, categories: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * (SIDE // 8) ** 2, categories))

    def forward(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Logits [B, categories] of rasters [B, SIDE, SIDE]."""
        device = next(self.parameters()).device
        return self.layers(torch.from_numpy(pictures)[:, None].to(device).float() / 255)

    @torch.inference_mode()
    def log_probabilities(self, drawings: Sequence[Array]) -> NDArray[np.float32]:
        """log p(category | picture) [N, categories], N >= 1, of stroke-3 drawings of a point or more."""
        parts = [drawings[i : i + AT_ONCE] for i in range(0, len(drawings), AT_ONCE)]
        return np.concatenate([F.log_softmax(self(rasters(part)), dim=-1).cpu().numpy() for part in parts])


def new_classifier(dataset: SketchDataset, seed: int, device: torch.device) -> PictureClassifier:
    """An untrained one for the categories of `dataset`; the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PictureClassifier(len(dataset.categories)).to(device)


def learn_pictures(classifier: PictureClassifier, dataset: SketchDataset, seed: int) -> Iterator[float]:
    """Train `classifier` on the training drawings and their mirror images; yields how far that is, 0 to 1."""
    rng = np.random.default_rng(seed)
    train, device = dataset.indices(TRAIN), next(classifier.parameters()).device
    steps = round(np.clip(EPOCHS * len(train), FEWEST_DRAWINGS, MOST_DRAWINGS) / BATCH_SIZE)
    optimizer = torch.optim.Adam(classifier.parameters(), LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    classifier.train()
    for step in range(steps):
        chosen = rng.choice(train, BATCH_SIZE)
        pictures = rasters([dataset.stroke3(i) for i in chosen])
        mirrored = rng.random(BATCH_SIZE) < 0.5
        pictures[mirrored] = pictures[mirrored, :, ::-1]
        labels = torch.from_numpy(dataset.labels[chosen].astype(np.int64)).to(device)
        optimizer.zero_grad()
        F.cross_entropy(classifier(pictures), labels).backward()
        optimizer.step()
        schedule.step()
        yield (step + 1) / steps
    classifier.eval()
