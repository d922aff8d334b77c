"""Does arithmetic on codes work? Analogies by class means, and heads that become whole animals.

    python benchmarks/arithmetic.py [--single-class cat.pt] [--picture FILE.png] [--document FILE.md]

Held-out drawings are encoded, calculated with, decoded, and what comes out is named by a classifier
that knows only pictures, trained here on real drawings. docs/arithmetic.md says what it means.
"""

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from operator import eq, ne
from pathlib import Path

import numpy as np
import torch
from arithmetic_picture import Analogy, paint
from heads_and_bodies import is_body, is_head
from measure import machine
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist
from sketch_classifier import SketchClassifier, rasters
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from core.checkpoint import Checkpoint, load_checkpoint
from core.dataset import TRAIN, SketchDataset, load_dataset
from core.directions import attribute_direction
from core.encoding import encode_means
from core.errors import CheckpointError, SketchExplorerError
from core.generation import SamplingConfig, SketchDecoder

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

ANIMALS = ("cat", "pig", "dog")
"""Whose heads and bodies the rule finds at least 50 of each of."""
MOST_PER_CLASS = 2_000
"""Training drawings of a class that make its mean and teach the classifier."""
SOURCES_PER_PAIR = 4
SOURCES_PER_GROUP = 60
TEMPERATURE = 0.1
MARKS = ("<!-- figures: benchmarks/arithmetic.py -->", "<!-- end of figures -->")


@dataclass(frozen=True)
class Score:
    """How often something was as hoped."""

    part: str
    model: str
    tried: str
    measured: str
    hits: int
    count: int
    chance: float

    def interval(self) -> tuple[float, float]:
        """95 % (Wilson 1927)."""
        z, n, p = 1.96, max(self.count, 1), self.hits / max(self.count, 1)
        middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


class Model:
    """A checkpoint that encodes and draws."""

    def __init__(self, name: str, checkpoint: Checkpoint, dataset: SketchDataset, indices: Indices) -> None:
        self.name = name
        self._model = checkpoint.build_model()
        self._decoder = SketchDecoder(self._model.decoder, checkpoint.scale)
        self._max_points = checkpoint.max_points
        self.codes = np.full((len(dataset), self._decoder.latent), np.nan, dtype=np.float32)
        """[N, N_z]: mu of those drawings of the dataset that are used."""
        self.codes[indices] = encode_means(self._model, dataset, checkpoint.scale, indices)

    def draw(self, codes: Floats) -> list[Floats]:
        """stroke-3 drawings of codes [B, N_z]."""
        return self._decoder.decode_all(codes, range(len(codes)), SamplingConfig(TEMPERATURE, self._max_points))


@dataclass(frozen=True, eq=False)
class Material:
    """The drawings, sorted."""

    dataset: SketchDataset
    train: list[Indices]
    """Of each category, those that make its mean."""
    held: list[Indices]
    """Of each category, those to validate and to test."""
    groups: dict[str, tuple[Indices, Indices]]
    """"cat head" -> (to train, held out)."""

    def used(self) -> Indices:
        """All of them."""
        parts = [*self.train, *self.held, *(part for group in self.groups.values() for part in group)]
        return np.unique(np.concatenate(parts))


def sort_drawings(dataset: SketchDataset, rng: np.random.Generator) -> Material:
    train, held = [], []
    for label in range(len(dataset.categories)):
        own = dataset.labels == label
        train.append(rng.permutation(np.flatnonzero(own & (dataset.splits == TRAIN)))[:MOST_PER_CLASS])
        held.append(rng.permutation(np.flatnonzero(own & (dataset.splits != TRAIN))))
    groups = {}
    for animal in ANIMALS:
        own = np.flatnonzero(dataset.labels == dataset.categories.index(animal))
        for part, rule in (("head", is_head), ("body", is_body)):
            chosen = rng.permutation([i for i in own if rule(dataset.stroke3(i))])
            training = dataset.splits[chosen] == TRAIN
            groups[f"{animal} {part}"] = (chosen[training], chosen[~training])
    return Material(dataset, train, held, groups)


# -- (a) class means ---------------------------------------------------------------------------


