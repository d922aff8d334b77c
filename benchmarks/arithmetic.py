"""Does arithmetic on codes work? Analogies by class means, and heads that become whole animals.

    python benchmarks/arithmetic.py [--single-class cat.pt] [--picture docs/arithmetic.png]

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
from core.dataset import TRAIN, BatchSource, SketchDataset, batches_by_length, load_dataset
from core.directions import attribute_direction
from core.errors import SketchExplorerError
from core.generation import SamplingConfig, SketchDecoder

Floats = NDArray[np.float32]
Indices = NDArray[np.int64]

ANIMALS = ("cat", "pig", "dog")
"""Whose heads and bodies the rule finds at least 50 of each of."""
MOST_PER_CLASS = 1_000
"""Training drawings of a class that make its mean and teach the classifier."""
SOURCES_PER_PAIR = 4
SOURCES_PER_GROUP = 60
TEMPERATURE = 0.1


@dataclass(frozen=True)
class Score:
    """How often something was as hoped."""

    part: str
    model: str
    what: str
    hits: int
    count: int
    chance: float | None

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
        self._scale, self._max_points = checkpoint.scale, checkpoint.max_points
        self.codes = np.full((len(dataset), self._decoder.latent), np.nan, dtype=np.float32)
        """[N, N_z]: mu of those drawings of the dataset that are used."""
        self.codes[indices] = self._encoded(dataset, indices)

    @torch.inference_mode()
    def _encoded(self, dataset: SketchDataset, indices: Indices) -> Floats:
        source = BatchSource(dataset, self._scale, torch.device("cpu"))
        codes = np.empty((len(dataset), self._decoder.latent), dtype=np.float32)
        for rows in batches_by_length(dataset.lengths, indices, 128):
            batch = source.batch(rows)
            codes[rows] = self._model.encoder(batch.points(), batch.lengths)[0].numpy()
        return codes[indices]

    def draw(self, codes: Floats) -> list[Floats]:
        """stroke-3 drawings of codes [B, N_z]."""
        config = SamplingConfig(TEMPERATURE, self._max_points)
        drawn: list[Floats] = []
        for start in range(0, len(codes), 64):
            part = codes[start : start + 64]
            drawn += self._decoder.decode(part, range(start, start + len(part)), config)
        return drawn


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
    nearest = material.dataset.labels[_nearest(results, model.codes, held, sources)]
    pictures = [model.draw(some) for some in (codes, results, means[b])]
    before, drawn, of_means = (judge.name(picture) for picture in pictures)
    possible = (before == a) & (of_means == b)
    chance = 1 / len(classes)

    def score(what: str, hit: NDArray[np.bool_], share: float | None = None) -> Score:
        return Score("class means", model.name, what, int(hit.sum()), len(hit), share)

    scores += [
        score("x drawn: still of its class", before == a, chance),
        score("mean of the target drawn: the target", of_means == b, chance),
        score("x - mean + mean, code: nearest held-out drawing is the target", nearest == b, chance),
        score("x - mean + mean, drawn: the target", drawn == b, chance),
        score("x - mean + mean, drawn: still of x's class", drawn == a),
        score("drawn: the target, where x drawn and the mean drawn were what they are", (drawn == b)[possible], chance),
        score("drawn: looks more like its own x than like nine others of x's class",
              _own(pictures[1], pictures[0], a, rng), 0.1),
    ]  # fmt: skip
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
            nearest = pool_groups[_nearest(tries.codes, model.codes, pool, tries.source, positions=True)]
            drawn = judge.name(model.draw(tries.codes))
            is_body_wanted = tries.wanted % 2 == 1
            for what, hit, chance in (
                ("code: nearest held-out drawing is the hoped", nearest == tries.wanted, 1 / 6),
                ("drawn: the hoped animal, whole or head as hoped", drawn == tries.wanted, 1 / 6),
                ("drawn: whole or head as hoped", (drawn % 2 == 1) == is_body_wanted, 1 / 2),
                ("drawn: the hoped animal", drawn // 2 == tries.wanted // 2, 1 / 3),
            ):
                scores.append(
                    Score("heads and bodies", model.name, f"{tries.what}, {what}", int(hit.sum()), len(hit), chance)
                )
        if not analogies:
            analogies = _shown(model, material)
    return scores, analogies


def _tries(model: Model, material: Material, rng: np.random.Generator) -> Iterator[Tries]:
    groups = list(material.groups)
    means = np.stack([model.codes[training].mean(axis=0) for training, _ in material.groups.values()])
    sources = [held[:SOURCES_PER_GROUP] for _, held in material.groups.values()]

    def tries(what: str, start: int, others: Callable[[int, int], bool], change: Callable[[int, int], Floats]) -> Tries:
        """From each drawing of groups start, start + 2, …: heads for 0, bodies for 1."""
        rows = [
            (source, group ^ 1, model.codes[source] + change(other, group))
            for group in range(start, len(groups), 2)
            for other in range(start, len(groups), 2)
            if others(other, group)
            for source in sources[group]
        ]
        source, wanted, codes = zip(*rows, strict=True)
        return Tries(what, np.array(source), np.array(wanted), np.stack(codes).astype(np.float32))

    def by_means(other: int, _group: int) -> Floats:
        return means[other ^ 1] - means[other]

    def by_single(other: int, _group: int) -> Floats:
        one, two = (material.groups[groups[group]][0] for group in (other ^ 1, other))
        return model.codes[rng.choice(one)] - model.codes[rng.choice(two)]

    cat = groups.index("cat head")
    unchanged = tries("nothing done to real bodies", 1, lambda other, group: other == group, lambda *_: means[0] * 0)
    yield replace(unchanged, wanted=unchanged.wanted ^ 1)
    yield tries("nothing done to heads", 0, lambda other, group: other == group, lambda *_: means[0] * 0)
    yield tries("head to body of cats by cats", 0, lambda other, group: other == group == cat, by_means)
    yield tries("head to body by the same animal", 0, lambda other, group: other == group, by_means)
    yield tries("head to body by another animal", 0, lambda other, group: other != group, by_means)
    yield tries("head to body by another animal's single drawings", 0, lambda other, group: other != group, by_single)
    yield tries("body to head by another animal", 1, lambda other, group: other != group, by_means)
    heads, bodies = (np.concatenate([model.codes[group[0]] for group in list(material.groups.values())[part::2]])
                     for part in (0, 1))  # fmt: skip
    direction = attribute_direction(heads, bodies)
    yield tries(
        "head to body by one direction for all", 0, lambda other, group: other == group, lambda *_: direction.step
    )
    discriminant = _discriminant(heads, bodies)
    yield tries(
        "head to body by the linear discriminant", 0, lambda other, group: other == group, lambda *_: discriminant
    )


def _discriminant(heads: Floats, bodies: Floats) -> Floats:
    """The step along Fisher's linear discriminant that takes the mean of one group to the other's amount."""
    fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    fitted.fit(np.concatenate([heads, bodies]), np.repeat([0, 1], [len(heads), len(bodies)]))
    axis = fitted.coef_[0] / np.linalg.norm(fitted.coef_[0])
    return (axis * (axis @ (bodies.mean(axis=0) - heads.mean(axis=0)))).astype(np.float32)


def _shown(model: Model, material: Material) -> list[Analogy]:
    """The first held-out head of T by the means of S, for five pairs; not chosen by how they look."""
    pairs = [("pig", "cat"), ("cat", "pig"), ("dog", "cat"), ("cat", "dog"), ("pig", "dog")]
    shown = []
    for target, other in pairs:
        head = model.codes[material.groups[f"{target} head"][1][0]]
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
    named = judge.name([drawing for group in held for drawing in _drawings(material, group)])
    truth = np.repeat(np.arange(len(held)), [len(group) for group in held])
    hits = int((named == truth).sum())
    return judge, [Score(part, "classifier", "real held-out drawings: named right", hits, len(truth), 1 / len(held))]


def _drawings(material: Material, indices: Indices) -> list[NDArray]:
    return [material.dataset.stroke3(int(i)) for i in indices]


def _nearest(codes: Floats, all_codes: Floats, pool: Indices, sources: Indices, *, positions: bool = False) -> Indices:
    """The drawing of `pool` (or its position in it) nearest to each code, its own source left out."""
    apart = cdist(codes, all_codes[pool])
    apart[pool[None] == sources[:, None]] = np.inf
    nearest = apart.argmin(axis=1)
    return nearest if positions else pool[nearest]


def table(scores: Sequence[Score]) -> str:
    """One line a score, by part and model."""
    lines, before = [], None
    for score in scores:
        if (score.part, score.model) != before:
            before = (score.part, score.model)
            lines += ["", f"{score.part}, {score.model}"]
        low, high = (100 * bound for bound in score.interval())
        chance = "" if score.chance is None else f"chance {100 * score.chance:4.1f}"
        share = 100 * score.hits / max(score.count, 1)
        lines.append(f"  {score.what:<88}{share:5.1f} %  ({low:4.1f} to {high:4.1f}; n {score.count:4d})  {chance}")
    return "\n".join(lines[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("resources/animals.pt"))
    parser.add_argument("--single-class", type=Path, help="a model of cats alone, to compare with")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--picture", type=Path, help="where to draw ten analogies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    try:
        checkpoint = load_checkpoint(options.checkpoint)
        single = load_checkpoint(options.single_class) if options.single_class else None
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
    else:
        print(f"{options.checkpoint} on {where}; temperature {TEMPERATURE}; in brackets the 95 % interval")
        print("groups: " + ", ".join(f"{n} {size['train']} + {size['held_out']}" for n, size in sizes.items()), "\n")
        print(table(scores))
    return 0


if __name__ == "__main__":
    sys.exit(main())
