"""From which codes a drawing begun by hand is best continued.

    python benchmarks/completion.py [--count 150] [--temperature 0.2]

Test drawings of the checkpoint's categories are cut after the last whole stroke of their first half,
and continued nine times each: from the beginning's own code, from codes of the prior, and from those of
the drawings of the map that are nearest to the beginning's own code (never the drawing itself), as the
drawing pad does. Of all continuations are printed the share that adds fewer than three points, the share
whose category a small classifier of pictures names, and the share of beginnings with one such among the
nine; and what it names of the beginnings and of the whole drawings themselves.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from measure import machine
from numpy.typing import NDArray
from sketch_classifier import SketchClassifier

from core.checkpoint import load_checkpoint
from core.dataset import TEST, TRAIN, SketchDataset, load_dataset
from core.encoding import encode_sketch
from core.generation import SamplingConfig, SketchDecoder, prior_codes
from core.navigation import Navigator
from explorer.by_hand import WAYS

HALF = 0.5
ADDED = 3
SOURCES = ("own code", "prior", "neighbours")


def main() -> None:
    options = _options()
    torch.set_num_threads(1)
    checkpoint = load_checkpoint(options.checkpoint)
    assert checkpoint.atlas is not None
    files = [options.data / "quickdraw" / f"{name}.npz" for name in checkpoint.categories]
    dataset = load_dataset(files, checkpoint.max_points)
    train = np.flatnonzero(dataset.splits == TRAIN)
    drawings = [dataset.stroke3(int(i)) for i in train]
    classifier = SketchClassifier(drawings, dataset.labels[train], len(dataset.categories), options.epochs)
    model = checkpoint.build_model(torch.device("cpu"))
    decoder, navigator = SketchDecoder(model.decoder, checkpoint.scale), Navigator(checkpoint.atlas)
    wholes, begun, labels = beginnings(dataset, options.count, options.seed)
    sampling = SamplingConfig(options.temperature, checkpoint.max_points)
    report: dict[str, object] = {
        "machine": machine(torch.device("cpu")),
        "drawings": len(wholes),
        "named, whole": _right(classifier, wholes, labels).mean(),
        "named, beginning": _right(classifier, begun, labels).mean(),
    }
    for source in SOURCES:
        results: list[NDArray] = []
        for whole, beginning in zip(wholes, begun, strict=True):
            own = encode_sketch(model, beginning, checkpoint.scale)
            itself = navigator.nearest(encode_sketch(model, whole, checkpoint.scale))[0][0]
            near = navigator.nearest(own, WAYS + 1)[0]
            codes = {
                "own code": own[None].repeat(WAYS, axis=0),
                "prior": prior_codes(range(WAYS), len(own)),
                "neighbours": checkpoint.atlas.latents[near[near != itself][:WAYS]],
            }
            results += decoder.decode(codes[source], range(WAYS), sampling, None, [beginning] * WAYS)
        given = np.repeat([len(beginning) for beginning in begun], WAYS)
        right = _right(classifier, results, np.repeat(labels, WAYS))
        report[f"{source}: adds nothing"] = float(np.mean(np.array([len(r) for r in results]) - given < ADDED))
        report[f"{source}: named"] = right.mean()
        report[f"{source}: one of nine named"] = right.reshape(-1, WAYS).any(axis=1).mean()
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name:34}{value:.3f}" if isinstance(value, float) else f"{name:34}{value}")


def beginnings(dataset: SketchDataset, count: int, seed: int) -> tuple[list[NDArray], list[NDArray], NDArray]:
    """Some test drawings, their first halves, and their categories; those of one stroke are left out."""
    wholes: list[NDArray] = []
    begun: list[NDArray] = []
    labels: list[int] = []
    for index in np.random.default_rng(seed).permutation(np.flatnonzero(dataset.splits == TEST)).tolist():
        whole = dataset.stroke3(index).astype(np.float32)
        ends = np.flatnonzero(whole[:, 2] > 0.5) + 1
        halves = ends[ends <= max(ends[0], HALF * len(whole))] if len(ends) else ends
        if len(halves) and halves[-1] < len(whole) and len(wholes) < count:
            wholes.append(whole)
            begun.append(whole[: halves[-1]])
            labels.append(int(dataset.labels[index]))
    return wholes, begun, np.array(labels)


def _right(classifier: SketchClassifier, drawings: list[NDArray], labels: NDArray) -> NDArray[np.bool_]:
    """Which drawings the classifier gives their category."""
    return classifier.judge(drawings).names == labels


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("resources/animals.pt"))
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--count", type=int, default=150, help="drawings")
    parser.add_argument("--temperature", type=float, default=0.2)
    parser.add_argument("--epochs", type=int, default=4, help="of the classifier")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
