"""Quick, Draw! files by name, from a local server."""

import io
import json
import os
import zipfile

import filelock
import pytest
import requests

from core import named_data
from core.errors import DataError
from tests.local_server import running_server


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_server() as server:
        yield server


def archive(size=300_000):
    """A zip file of about `size` bytes: as much of a sketch-rnn file as fetching looks at."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("train.npy", os.urandom(size))
    return stream.getvalue()


def left(folder):
    """The files in a folder, without the lock."""
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


def test_a_file_is_fetched_once(server, tmp_path):
    server.files["owl.npz"] = archive()
    reports = []
    path = named_data.fetch("owl", tmp_path, lambda *report: reports.append(report), server.url)
    assert path.read_bytes() == server.files["owl.npz"]
    size = len(server.files["owl.npz"])
    assert reports[-1] == (size, size)
    assert len(reports) > 2
    assert all(0 < done <= total == size for done, total in reports)

    assert named_data.fetch("owl", tmp_path, None, server.url) == path
    assert server.requests == ["/sketchrnn/owl.npz"]


def test_names_are_quoted_and_the_mirror_comes_from_the_environment(server, tmp_path, monkeypatch):
    monkeypatch.setenv(named_data.URL_VARIABLE, server.url.rstrip("/"))
    server.files["hot%20air%20balloon.npz"] = archive()
    assert named_data.fetch("hot air balloon", tmp_path).name == "hot air balloon.npz"


@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_refusal_says_what_to_do_instead(server, tmp_path, status):
    server.refusal = status
    with pytest.raises(DataError, match=rf"HTTP {status}.*--data path/to/yak\.npz") as caught:
        named_data.fetch("yak", tmp_path, None, server.url)
    assert str(caught.value).count("\n") == 0
    assert list(tmp_path.glob("*.npz")) == []


def test_no_connection(tmp_path):
    with pytest.raises(DataError, match=r"no connection.*--data path/to/owl\.npz.*published at https://"):
        named_data.fetch("owl", tmp_path, None, "http://127.0.0.1:9/")  # the discard port: nobody listens


def test_no_answer(tmp_path, monkeypatch):
    def silence(*_, **__):
        raise requests.ReadTimeout

    monkeypatch.setattr(requests, "get", silence)
    with pytest.raises(DataError, match="did not answer within"):
        named_data.fetch("owl", tmp_path, None, "http://127.0.0.1:9/")


def test_a_cut_off_file_is_not_kept(server, tmp_path):
    server.files["owl.npz"] = archive()
    server.missing_bytes = 1000
    with pytest.raises(DataError, match="broke off"):
        named_data.fetch("owl", tmp_path, None, server.url)
    assert left(tmp_path) == []

    server.missing_bytes = 0
    assert named_data.fetch("owl", tmp_path, None, server.url).read_bytes() == server.files["owl.npz"]


def test_a_broken_download_goes_on_where_it_broke_off(server, tmp_path):
    server.files["owl.npz"], server.etag = archive(), '"first"'
    server.missing_bytes = 100_000
    with pytest.raises(DataError, match="bytes are kept, and the same command goes on"):
        named_data.fetch("owl", tmp_path, None, server.url)
    size = len(server.files["owl.npz"])
    assert server.ranges[0] == ""
    kept = (tmp_path / ".owl.npz.part").stat().st_size
    assert size - 100_000 >= kept > size - 200_000
    assert server.ranges[1] == f"bytes={kept}-"  # tried again at once, since something had come
    assert not (tmp_path / "owl.npz").exists()

    server.missing_bytes = 0
    reports = []
    path = named_data.fetch("owl", tmp_path, lambda *report: reports.append(report), server.url)
    assert path.read_bytes() == server.files["owl.npz"]
    assert reports[0][0] > kept
    assert reports[-1] == (size, size)
    assert sorted(left(tmp_path)) == [named_data.CHECKSUMS, "owl.npz"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, tmp_path):
    server.files["owl.npz"], server.etag, server.missing_bytes = archive(), '"first"', 100_000
    with pytest.raises(DataError):
        named_data.fetch("owl", tmp_path, None, server.url)
    server.files["owl.npz"], server.etag, server.missing_bytes = archive(), '"second"', 0
    assert named_data.fetch("owl", tmp_path, None, server.url).read_bytes() == server.files["owl.npz"]


def test_a_partial_file_that_is_whole_already_is_fetched_anew(server, tmp_path):
    server.files["owl.npz"], server.etag = archive(), '"first"'
    (tmp_path / ".owl.npz.part").write_bytes(b"x" * 400_000)
    (tmp_path / ".owl.npz.part.etag").write_text(server.etag)
    assert named_data.fetch("owl", tmp_path, None, server.url).read_bytes() == server.files["owl.npz"]
    assert server.ranges == ["bytes=400000-", ""]


@pytest.mark.parametrize("etag", ["", '"first"'])
def test_a_server_that_lies_about_the_length(server, tmp_path, etag):
    server.files["owl.npz"], server.etag, server.promised_more = archive(), etag, 5000
    with pytest.raises(DataError, match=r"broke off.*--data path/to/owl\.npz") as caught:
        named_data.fetch("owl", tmp_path, None, server.url)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "owl.npz").exists()
    server.promised_more = 0
    assert named_data.fetch("owl", tmp_path, None, server.url).read_bytes() == server.files["owl.npz"]


def test_a_server_that_promises_less_than_it_sends(server, tmp_path):
    server.files["owl.npz"], server.promised_more = archive(), -5000
    with pytest.raises(DataError, match="not a sketch-rnn file"):
        named_data.fetch("owl", tmp_path, None, server.url)
    assert left(tmp_path) == []


def test_a_misspelled_name_is_recognised(server, tmp_path):
    with pytest.raises(DataError, match="did you mean penguin"):
        named_data.fetch("pengiun", tmp_path, None, server.url)


def test_another_program_that_comes_no_further_is_not_waited_for(server, tmp_path, monkeypatch):
    monkeypatch.setattr(named_data, "WAIT_SECONDS", 0.1)
    part, reports = tmp_path / ".owl.npz.part", []
    part.write_bytes(b"PK")
    with filelock.FileLock(tmp_path / ".owl.npz.lock"), pytest.raises(DataError, match="comes no further"):
        named_data.fetch("owl", tmp_path, lambda *report: reports.append(report), server.url)
    assert reports == [(2, 0)]


def test_the_categories_are_345():
    names = named_data.category_names()
    assert len(set(names)) == 345
    assert all(map(named_data.is_name, names))


def test_a_damaged_copy_is_fetched_again(server, tmp_path):
    server.files["owl.npz"] = archive()
    path = named_data.fetch("owl", tmp_path, None, server.url)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    assert named_data.fetch("owl", tmp_path, None, server.url).read_bytes() == server.files["owl.npz"]
    assert len(server.requests) == 2


def test_other_bytes_than_the_first_time_are_refused(server, tmp_path):
    server.files["owl.npz"] = archive()
    named_data.fetch("owl", tmp_path, None, server.url).unlink()
    server.files["owl.npz"] = archive()
    with pytest.raises(DataError, match=r"not the file that was fetched.*checksums\.json"):
        named_data.fetch("owl", tmp_path, None, server.url)
    assert not (tmp_path / "owl.npz").exists()


def test_a_web_page_is_not_taken_for_a_file(server, tmp_path):
    server.files["owl.npz"] = b"<html>Please log in to this network.</html>"
    with pytest.raises(DataError, match="not a sketch-rnn file"):
        named_data.fetch("owl", tmp_path, None, server.url)
    assert left(tmp_path) == []


def test_a_damaged_record_of_checksums_is_written_anew(server, tmp_path):
    server.files["owl.npz"] = archive()
    (tmp_path / named_data.CHECKSUMS).write_text("{")
    named_data.fetch("owl", tmp_path, None, server.url)
    assert list(json.loads((tmp_path / named_data.CHECKSUMS).read_text())) == ["owl.npz"]


def test_a_folder_that_cannot_be_written(server, tmp_path):
    server.files["owl.npz"] = archive()
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"owl\.npz could not be written"):
        named_data.fetch("owl", tmp_path / "file" / "folder", None, server.url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("owl", True),
        ("The Eiffel Tower", True),
        ("t-shirt", True),
        ("owl.npz", False),
        ("data/owl", False),
        ("../owl", False),
        ("C:\\owl", False),
        ("", False),
    ],
)
def test_what_can_be_a_name(text, expected):
    assert named_data.is_name(text) is expected
