"""What tells a drawing's category by how it looks: a small network that reads pictures, not strokes.

The encoder takes many drawings for what nobody sees in them: of several drawings of one code, the one that
a picture shows best is recognised far more often than the one that the encoder reads best.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import Tensor, nn
from torch.nn import functional as F

from core.atlas import is_name
from core.checkpoint import content_digest, load_tensors, whole_content, write_atomically
from core.dataset import TRAIN, SketchDataset
from core.errors import CheckpointError, TrainingError
from core.picture import in_unit_square
from core.sketch import Array

FORMAT = "sketch-explorer picture classifier"
VERSION = 1
SIDE = 28
"""Pixels."""
FINER = 4
"""Lines are drawn on so many times finer a grid, then averaged."""
LINE = 1.25
"""Width, in pixels."""
CHANNELS = (24, 48, 96)
MOST_CATEGORIES = 10_000
"""In a file."""
EPOCHS = 4
"""Of the training drawings …"""
FEWEST_DRAWINGS = 3_000
"""… but so many drawings at least, some again and again …"""
MOST_DRAWINGS = 500_000
"""… and no more than so many, which is enough for hundreds of categories."""
BATCH_SIZE = 64
LEARNING_RATE = 2e-3
"""Of Adam; a cosine to nothing."""
AT_ONCE = 256
"""Pictures that are read together."""


def rasters(drawings: Sequence[Array]) -> NDArray[np.uint8]:
    """[N, SIDE, SIDE] of stroke-3 drawings, ink 255 on 0, each fitted into the square; without a point, no ink."""
    return np.stack([_raster(drawing) for drawing in drawings])


def _raster(drawing: Array) -> NDArray[np.uint8]:
    image = Image.new("L", (SIDE * FINER, SIDE * FINER))
    pen = ImageDraw.Draw(image)
    for line in in_unit_square(drawing) if len(drawing) else ():
        places = (line * SIDE * FINER).ravel().tolist()
        pen.line(places, fill=255, width=round(LINE * FINER))
        pen.circle(places[:2], LINE * FINER / 2, fill=255)  # a dot is a line of no length
    return np.asarray(image.reduce(FINER))


class PictureClassifier(nn.Module):
    """A convolutional network of three layers."""

    def __init__(self, categories: Sequence[str]) -> None:
        super().__init__()
        self.categories = tuple(categories)
        layers: list[nn.Module] = []
        for inputs, outputs in zip((1, *CHANNELS), CHANNELS, strict=False):
            convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
            layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(CHANNELS[-1] * (SIDE // 2 ** len(CHANNELS)) ** 2, len(categories))
        )

    def forward(self, pictures: NDArray[np.uint8]) -> Tensor:
        """Logits [B, categories] of rasters [B, SIDE, SIDE]."""
        device = next(self.parameters()).device
        return self.layers(torch.from_numpy(pictures)[:, None].to(device).float() / 255)

    @torch.inference_mode()
    def log_probabilities(self, drawings: Sequence[Array]) -> NDArray[np.float32]:
        """log p(category | picture) [N, categories], N >= 1, of stroke-3 drawings."""
        parts = [drawings[i : i + AT_ONCE] for i in range(0, len(drawings), AT_ONCE)]
        return np.concatenate([F.log_softmax(self(rasters(part)).float(), dim=-1).cpu().numpy() for part in parts])


def new_classifier(categories: Sequence[str], seed: int, device: torch.device) -> PictureClassifier:
    """An untrained one; the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PictureClassifier(categories).to(device)


def learn_pictures(classifier: PictureClassifier, dataset: SketchDataset, seed: int) -> Iterator[float]:
    """Train `classifier` on the training drawings and their mirror images; yields how far that is, 0 to 1.

    The categories are those of `dataset`. Raises TrainingError if there are fewer than two, or no drawings.
    """
    rng = np.random.default_rng(seed)
    train, device = dataset.indices(TRAIN), next(classifier.parameters()).device
    if len(train) == 0:
        raise TrainingError("This data has no training drawings.")
    if len(dataset.categories) < 2:
        raise TrainingError("There is nothing to tell apart in one category: give files of two or more.")
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


def save_classifier(classifier: PictureClassifier, path: Path) -> None:
    """Write `path` whole or not at all, in half precision. Raises CheckpointError."""
    weights = {
        name: tensor.detach().cpu().half() if tensor.is_floating_point() else tensor.cpu()
        for name, tensor in classifier.state_dict().items()
    }
    content = {"categories": list(classifier.categories), "weights": weights}
    payload = {"format": FORMAT, "version": VERSION, "sha256": content_digest(content), "content": content}
    write_atomically(path, lambda temporary: torch.save(payload, temporary))


def load_classifier(path: Path) -> PictureClassifier:
    """Read what `save_classifier` wrote, ready to evaluate. Raises CheckpointError, a sentence that names the file."""
    payload = load_tensors(path)
    known = (payload.get("format"), payload.get("version")) == (FORMAT, VERSION)
    if not known or not isinstance(payload.get("content"), dict):
        raise CheckpointError(f"{path} is no classifier of pictures of this version of Sketch Explorer.")
    content, _ = whole_content(payload, path)
    try:
        return _built(content)
    except (KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"{path} is damaged; copy or download it again.") from error


@cache
def shipped_classifier() -> PictureClassifier:
    """The one that comes with the program, of the 345 categories of Quick, Draw!. Raises CheckpointError."""
    with resources.as_file(resources.files("resources") / "pictures.pth") as path:
        return load_classifier(path)


def _built(content: dict[str, Any]) -> PictureClassifier:
    categories = content["categories"]
    if not 2 <= len(set(categories)) == len(categories) <= MOST_CATEGORIES or not all(map(is_name, categories)):
        raise TypeError("no proper categories")
    with torch.device("meta"):
        classifier = PictureClassifier(categories)
    weights = {
        name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in content["weights"].items()
    }
    kinds = {name: tensor.dtype for name, tensor in classifier.state_dict().items()}
    if not all(each.dtype == kinds[name] and torch.isfinite(each).all() for name, each in weights.items()):
        raise TypeError("not finite numbers of the right kind")
    classifier.load_state_dict(weights, assign=True)
    # Faster, in bfloat16 thrice; PyTorch's own types lack this form of `to`.
    return classifier.to(memory_format=torch.channels_last).eval()  # pyright: ignore[reportCallIssue]
