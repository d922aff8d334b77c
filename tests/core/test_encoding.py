"""Drawings through the encoder, however they are batched."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core import encoding
from core.dataset import BatchSource
from core.encoding import encode_batches, encode_dataset, encode_sketch
from core.errors import DataError
from tests.core.conftest import make_model
from tests.generators import result_of

SCALE = 30.0


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def encoded(model, dataset):
    return result_of(encode_dataset(model, dataset, SCALE))


@pytest.mark.parametrize("window", [1, 37, 1 << 16])
def test_windows_do_not_matter(monkeypatch, model, dataset, encoded, window):
    monkeypatch.setattr(encoding, "WINDOW", window)
    means, losses = result_of(encode_dataset(model, dataset, SCALE))
    np.testing.assert_allclose(means, encoded[0], atol=1e-5)
    assert np.isfinite(losses).all()  # how much padding they count depends on the window


def test_codes_can_be_had_alone_and_in_a_memory_map(model, dataset, encoded, tmp_path):
    out = np.memmap(tmp_path / "codes", dtype=np.float32, mode="w+", shape=encoded[0].shape)
    means, losses = result_of(encode_dataset(model, dataset, SCALE, losses=False, out=out))
    assert means is out
    np.testing.assert_allclose(out, encoded[0], atol=1e-5)
    assert np.isnan(losses).all()
    with pytest.raises(ValueError, match="do not fit"):
        next(encode_dataset(model, dataset, SCALE, out=out[:-1]))


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_order_and_company_do_not_matter(model, dataset, encoded, data):
    indices = np.array(data.draw(st.lists(st.integers(0, len(dataset) - 1), min_size=1, max_size=20)))
    size = data.draw(st.integers(1, 20))
    source = BatchSource(dataset, SCALE, torch.device("cpu"))
    seen = np.zeros(len(indices), dtype=int)
    for batch in encode_batches(model, source, dataset.lengths, indices, batch_size=size, decode=False):
        assert len(batch.chosen) <= size
        assert batch.losses is None
        np.testing.assert_allclose(batch.mean, encoded[0][indices[batch.chosen]], atol=1e-5)
        seen[batch.chosen] += 1
    assert (seen == 1).all()


def test_a_drawing_alone_has_the_code_it_has_in_a_dataset(model, dataset, encoded):
    for index in range(0, len(dataset), 29):
        np.testing.assert_allclose(encode_sketch(model, dataset.stroke3(index), SCALE), encoded[0][index], atol=1e-5)


@pytest.mark.parametrize("stroke3", [np.zeros((0, 3)), np.array([[1, np.nan, 0]]), np.array([[np.inf, 0, 1]])])
def test_drawings_without_a_code_are_refused(model, stroke3):
    with pytest.raises(DataError):
        encode_sketch(model, stroke3, SCALE)


def test_encoding_can_be_closed_at_any_batch(model, dataset):
    training = make_model().train()
    encoding_ = encode_dataset(training, dataset, SCALE)
    assert 0 < next(encoding_) < 1
    assert training.training
    encoding_.close()
    assert torch.is_grad_enabled()
