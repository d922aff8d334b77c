"""Neighbours and ways through the data: how long they take, and how near to drawings the ways stay.

    python benchmarks/navigation.py [--index]

The latents are the atlas's; larger numbers of them are made by repeating these with some noise.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from measure import machine
from numpy.typing import NDArray

from core.checkpoint import load_checkpoint
from core.errors import SketchExplorerError
from core.interpolation import path
from core.navigation import Navigator
from core.neighbours import NeighbourGraph, NeighbourSearch, build_graph

Floats = NDArray[np.float32]
SIZES = (27_710, 254_703, 1_000_000)
PAIRS = 20
FRAMES = 21


def enlarged(latents: Floats, count: int) -> Floats:
    """`count` codes that lie as the given ones do."""
    rng = np.random.default_rng(0)
    codes = np.resize(latents, (count, latents.shape[1]))
    codes[len(latents) :] += 0.3 * rng.standard_normal((max(0, count - len(latents)), codes.shape[1]), dtype=np.float32)
    return codes


def milliseconds(work: Callable[..., Any], *arguments: Any) -> float:
    """Median of seven."""
    times = []
    for _ in range(7):
        began = time.perf_counter()
        work(*arguments)
        times.append(time.perf_counter() - began)
    return 1e3 * median(times)


def built(building: Generator[float, None, NeighbourGraph]) -> tuple[NeighbourGraph, float, float]:
    """The graph, the seconds it took, and the longest step in milliseconds."""
    began, longest = time.perf_counter(), 0.0
    while True:
        step = time.perf_counter()
        try:
            next(building)
        except StopIteration as end:
            return end.value, time.perf_counter() - began, 1e3 * max(longest, time.perf_counter() - step)
        longest = max(longest, time.perf_counter() - step)


def ways(navigator: Navigator, graph: NeighbourGraph) -> dict[str, float]:
    """Between random drawings: milliseconds a route, and how far frames are from the nearest drawing."""
    latents = navigator.atlas.latents
    pairs = np.random.default_rng(0).choice(graph.members, (PAIRS, 2))
    straight, through, times = [], [], []
    for i, j in pairs.tolist():
        began = time.perf_counter()
        codes = navigator.path_through_data(graph, [latents[i], latents[j]], FRAMES)
        times.append(time.perf_counter() - began)
        through += [navigator.place(code).distance for code in codes]
        straight += [navigator.place(code).distance for code in path([latents[i], latents[j]], FRAMES)]
    return {
        "path_ms": 1e3 * median(times),
        "straight_median": float(np.median(straight)),
        "straight_largest": max(straight),
        "through_median": float(np.median(through)),
        "through_largest": max(through),
    }


def index_seconds(latents: Floats) -> dict[str, float]:
    """pynndescent, which comes with umap-learn: seconds to be ready, ms a query, share of true neighbours found."""
    began = time.perf_counter()
    from pynndescent import NNDescent

    index = NNDescent(latents, n_neighbors=15, random_state=0)
    index.prepare()
    queries = latents[:100] + np.float32(0.1)
    index.query(queries[:1], k=8)
    ready = time.perf_counter() - began
    found = index.query(queries, k=8)[0]
    exact = NeighbourSearch(latents).nearest(queries, 8)[0]
    recall = np.mean([len(set(one) & set(other)) / 8 for one, other in zip(found, exact, strict=True)])
    return {"ready_s": ready, "query_ms": milliseconds(index.query, queries[:1], 8), "recall": float(recall)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=Path("resources/animals.pt"))
    parser.add_argument("--index", action="store_true", help="time an approximate index, too, at the second size")
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="not needed: an atlas has its latents"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        atlas = load_checkpoint(options.checkpoint).atlas
    except SketchExplorerError as error:
        print(error, file=sys.stderr)
        return 1
    if atlas is None:
        print(f"{options.checkpoint} has no map.", file=sys.stderr)
        return 1
    report: dict[str, Any] = {"machine": machine(torch.device("cpu")), "nearest_ms": {}, "nearest_of_ten_ms": {}}
    for size in SIZES:
        latents = enlarged(atlas.latents, size)
        search, queries = NeighbourSearch(latents), latents[:10] + np.float32(0.1)
        report["nearest_ms"][size] = milliseconds(search.nearest, queries[0], 8)
        report["nearest_of_ten_ms"][size] = milliseconds(search.nearest, queries, 8)
        if options.index and size == SIZES[1]:
            report["index"] = index_seconds(latents)
    graph, seconds, longest = built(build_graph(atlas.latents))
    report["graph"] = {"members": len(graph.members), "seconds": seconds, "longest_step_ms": longest}
    report["graph"]["mb"] = 12 * graph.edges.nnz / 2**20
    report["ways"] = ways(Navigator(atlas), graph)
    if options.json:
        print(json.dumps(report))
        return 0
    for name, value in report.items():
        entries = value.items() if isinstance(value, dict) else [("", value)]
        for key, entry in entries:
            print(f"{name:<20}{key!s:<20}{entry if isinstance(entry, str) else f'{entry:,.2f}'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
