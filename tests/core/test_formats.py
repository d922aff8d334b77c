"""Readers of every format, on files made to the published descriptions."""

import gzip
import itertools
import json
import os
import struct
import sys
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings

from core.dataset import load_dataset
from core.errors import DataError
from core.preprocess import Preprocessing, preprocess
from core.readers import find_sources, open_sketches
from core.sketch import stroke3_to_polylines
from tests.hostile import assert_sentence, mutated
from tests.parametric import drawings, write_kind

CROSS = [[[0, 0], [255, 255]], [[255, 0], [0, 255]]]
"""Two strokes, each its points [x, y]."""
CORNER = [[[0, 0], [0, 255], [128, 255]]]


def ndjson_line(strokes, *, times=False):
    lists = [[list(column) for column in zip(*stroke, strict=True)] for stroke in strokes]
    if times:
        lists = [[*stroke, [16 * i for i in range(len(stroke[0]))]] for stroke in lists]
    return json.dumps({"word": "owl", "key_id": "1", "recognized": True, "drawing": lists}) + "\n"


def bin_record(strokes):
    record = struct.pack("<Q2sBIH", 5, b"DE", 1, 1488400000, len(strokes))
    for stroke in strokes:
        xs, ys = zip(*stroke, strict=True)
        record += struct.pack("<H", len(stroke)) + bytes(xs) + bytes(ys)
    return record


def creative(strokes):
    """One body part a stroke, each of segments that join."""
    parts = [[[[*a, *b] for a, b in itertools.pairwise(stroke)]] for stroke in strokes]
    return {"all_strokes": [*parts, []]}


def svg(body, attributes='viewBox="0 0 255 255"'):
    head = '<?xml version="1.0"?>\n<!-- by hand -->\n<svg xmlns="http://www.w3.org/2000/svg" '
    return f'{head} xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>{body}</svg>'


def polylines(path):
    """The drawings of a file, moved to the top left."""
    found = []
    for record in open_sketches(path):
        lines = stroke3_to_polylines(record.stroke3)
        low = np.concatenate(lines).min(axis=0) if lines else 0
        found.append([(line - low).tolist() for line in lines])
    return found


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# -- what is read ------------------------------------------------------------------------------


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["a.ndjson", "a.txt", "no ending"])
def test_simplified_ndjson(tmp_path, packed, name):
    text = (ndjson_line(CROSS) + "\n" + ndjson_line(CORNER)).encode()
    assert polylines(write(tmp_path / name, gzip.compress(text) if packed else text)) == [CROSS, CORNER]


def test_raw_ndjson_is_brought_to_the_box_and_simplified(tmp_path):
    along = [[x, 300 + 2 * x] for x in range(100, 400, 3)]
    (drawing,) = polylines(write(tmp_path / "a.ndjson", ndjson_line([along], times=True)))
    assert drawing == [[[0, 0], [127, 255]]] or drawing == [[[0, 0], [128, 255]]]


def test_ndjson_of_another_scale_is_brought_to_the_box(tmp_path):
    small = [[[1, 1], [1.5, 1], [3, 1]], [[1, 3], [3, 3]]]
    assert polylines(write(tmp_path / "a.ndjson", ndjson_line(small))) == [[[[0, 0], [255, 0]], [[0, 255], [255, 255]]]]


def test_quickdraw_bin(tmp_path):
    content = bin_record(CROSS) + bin_record(CORNER)
    assert polylines(write(tmp_path / "a.bin", content)) == [CROSS, CORNER]
    assert polylines(write(tmp_path / "a.bin.gz", gzip.compress(content))) == [CROSS, CORNER]


def test_creative_birds(tmp_path):
    corner = [[[0, 0], [0, 510], [200, 510]], [[100, 100], [110, 110]]]  # the second: one segment, a slip
    items = [creative(corner)] * 3
    (first, *rest) = polylines(write(tmp_path / "birds.json", json.dumps(items)))
    assert first == [[[0, 0], [0, 255], [100, 255]]]
    assert rest == [first, first]


def test_creative_segments_may_have_more_than_two_points(tmp_path):
    item = {"all_strokes": [[[[0, 0, 0, 255, 128, 255], [128, 255, 255, 0]]]]}
    (drawing,) = polylines(write(tmp_path / "birds.json", json.dumps([item])))
    assert drawing == [[[0, 0], [0, 255], [128, 255], [255, 0]]]


