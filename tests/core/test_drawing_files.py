"""Drawings written for other programs, read back."""

import csv
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from core.drawing_files import NOTE, Drawing, simplified, write_drawings
from core.errors import DataError
from core.readers import open_sketches
from core.sketch import stroke3_to_polylines
from tests.parametric import drawings


@pytest.fixture
def chosen(atlas):
    """An atlas with all three splits, and six of its drawings, every other one decoded."""
    split = replace(atlas, splits=(np.arange(len(atlas)) % 3).astype(np.uint8))
    strokes = drawings("face", 6)
    return split, [
        Drawing(7 * i, stroke.astype(np.float32) if i % 2 else stroke, decoded=bool(i % 2))
        for i, stroke in enumerate(strokes)
    ]


def test_npz_is_read_again_split_by_split(chosen, tmp_path):
    atlas, written = chosen
    path = tmp_path / "some.npz"
    write_drawings(path, atlas, written)
    found = list(open_sketches(path))
    expected = sorted(written, key=lambda drawing: (atlas.splits[drawing.index], drawing.index))
    assert [record.split for record in found] == [
        ("train", "valid", "test")[atlas.splits[drawing.index]] for drawing in expected
    ]
    for record, drawing in zip(found, expected, strict=True):
        np.testing.assert_array_equal(record.stroke3, drawing.stroke3)
    notes = json.loads(zipfile.ZipFile(path).read(NOTE))
    marked = [note["origin"] for split in ("train", "valid", "test") for note in notes[split]]
    assert marked == [drawing.origin for drawing in expected]


def test_rounding_does_not_add_up_along_a_drawing(atlas, tmp_path):
    stroke3 = np.column_stack([np.full((150, 2), 0.4), np.zeros(150)])
    write_drawings(tmp_path / "slow.npz", atlas, [Drawing(0, stroke3, decoded=True)])
    [record] = open_sketches(tmp_path / "slow.npz")
    assert record.stroke3[:, 0].sum() == 60


def test_ndjson_is_the_simplified_form(chosen, tmp_path):
    atlas, written = chosen
    path = tmp_path / "some.ndjson"
    write_drawings(path, atlas, written)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["word"] for line in lines] == [atlas.category(drawing.index) for drawing in written]
    assert [line["origin"] for line in lines] == ["original", "decoded"] * 3
    for line, drawing in zip(lines, written, strict=True):
        assert len(line["drawing"]) == len(stroke3_to_polylines(drawing.stroke3))
        values = np.concatenate([np.array(stroke).ravel() for stroke in line["drawing"]])
        assert (values.min(), values.max()) == (0, 255)


def test_simplifying_keeps_the_shape():
    stroke3 = drawings("house", 1)[0]
    before = np.concatenate(stroke3_to_polylines(stroke3))
    after = np.concatenate([np.array(stroke).T for stroke in simplified(stroke3)]).astype(float)
    span = np.ptp(before, axis=0).max()
    np.testing.assert_allclose((after - after.min(axis=0)) / 255, (before - before.min(axis=0)) / span, atol=1 / 255)
    assert simplified(np.zeros((0, 3))) == []


def test_csv_has_a_row_a_drawing_and_its_code(chosen, tmp_path):
    atlas, written = chosen
    path = tmp_path / "some.csv"
    write_drawings(path, atlas, written)
    rows = list(csv.DictReader(path.open()))
    assert [int(row["number"]) for row in rows] == [drawing.index for drawing in written]
    for row, drawing in zip(rows, written, strict=True):
        code = [float(row[f"z{axis}"]) for axis in range(atlas.latents.shape[1])]
        np.testing.assert_allclose(code, atlas.latents[drawing.index], rtol=1e-4, atol=1e-5)
        assert float(row["loss"]) == pytest.approx(float(atlas.losses[drawing.index]))
        assert row["origin"] == drawing.origin
        assert json.loads(row["drawing"]) == simplified(drawing.stroke3)


def test_an_unknown_ending_is_one_sentence(chosen, tmp_path):
    with pytest.raises(DataError, match=r"names no format: end it with \.npz, \.ndjson, \.csv"):
        write_drawings(tmp_path / "some.txt", *chosen)


def test_a_place_that_cannot_be_written_leaves_nothing(chosen, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="could not be written"):
        write_drawings(tmp_path / "file" / "some.csv", *chosen)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
