"""How fast codes become drawings and drawings codes, beside the reference project's own loops.

    python benchmarks/generation.py --reference PATH [--data FOLDER] [--rounds N] [--json]

Both sides have the same sizes and the same decoder weights, use two threads and decode exactly 200
points: the output bias of the end of the sketch is so low that it is never drawn. Encoding is timed
apart. The two sides alternate, and the medians of the rounds are compared. The limit of decoding is
the time in which both threads can read the weights once a step: from where they stay between steps,
which is a large processor's cache (measured: a block of their size, read again and again); what main
memory alone would allow is printed beside it.
"""

import argparse
import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from measure import machine

from core.dataset import SketchDataset, load_dataset
from core.encoding import encode_dataset
from core.generation import SamplingConfig, SketchDecoder, prior_codes
from core.model import ModelConfig, SketchVAE
from core.sketch import START_TOKEN, stroke3_to_stroke5

POINTS, BATCH, TEMPERATURE, THREADS = 200, 64, 0.3, 2
ENCODED, REFERENCE_ENCODED, REFERENCE_BATCH = 5000, 500, 100
NEVER = -1e4


def open_reference(checkout: Path, ours: SketchVAE) -> Any:
    """Its model with attention, of our sizes (one head) and with our decoder's weights."""
    sys.path.insert(0, str(checkout))
    try:
        modules = importlib.import_module("model_attention")
    except ImportError as error:
        raise SystemExit(
            f"{checkout} is no checkout of SketchRNN-Pytorch-Attention that can be imported: {error}"
        ) from error
    finally:
        sys.path.remove(str(checkout))
    config = ours.config
    model = modules.SketchRNNAttention(config.encoder_hidden, config.decoder_hidden, config.latent, config.mixtures)
    theirs = modules.DecoderAttention(
        config.decoder_hidden, config.latent, config.mixtures, Ne=config.attention_dim, n_attention_heads=1
    )
    source, head = ours.decoder, theirs.attention_heads[0]
    pairs = [
        (theirs.fc_hc, source.initial_state),
        (theirs.decoder_rnn, source.lstm),
        (head.attention_query, source.attention.query),
        (head.attention_key, source.attention.key),
        (head.attention_value, source.attention.value),
    ]
    for target, origin in pairs:
        target.load_state_dict(origin.state_dict())
    with torch.no_grad():  # its pen logits come last
        theirs.fc_y.weight.copy_(source.output.weight.roll(-3, dims=0))
        theirs.fc_y.bias.copy_(source.output.bias.roll(-3))
    model.decoder = theirs.eval()
    model.encoder.eval()
    return model


def largest_difference(ours: SketchVAE, theirs: Any, drawing: np.ndarray, code: np.ndarray) -> float:
    """Between the outputs of the two decoders that are given one drawing."""
    points = np.vstack([START_TOKEN, stroke3_to_stroke5(drawing, len(drawing))[:-1]]).astype(np.float32)
    z, steps = torch.from_numpy(code[None]), torch.from_numpy(points)
    with torch.no_grad():
        raw = ours.decoder(z, steps[None])[0]
        state = [part[None].contiguous() for part in torch.tanh(theirs.fc_hc(z)).chunk(2, dim=-1)]
        context = theirs.compute_masked_attention_context(steps[:, None])
        inputs = torch.cat([steps[:, None], z.expand(len(steps), 1, -1), context], dim=2)
        other, _ = theirs.lstm_prediction(inputs, tuple(state))
    return float((raw.roll(-3, dims=1) - other[:, 0]).abs().max())


def sketches_to_encode(data: Path) -> SketchDataset:
    """As many owls and cats as are to be encoded, with replacement."""
    dataset = load_dataset([data / "quickdraw" / f"{name}.npz" for name in ("owl", "cat")], POINTS)
    chosen = np.random.default_rng(0).integers(len(dataset), size=ENCODED)
    starts = np.concatenate([[0], np.cumsum(dataset.lengths[chosen])])
    return SketchDataset(
        points=np.concatenate([dataset.stroke3(index) for index in chosen]),
        starts=starts,
        labels=dataset.labels[chosen],
        splits=dataset.splits[chosen],
        rows=dataset.rows[chosen],
        categories=dataset.categories,
        sources=dataset.sources,
        max_points=POINTS,
    )


def run_encoder(model: SketchVAE, dataset: SketchDataset) -> None:
    for _ in encode_dataset(model, dataset, 30.0, losses=False):
        pass


