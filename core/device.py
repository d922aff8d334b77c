"""The device to compute on, by the name a user gives it."""

import torch

from core.errors import ConfigError


def choose_device(name: str = "auto", index: int = 0) -> torch.device:
    """The device `name`: cpu, cuda, cuda:1, mps, or auto, which is a CUDA GPU if there is one, else the CPU.

    Where the name tells no GPU's number, it is number `index` of them. Raises ConfigError if this
    machine, or this build of torch, has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"There is no device {name!r}; there are cpu, cuda (cuda:0, cuda:1, …) and mps.") from error
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", index)
    if not _is_available(device):
        raise ConfigError(f"This machine, or this build of PyTorch, has no device {str(device)!r}; use --device cpu.")
    return device


def _is_available(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count()
    if device.type == "mps":
        return torch.backends.mps.is_available()
    return device.type == "cpu"


def multiplies_bfloat16() -> bool:
    """Whether the CPU does; others emulate it, slower than float32."""
    return torch.cpu._is_avx512_bf16_supported()
