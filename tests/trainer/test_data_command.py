"""`python -m trainer data`."""

import json

import pytest

from core import named_data
from core.dataset import load_dataset
from tests.local_server import running_server
from tests.parametric import write_kind
from trainer.__main__ import main


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(named_data, "default_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_list_where_and_fetch(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    published = write_kind(tmp_path / "owl.npz", "face")
    assert main(["data", "where", "owl"]) == 0
    assert capsys.readouterr().out.strip() == str(cache / "owl.npz")
    with running_server() as server:
        monkeypatch.setenv(named_data.URL_VARIABLE, server.url)
        server.files["owl.npz"] = published.read_bytes()
        assert main(["data", "fetch", "owl"]) == 0
        assert str(cache / "owl.npz") in capsys.readouterr().out
        assert main(["data", "fetch", "yak"]) == 2
        assert "--data path/to/yak.npz" in capsys.readouterr().err
    assert main(["data", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 345
    assert f"owl\t{cache / 'owl.npz'}" in lines
    assert "pig" in lines


def test_prepare_writes_what_opens_as_data(tmp_path, capsys):
    (tmp_path / "drawings").mkdir()
    for kind in ("face", "house"):
        write_kind(tmp_path / "drawings" / f"{kind}.npz", kind)
    out = tmp_path / "all.npz"
    assert main(["data", "prepare", "--data", str(tmp_path / "drawings"), "--out", str(out), "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any("112 drawings read" in event.get("text", "") for event in events)
    dataset = load_dataset([out])
    assert dataset.categories == ("face", "house")
    assert dataset.digest == load_dataset([tmp_path / "drawings"]).digest


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data", "grow"], "no command data"),
        (["data", "fetch"], "Name the categories"),
        (["data", "prepare", "--data", "nothing*.npz", "--out", "x.npz"], "No file matches"),
    ],
)
def test_nonsense_ends_in_a_sentence(arguments, words, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