def bandwidth(size: int, rounds: int) -> float:
    """Bytes a second that all threads together read of one block of `size` bytes: the best of its sums."""
    block = torch.ones(size // 4)
    block.sum()
    return block.nbytes / min(seconds(block.sum) for _ in range(rounds))


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(sides: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Seconds of each of `sides`, which take turns; a first turn warms up."""
    for work in sides.values():
        work()
    taken = [{name: seconds(work) for name, work in sides.items()} for _ in range(rounds)]
    return {name: median(turn[name] for turn in taken) for name in sides}


def measure(reference: Path | None, data: Path, rounds: int) -> dict[str, Any]:
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    model = SketchVAE(ModelConfig()).eval()
    with torch.no_grad():
        model.decoder.output.bias[2] = NEVER
    decoder, config = SketchDecoder(model.decoder, 1.0), SamplingConfig(TEMPERATURE, POINTS)
    codes = prior_codes(range(BATCH), decoder.latent)
    dataset = sketches_to_encode(data)
    sides: dict[str, Callable[[], Any]] = {
        "single": lambda: decoder.decode(codes[:1], [0], config),
        "batch": lambda: decoder.decode(codes, range(BATCH), config),
        "encode": lambda: run_encoder(model, dataset),
    }
    record: dict[str, Any] = {"machine": f"{machine(torch.device('cpu'))}, {THREADS} threads", "rounds": rounds}
    if reference is not None:
        theirs = open_reference(reference, model)
        drawing = decoder.decode(codes[:1], [0], config)[0]
        record["largest_difference"] = largest_difference(model, theirs.decoder, drawing, codes[0])
        empty = torch.tensor([0.0, 0, 0, 0, 1]).expand(POINTS, 1, 5)
        padded = torch.tensor([0.0, 0, 0, 0, 1]).repeat(POINTS, REFERENCE_BATCH, 1)
        with torch.no_grad():
            record["reference_encoding_one"] = min(seconds(lambda: theirs.encoder(empty)) for _ in range(5))

        def encode() -> None:
            with torch.no_grad():
                for _ in range(REFERENCE_ENCODED // REFERENCE_BATCH):
                    theirs.encoder(padded)

        sides |= {"reference": lambda: theirs.reconstruct(empty, TEMPERATURE), "reference_encode": encode}
    taken = medians(sides, rounds)
    weights = 4 * sum(p.numel() for p in (model.decoder.lstm.weight_hh_l0, model.decoder.output.weight))
    record["bytes_a_step"] = weights
    record["bandwidth"] = bandwidth(weights, rounds=200)
    record["bandwidth_of_memory"] = bandwidth(512 << 20, rounds=5)
    record["seconds"] = taken
    record["fraction_of_limit"] = POINTS * weights / record["bandwidth"] / taken["single"]
    if reference is not None:
        # What it takes to encode is part of its reconstruct, and no part of decoding.
        loop = taken["reference"] - record["reference_encoding_one"]
        record["ratio_single"] = loop / taken["single"]
        record["ratio_batch"] = loop / (taken["batch"] / BATCH)
        record["ratio_encode"] = taken["reference_encode"] / REFERENCE_ENCODED / (taken["encode"] / ENCODED)
    return record


def show(record: dict[str, Any]) -> None:
    taken = record["seconds"]
    print(f"{record['machine']}; medians of {record['rounds']}; {POINTS} points a sketch")
    rows = [
        ("one sketch, ms", 1e3 * taken["single"], 1, "ratio_single"),
        (f"{BATCH} at once, ms a sketch", 1e3 * taken["batch"], BATCH, "ratio_batch"),
        (f"{ENCODED:,} encoded, ms a sketch", 1e3 * taken["encode"], ENCODED, "ratio_encode"),
    ]
    for name, ours, count, ratio in rows:
        line = f"{name:30} {ours / count:9.3f}"
        if ratio in record:
            theirs = record[ratio] * ours / count
            line += f"   reference {theirs:9.3f}   {record[ratio]:6.1f} times faster"
        print(line)
    print(
        f"{record['bytes_a_step'] / 1e6:.2f} MB of weights a step; a block of that size is read at "
        f"{record['bandwidth'] / 1e9:.1f} GB/s (512 MB of main memory at {record['bandwidth_of_memory'] / 1e9:.1f}): "
        f"one sketch runs at {record['fraction_of_limit']:.0%} of that limit"
    )
    if "largest_difference" in record:
        print(f"the two decoders' outputs differ by {record['largest_difference']:.1g} at most")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reference", type=Path, help="a checkout of SketchRNN-Pytorch-Attention")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    record = measure(arguments.reference, arguments.data, arguments.rounds)
    if arguments.json:
        print(json.dumps(record))
    else:
        show(record)
        if arguments.reference is None:
            print("our side alone: give --reference PATH to compare")


if __name__ == "__main__":
    main()