def class_means(model: Model, material: Material, rng: np.random.Generator) -> tuple[list[Score], list[Analogy]]:
    """x - mean(A) + mean(B) for every ordered pair of classes: is it a B?"""
    classes = material.dataset.categories
    judge, scores = _judge("class means", [_drawings(material, train) for train in material.train], material, epochs=8)
    held = np.concatenate(material.held)
    means = np.stack([model.codes[train].mean(axis=0) for train in material.train])
    pairs = [(a, b) for a in range(len(classes)) for b in range(len(classes)) if a != b]
    a, b = np.repeat(np.array(pairs), SOURCES_PER_PAIR, axis=0).T
    sources = np.array([rng.choice(material.held[label]) for label in a])
    codes = model.codes[sources]
    results = codes - means[a] + means[b]
    at_x, at_result = (
        material.dataset.labels[held[_nearest(some, model.codes, held, sources)]] for some in (codes, results)
    )
    pictures = [model.draw(some) for some in (codes, results, means[b])]
    before, drawn, of_means = (judge.judge(picture).names for picture in pictures)
    possible = (before == a) & (of_means == b)
    own = _own(pictures[1], pictures[0], a, rng)
    for tried, measured, hit, chance in (
        ("x", "code nearest to the target", at_x == b, 1 / len(classes)),
        ("x", "code nearest to x's class", at_x == a, 1 / len(classes)),
        ("x", "drawn as x's class", before == a, 1 / len(classes)),
        ("x", "drawn as the target", before == b, 1 / len(classes)),
        ("mean of the target", "drawn as the target", of_means == b, 1 / len(classes)),
        ("x − mean + mean", "code nearest to the target", at_result == b, 1 / len(classes)),
        ("x − mean + mean", "code nearest to x's class", at_result == a, 1 / len(classes)),
        ("x − mean + mean", "drawn as the target", drawn == b, 1 / len(classes)),
        ("x − mean + mean", "drawn as x's class", drawn == a, 1 / len(classes)),
        ("x − mean + mean", "drawn more like its own x than like nine others of that class", own, 1 / 10),
        ("… where x and the mean are drawn as what they are", "drawn as the target", (drawn == b)[possible],
         1 / len(classes)),
    ):  # fmt: skip
        scores.append(Score("class means", model.name, tried, measured, int(hit.sum()), len(hit), chance))
    shown = rng.permutation(len(results))[:5]
    names = [(classes[a[i]], f"mean {classes[a[i]]}", f"mean {classes[b[i]]}") for i in shown]
    terms = [np.stack([codes[i], means[a[i]], means[b[i]], results[i]]) for i in shown]
    return scores, [Analogy(name, tuple(model.draw(term))) for name, term in zip(names, terms, strict=True)]


