"""How clear drawings are: whether their pictures show what they are of, and which of several shows it best."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from core.dataset import SketchDataset
from core.encoding import one_thread
from core.picture_classifier import PictureClassifier
from core.sketch import Array

AT_ONCE = 4096
"""Drawings looked at together, of a dataset."""


def log_category(codes: NDArray[np.float32], means: NDArray[np.float32]) -> NDArray[np.float32]:
    """log p(category | code) [N, C] of codes [N, N_z], by the mean codes [C, N_z] of the categories.

    With p(code | category) = N(mean, I): codes of a category vary no more than those of the prior, and
    on codes of the prior, far from all drawings, one that is surer of itself is wrong.
    """
    logits = codes @ means.T - (means**2).sum(axis=1) / 2
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def clarities(classifier: PictureClassifier, dataset: SketchDataset, indices: NDArray[np.int64]) -> NDArray[np.float64]:
    """With what probability [N] pictures of the drawings `indices` [N] show their categories.

    The classifier knows all categories of `dataset`. Of 25,000 drawings it takes half a minute of a core.
    """
    places = np.array([classifier.categories.index(name) for name in dataset.categories])
    log_shown = []
    for part in np.split(indices, range(AT_ONCE, len(indices), AT_ONCE)):
        log_p = classifier.log_probabilities([dataset.stroke3(i) for i in part])
        log_shown.append(log_p[np.arange(len(part)), places[dataset.labels[part]]])
    return np.exp(np.concatenate(log_shown), dtype=np.float64)


class Clarity:
    """Tells how clear drawings are, for the categories of a map that a classifier of pictures knows.

    Safe to share between threads.
    """

    def __init__(self, classifier: PictureClassifier, category_means: Mapping[str, NDArray[np.float32]]) -> None:
        """`category_means` are the mean codes [N_z] of the map's categories.

        Raises ValueError if the classifier knows none of them.
        """
        self.categories = tuple(name for name in category_means if name in classifier.categories)
        if not self.categories:
            raise ValueError("the classifier knows no category of this map")
        self._classifier = classifier
        self._places = [classifier.categories.index(name) for name in self.categories]
        self._means = np.stack([category_means[name] for name in self.categories])

    def clearest(self, drawings: Sequence[Array], code: NDArray[np.float32], category: str | None = None) -> int:
        """Which of some stroke-3 drawings of `code` [N_z] is the clearest; the first of equals.

        The one with the largest p(category | picture) p(category | code) of any category; of `category` alone,
        if that is given. What drawings of an unknown one look like is not known: then it is the first.
        """
        if category is not None and category not in self.categories:
            return 0
        with one_thread():
            pictures = self._classifier.log_probabilities(drawings)[:, self._places]
        if category is not None:
            return int(pictures[:, self.categories.index(category)].argmax())
        return int((pictures + log_category(code[None], self._means)).max(axis=1).argmax())
