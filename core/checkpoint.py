"""The `.pt` file: read without running anything, checked against its digest, written atomically.

One dictionary of tensors and plain values, loaded with `weights_only=True`. A SHA-256 over all
contents is stored beside them, since torch alone loads a flipped bit in silence, and every field is
validated before a model is built.
"""

import contextlib
import hashlib
import math
import os
import pickle
import reprlib
import uuid
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.atlas import Atlas, is_name
from core.errors import CheckpointError, ConfigError
from core.model import ModelConfig, SketchVAE

# What torch says of some damaged files before it refuses them; the refusal is what counts.
warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning, r"torch\.serialization")

FORMAT = "sketch-explorer checkpoint"
VERSION = 1


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Everything needed to draw, and, with an atlas, to show a map."""

    model_config: ModelConfig
    weights: dict[str, Tensor]
    """The model's state dict; half precision on disk, float32 once read."""
    scale: float
    """Standard deviation of all training offsets: what offsets are divided by."""
    max_points: int
    """N_max."""
    categories: tuple[str, ...]
    training: dict[str, Any] = field(default_factory=dict)
    """The training settings."""
    history: list[dict[str, float]] = field(default_factory=list)
    """One entry per validation."""
    figures: dict[str, float] = field(default_factory=dict)
    """Measured losses and counts."""
    atlas: Atlas | None = None
    digest: str = ""
    """SHA-256 of the contents, set on reading and by `save_checkpoint`."""

    def build_model(self, device: torch.device | str = "cpu") -> SketchVAE:
        """The model, ready to evaluate. Raises CheckpointError if the weights do not fit it."""
        model = _shapes_only(self.model_config)
        try:
            model.load_state_dict({name: tensor.clone() for name, tensor in self.weights.items()}, assign=True)
        except RuntimeError as error:
            raise CheckpointError("The checkpoint's weights do not fit the model it describes.") from error
        return model.to(device).eval()


def save_checkpoint(checkpoint: Checkpoint, path: Path) -> str:
    """Write `path` whole or not at all and return the digest. Raises CheckpointError."""
    content: dict[str, Any] = {
        "model_config": checkpoint.model_config.to_dict(),
        "weights": {name: tensor.detach().cpu().half() for name, tensor in checkpoint.weights.items()},
        "scale": float(checkpoint.scale),
        "max_points": int(checkpoint.max_points),
        "categories": list(checkpoint.categories),
        "training": _plain(checkpoint.training),
        "history": _plain(checkpoint.history),
        "figures": _plain(checkpoint.figures),
        "atlas": None if checkpoint.atlas is None else checkpoint.atlas.to_dict(),
    }
    digest = content_digest(content)
    try:
        _validated(content, digest)  # what could not be read again is not written
    except (CheckpointError, ConfigError) as error:
        raise CheckpointError(f"{path} was not written: {str(error).rstrip('.')}.") from error
    payload = {"format": FORMAT, "version": VERSION, "sha256": digest, "content": content}
    write_atomically(path, lambda temporary: torch.save(payload, temporary))
    return digest


def _plain(value: Any) -> Any:
    """Without NumPy's numbers and subclasses such as torch's version, which could not be loaded again."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return str(value) if isinstance(value, str) else value


def load_checkpoint(path: Path) -> Checkpoint:
    """Read and validate a checkpoint. Raises CheckpointError with one sentence that names the file."""
    payload = load_tensors(path)
    if payload.get("format") != FORMAT:
        raise CheckpointError(f"{path} is a PyTorch file, but not a Sketch Explorer checkpoint.")
    if payload.get("version") != VERSION:
        raise CheckpointError(
            f"{path} was made by another version of Sketch Explorer; this one reads version {VERSION}."
        )
    content, digest = whole_content(payload, path)
    try:
        return _validated(content, digest)
    except (CheckpointError, ConfigError) as error:
        raise CheckpointError(f"{path} cannot be used: {str(error).rstrip('.')}.") from error


def whole_content(payload: dict[str, Any], path: Path) -> tuple[dict[str, Any], str]:
    """What a file holds beside its kind, and the digest of that. Raises CheckpointError if that is another now."""
    content, digest = payload.get("content"), payload.get("sha256")
    if not isinstance(content, dict) or not isinstance(digest, str) or digest != _try_digest(content):
        raise CheckpointError(
            f"{path} is damaged: its contents do not match their checksum. Copy or download it again."
        )
    return content, digest


def load_tensors(path: Path) -> dict[str, Any]:
    """A dictionary of tensors and plain values from a file of torch.save; never runs code from it.

    Raises CheckpointError if it is anything else, or would take more memory than the file is long.
    """
    try:
        with path.open("rb") as stream:  # opened once: another process may put a new file there meanwhile
            size = os.fstat(stream.fileno()).st_size
            with zipfile.ZipFile(stream) as archive:
                oversized = sum(info.file_size for info in archive.infolist()) > size
            stream.seek(0)
            payload = None if oversized else torch.load(stream, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist.") from error
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} is not a checkpoint, or holds more than tensors and plain values.") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Exception as error:  # a damaged file raises nearly anything
        raise CheckpointError(f"{path} is not a checkpoint, or is damaged.") from error
    # torch.save does not compress: more than the file holds is a trick, such as a tensor of stride 0.
    if oversized or _claims_more(payload, size):
        raise CheckpointError(f"{path} is not a checkpoint: it claims more memory than it is long.")
    if not isinstance(payload, dict):
        raise CheckpointError(f"{path} is a PyTorch file, but not a Sketch Explorer checkpoint.")
    return payload


def _claims_more(payload: Any, size: int) -> bool:
    """Whether the tensors inside take more than `size` bytes, or its lists have more entries than that."""
    claimed, entries, waiting = 0, 0, [payload]
    while waiting and max(claimed, entries) <= size:
        value = waiting.pop()
        if isinstance(value, Tensor):
            claimed += value.numel() * value.element_size()
        elif isinstance(value, dict | list | tuple):
            entries += len(value)
            if entries <= size:
                waiting.extend(value.values() if isinstance(value, dict) else value)
    return max(claimed, entries) > size


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it over `path`.

    A reader sees the old file or the new one, never half of one. Raises CheckpointError.
    """
    # Not by tempfile.mkstemp, whose files only their owner may read.
    temporary = path.parent / f".{path.name}.{uuid.uuid4().hex}.part"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch.save reports a full disk as RuntimeError
        strerror = error.strerror if isinstance(error, OSError) else None
        reason = strerror or str(error).partition("\n")[0] or type(error).__name__
        raise CheckpointError(f"{path} could not be written ({reason}); what was there before is unchanged.") from error
    finally:
        with contextlib.suppress(OSError):  # gone already, if all went well
            temporary.unlink()


