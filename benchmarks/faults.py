"""Killed, on a full disk, in a read-only folder: what was last saved must open, and nothing half written may.

    python benchmarks/faults.py [--count 200] [--json]

Checkpoints, maps and layouts in the cache, sessions and a whole training are written over and over by a
process that is killed at random moments; then all is read again. As root, on Linux, they are also
written to a small file system that is full, and to one that is read-only.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from measure import machine, result_of

from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.dataset import load_dataset
from core.errors import SketchExplorerError
from core.mapping import AtlasCache, LayoutCache, build_atlas
from core.model import ModelConfig, SketchVAE
from core.projection import LayoutConfig
from tests.parametric import write_kind

ROOT = Path(__file__).parents[1]
LATENT = 8
LONGEST_LIFE_S = 0.25
"""Of a process that writes, after it has written once."""
FILE_SYSTEM_MB = 2


@cache
def small() -> Checkpoint:
    """A checkpoint with a map, quick to write."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        dataset = load_dataset([write_kind(Path(folder) / "face.npz", "face")])
    model = SketchVAE(ModelConfig(latent=LATENT, encoder_hidden=32, decoder_hidden=32, mixtures=2, attention_dim=4))
    scale = dataset.scale_factor()
    atlas = next(step.atlas for step in build_atlas(model, dataset, scale) if step.atlas is not None)
    return Checkpoint(model.config, model.state_dict(), scale, 200, dataset.categories, atlas=atlas)


# -- what is written, with a number that comes back when it is read -------------------------------


def write_checkpoint(folder: Path, number: int) -> None:
    save_checkpoint(replace(small(), figures={"number": number}), folder / "a.pt")


def read_checkpoint(folder: Path) -> int:
    return int(load_checkpoint(folder / "a.pt").figures["number"])


def write_map(folder: Path, number: int) -> None:
    atlas = small().atlas
    assert atlas is not None
    AtlasCache(folder).save("data", "model", atlas.moved(np.full_like(atlas.positions, number)))


def read_map(folder: Path) -> int:
    atlas = AtlasCache(folder).load("data", "model", LATENT)
    if atlas is None:
        raise SketchExplorerError("The map is not there.")
    return int(atlas.positions[0, 0])


def write_layout(folder: Path, number: int) -> None:
    atlas = small().atlas
    assert atlas is not None
    LayoutCache(folder).save(atlas.latents, LayoutConfig(), np.full_like(atlas.positions, number))


def read_layout(folder: Path) -> int:
    atlas = small().atlas
    assert atlas is not None
    positions = LayoutCache(folder).load(atlas.latents, LayoutConfig())
    if positions is None:
        raise SketchExplorerError("The layout is not there.")
    return int(positions[0, 0])


@cache
def _session():
    from explorer.opening import open_checkpoint
    from explorer.session import Session, Source
    from explorer.state import State

    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(small(), Path(folder) / "a.pt")
        opened = result_of(open_checkpoint(str(Path(folder) / "a.pt")))
    state = State(selected=np.zeros(len(opened.atlas), dtype=bool), expression="x" * 5000)
    return Session(Source("a.pt"), opened, state)


def write_session(folder: Path, number: int) -> None:
    from explorer import session

    made = _session()
    session.write_session(replace(made, state=replace(made.state, seed=number)), folder / "a.sketchspace")


def read_session(folder: Path) -> int:
    from explorer import session

    return session.read_state((folder / "a.sketchspace").read_bytes(), _session().opened).seed


@dataclass(frozen=True)
class Kind:
    """Something that is saved."""

    write: Callable[[Path, int], None]
    read: Callable[[Path], int]


KINDS = {
    "checkpoint": Kind(write_checkpoint, read_checkpoint),
    "map": Kind(write_map, read_map),
    "layout": Kind(write_layout, read_layout),
    "session": Kind(write_session, read_session),
}


def write_for_ever(kind: str, folder: Path, first: int) -> None:
    """In a process of its own: save number after number, and tell each that is saved."""
    number = first
    while True:
        KINDS[kind].write(folder, number)
        print(number, flush=True)
        number += 1


