"""Spoiled files and what becomes of them: each must end in a value or in one clear sentence.

    python benchmarks/robustness.py [--seed 0] [--count 20000] [--data ../shared/data] [--json]

Small real files of every format are changed at random, half of the archives inside their members and
packed anew, and read in processes of their own. A trial fails if it ends in any other exception, in a
message of more than one line, in more than 5 seconds or 1 GB, or if anything but reading was done.
"""

import argparse
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from measure import machine, result_of
from mutations import PLAIN, change_leaf, inside_archive
from samples import Sample, make_samples

MOST_SECONDS = 5.0
"""Of the processor's time, which a busy machine does not lengthen."""
HANGS_S = 60
"""Of the clock's."""
MOST_MEGABYTES = 1000.0
FORBIDDEN = ("subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "socket.connect", "os.remove")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Outcome:
    """What became of a trial."""

    verdict: str
    """accepted, refused or failed."""
    words: str
    seconds: float
    megabytes: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--keep", type=Path, help="a folder for the files that failed")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        samples = make_samples(options.data, Path(folder))
        result = run(samples, options.seed, options.count, Path(folder), options.keep, quiet=options.json)
    if options.json:
        print(json.dumps(result))
    else:
        print(machine(torch.device("cpu")))
        for name, value in result.items():
            print(f"{name:12} {value}")
    raise SystemExit(1 if result["failed"] else 0)


# -- spoiling them --------------------------------------------------------------------------------


def spoil(rng: np.random.Generator, sample: Sample, samples: list[Sample], marker: str) -> bytes:
    """`sample`, changed in a random way; half of the archives are changed inside."""
    if sample.kind == "checkpoint" and rng.random() < 0.5:
        return _with_right_digest(rng, sample.content)
    if sample.name == "prepared npz" and rng.random() < 0.3:
        return _prepared_anew(rng, sample.content, Path(marker).parent)
    if sample.kind == "session" and rng.random() < 0.7:
        content = json.loads(sample.content)
        change_leaf(rng, content)
        return json.dumps(content, default=str).encode()
    if sample.content.startswith(b"PK") and rng.random() < 0.5:
        return inside_archive(rng, sample.content, marker)
    data = sample.content
    for _ in range(rng.choice([1, 1, 2, 3])):
        data = PLAIN[rng.integers(len(PLAIN))](rng, data, [other.content for other in samples])
    return data


def _with_right_digest(rng: np.random.Generator, data: bytes) -> bytes:
    """A checkpoint with another value somewhere and the digest that belongs to it; or somebody else's file."""
    from core.checkpoint import content_digest

    payload = torch.load(io.BytesIO(data), weights_only=True)
    change_leaf(rng, payload["content"])
    if rng.random() < 0.05:
        payload = [torch.zeros(3), {"state_dict": payload["content"]}, [1, 2], None][rng.integers(4)]
    else:
        try:
            payload["sha256"] = content_digest(payload["content"])
        except (TypeError, RuntimeError):
            payload["sha256"] = "0" * 64
    stream = io.BytesIO()
    torch.save(payload, stream)
    return stream.getvalue()


def _prepared_anew(rng: np.random.Generator, data: bytes, folder: Path) -> bytes:
    """A prepared file with other numbers in a column and the digest that belongs to them."""
    from core.readers.prepared_npz import COLUMNS, columns_digest, read_prepared, write_prepared

    path, anew = folder / "prepared", folder / "anew.npz"
    path.write_bytes(data)
    columns = read_prepared(path)  # maps of the file
    name = list(COLUMNS)[rng.integers(len(COLUMNS))]
    column = np.array(columns[name])
    limits = np.iinfo(column.dtype)
    column.reshape(-1)[rng.integers(column.size)] = rng.choice([0, 1, 2, limits.max, limits.min])
    columns[name] = column if rng.random() < 0.8 else column[: rng.integers(len(column))]
    columns["digest"] = columns_digest(columns)
    write_prepared(anew, columns)
    return anew.read_bytes()


# -- reading them --------------------------------------------------------------------------------


def read_drawings(path: Path, _opened: Any) -> None:
    from core.readers import open_sketches

    for record in open_sketches(path):
        if record.stroke3.dtype != np.int16 or record.stroke3.ndim != 2 or record.stroke3.shape[1] != 3:
            raise AssertionError(f"a drawing of {record.stroke3.dtype} {record.stroke3.shape}")


def read_checkpoint(path: Path, _opened: Any) -> None:
    from core.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(path)
    checkpoint.build_model()
    if checkpoint.atlas is not None and not np.isfinite(checkpoint.atlas.latents).all():
        raise AssertionError("an atlas that is not finite")


def read_expression(path: Path, opened: Any) -> None:
    from core.expression import CodeSpace, evaluate

    atlas = opened.atlas
    space = CodeSpace(opened.navigator, {"a": atlas.latents[2]}, {"cat": atlas.latents[0], "pig": atlas.latents[1]})
    answer = evaluate(path.read_text("utf-8", "replace"), space)
    if not np.isfinite(answer.value).all():
        raise AssertionError("a value that is not finite")


def read_session(path: Path, opened: Any) -> None:
    from explorer.session import read_state

    read_state(path.read_bytes(), opened)


READERS: dict[str, Callable[[Path, Any], None]] = {
    "drawings": read_drawings,
    "checkpoint": read_checkpoint,
    "session": read_session,
    "expression": read_expression,
}


def serve(connection: Connection, checkpoint: Path) -> None:
    """In a process of its own: read what is asked for and say how it went."""
    from core.errors import SketchExplorerError
    from explorer.opening import open_checkpoint

    opened = result_of(open_checkpoint(str(checkpoint)))
    misdeeds: list[str] = []
    _watch(misdeeds)
    while True:
        kind, path = connection.recv()
        _forget_peak()
        misdeeds.clear()
        before, started = _peak_megabytes(), time.process_time()
        try:
            READERS[kind](path, opened)
            verdict, words = "accepted", ""
        except SketchExplorerError as error:
            words = str(error)
            clear = words.endswith((".", "?")) and "\n" not in words and len(words) < 600
            verdict = "refused" if clear else "failed"
        except BaseException:  # noqa: BLE001 - that is what is looked for
            verdict, words = "failed", traceback.format_exc()
        seconds = time.process_time() - started
        if misdeeds:
            verdict, words = "failed", f"it did {misdeeds[0]}"
        connection.send(Outcome(verdict, words, seconds, _peak_megabytes() - before))


def _watch(misdeeds: list[str]) -> None:
    """Note what no reader should do, by Python's audit events."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if writes or event.startswith(FORBIDDEN):
            misdeeds.append(f"{event} {arguments!r}"[:200])

    sys.addaudithook(hook)


def _forget_peak() -> None:
    fd = os.open("/proc/self/clear_refs", os.O_WRONLY)
    os.write(fd, b"5")
    os.close(fd)


def _peak_megabytes() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class Reader:
    """A process that reads, replaced when it hangs or dies."""

    def __init__(self, checkpoint: Path) -> None:
        self._checkpoint = checkpoint
        self._start()

    def _start(self) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=serve, args=(theirs, self._checkpoint), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, kind: str, path: Path) -> Outcome:
        self._ours.send((kind, path))
        try:
            if self._ours.poll(HANGS_S):
                return self._ours.recv()
            words = "it took too long"
        except (EOFError, OSError):
            words = "the process died"
        self.stop()
        self._start()
        return Outcome("failed", words, HANGS_S, 0.0)

    def stop(self) -> None:
        self._process.kill()
        self._process.join()


def trials(samples: list[Sample], seed: int, count: int, marker: str) -> Iterator[tuple[Sample, bytes]]:
    for number in range(count):
        sample = samples[number % len(samples)]
        yield sample, spoil(np.random.default_rng([seed, number]), sample, samples, marker)


def run(
    samples: list[Sample], seed: int, count: int, folder: Path, keep: Path | None, *, quiet: bool
) -> dict[str, float]:
    """Try `count` spoiled files; the figures."""
    marker, path = folder / "ran", folder / "spoiled"
    reader = Reader(folder / "small.pt")
    verdicts: Counter[tuple[str, str]] = Counter()
    slowest = largest = 0.0
    for number, (sample, content) in enumerate(trials(samples, seed, count, str(marker))):
        path.write_bytes(content)
        outcome = reader.read(sample.kind, path)
        verdict, words = outcome.verdict, outcome.words
        if marker.exists():
            verdict, words = "failed", "it ran the payload"
            marker.unlink()
        elif verdict != "failed" and (outcome.seconds > MOST_SECONDS or outcome.megabytes > MOST_MEGABYTES):
            verdict, words = "failed", f"{outcome.seconds:.1f} s, {outcome.megabytes:.0f} MB"
        slowest, largest = max(slowest, outcome.seconds), max(largest, outcome.megabytes)
        verdicts[sample.name, verdict] += 1
        if verdict == "failed":
            print(f"trial {number} ({sample.name}): {words}", file=sys.stderr)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{number}.{sample.name.replace(' ', '.')}").write_bytes(content)
    reader.stop()
    if not quiet:
        print(f"{'':14} {'accepted':>9} {'refused':>9} {'failed':>9}")
        for sample in samples:
            row = (verdicts[sample.name, verdict] for verdict in ("accepted", "refused", "failed"))
            print(f"{sample.name:14}", *(f"{each:>9,}" for each in row))
    totals = {
        verdict: sum(n for (_, kind), n in verdicts.items() if kind == verdict)
        for verdict in ("accepted", "refused", "failed")
    }
    return {"tried": count, **totals, "slowest_s": round(slowest, 3), "largest_mb": round(largest, 1)}


if __name__ == "__main__":
    main()
