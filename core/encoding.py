"""Datasets through the encoder: means of z and the loss of each drawing."""

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray

from core.dataset import BatchSource, SketchDataset, batches_by_length
from core.loss import reconstruction_loss
from core.model import SketchVAE

BATCH = 128


def encode_dataset(
    model: SketchVAE, dataset: SketchDataset, scale: float
) -> Generator[float, None, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """mu [N, N_z] and reconstruction loss L_R [N] of every drawing, on the model's device.

    A generator: yields the fraction done after each batch and returns the two arrays.
    """
    model.eval()
    source = BatchSource(dataset, scale, model.device)
    means = np.empty((len(dataset), model.config.latent), dtype=np.float32)
    losses = np.empty(len(dataset), dtype=np.float32)
    batches = batches_by_length(dataset.lengths, np.arange(len(dataset)), BATCH)
    done = 0
    for indices in batches:
        with torch.inference_mode():
            batch = source.batch(indices)
            raw, mean, _ = model(batch.points(), batch.lengths, batch.inputs, None)
            loss = reconstruction_loss(raw, batch.targets, batch.lengths, dataset.max_points)
            means[indices] = mean.float().cpu().numpy()
            losses[indices] = loss.total.cpu().numpy()
        done += len(indices)
        yield done / len(dataset)
    return means, losses