# -- killing --------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was found."""

    kills: int = 0
    lost: int = 0
    """Times that what was said to be saved was not there."""
    half_files: int = 0
    """Times that something could not be read."""

    def check(self, name: str, saved: int, read: Callable[[], int]) -> int:
        """Read back; what was read, which may be newer than the last that was told."""
        try:
            found = read()
        except Exception as error:  # noqa: BLE001 - whatever it is, it should have been readable
            self.half_files += 1
            print(f"{name}: {error}", file=sys.stderr)
            return saved
        if found < saved:
            self.lost += 1
            print(f"{name}: {saved} was saved, {found} is there", file=sys.stderr)
        return found


def kill_writers(name: str, count: int, moments: random.Random, tally: Tally) -> None:
    """Kill a process that saves, `count` times, and read what it saved."""
    with tempfile.TemporaryDirectory() as folder:
        saved = 0
        for _ in range(count):
            command = [sys.executable, __file__, "--write", name, folder, str(saved + 1)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
                assert child.stdout is not None
                saved = int(child.stdout.readline())
                time.sleep(moments.uniform(0, LONGEST_LIFE_S))
                child.kill()
                told = child.stdout.read().split("\n")[:-1]  # a number cut short is none
            saved = int(told[-1]) if told else saved
            tally.kills += 1
            saved = tally.check(name, saved, lambda: KINDS[name].read(Path(folder)))


def kill_trainings(count: int, moments: random.Random, tally: Tally) -> None:
    """Kill a training, resume it, kill it again: it never falls back, and its checkpoint always opens."""
    from trainer.files import read_resume_file

    with tempfile.TemporaryDirectory() as folder:
        data, out = write_kind(Path(folder) / "face.npz", "face"), Path(folder) / "face.pt"
        flags = ["--epochs", "100000", "--encoder-hidden", "16", "--decoder-hidden", "16", "--threads", "1", "--json"]
        step = 0
        for number in range(count):
            command = [sys.executable, "-m", "trainer", "--data", str(data), "--out", str(out), *flags]
            command += ["--resume"] if number else []
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
                assert child.stdout is not None
                any('"epoch"' in line for line in child.stdout)  # until the first epoch is told
                time.sleep(moments.uniform(0, LONGEST_LIFE_S))
                child.kill()
            tally.kills += 1
            step = tally.check("training", step, lambda: int(read_resume_file(out)["step"]))
            if out.exists():
                tally.check("training", 0, lambda: len(load_checkpoint(out).history))


# -- where nothing can be written ------------------------------------------------------------------


@contextlib.contextmanager
def small_file_system() -> Iterator[Path]:
    """A file system of FILE_SYSTEM_MB."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={FILE_SYSTEM_MB}m", "none", folder], check=True)
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no room in a file system."""
    path = folder / "filler"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as stream:
        while stream.write(bytes(1 << 12)):
            pass
    return path


def without_room(name: str, tally: Tally) -> None:
    """A full disk, then a read-only one, refuse in a sentence and keep what was there; with room it goes on."""
    kind = KINDS[name]
    with small_file_system() as folder:
        kind.write(folder, 1)
        filler = fill(folder)
        _refused(name, folder)
        tally.check(f"{name}, full disk", 1, lambda: kind.read(folder))
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        _refused(name, folder)
        tally.check(f"{name}, read-only", 1, lambda: kind.read(folder))
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)
        kind.write(folder, 2)
        tally.check(f"{name}, with room again", 2, lambda: kind.read(folder))


def _refused(name: str, folder: Path) -> None:
    try:
        KINDS[name].write(folder, 3)
    except SketchExplorerError as error:
        if "\n" in str(error):
            raise AssertionError(f"{name}: more than one line: {error}") from error
    else:
        raise AssertionError(f"{name}: it was written where nothing could be")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", nargs=3, metavar=("KIND", "FOLDER", "FIRST"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        kind, folder, first = options.write
        write_for_ever(kind, Path(folder), int(first))
    tally, moments = Tally(), random.Random(options.seed)
    each = -(-options.count // (len(KINDS) + 1))
    for name in KINDS:
        kill_writers(name, each, moments, tally)
    kill_trainings(each, moments, tally)
    room = sys.platform == "linux" and os.geteuid() == 0
    for name in KINDS if room else ():
        without_room(name, tally)
    result = {"kills": tally.kills, "lost": tally.lost, "half_files": tally.half_files, "no_room": len(KINDS) * room}
    if options.json:
        print(json.dumps(result))
    else:
        print(machine(torch.device("cpu")))
        for name, value in result.items():
            print(f"{name:12} {value}")
    raise SystemExit(1 if tally.lost or tally.half_files else 0)


if __name__ == "__main__":
    main()