def content_digest(value: Any) -> str:
    """SHA-256 of nested dictionaries, lists, tensors and plain values, independent of key order."""
    sha = hashlib.sha256()
    _feed(sha.update, value)
    return sha.hexdigest()


def _feed(update: Callable[[bytes], None], value: Any) -> None:
    if isinstance(value, dict):
        update(b"{")
        for key in sorted(value):
            _feed(update, key)
            _feed(update, value[key])
        update(b"}")
    elif isinstance(value, list | tuple):
        update(b"[")
        for item in value:
            _feed(update, item)
        update(b"]")
    elif isinstance(value, Tensor):
        update(f"tensor {value.dtype} {tuple(value.shape)} ".encode())
        update(value.detach().cpu().contiguous().numpy().tobytes())
    elif value is None or type(value) in (bool, int, float, str):
        update(f"{type(value).__name__} {value!r} ".encode())
    else:
        raise TypeError(f"a checkpoint cannot hold a {type(value).__name__}")


def _try_digest(content: dict[str, Any]) -> str | None:
    try:
        return content_digest(content)
    except (TypeError, RuntimeError):  # what torch.load admits, but no checkpoint holds
        return None


def _validated(content: dict[str, Any], digest: str) -> Checkpoint:
    def take(name: str, kind: type | tuple[type, ...]) -> Any:
        value = content.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise CheckpointError(f"it has no usable {name.replace('_', ' ')}")
        return value

    config = ModelConfig.from_dict(take("model_config", dict))
    expected = {name: tensor.shape for name, tensor in _shapes_only(config).state_dict().items()}
    weights = take("weights", dict)
    if {name: getattr(tensor, "shape", None) for name, tensor in weights.items()} != expected:
        raise CheckpointError("its weights do not fit the model it describes")
    if not all(tensor.is_floating_point() and torch.isfinite(tensor).all() for tensor in weights.values()):
        raise CheckpointError("its weights are not finite numbers")
    scale, max_points = take("scale", float), take("max_points", int)
    if not (math.isfinite(scale) and scale > 0):
        raise CheckpointError(f"its scale factor is {scale}")
    if not 1 <= max_points <= 10_000:
        raise CheckpointError(f"its N_max is {reprlib.repr(max_points)}")
    categories = take("categories", list)
    if not categories or not all(map(is_name, categories)):
        raise CheckpointError("it names no categories, or not in text")
    history, figures = take("history", list), take("figures", dict)
    if not all(isinstance(entry, dict) and _all_numbers(entry) for entry in history) or not _all_numbers(figures):
        raise CheckpointError("its history or its figures are not numbers")
    atlas = content.get("atlas")
    if atlas is not None and not isinstance(atlas, dict):
        raise CheckpointError("it has no usable atlas")
    return Checkpoint(
        model_config=config,
        weights={name: tensor.float() for name, tensor in weights.items()},
        scale=scale,
        max_points=max_points,
        categories=tuple(categories),
        training=take("training", dict),
        history=history,
        figures=figures,
        atlas=None if atlas is None else Atlas.from_dict(atlas, config.latent),
        digest=digest,
    )


def _all_numbers(values: dict[Any, Any]) -> bool:
    return all(isinstance(name, str) and type(value) in (int, float) for name, value in values.items())


def _shapes_only(config: ModelConfig) -> SketchVAE:
    """A model without memory, and without the seconds that orthogonal initial weights take."""
    with torch.device("meta"):
        return SketchVAE(config)
