"""How well a checkpoint draws, by a judge that knows nothing of it.

    python benchmarks/judge.py resources/animals.pt --sheet sheet.png [--clearest 9]

trains a small classifier on rasters of real drawings (`train`), with a class more than the
checkpoint's categories: *none of them*, learnt from drawings of other categories and from drawings
whose strokes were moved about. It scores it on `test`, and prints

* the share of reconstructions (tau 0.1, from mu, of every test drawing) whose class it recognises,
  beside the share for the drawings themselves;
* the share of samples from the prior (tau 0.4, as many as test drawings) to which it gives a
  probability of at least 0.5 for some category, beside the share for the test drawings;
* the Frechet distance of its features between samples and test drawings, between reconstructions and
  test drawings, and, as the floor, between as many training drawings and test drawings;
* with --clearest, the same shares where of so many drawings of each code that was taken which a classifier of
  another make (`resources/pictures.pth`) finds the clearest, as the explorer does: by the code alone, and, as for a
  drawing of the map, told the category;
* how often the ten nearest latents share the class, and how many dimensions of z are active.

Intervals are 95 % bootstrap intervals over drawings. Rasters: 28 x 28 pixels, the drawing fitted into
the square with a margin of 9 %, lines 1 pixel wide, antialiased, round at ends and joins.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from measure import machine
from numpy.typing import NDArray
from scipy.linalg import sqrtm
from sketch_classifier import Judgement, SketchClassifier

from core.checkpoint import Checkpoint, load_checkpoint
from core.clarity import Clarity
from core.dataset import TEST, TRAIN, SketchDataset, load_dataset
from core.encoding import encode_means
from core.generation import SamplingConfig, SketchDecoder, prior_codes
from core.model import SketchVAE
from core.picture_classifier import shipped_classifier
from core.sketch import polylines_to_stroke3, stroke3_to_polylines, stroke_count

RECONSTRUCTION_TEMPERATURE = 0.1
SAMPLE_TEMPERATURE = 0.4
SURE = 0.5
BOOTSTRAPS = 2000
ACTIVE = 0.01
"""A dimension is active if the variance of mu over drawings is larger (Burda et al. 2016)."""
NEIGHBOURS = 10
OTHERS = 4
"""Drawings of other categories among *none of them*, in multiples of the mean size of a category …"""
SHUFFLED = 2
"""… and drawings whose strokes were moved about."""


@dataclass(frozen=True)
class Share:
    """A share, or a ratio of two, with its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f}  [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, eq=False)
class Tested:
    """What a checkpoint is tested with: the N drawings of `test`, and as many codes of the prior."""

    checkpoint: Checkpoint
    model: SketchVAE
    decoder: SketchDecoder
    labels: NDArray[np.int32]
    """[N]: their categories …"""
    names: list[str]
    """… and what those are called."""
    codes: NDArray[np.float32]
    """[N, N_z]: mu of the drawings."""
    prior: NDArray[np.float32]
    """[N, N_z]"""
    real: Judgement
    """Of the drawings themselves."""


