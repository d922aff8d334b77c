"""What the benchmarks share: what they ran on, and the end of long work."""

import os
import platform
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import torch

from core.device import multiplies_bfloat16

Result = TypeVar("Result")


def result_of(generator: Generator[Any, None, Result]) -> Result:
    """What a generator returns, whatever it yields before."""
    while True:
        try:
            next(generator)
        except StopIteration as finished:
            return finished.value


def machine(device: torch.device) -> str:
    """The device, its threads and the version of torch, in one line."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, torch {torch.__version__}"
    bfloat16 = "with" if multiplies_bfloat16() else "without"
    return f"{_processor()}, {os.cpu_count()} cores, {bfloat16} bfloat16, torch {torch.__version__}"


def _processor() -> str:
    """The CPU's name; Python knows it only on some systems."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def peak_megabytes(device: torch.device) -> float:
    """The most memory this process has had: the GPU's on a GPU, else of the system's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, kilobytes elsewhere
