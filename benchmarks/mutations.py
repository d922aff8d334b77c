"""Ways to spoil a file, from flipped bits to archives rebuilt around changed members."""

import io
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

Rng = np.random.Generator
Change = Callable[[Rng, bytes, Sequence[bytes]], bytes]

NUMBERS = [0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1]
TOKENS = [b"NaN", b"-Infinity", b"1e999", b"-1", b"9" * 400, b"null", b"[]", b"{}", b'"', b"\x00", b"\xff\xfe", b"&a;"]
BOMB = 1 << 27
"""Bytes that a zip bomb unpacks to."""


class Payload:
    """Unpickled by Python, it would make a file."""

    def __init__(self, marker: str) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (self._marker, "w")


def flip_bits(rng: Rng, data: bytes, _others: Sequence[bytes]) -> bytes:
    changed = bytearray(data)
    for place in rng.integers(0, max(1, len(changed)), rng.integers(1, 9)):
        if changed:
            changed[place] ^= 1 << rng.integers(8)
    return bytes(changed)


def cut_short(rng: Rng, data: bytes, _others: Sequence[bytes]) -> bytes:
    return data[: rng.integers(0, len(data) + 1)]


def put_number(rng: Rng, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Overwrite some bytes with a number that may be a size."""
    width, order = rng.choice([1, 2, 4, 8]), rng.choice(["<", ">"])
    number = NUMBERS[rng.integers(len(NUMBERS))] & ((1 << 8 * int(width)) - 1)
    packed = struct.pack(f"{order}{ {1: 'B', 2: 'H', 4: 'I', 8: 'Q'}[int(width)] }", number)
    place = int(rng.integers(0, max(1, len(data) - width)))
    return data[:place] + packed + data[place + len(packed) :]


def put_token(rng: Rng, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Overwrite some bytes with a word that parsers may stumble over."""
    place, length = int(rng.integers(0, len(data) + 1)), int(rng.integers(0, 6))
    return data[:place] + TOKENS[rng.integers(len(TOKENS))] + data[place + length :]


def nest(rng: Rng, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Put something deeply nested somewhere."""
    opening = [b"[", b'{"a":', b"(", b"<g>", b"\x80\x02]("][rng.integers(5)]
    place = int(rng.integers(0, len(data) + 1))
    return data[:place] + opening * int(10 ** rng.integers(1, 6)) + data[place:]


def move_piece(rng: Rng, data: bytes, _others: Sequence[bytes]) -> bytes:
    """Repeat a piece elsewhere, or leave it out."""
    start, end = np.sort(rng.integers(0, len(data) + 1, 2)).tolist()
    place = int(rng.integers(0, len(data) + 1))
    return data[:place] + data[start:end] + data[place:] if rng.random() < 0.5 else data[:start] + data[end:]


def splice(rng: Rng, data: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of this file and the end of another."""
    other = others[rng.integers(len(others))]
    return data[: rng.integers(0, len(data) + 1)] + other[rng.integers(0, len(other) + 1) :]


PLAIN: tuple[Change, ...] = (flip_bits, cut_short, put_number, put_token, nest, move_piece, splice)


def inside_archive(rng: Rng, data: bytes, marker: str) -> bytes:
    """Change members of a zip archive and pack it anew, so that all checksums are right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
        stored = archive.infolist()[0].compress_type
    names = list(members)
    name = names[rng.integers(len(names))]
    match rng.integers(8):
        case 0:
            other = names[rng.integers(len(names))]
            members[name], members[other] = members[other], members[name]
        case 1:
            members[name] = _with_payload(rng, members[name], marker)
        case 2:
            del members[name]
        case 3 if rng.random() < 0.1:  # they take their time to pack
            members[name] = members[name][:128] + bytes(BOMB)
            stored = zipfile.ZIP_DEFLATED
        case _:
            change = PLAIN[rng.integers(len(PLAIN))]
            members[name] = change(rng, members[name], list(members.values()))
    return _zipped(members, stored)


def _with_payload(rng: Rng, member: bytes, marker: str) -> bytes:
    """A pickle that asks to run something, alone or where an array's objects were."""
    body = pickle.dumps([Payload(marker)], protocol=int(rng.integers(0, 5)))
    if member.startswith(b"\x93NUMPY") and rng.random() < 0.7:
        return member[: 10 + int.from_bytes(member[8:10], "little")] + body
    return body


def _zipped(members: Mapping[str, bytes], compression: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def odd_value(rng: Rng, value: Any) -> Any:
    """Something else than `value`, perhaps of the same kind."""
    if isinstance(value, torch.Tensor) and rng.random() < 0.7:
        return _odd_tensor(rng, value)
    if isinstance(value, str) and rng.random() < 0.5:
        return value + "\x00\ud7ff\n" if rng.random() < 0.5 else ""
    if isinstance(value, int | float) and rng.random() < 0.5:
        return [0, -1, 1, 3, 1 << 20, 1 << 62, -(1 << 62), 1e-320, 1e300, float("nan"), float("inf")][rng.integers(11)]
    return [None, True, -1, 0.5, float("nan"), "x", [], {}, [[]], {"x": 1}, torch.zeros(0)][rng.integers(11)]


def _odd_tensor(rng: Rng, tensor: torch.Tensor) -> torch.Tensor:
    changed = tensor.clone()
    match rng.integers(6):
        case 0:
            return changed.reshape(-1)
        case 1:
            return changed[: max(0, len(changed) - 1)] if changed.ndim else changed[None]
        case 2:
            return changed.to([torch.float64, torch.int64, torch.uint8, torch.bool, torch.float16][rng.integers(5)])
        case 3:
            return changed[:1].expand(*changed.shape) if changed.ndim else changed
        case _:
            flat = changed.reshape(-1)
            if flat.numel():
                odd = [float("nan"), float("inf"), -1, 255, 1 << 30][rng.integers(5)]
                flat[rng.integers(flat.numel())] = odd if changed.is_floating_point() else min(abs(int(1e9)), 255)
            return flat.reshape(changed.shape)


def change_leaf(rng: Rng, content: dict[str, Any]) -> None:
    """Replace one value somewhere in nested dictionaries and lists, or take it out."""
    place: Any = content
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = list(keys)[rng.integers(len(keys))]
        inner = place[key]
        if isinstance(inner, dict | list) and len(inner) and rng.random() < 0.9:
            place = inner
            continue
        if isinstance(place, dict) and rng.random() < 0.15:
            del place[key]
        else:
            place[key] = odd_value(rng, inner)
        return
