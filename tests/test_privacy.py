"""The program opens no connection, but for a data fetch that its user asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core import named_data
from core.checkpoint import Checkpoint, save_checkpoint
from core.dataset import load_dataset
from core.mapping import build_atlas
from core.model import ModelConfig, SketchVAE
from tests.local_server import running_server
from tests.parametric import write_kind
from tests.trainer.conftest import TINY

ROOT = Path(__file__).parents[1]
SIZES = ModelConfig(latent=8, encoder_hidden=12, decoder_hidden=24, mixtures=4, attention_dim=6)

WATCHED = """
import socket
import sys

def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto") and arguments[0].family != socket.AF_UNIX:
        print("CONNECTION", arguments[1][:2], flush=True)
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        print("LOOKUP", arguments[0], flush=True)

sys.addaudithook(hook)
"""
"""Tells of every address that Python code connects to, and of every name that it looks up."""

NO_OTHER_WAY = """
if sys.platform == "linux":
    with open("/proc/self/maps") as maps:  # what is not Python's: Qt has sockets of its own
        print(*{"LOADED " + line.split()[-1] for line in maps if "Qt6Network" in line}, sep="\\n")
"""

TRAINER = (
    WATCHED
    + """
from trainer.__main__ import main
status = main(sys.argv[1:])
"""
    + NO_OTHER_WAY
    + "sys.exit(status)"
)

WINDOW = (
    WATCHED
    + """
from pathlib import Path
from PySide6.QtCore import QCoreApplication
import explorer.training_dialog
from explorer import application

class User(application.Window):
    # Pins the first sketch, calculates with it, saves the session and ends.
    def __init__(self, *arguments):
        super().__init__(*arguments)
        studio = self.studio
        studio.sketch_changed.connect(lambda sketch: sketch.finished and not studio.pins and self.pin())
        studio.calculated.connect(lambda _: studio.keeping.save(Path(sys.argv[2])))
        studio.keeping.saved.connect(lambda _: QCoreApplication.exit(0))

    def pin(self):
        self.studio.pin()
        self.studio.calculate("a + 0.5 * #3")

application.Window = User
status = application.run(sys.argv[1], [], "cpu", None)
"""
    + NO_OTHER_WAY
    + "sys.exit(status)"
)


def told(script: str, *arguments: object, **environment: str) -> list[str]:
    """What the watched program told of, without its own words."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen", **environment}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    marks = ("CONNECTION", "LOOKUP", "LOADED")
    return [line for line in done.stdout.splitlines() if line.startswith(marks)]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_kind(tmp_path_factory.mktemp("data") / "face.npz", "face", (24, 4, 4))


@pytest.fixture(scope="module")
def checkpoint(data):
    torch.manual_seed(0)
    dataset, model = load_dataset([data]), SketchVAE(SIZES)
    model.decoder.output.bias.data[2] = -3  # an untrained pen would end the sketch before it begins
    scale = dataset.scale_factor()
    atlas = next(step.atlas for step in build_atlas(model, dataset, scale) if step.atlas is not None)
    path = data.with_name("small.pt")
    save_checkpoint(Checkpoint(SIZES, model.state_dict(), scale, 60, dataset.categories, atlas=atlas), path)
    return path


def test_the_window_opens_no_connection(checkpoint, tmp_path):
    home = {name: str(tmp_path) for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME")}
    assert told(WINDOW, checkpoint, tmp_path / "mine.sketchspace", **home) == []
    assert (tmp_path / "mine.sketchspace").exists()


def test_a_training_opens_no_connection(data, tmp_path):
    flags = ("--layout", "pca", "--epochs", "1", *TINY.split())
    assert told(TRAINER, "--data", data, "--out", tmp_path / "face.pt", *flags) == []
    assert (tmp_path / "face.pt").exists()


def test_a_fetch_connects_to_its_server_and_to_nothing_else(data, tmp_path):
    with running_server() as server:
        server.files["owl.npz"] = data.read_bytes()
        _, _, port = server.url.removesuffix("/sketchrnn/").rpartition(":")
        environment = {named_data.URL_VARIABLE: server.url, "XDG_CACHE_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1"}
        lines = told(TRAINER, "data", "fetch", "owl", **environment)
    assert set(lines) == {"LOOKUP 127.0.0.1", f"CONNECTION ('127.0.0.1', {port})"}
