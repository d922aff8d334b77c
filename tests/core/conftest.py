"""Small data and models that need no training."""

import numpy as np
import pytest
import torch

from core.atlas import Atlas
from core.dataset import load_dataset
from core.model import ModelConfig, SketchVAE
from core.picture_classifier import learn_pictures, new_classifier
from tests.parametric import KINDS, write_kind

TINY = ModelConfig(latent=8, encoder_hidden=16, decoder_hidden=32, mixtures=4, attention_dim=8)
VARIANTS = {
    "baseline": {"attention": False},
    "attention": {},
    "positions": {"positional_encoding": True},
}


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """More threads than one only get in each other's way in models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_model(seed=0, **changes):
    """An untrained model: its outputs tell one code from another, its sketches have about 20 points."""
    torch.manual_seed(seed)
    model = SketchVAE(ModelConfig(**{**TINY.to_dict(), **changes})).eval()
    with torch.no_grad():
        model.decoder.output.weight.mul_(4)
        model.decoder.initial_state.weight.mul_(2)
        model.decoder.output.bias[2] -= 2.5  # the end of the sketch
    return model


@pytest.fixture(params=VARIANTS)
def variant(request):
    """An untrained model of each architecture."""
    return make_model(**VARIANTS[request.param])


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """One file a kind of drawing."""
    folder = tmp_path_factory.mktemp("drawings")
    return [write_kind(folder / f"{kind}.npz", kind) for kind in KINDS]


@pytest.fixture(scope="session")
def dataset(files):
    """Ellipses, faces and houses; N_max is 48."""
    return load_dataset(files, max_points=48)


@pytest.fixture(scope="session")
def classifier(dataset):
    """A classifier of pictures that has learnt the kinds; not to be changed."""
    classifier = new_classifier(dataset.categories, 0, torch.device("cpu"))
    assert list(learn_pictures(classifier, dataset, 0))[-1] == 1
    return classifier


def make_atlas_of(latents, labels=None, categories=("cat", "pig", "hot dog"), positions=None):
    """An atlas of given codes; without positions, they lie on the map at their first two coordinates."""
    latents = np.asarray(latents, dtype=np.float32)
    count = len(latents)
    low = latents.min(axis=0)
    step = np.maximum((latents.max(axis=0) - low) / 255, np.finfo(np.float32).tiny).astype(np.float32)
    labels = np.arange(count) % len(categories) if labels is None else labels
    return Atlas(
        quantised=np.rint((latents - low) / step).astype(np.uint8),
        low=low,
        step=step,
        positions=np.ascontiguousarray(latents[:, :2] if positions is None else positions, dtype=np.float32),
        labels=np.asarray(labels, dtype=np.int32),
        splits=np.zeros(count, dtype=np.uint8),
        rows=np.arange(count, dtype=np.int32),
        point_counts=np.full(count, 10, dtype=np.int32),
        stroke_counts=np.full(count, 2, dtype=np.int32),
        losses=np.linspace(0, 1, count, dtype=np.float32),
        categories=tuple(categories),
        sources=tuple(f"{name}.npz" for name in categories),
    )


@pytest.fixture(scope="session")
def atlas():
    """60 codes in three clusters, one a category."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(3), 20)
    centres = 5 * np.eye(3, 8)
    return make_atlas_of(centres[labels] + 0.5 * rng.standard_normal((60, 8)), labels)
