"""All categories as one dataset: how fast it is prepared, how fast it opens, and what memory that takes.

    python benchmarks/store.py [--data ../shared/data] [--repeat 5] [--json]

Reads every sketch-rnn file of DATA/quickdraw and writes one prepared file; opens it in new processes.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from core.dataset import load_dataset
from core.store import save_dataset

OPEN = """
import sys, time, json
from pathlib import Path
import numpy as np
from core.dataset import load_dataset

def private_mb():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024

before = private_mb() if Path("/proc/self/smaps_rollup").exists() else float("nan")
started = time.perf_counter()
dataset = load_dataset([Path(sys.argv[1])])
opened = time.perf_counter() - started
after = private_mb() if Path("/proc/self/smaps_rollup").exists() else float("nan")
print(json.dumps({"open_s": opened, "private_mb": after, "before_mb": before, "drawings": len(dataset)}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.npz"
        rates = [prepare(options.data / "quickdraw", path) for _ in range(options.repeat)]
        opened = [open_in_a_new_process(path) for _ in range(options.repeat)]
        result = {
            "prepare_per_second": round(statistics.median(rates)),
            "open_s": round(statistics.median(run["open_s"] for run in opened), 3),
            "private_mb": round(statistics.median(run["private_mb"] for run in opened), 1),
            "private_mb_before": round(statistics.median(run["before_mb"] for run in opened), 1),
            "drawings": opened[0]["drawings"],
            "file_mb": round(path.stat().st_size / 1e6, 1),
        }
    if options.json:
        print(json.dumps(result))
        return
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}")
    print(f"median of {options.repeat}; private memory is of the whole process, PyTorch included")
    for name, value in result.items():
        print(f"{name:20} {value:>12,}")


def prepare(folder: Path, path: Path) -> float:
    """Drawings read, checked and written in a second."""
    started = time.perf_counter()
    dataset = load_dataset([folder])
    save_dataset(dataset, path)
    return (len(dataset) + dataset.too_long + dataset.empty) / (time.perf_counter() - started)


def open_in_a_new_process(path: Path) -> dict[str, float]:
    command = [sys.executable, "-c", OPEN, str(path)]
    root = Path(__file__).parents[1]
    return json.loads(subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    main()
