"""Coverage-guided fuzzing of one reader: inputs that reach new lines of it are kept and changed further.

    pip install atheris
    python benchmarks/fuzz.py npz|bin|checkpoint [--seconds 1200] [--data ../shared/data] [--corpus FOLDER]

Ends with an error and the input's file name at the first thing that is neither a value nor a named error;
atheris (https://github.com/google/atheris) prints how far it got.
"""

import argparse
import io
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import atheris
import numpy as np  # noqa: F401 - what is imported before the next block is not instrumented

with atheris.instrument_imports(include=["core"]):
    import core.checkpoint
    import core.readers

from robustness import READERS
from samples import make_samples
from torch._weights_only_unpickler import Unpickler

from core.errors import SketchExplorerError

TARGETS = {"npz": "train.npy", "bin": None, "checkpoint": "data.pkl"}
"""Of an archive, the member that is fuzzed: it is packed anew each time, so that its checksum is right."""
SLOWEST_S = 600
"""Of wall time: a busy machine may keep one input waiting that takes a millisecond."""
LARGEST_MB = 2048
"""Of the whole process, torch's code included."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=1200)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--corpus", type=Path, help="a folder that keeps the inputs worth keeping")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = options.corpus or Path(folder) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        [sample] = [each for each in make_samples(options.data, Path(folder)) if each.name == options.target]
        ending = TARGETS[options.target]
        members = {} if ending is None else _members(sample.content)
        member = next((name for name in members if name.endswith(str(ending))), None)
        (corpus / "real").write_bytes(sample.content if member is None else members[member])
        path, read = Path(folder) / "input", READERS[sample.kind]
        _look_inside()

        def one(data: bytes) -> None:
            path.write_bytes(data if member is None else _packed({**members, member: data}))
            try:
                read(path, None)
            except SketchExplorerError as error:
                if "\n" in str(error):
                    raise AssertionError(f"a message of several lines: {error}") from error

        limits = [f"-max_total_time={options.seconds}", f"-timeout={SLOWEST_S}", f"-rss_limit_mb={LARGEST_MB}"]
        atheris.Setup([sys.argv[0], str(corpus), *limits, "-max_len=20000", "-print_final_stats=1"], one)
        atheris.Fuzz()


class _AnyDigest:
    """Equal to all."""

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = None


def _look_inside() -> None:
    """Let coverage see torch's unpickler, and let through what is behind the checkpoint's own digest."""
    Unpickler.load = atheris.instrument_func(Unpickler.load)
    core.checkpoint._try_digest = lambda _content: _AnyDigest()


def _members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {info.filename: opened.read(info) for info in opened.infolist()}


def _packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


if __name__ == "__main__":
    main()
