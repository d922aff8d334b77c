"""A small checkpoint with a map, and a window on it, offscreen."""

import os

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from collections.abc import Iterator
from pathlib import Path

import pyqtgraph as pg
import pytest
import torch
from PySide6.QtCore import QCoreApplication, QSettings

from core.checkpoint import Checkpoint, save_checkpoint
from core.dataset import load_dataset
from core.mapping import build_atlas
from core.model import ModelConfig, SketchVAE
from explorer.studio import Studio
from explorer.theme import LIGHT
from explorer.window import Window
from tests.parametric import KINDS, write_kind

pg.setConfigOption("mouseRateLimit", 0)  # simulated moves come faster than a hand's, and none is to be dropped

SIZES = ModelConfig(latent=8, encoder_hidden=12, decoder_hidden=24, mixtures=4, attention_dim=6)


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and autosaves of a test are its own."""
    folder = tmp_path_factory.mktemp("settings")
    QCoreApplication.setOrganizationName("Sketch Explorer")
    QCoreApplication.setApplicationName("Sketch Explorer")
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(folder))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))


@pytest.fixture(scope="session")
def drawings(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three files of drawings: bird, cat and "hot dog"."""
    folder = tmp_path_factory.mktemp("drawings")
    paths = [folder / f"{name}.npz" for name in ("bird", "cat", "hot dog")]
    for path, kind in zip(paths, KINDS, strict=True):
        write_kind(path, kind, (20, 2, 2))
    return paths


@pytest.fixture(scope="session")
def checkpoint(drawings: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model of a small size with the map that PCA gives its codes."""
    torch.manual_seed(0)
    dataset = load_dataset(drawings)
    model = SketchVAE(SIZES)
    model.decoder.output.bias.data[2] = -3  # an untrained pen would end most sketches before they begin
    scale = dataset.scale_factor()
    building = build_atlas(model, dataset, scale)
    atlas = next(step.atlas for step in building if step.atlas is not None)
    building.close()
    path = tmp_path_factory.mktemp("checkpoint") / "small.pt"
    save_checkpoint(Checkpoint(SIZES, model.state_dict(), scale, 60, dataset.categories, atlas=atlas), path)
    return path


@pytest.fixture
def studio(checkpoint: Path, qtbot) -> Iterator[Studio]:
    """A studio that has opened the checkpoint and drawn its first sketch."""
    studio = Studio()
    with qtbot.waitSignal(studio.sketch_changed, timeout=20_000, check_params_cb=lambda sketch: sketch.finished):
        studio.open(str(checkpoint))
    yield studio
    studio.close()


@pytest.fixture
def window(checkpoint: Path, qtbot) -> Iterator[Window]:
    """A window, shown offscreen, on the checkpoint, with its first sketch drawn."""
    studio = Studio()
    window = Window(studio, LIGHT)
    qtbot.addWidget(window)
    with qtbot.waitSignal(studio.film_changed, timeout=20_000, check_params_cb=lambda film: film.finished):
        window.show()
        studio.open(str(checkpoint))
    qtbot.waitUntil(lambda: studio.sketch is not None and studio.sketch.finished, timeout=20_000)
    yield window
    window.close()
