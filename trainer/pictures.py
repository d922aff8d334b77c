"""`python -m trainer pictures`: a classifier of pictures, by which the clearest of several sketches is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.dataset import TEST, SketchDataset
from core.device import choose_device
from core.picture_classifier import (
    PictureClassifier,
    learn_pictures,
    load_classifier,
    new_classifier,
    save_classifier,
)
from trainer.display import open_display
from trainer.drawings import find_files, read_drawings
from trainer.files import check_output
from trainer.processes import use_threads
from trainer.settings import CommonOptions, Files, parse

MAX_POINTS = 200
"""Longer drawings are left out, as they are where the models are trained."""
SEED = 0


@dataclass(frozen=True, kw_only=True)
class PicturesOptions(CommonOptions):
    """Train a classifier of pictures on drawings and write it as a file.

    The explorer chooses by it the clearest of several sketches of a code. Ctrl-C ends it without a file.
    """

    data: Files
    """Files of drawings, a category each, or names of Quick, Draw! categories."""
    out: Path
    """The file to write."""


def pictures_command(arguments: Sequence[str]) -> int:
    """Read, train, save, measure; the exit status."""
    options = parse(PicturesOptions, arguments, "pictures")
    use_threads(options.threads)
    check_output(options.out, load_classifier, "no classifier of pictures to replace")
    with open_display(options.json) as display:
        dataset = read_drawings(find_files(options.data, display), MAX_POINTS, display)
        classifier = new_classifier(dataset.categories, SEED, choose_device(options.device))
        for fraction in learn_pictures(classifier, dataset, SEED):
            display.stage("learning what drawings look like", fraction)
        save_classifier(classifier, options.out)
        right = _right(load_classifier(options.out), dataset)
        told = "" if right is None else f"; it is right about {right:.1%} of the test drawings"
        display.say(f"Saved {options.out} ({options.out.stat().st_size / 1e6:.1f} MB){told}.")
        display.record("saved", path=str(options.out), right=right)
    return 0


def _right(classifier: PictureClassifier, dataset: SketchDataset) -> float | None:
    """The share of test drawings whose category it names; None if there are none."""
    test = dataset.indices(TEST)
    if len(test) == 0:
        return None
    named = classifier.log_probabilities([dataset.stroke3(i) for i in test]).argmax(axis=1)
    return float(np.mean(named == dataset.labels[test]))