def main() -> None:
    options = _options()
    if options.threads:
        torch.set_num_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint)
    if options.clearest > 1 and checkpoint.atlas is None:
        raise SystemExit(f"{options.checkpoint} has no map, whose categories --clearest needs.")
    quickdraw = options.data / "quickdraw"
    own = [quickdraw / f"{name}.npz" for name in checkpoint.categories]
    dataset = load_dataset(own, checkpoint.max_points)
    others = load_dataset([path for path in sorted(quickdraw.glob("*.npz")) if path not in own], checkpoint.max_points)
    rng = np.random.default_rng(options.seed)
    none = len(dataset.categories)
    classifier = SketchClassifier(*_material(dataset, others, TRAIN, rng), none + 1, options.epochs)
    drawings, classes = _material(dataset, others, TEST, rng)
    right = classifier.judge(drawings).names == classes
    tested = _tested(checkpoint, dataset, classifier)
    report = {
        "checkpoint": options.checkpoint.name,
        "machine": machine(torch.device("cpu")),
        "classifier_accuracy": float(right[classes != none].mean()),
        "classifier_knows_none": float(right[classes == none].mean()),
        **_measure(tested, dataset, classifier, rng, options.sheet),
    }
    if options.clearest > 1:
        report |= _measure_clearest(tested, classifier, rng, options.clearest)
    _print(report, as_json=options.json)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder with quickdraw/*.npz")
    parser.add_argument("--sheet", type=Path, help="write a picture: reconstructions above, samples below")
    parser.add_argument("--clearest", type=int, default=1, help="also judge the clearest of so many drawings")
    parser.add_argument("--epochs", type=int, default=8, help="of the classifier's training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.clearest < 1:
        parser.error("--clearest must be 1 or more")
    return options


def _material(
    dataset: SketchDataset, others: SketchDataset, split: int, rng: np.random.Generator
) -> tuple[list[NDArray], NDArray[np.int64]]:
    """Drawings of one split and their classes: the categories, then *none of them*."""
    own = dataset.indices(split)
    none = len(dataset.categories)
    unit = len(own) / none
    drawings = [dataset.stroke3(i) for i in own]
    strange = rng.permutation(others.indices(split))[: round(OTHERS * unit)]
    drawings += [others.stroke3(i) for i in strange]
    movable = [i for i in own if stroke_count(dataset.stroke3(i)) >= 3]
    moved = rng.permutation(movable)[: round(SHUFFLED * unit)]
    drawings += [_shuffled(dataset.stroke3(i), rng) for i in moved]
    return drawings, np.concatenate([dataset.labels[own], np.full(len(strange) + len(moved), none)])


def _shuffled(stroke3: NDArray, rng: np.random.Generator) -> NDArray[np.float32]:
    """The same strokes, each moved to a random place of the drawing's box."""
    lines = stroke3_to_polylines(stroke3)
    low, high = np.vstack(lines).min(axis=0), np.vstack(lines).max(axis=0)
    moved = []
    for line in lines:
        corner = line.min(axis=0)
        room = (high - low) - (line.max(axis=0) - corner)
        moved.append(line - corner + rng.uniform(0, 1, 2) * room)
    return polylines_to_stroke3(moved)


def _tested(checkpoint: Checkpoint, dataset: SketchDataset, classifier: SketchClassifier) -> Tested:
    model = checkpoint.build_model()
    decoder = SketchDecoder(model.decoder, checkpoint.scale)
    test = dataset.indices(TEST)
    return Tested(
        checkpoint,
        model,
        decoder,
        dataset.labels[test],
        [dataset.categories[label] for label in dataset.labels[test]],
        encode_means(model, dataset, checkpoint.scale, test),
        prior_codes(range(len(test)), decoder.latent),
        classifier.judge([dataset.stroke3(i) for i in test]),
    )


def _measure(
    tested: Tested,
    dataset: SketchDataset,
    classifier: SketchClassifier,
    rng: np.random.Generator,
    sheet: Path | None,
) -> dict[str, object]:
    checkpoint, decoder, labels, on_real = tested.checkpoint, tested.decoder, tested.labels, tested.real
    train = dataset.indices(TRAIN)
    drawn = _decode(decoder, tested.codes, RECONSTRUCTION_TEMPERATURE, checkpoint.max_points)
    sampled = _decode(decoder, tested.prior, SAMPLE_TEMPERATURE, checkpoint.max_points)
    on_drawn, on_sampled = classifier.judge(drawn), classifier.judge(sampled)
    on_train = classifier.judge([dataset.stroke3(i) for i in rng.choice(train, len(labels), replace=False)])
    if sheet is not None:
        _write_sheet(sheet, drawn, sampled, rng)
    known_real, known_drawn = on_real.names == labels, on_drawn.names == labels
    sure_real, sure_sampled = _sure(on_real), _sure(on_sampled)
    train_codes = encode_means(tested.model, dataset, checkpoint.scale, train)
    return {
        "n": len(labels),
        "recognised_real": _share(known_real, rng),
        "recognised_reconstructions": _share(known_drawn, rng),
        "recognised_ratio": _ratio(known_drawn, known_real, rng, paired=True),
        "sure_real": _share(sure_real, rng),
        "sure_samples": _share(sure_sampled, rng),
        "sure_ratio": _ratio(sure_sampled, sure_real, rng, paired=False),
        "frechet_samples": frechet_distance(on_sampled.features, on_real.features),
        "frechet_reconstructions": frechet_distance(on_drawn.features, on_real.features),
        "frechet_train": frechet_distance(on_train.features, on_real.features),
        "unended_reconstructions": _unended(drawn, checkpoint.max_points),
        "unended_samples": _unended(sampled, checkpoint.max_points),
        "neighbour_agreement": _agreement(tested.codes, labels, train_codes, dataset.labels[train]),
        "neighbour_chance": float(
            (np.bincount(dataset.labels[train]) / len(train) @ np.bincount(labels)) / len(labels)
        ),
        "active_dimensions": int((tested.codes.var(axis=0) > ACTIVE).sum()),
        "latent": decoder.latent,
    }


def _measure_clearest(
    tested: Tested, classifier: SketchClassifier, rng: np.random.Generator, count: int
) -> dict[str, object]:
    checkpoint, labels = tested.checkpoint, tested.labels
    assert checkpoint.atlas is not None
    clarity = Clarity(shipped_classifier(), checkpoint.atlas.category_means())

    def judged(codes: NDArray[np.float32], temperature: float, categories: Sequence[str | None]) -> Judgement:
        sampling = SamplingConfig(temperature, checkpoint.max_points)
        chosen = []
        for number, (code, category) in enumerate(zip(codes, categories, strict=True)):
            seeds = range(number * count, (number + 1) * count)
            drawings = tested.decoder.decode(np.repeat(code[None], count, axis=0), seeds, sampling)
            chosen.append(drawings[clarity.clearest(drawings, code, category)])
        return classifier.judge(chosen)

    nothing = [None] * len(labels)
    known = judged(tested.codes, RECONSTRUCTION_TEMPERATURE, nothing).names == labels
    told = judged(tested.codes, RECONSTRUCTION_TEMPERATURE, tested.names).names == labels
    sampled = _sure(judged(tested.prior, SAMPLE_TEMPERATURE, nothing))
    known_real = tested.real.names == labels
    return {
        "clearest_of": count,
        "clearest_reconstructions": _share(known, rng),
        "clearest_ratio": _ratio(known, known_real, rng, paired=True),
        "clearest_told": _share(told, rng),
        "clearest_told_ratio": _ratio(told, known_real, rng, paired=True),
        "clearest_samples": _share(sampled, rng),
        "clearest_samples_ratio": _ratio(sampled, _sure(tested.real), rng, paired=False),
    }


def _decode(decoder: SketchDecoder, codes: NDArray[np.float32], temperature: float, limit: int) -> list[NDArray]:
    return decoder.decode_all(codes, range(len(codes)), SamplingConfig(temperature=temperature, max_points=limit))


def _sure(judgement: Judgement) -> NDArray[np.bool_]:
    return judgement.probabilities[:, :-1].max(axis=1) >= SURE


def _unended(drawings: list[NDArray], limit: int) -> float:
    """The share that was cut off at the limit on points."""
    return float(np.mean([len(drawing) >= limit for drawing in drawings]))


def _share(hits: NDArray[np.bool_], rng: np.random.Generator) -> Share:
    means = hits[rng.integers(0, len(hits), (BOOTSTRAPS, len(hits)))].mean(axis=1)
    return Share(float(hits.mean()), *np.percentile(means, (2.5, 97.5)).tolist())


def _ratio(hits: NDArray[np.bool_], base: NDArray[np.bool_], rng: np.random.Generator, *, paired: bool) -> Share:
    """mean(hits) / mean(base); `paired` where row i of both is of the same drawing."""
    rows = rng.integers(0, len(hits), (BOOTSTRAPS, len(hits)))
    base_rows = rows if paired else rng.integers(0, len(base), (BOOTSTRAPS, len(base)))
    ratios = hits[rows].mean(axis=1) / base[base_rows].mean(axis=1)
    return Share(float(hits.mean() / base.mean()), *np.percentile(ratios, (2.5, 97.5)).tolist())


def frechet_distance(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Squared Frechet distance of Gaussians fitted to features [n, d] and [m, d] (Heusel et al. 2017, eq. 6)."""
    mean_a, mean_b = a.mean(axis=0, dtype=np.float64), b.mean(axis=0, dtype=np.float64)
    cov_a, cov_b = (np.cov(x.astype(np.float64), rowvar=False) for x in (a, b))
    root = sqrtm(cov_a @ cov_b).real
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root))


def _agreement(codes: NDArray, labels: NDArray, others: NDArray, other_labels: NDArray) -> float:
    """Share of the ten nearest training codes of a test drawing that are of its class."""
    from sklearn.neighbors import NearestNeighbors

    near = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute").fit(others).kneighbors(codes)[1]
    return float((other_labels[near] == labels[:, None]).mean())


def _write_sheet(path: Path, drawn: list[NDArray], sampled: list[NDArray], rng: np.random.Generator) -> None:
    """Eight rows of twelve: reconstructions, then samples; only what the model drew."""
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QColor, QImage, QPainter

    from explorer.ink import paint_sketch

    side, columns, rows = 110, 12, 4
    image = QImage(columns * side, 2 * rows * side + 20, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    for block, drawings in enumerate((drawn, sampled)):
        for place, i in enumerate(rng.permutation(len(drawings))[: columns * rows]):
            top = block * (rows * side + 20) + place // columns * side
            cell = QRectF(place % columns * side, top, side, side)
            paint_sketch(painter, drawings[i], cell, QColor(40, 36, 32))
    painter.end()
    image.save(str(path))


def _print(report: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, default=asdict))
        return
    for name, value in report.items():
        print(f"{name:28} {value:.3f}" if isinstance(value, float) else f"{name:28} {value}")


if __name__ == "__main__":
    main()