def test_a_long_list_is_read_an_item_at_a_time(tmp_path):
    item = creative([[[i % 97, i % 89] for i in range(400)]])
    path = write(tmp_path / "birds.json", json.dumps([item] * 60, indent=1))
    size = path.stat().st_size
    tracemalloc.start()
    count = sum(1 for _ in open_sketches(path, Preprocessing(epsilon=None, spacing=None)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 60
    assert peak < size / 2


# -- SVG ---------------------------------------------------------------------------------------

DIAGONAL = [[[0, 0], [255, 255]]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<line x1="10" y1="10" x2="60" y2="60"/>', DIAGONAL),
        ('<path d="M10 10L60 60"/>', DIAGONAL),
        ('<path d="m10,10 l50,50"/>', DIAGONAL),
        ('<path d="M10-10 60 40"/>', DIAGONAL),
        ('<path d="M0 0 C10 10 20 20 51 51"/>', DIAGONAL),
        ('<path d="M0 0 Q10 10 51 51"/>', DIAGONAL),
        ('<polyline points="0,0 10,10 51 51"/>', DIAGONAL),
        ('<path d="M0 0H51V51H0Z"/>', [[[0, 0], [255, 0], [255, 255], [0, 255], [0, 0]]]),
        ('<rect x="5" y="5" width="51" height="51"/>', [[[0, 0], [255, 0], [255, 255], [0, 255], [0, 0]]]),
        ('<polygon points="0 0 51 0 51 51"/>', [[[0, 0], [255, 0], [255, 255], [0, 0]]]),
        ('<path d="M0 0L51 51M0 51L51 0"/>', [*DIAGONAL, [[0, 255], [255, 0]]]),
        ('<g transform="translate(9 9)"><g transform="scale(2)"><path d="M0 0 1 1"/></g></g>', DIAGONAL),
        ('<path transform="rotate(90)" d="M0 0L51 -51"/>', DIAGONAL),
        ('<path transform="matrix(1 0 0 -1 0 7)" d="M0 51 51 0"/>', DIAGONAL),
        ('<path transform="translate(20,0) scale(0.5)" d="M0 0 51 51"/><path d="M20 0 45.5 25.5"/>', DIAGONAL * 2),
        ('<g style="display:none"><path d="M9 0 0 9"/></g><path d="M0 0 9 9"/>', DIAGONAL),
        ('<path display="none" d="M9 0 0 9"/><path d="M0 0 9 9"/>', DIAGONAL),
        ('<path visibility="hidden" d="M9 0 0 9"/><path d="M0 0 9 9"/>', DIAGONAL),
        ('<defs><path id="a" d="M0 0 9 9"/></defs><use xlink:href="#a"/>', DIAGONAL),
        ('<symbol id="a"><path d="M0 0 9 9"/></symbol><use href="#a" x="30"/>', DIAGONAL),
        ('<path id="a" d="M0 0 9 9"/><use href="#a" x="9" y="9"/>', [[[0, 0], [128, 128]], [[128, 128], [255, 255]]]),
        ('<svg x="5" viewBox="0 0 1 1" width="50" height="50"><path d="M0 0 1 1"/></svg>', DIAGONAL),
        ("<text>owl</text><style>.a{fill:red}</style><path d='M0 0 9 9'/>", DIAGONAL),
        ('<rect width="255" height="255" fill="#fff"/><path d="M0 0 9 9"/>', DIAGONAL),
        ('<rect width="100%" height="100%" fill="#fff"/><path d="M0 0 9 9"/>', DIAGONAL),
        ('<path d="M3 3L3 3"/><path d=""/>', None),
    ],
)
def test_svg_shapes(tmp_path, body, expected):
    path = write(tmp_path / "a.svg", svg(body))
    if expected is not None:
        (drawing,) = polylines(path)
        assert drawing == expected
    else:
        list(open_sketches(path))


@pytest.mark.parametrize(
    "body",
    [
        '<circle cx="50" cy="50" r="20"/>',
        '<ellipse cx="3" cy="50" rx="20" ry="20"/>',
        '<path d="M20 50A30 30 0 0 1 80 50 30 30 0 1 1 20 50"/>',
        '<path d="M0 50a30 30 0 0 1 60 0a30,30 0 01-60,0"/>',
    ],
)
def test_svg_circles_and_arcs_are_round(tmp_path, body):
    path = write(tmp_path / "a.svg", svg(body))
    (fine,) = open_sketches(path, Preprocessing(epsilon=None))
    points = np.concatenate(stroke3_to_polylines(fine.stroke3))
    points -= (points.min(axis=0) + points.max(axis=0)) / 2
    assert len(points) > 90
    np.testing.assert_allclose(np.hypot(*points.T), 127.5, atol=1.5)
    (coarse,) = open_sketches(path)
    assert 8 < len(coarse.stroke3) < 40


def test_svg_files_of_a_folder_are_one_category(tmp_path):
    for number in range(4):
        (tmp_path / "birds").mkdir(exist_ok=True)
        write(tmp_path / "birds" / f"{number}.svg", svg(f'<path d="M0 0 {number + 1} 9 5 5"/>'))
    write(tmp_path / "birds" / "5.svgz", gzip.compress(svg('<path d="M0 0 9 9"/>').encode()))
    dataset = load_dataset([tmp_path / "birds"])
    assert dataset.categories == ("birds",)
    assert sorted(dataset.rows.tolist()) == [0, 1, 2, 3, 4]


# -- folders and patterns ----------------------------------------------------------------------


def test_folders_and_patterns_become_categories(tmp_path):
    write(tmp_path / "owl.ndjson", ndjson_line(CROSS))
    write(tmp_path / "cat.raw.ndjson.gz", gzip.compress(ndjson_line(CROSS, times=True).encode()))
    write(tmp_path / "birds.json", json.dumps([creative(CORNER)]))
    write(tmp_path / "counts.json", '{"owl": 1}')
    write(tmp_path / "README.md", "# not a drawing")
    write_kind(tmp_path / "face.npz", "face", (3, 1, 1))
    assert load_dataset([tmp_path]).categories == ("birds", "cat", "face", "owl")
    assert load_dataset([tmp_path / "*.ndjson*"]).categories == ("cat", "owl")
    assert [source.name for source in find_sources([tmp_path / "owl.ndjson"])] == ["owl"]
    for nothing, words in ((tmp_path / "*.yak", "No file matches"), (tmp_path / "empty", "no files of drawings")):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(DataError, match=words):
            load_dataset([nothing])


@pytest.mark.skipif(sys.platform != "linux", reason="file names are Unicode here")
def test_a_file_name_that_is_no_unicode_is_a_category_that_can_be_written(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.ndjson")
    dataset = load_dataset([write(path, ndjson_line(CROSS))])
    assert (dataset.categories, dataset.sources) == (("caf?",), ("caf?.ndjson",))


def test_counts_are_told(tmp_path):
    long = [[[i % 2 * 250, i] for i in range(255)] + [[0, 255]]]
    path = write(tmp_path / "owl.ndjson", "".join(map(ndjson_line, [CROSS, long, [], CORNER])))
    assert load_dataset([path]).summary() == "4 drawings read, 1 longer than 200 points left out, 1 empty left out"


# -- refusals ----------------------------------------------------------------------------------

LETTERS = "abcdefghij"
LAUGHS = (
    '<!DOCTYPE svg [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "' + 10 * f"&{a};" + '">' for a, b in itertools.pairwise(LETTERS))
    + ']><svg xmlns="http://www.w3.org/2000/svg"><text>&j;</text></svg>'
)
OUTSIDE = (
    '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    '<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
)
USES = svg(
    '<defs><path id="a" d="M0 0 9 9"/>'
    + "".join(f'<g id="{b}">' + 10 * f'<use href="#{a}"/>' + "</g>" for a, b in itertools.pairwise(LETTERS))
    + '</defs><use href="#j"/>'
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x00" * 64,
        b"\x1f\x8b" + b"damage",
        gzip.compress(b'{"drawing": []}\n' * 50, mtime=0)[:-30],
        gzip.compress(b"\n" * 50_000_000, mtime=0),
        '{"drawing": [[[1, 2], [3]]]}',
        '{"drawing": [[[1, 2]]]}',
        '{"drawing": [[[NaN, 2], [3, 4]]]}',
        '{"drawing": [[[1e999, 2], [3, 4]]]}',
        '{"drawing": [[["a", 2], [3, 4]]]}',
        '{"drawing": [[[[1], 2], [3, 4]]]}',
        '{"drawing": ' + "[" * 100_000,
        '{"drawing": [[[1' + "0" * 5000 + ", 2], [3, 4]]]}",
        '{"drawing": 5}',
        '{"word": "owl"}',
        '{"drawing": [',
        '{"drawing": []}\nnonsense',
        b'{"drawing": "\xff"}',
        bin_record(CROSS)[:-1],
        bin_record(CROSS) + b"more",
        struct.pack("<Q2sBIH", 5, b"DE", 1, 0, 65535),
        "[",
        "[1]",
        "[{}]",
        '[{"all_strokes": 1}]',
        '[{"all_strokes": [1]}]',
        '[{"all_strokes": [[1]]}]',
        '[{"all_strokes": [[[1]]]}]',
        '[{"all_strokes": [[[[1, 2, 3]]]]}]',
        '[{"all_strokes": [[[[1, 2, 3, null]]]]}]',
        '[{"all_strokes": []} 5',
        '[{"all_strokes": []},',
        "[" * 200_000,
        "[" + "1" * 9_000_000,
        "<svg",
        "<html></html>",
        "<a>" * 100_000,
        LAUGHS,
        OUTSIDE,
        USES,
        svg('<g id="a"><use href="#a"/></g>'),
        svg('<path d="M0 0L1e400 5"/>'),
        svg('<path d="M0 0L1e300 5" transform="scale(1e300)"/>'),
        svg('<path d="M0 0' + "h1" * 200_000 + '"/>'),
        svg('<path d="M0 0' + "a1 1 0 0 1 1 1" * 30_000 + '"/>'),
        svg("<g>" * 500 + "</g>" * 500),
        svg(" " * 2_000_000),
    ],
    ids=lambda content: repr(content[:24]),
)
def test_what_is_no_file_of_drawings_is_refused_in_a_sentence(tmp_path, content):
    path = write(tmp_path / "a.file", content)
    started = time.perf_counter()
    with pytest.raises(DataError) as caught:
        list(open_sketches(path))
    assert time.perf_counter() - started < 5
    assert_sentence(caught.value, path)


