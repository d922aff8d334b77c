"""The program as it is started: flags, no screen, pictures, errors in words."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from core.mapping import AtlasCache
from explorer.opening import open_checkpoint
from tests.generators import finish, result_of
from tests.parametric import write_kind

ROOT = Path(__file__).parents[2]


def start(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the program in `folder` on a machine without a screen."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    environment |= {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder)}
    command = [sys.executable, "-m", "explorer", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def test_a_screenshot_shows_the_window(checkpoint, tmp_path):
    done = start("--checkpoint", str(checkpoint), "--screenshot", "map.png", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    image = QImage(str(tmp_path / "map.png"))
    assert image.width() >= 1000
    assert image.height() >= 600


def test_without_a_screen_it_says_so_and_ends_well(checkpoint, tmp_path):
    done = start("--checkpoint", str(checkpoint), folder=tmp_path)
    assert done.returncode == 0
    assert "no screen" in done.stdout
    assert not QImage(str(tmp_path / "sketch-explorer.png")).isNull()


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "not a checkpoint"), (b"PK\x03\x04junk", "not a checkpoint"), (None, "does not exist")]
)
def test_a_bad_checkpoint_is_one_sentence(tmp_path, content, words):
    if content is not None:
        (tmp_path / "bad.pt").write_bytes(content)
    done = start("--checkpoint", "bad.pt", "--screenshot", "map.png", folder=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_data_is_encoded_once_and_then_kept(checkpoint, tmp_path):
    """The second opening takes the atlas from the cache: no stage of encoding is reported.

    Three drawings are too few for UMAP, whose half minute of compiling other tests spend.
    """
    bird = write_kind(tmp_path / "bird.npz", "face", (2, 1, 0))

    def open_fully() -> tuple[list[str], object]:
        steps, opened = finish(open_checkpoint(str(checkpoint), [bird], cache=tmp_path / "cache"))
        return [step.stage for step in steps], opened

    first_stages, first = open_fully()
    second_stages, second = open_fully()
    assert "encoding drawings" in first_stages
    assert "encoding drawings" not in second_stages
    assert (first.atlas.positions == second.atlas.positions).all()
    assert first.atlas.categories == ("bird",)


def test_a_damaged_cache_is_a_cache_miss(checkpoint, drawings, tmp_path):
    cache = AtlasCache(tmp_path)
    cache.save("data", "checkpoint", result_of(open_checkpoint(str(checkpoint))).atlas)
    assert cache.load("data", "checkpoint", 8) is not None
    [file] = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    assert cache.load("data", "checkpoint", 8) is None


def test_a_missing_system_library_is_answered_in_words(tmp_path):
    """As on a fresh Debian, where importing Qt's widgets fails for want of libEGL."""
    (tmp_path / "PySide6").mkdir()
    (tmp_path / "PySide6" / "__init__.py").write_text("")
    failure = "libEGL.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "PySide6" / "QtWidgets.py").write_text(f"raise ImportError({failure!r})")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    command = [sys.executable, "-m", "explorer"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "libEGL.so.1" in done.stderr
    assert "sudo apt install" in done.stderr
    assert "libegl1" in done.stderr
    assert "Traceback" not in done.stderr
