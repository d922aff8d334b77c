"""Two programs that write and read the same files at once: each reads a whole one, and neither is refused."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core import named_data
from core.readers.detect import PREPARED_NPZ
from tests.core.sharing import checkpoints, prepared
from tests.local_server import running_server

ROOT = Path(__file__).parents[2]
ROUNDS = 25


def together(*commands, **environment):
    """What each of the commands printed, which all said "ready" before the first went on. None may fail."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [
        subprocess.Popen([sys.executable, *map(str, command)], cwd=ROOT, env=environment, **pipes)
        for command in commands
    ]
    try:
        for child in children:
            assert child.stdout.readline() == "ready\n", child.communicate()[1]
        for child in children:
            child.stdin.write("\n")
            child.stdin.flush()
        ends = [child.communicate(timeout=60) for child in children]
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert [(child.returncode, errors) for child, (_, errors) in zip(children, ends, strict=True)] == [(0, "")] * len(
        children
    )
    return [output for output, _ in ends]


def test_each_reads_a_whole_value(tmp_path):
    """Of maps, layouts and neighbour graphs in the cache, checkpoints, prepared drawings and exports."""
    command = ("-m", "tests.core.sharing", tmp_path, ROUNDS)
    together(command, command)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []


@pytest.mark.parametrize("kind", [checkpoints, prepared])
def test_a_file_that_another_replaces_while_it_is_read_is_read_to_its_end(tmp_path, kind, monkeypatch):
    write, read = kind(tmp_path)
    write(0)
    open_archive = zipfile.ZipFile

    def replaced(*arguments):
        monkeypatch.setattr(zipfile, "ZipFile", open_archive)
        write(1)
        return open_archive(*arguments)

    monkeypatch.setattr(zipfile, "ZipFile", replaced)
    if kind is prepared:  # its form is told by another look at it, of which both files are
        monkeypatch.setattr("core.dataset.format_of", lambda _: PREPARED_NPZ)
    assert read() == 0
    assert read() == 1


FETCH = """
import sys
from trainer.__main__ import main
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main(["data", "fetch", *sys.argv[1:]]))
"""


def test_a_file_is_fetched_once_by_two_programs(tmp_path):
    """In opposite orders: other files at first, of which both record the checksums, then the same ones."""
    names = named_data.category_names()[:12]
    with running_server() as server:
        for number, name in enumerate(names):
            path = tmp_path / "published.npz"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("train.npy", os.urandom(200_000 + number))
            server.files[f"{name.replace(' ', '%20')}.npz"] = path.read_bytes()
        environment = {named_data.URL_VARIABLE: server.url, "XDG_CACHE_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        together(("-c", FETCH, *names), ("-c", FETCH, *reversed(names)), **environment)
        assert len(server.requests) == len(names)
    folder = tmp_path / "sketch-explorer" / "quickdraw"
    published = {f"{name}.npz": server.files[f"{name.replace(' ', '%20')}.npz"] for name in names}
    assert {path.name: path.read_bytes() for path in folder.glob("*.npz")} == published
    recorded = json.loads((folder / named_data.CHECKSUMS).read_text())
    assert recorded == {name: hashlib.sha256(content).hexdigest() for name, content in published.items()}
    assert {path.suffix for path in folder.iterdir()} == {".npz", ".json", ".lock"}
