"""The reference project, SketchRNN-Pytorch-Attention, imported unchanged from a checkout of it.

`open_reference` builds its model, data and trainer as its run_experiment.py does with `--attention`:
256/512, batches of 100, learning rate 1e-4, R 0.9999, gradients clipped at 1.0.
"""

import importlib
import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.model import ModelConfig

MODULES = ("dataset", "model", "model_attention", "trainer", "drawing", "utils")
"""Its own; `trainer` is a name of ours, too."""
CONFIG = ModelConfig(encoder_hidden=256, decoder_hidden=512)
BATCH_SIZE = 100
LEARNING_RATE = 1e-4
ANNEALING = 0.9999


class CheckoutError(Exception):
    """The checkout cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Reference:
    """Its trainer, with the model and the training batches that it was given."""

    model: Any
    trainer: Any
    loader: Any

    def batches(self) -> Iterator[tuple[Tensor, int]]:
        """([200, B, 5], step in the epoch) without end, as its Trainer.train makes them."""
        device = next(self.model.encoder.parameters()).device
        while True:
            for step, (points, _lengths) in enumerate(self.loader):
                yield points.to(device).permute(1, 0, 2), step
            self.trainer.epoch += 1


def open_reference(checkout: Path, drawings: Path, scratch: Path, workers: int = 1) -> Reference:
    """Its training on the file `drawings`. Raises CheckoutError.

    One worker loads its batches (it used eight, for want of which nothing waits here); with none,
    its augmentation would change the stored drawings for good.
    """
    modules = _modules(checkout)
    for name in ("checkpoints", "plots"):
        (scratch / name).mkdir(parents=True, exist_ok=True)
    torch.manual_seed(23)
    with redirect_stdout(io.StringIO()):
        training, _test, validation = modules["dataset"].load_quickdraw_datasets(str(drawings))
    loaders = [
        torch.utils.data.DataLoader(
            part,
            batch_size=BATCH_SIZE,
            shuffle=True,
            num_workers=workers,
            multiprocessing_context="fork" if workers else None,  # its classes could not be imported anew
        )
        for part in (training, validation)
    ]
    model = modules["model_attention"].SketchRNNAttention(
        enc_hidden_size=CONFIG.encoder_hidden,
        dec_hidden_size=CONFIG.decoder_hidden,
        Nz=CONFIG.latent,
        M=CONFIG.mixtures,
    )
    trainer = modules["trainer"].Trainer(
        model, *loaders, tb_writer=None, log_dir=f"{scratch}/", learning_rate=LEARNING_RATE, R=ANNEALING
    )
    return Reference(model, trainer, loaders[0])


def _modules(checkout: Path) -> dict[str, Any]:
    """Its modules, imported without leaving them where ours of the same names are looked for."""
    if not (checkout / "model_attention.py").exists():
        raise CheckoutError(f"{checkout} is no checkout of SketchRNN-Pytorch-Attention.")
    ours = {name: sys.modules.pop(name) for name in MODULES if name in sys.modules}
    sys.path.insert(0, str(checkout))
    try:
        return {name: importlib.import_module(name) for name in ("dataset", "model_attention", "trainer")}
    except ImportError as error:
        raise CheckoutError(f"The reference project cannot be imported: {error}.") from error
    finally:
        sys.path.remove(str(checkout))
        for name in MODULES:
            sys.modules.pop(name, None)
        sys.modules.update(ours)


class ScoredReference(nn.Module):
    """The reference model with the interface of SketchVAE, so that one evaluator scores both."""

    config = CONFIG

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.encoder, self.decoder = model.encoder, model.decoder

    @property
    def device(self) -> torch.device:
        return self.decoder.fc_y.weight.device

    def forward(
        self, points: Tensor, _lengths: Tensor, inputs: Tensor, noise: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(raw outputs [B, T, 6M + 3] in our order, mu, sigma-hat) of [B, T, 5], of which it reads all T."""
        _, mean, log_variance = self.encoder(points.transpose(0, 1))
        z = mean if noise is None else mean + torch.exp(log_variance / 2) * noise
        hidden, cell = torch.tanh(self.decoder.fc_hc(z)).chunk(2, dim=-1)
        steps = inputs.transpose(0, 1)
        context = self.decoder.compute_masked_attention_context(steps)
        codes = z.expand(len(steps), -1, -1)
        state = (hidden[None].contiguous(), cell[None].contiguous())
        raw, _ = self.decoder.lstm_prediction(torch.cat([steps, codes, context], dim=2), state)
        mixture, pen = raw.transpose(0, 1).split([6 * CONFIG.mixtures, 3], dim=-1)
        return torch.cat([pen, mixture], dim=-1), mean, log_variance
