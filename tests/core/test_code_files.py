"""Codes written for other programs, read back."""

import csv
import io

import numpy as np
import pytest

from core.code_files import NamedCode, codes_csv, codes_npz


@pytest.fixture
def codes():
    """Three codes of hard float32 values."""
    rng = np.random.default_rng(0)
    values = (rng.standard_normal((3, 5)) * [1e-6, 1, 1e3, 1, 1 / 3]).astype(np.float32)
    names = [("current", "Between drawings"), ("frame", "1"), ("pin", 'the "other" one, ‖z‖')]
    return [NamedCode(kind, name, code) for (kind, name), code in zip(names, values, strict=True)]


def test_npz_needs_no_pickle(codes):
    with np.load(io.BytesIO(codes_npz(codes)), allow_pickle=False) as file:
        assert file["kinds"].tolist() == ["current", "frame", "pin"]
        assert file["names"].tolist() == [entry.name for entry in codes]
        assert file["codes"].dtype == np.float32
        np.testing.assert_array_equal(file["codes"], [entry.code for entry in codes])


def test_csv_gives_each_float_back(codes):
    rows = list(csv.DictReader(io.StringIO(codes_csv(codes).decode())))
    assert [(row["kind"], row["name"]) for row in rows] == [(entry.kind, entry.name) for entry in codes]
    read = np.array([[row[f"z{axis}"] for axis in range(5)] for row in rows], dtype=np.float64)
    np.testing.assert_array_equal(read.astype(np.float32), [entry.code for entry in codes])