SAMPLES = {
    "ndjson": (ndjson_line(CROSS) + ndjson_line(CORNER)).encode(),
    "raw": ndjson_line(CROSS, times=True).encode(),
    "bin": bin_record(CROSS) + bin_record(CORNER),
    "creative": json.dumps([creative(CROSS), creative(CORNER)]).encode(),
    "svg": svg('<g transform="rotate(3)"><path d="M0 0C1 2 3 4 5 6A3 4 5 0 1 9 9z"/><use href="#a"/></g>').encode(),
    "gzip": gzip.compress(ndjson_line(CROSS).encode(), mtime=0),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_changed_files_end_in_a_value_or_a_sentence(tmp_path_factory, kind):
    path = tmp_path_factory.mktemp("changed") / "a"

    @settings(max_examples=60, deadline=None)
    @given(mutated(SAMPLES[kind]))
    def check(data):
        path.write_bytes(data)
        try:
            records = list(open_sketches(path))
        except DataError as error:
            assert_sentence(error, path)
            return
        assert all(record.stroke3.dtype == np.int16 for record in records)

    check()


def test_what_the_parametric_drawings_are_survives_every_format(tmp_path):
    """One drawing, written in each form, comes back the same."""
    lines = stroke3_to_polylines(drawings("house", 1)[0])
    points = np.concatenate(lines)
    lines = [np.rint((line - points.min(axis=0)) * (255 / np.ptp(points, axis=0).max())).tolist() for line in lines]
    whole = [[[int(x), int(y)] for x, y in line] for line in lines]
    texts = [" ".join(f"{x},{y}" for x, y in line) for line in whole]
    body = "".join(f'<polyline points="{text}"/>' for text in texts)
    files = [
        write(tmp_path / "a.ndjson", ndjson_line(whole)),
        write(tmp_path / "b.ndjson", ndjson_line(whole, times=True)),
        write(tmp_path / "a.bin", bin_record(whole)),
        write(tmp_path / "a.json", json.dumps([creative(whole)])),
        write(tmp_path / "a.svg", svg(body)),
    ]
    expected = preprocess(whole, Preprocessing(spacing=None, epsilon=None))
    for path in files:
        (record,) = open_sketches(path)
        nearly = 1 if path.name == "b.ndjson" else 0  # resampling cuts corners by less than a unit
        np.testing.assert_allclose(record.stroke3, expected, atol=nearly)