def _own(results: list[Floats], sources: list[Floats], classes: Indices, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Whether a result looks more like its own source, drawn, than like nine other sources of that class."""
    shown, origin = (_blurred(rasters(some)) for some in (results, sources))
    hits = np.zeros(len(results), dtype=bool)
    for i, label in enumerate(classes):
        others = rng.choice(np.setdiff1d(np.flatnonzero(classes == label), i), 9, replace=False)
        apart = np.linalg.norm(origin[[i, *others]] - shown[i], axis=1)
        hits[i] = apart[0] < apart[1:].min()
    return hits


def _blurred(images: Floats) -> Floats:
    """[N, P]: so that lines near one another are alike."""
    return gaussian_filter(images, (0, 1.5, 1.5)).reshape(len(images), -1)


# -- (b) heads and bodies ----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Tries:
    """Analogies of one kind."""

    what: str
    source: Indices
    """The drawing c of a - b + c."""
    wanted: Indices
    """Index into the six groups."""
    codes: Floats


def heads_and_bodies(models: Sequence[Model], material: Material) -> tuple[list[Score], list[Analogy]]:
    """body(S) - head(S) + a head of T: is it a whole T?"""
    groups = list(material.groups)
    judge, scores = _judge("heads and bodies", [_drawings(material, group[0]) for group in material.groups.values()],
                           material, epochs=12)  # fmt: skip
    least = min(len(held) for _, held in material.groups.values())
    pool = np.concatenate([held[:least] for _, held in material.groups.values()])
    pool_groups = np.repeat(np.arange(len(groups)), least)
    analogies: list[Analogy] = []
    for model in models:
        rng = np.random.default_rng(1)  # the same drawings for each model
        for tries in _tries(model, material, rng):
            nearest = pool_groups[_nearest(tries.codes, model.codes, pool, tries.source)]
            drawn = judge.judge(model.draw(tries.codes)).names
            for measured, hit, chance in (
                ("code nearest to the hoped", nearest == tries.wanted, 1 / 6),
                ("drawn as hoped, animal and part", drawn == tries.wanted, 1 / 6),
                ("drawn as the hoped part", drawn % 2 == tries.wanted % 2, 1 / 2),
                ("drawn as the hoped animal", drawn // 2 == tries.wanted // 2, 1 / 3),
            ):
                hits = int(hit.sum())
                scores.append(Score("heads and bodies", model.name, tries.what, measured, hits, len(hit), chance))
        if not analogies:
            analogies = _shown(model, material)
    return scores, analogies


def _tries(model: Model, material: Material, rng: np.random.Generator) -> Iterator[Tries]:
    groups = list(material.groups)
    means = np.stack([model.codes[training].mean(axis=0) for training, _ in material.groups.values()])
    sources = [held[:SOURCES_PER_GROUP] for _, held in material.groups.values()]

    def tries(what: str, start: int, others: Callable[[int, int], bool], change: Callable[[int], Floats]) -> Tries:
        """From each drawing of groups start, start + 2, … (heads for 0, bodies for 1) by groups that fit."""
        rows = [
            (source, group ^ 1, model.codes[source] + change(other))
            for group in range(start, len(groups), 2)
            for other in range(start, len(groups), 2)
            if others(other, group)
            for source in sources[group]
        ]
        source, wanted, codes = zip(*rows, strict=True)
        return Tries(what, np.array(source), np.array(wanted), np.stack(codes).astype(np.float32))

    def by_means(other: int) -> Floats:
        return means[other ^ 1] - means[other]

    def by_single(other: int) -> Floats:
        one, two = (material.groups[groups[group]][0] for group in (other ^ 1, other))
        return model.codes[rng.choice(one)] - model.codes[rng.choice(two)]

    def by_nothing(_other: int) -> Floats:
        return np.zeros_like(means[0])

    def cats(other: int, group: int) -> bool:
        return other == group == groups.index("cat head")

    unchanged = tries("a body, encoded and drawn (hoped: itself)", 1, eq, by_nothing)
    yield replace(unchanged, wanted=unchanged.wanted ^ 1)
    yield tries("a head, encoded and drawn (hoped: the body)", 0, eq, by_nothing)
    yield tries("cat head → body, by cats", 0, cats, by_means)
    yield tries("head → body, by the same animal", 0, eq, by_means)
    yield tries("head → body, by another animal", 0, ne, by_means)
    yield tries("head → body, by two single drawings of another", 0, ne, by_single)
    yield tries("body → head, by another animal", 1, ne, by_means)
    heads, bodies = (
        np.concatenate([model.codes[training] for training, _ in list(material.groups.values())[part::2]])
        for part in (0, 1)
    )
    for how, step in (
        ("one direction for all", attribute_direction(heads, bodies).step),
        ("the linear discriminant", _discriminant(heads, bodies)),
    ):
        yield tries(f"head → body, by {how}", 0, eq, lambda _other, step=step: step)


def _discriminant(heads: Floats, bodies: Floats) -> Floats:
    """The step along Fisher's linear discriminant that takes the mean of one group to the other's amount."""
    fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    fitted.fit(np.concatenate([heads, bodies]), np.repeat([0, 1], [len(heads), len(bodies)]))
    axis = fitted.coef_[0] / np.linalg.norm(fitted.coef_[0])
    return (axis * (axis @ (bodies.mean(axis=0) - heads.mean(axis=0)))).astype(np.float32)


def _shown(model: Model, material: Material) -> list[Analogy]:
    """A held-out head of T by the means of S, for five pairs; not chosen by how they look."""
    pairs = [("pig", "cat"), ("cat", "pig"), ("dog", "cat"), ("cat", "dog"), ("pig", "dog")]
    shown = []
    for i, (target, other) in enumerate(pairs):
        head = model.codes[material.groups[f"{target} head"][1][i]]
        before, after = (model.codes[material.groups[f"{other} {part}"][0]].mean(axis=0) for part in ("head", "body"))
        terms = np.stack([head, before, after, head - before + after])
        names = (f"{target} head", f"mean {other} head", f"mean {other} body")
        shown.append(Analogy(names, tuple(model.draw(terms))))
    return shown


# -- shared ------------------------------------------------------------------------------------


def _judge(
    part: str, training: list[list[NDArray]], material: Material, epochs: int
) -> tuple[SketchClassifier, list[Score]]:
    """A classifier, and how well it names real drawings that it has not seen."""
    labels = np.repeat(np.arange(len(training)), [len(group) for group in training])
    judge = SketchClassifier([drawing for group in training for drawing in group], labels, len(training), epochs)
    held = material.held if part == "class means" else [group[1] for group in material.groups.values()]
    named = judge.judge([drawing for group in held for drawing in _drawings(material, group)]).names
    truth = np.repeat(np.arange(len(held)), [len(group) for group in held])
    hits = int((named == truth).sum())
    measured = "named right"
    return judge, [Score(part, "the classifier", "real held-out drawings", measured, hits, len(truth), 1 / len(held))]


def _drawings(material: Material, indices: Indices) -> list[NDArray]:
    return [material.dataset.stroke3(int(i)) for i in indices]


def _nearest(codes: Floats, all_codes: Floats, pool: Indices, sources: Indices) -> Indices:
    """The position in `pool` of the drawing nearest to each code, its own source left out."""
    apart = cdist(codes, all_codes[pool])
    apart[pool[None] == sources[:, None]] = np.inf
    return apart.argmin(axis=1)


def tables(scores: Sequence[Score]) -> str:
    """A table in Markdown for each part and model, with 95 % intervals."""
    lines = []
    for (part, model), group in groupby(scores, key=lambda score: (score.part, score.model)):
        own = list(group)
        columns = {score.measured: f"{score.measured} (chance {100 * score.chance:.0f} %)" for score in own}
        lines += ["", f"**{part.capitalize()}: {model}**", ""]
        lines += ["| % | n | " + " | ".join(columns.values()) + " |", "| --- |" + " ---: |" * (1 + len(columns))]
        for (tried, count), row in groupby(own, key=lambda score: (score.tried, score.count)):
            cells = {score.measured: _cell(score) for score in row}
            lines.append(f"| {tried} | {count} | " + " | ".join(cells.get(column, "") for column in columns) + " |")
    return "\n".join(lines[1:])


def _cell(score: Score) -> str:
    low, high = score.interval()
    return f"{100 * score.hits / max(score.count, 1):.0f} ({100 * low:.0f} to {100 * high:.0f})"


def put_into(document: Path, text: str) -> None:
    """Replace what stands between the two marks of a document."""
    before, rest = document.read_text(encoding="utf-8").split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    document.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("resources/animals.pt"))
    parser.add_argument("--single-class", type=Path, help="a model of cats alone, to compare with")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--picture", type=Path, help="where to draw ten analogies")
    parser.add_argument("--document", type=Path, help="where to put the tables between the two marks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        checkpoint = load_checkpoint(options.checkpoint)
        single = load_checkpoint(options.single_class) if options.single_class else None
        if len(checkpoint.categories) < 4 or not set(ANIMALS) <= set(checkpoint.categories):
            raise CheckpointError(f"{options.checkpoint} must know {', '.join(ANIMALS)} and another category at least.")
        files = [options.data / "quickdraw" / f"{name}.npz" for name in checkpoint.categories]
        dataset = load_dataset(files, checkpoint.max_points)
    except SketchExplorerError as error:
        print(error, file=sys.stderr)
        return 1
    material = sort_drawings(dataset, np.random.default_rng(options.seed))
    used = material.used()
    models = [Model("sixteen classes", checkpoint, dataset, used)]
    if single is not None:
        models.append(Model("cats alone", single, dataset, used))
    scores, first = class_means(models[0], material, np.random.default_rng(options.seed))
    more, second = heads_and_bodies(models, material)
    scores += more
    if options.picture:
        paint(first, second, options.picture)
    where = machine(torch.device("cpu"))
    sizes = {name: {"train": len(a), "held_out": len(b)} for name, (a, b) in material.groups.items()}
    if options.json:
        rows = [{**asdict(score), "interval": score.interval()} for score in scores]
        print(json.dumps({"machine": where, "temperature": TEMPERATURE, "groups": sizes, "scores": rows}))
    text = "\n".join([
        f"{options.checkpoint} at temperature {TEMPERATURE}, on {where}.",
        "Chosen by the rule, to train and held out: "
        + ", ".join(f"{name} {size['train']:,} + {size['held_out']:,}" for name, size in sizes.items()) + ".",
        "", tables(scores),
    ])  # fmt: skip
    if not options.json:
        print(text)
    if options.document:
        put_into(options.document, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
