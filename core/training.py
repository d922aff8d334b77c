"""The training loop: `TrainingRun.run()` yields progress and can be stopped and resumed anywhere.

Randomness is a function of (seed, epoch) and (seed, step), never of what ran before, so a resumed
run sees the same batches, augmentation and noise as one that was not interrupted.
"""

import copy
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from core.checkpoint import Checkpoint
from core.clarity import clarities
from core.coupling import Coupled, couple_round
from core.dataset import TRAIN, VALID, Batch, BatchSource, SketchDataset, augment, batches_by_length
from core.device import multiplies_bfloat16
from core.errors import Cancelled, TrainingError
from core.evaluation import Losses, losses_per_drawing
from core.loss import category_loss, kl_annealing, kl_loss, reconstruction_loss
from core.meter import EpochMean, Meter, SpikeDetector
from core.model import ModelConfig, SketchVAE
from core.picture_classifier import PictureClassifier, shipped_classifier
from core.practice import PER_DRAWING, Attempts, draw_round, practice_loss
from core.training_config import TrainingConfig

REPORT_STEPS = 20
"""Losses are read from the device once in this many steps, since each reading waits for it …"""
REPORT_SECONDS = 2.0
"""… or once in this time, if steps are slow."""
GOOD_STEPS = 500
"""The weights to go back to are renewed this often, and at each validation."""
AGREEMENT_STEPS = 10
"""Processes on GPUs agree on the clock this often, since agreeing waits for the device."""


@dataclass(frozen=True)
class Progress:
    """One report of a running training."""

    epoch: int
    step: int
    sketches: int
    fraction: float
    """Of the whole training, 0 to 1."""
    seconds: float
    """Trained so far, earlier sittings included."""
    sketches_per_second: float
    train: Losses
    gradient_norm: float
    learning_rate: float
    kl_weight: float
    """η·w_KL: what L_KL counts by now."""
    reward: float | None = None
    """Mean of the last drawings of practice, -2.3 to 0.1: how well they show what they were to (`core.practice`)."""
    validation: Losses | None = None
    """Set once an epoch."""
    best: bool = False
    """Whether the weights of that validation are kept: it is the best so far or, with practice, the last."""
    event: str = ""
    """Something the user should know, such as a recovery from NaN or from a loss that leapt up."""


class Share(NamedTuple):
    """What one process works on in a step, B drawings."""

    batch: Batch
    labels: Tensor
    """[B] int64."""
    noise: Tensor
    """[B, latent], for their codes."""
    weight: float
    """Of each drawing in the sums of the step."""


class TrainingRun:
    """A model being trained on a dataset; owns all its state."""

    def __init__(
        self,
        dataset: SketchDataset,
        model_config: ModelConfig,
        config: TrainingConfig,
        device: torch.device,
        start: Checkpoint | None = None,
    ) -> None:
        """`start` is a checkpoint to fine-tune: its weights, on this dataset, with a new optimiser.

        Its scale factor is kept, since its weights expect offsets divided by that, and the annealing of
        L_KL goes on after the drawings that it has seen. Raises TrainingError for no training drawings, for
        practice with categories that are none of Quick, Draw!'s, or a `start` of another size than `model_config`;
        CheckpointError if the classifier of pictures that comes with the program is damaged.
        """
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        self.dataset = dataset
        self.config = config
        self.device = device
        self.scale = dataset.scale_factor() if start is None else start.scale
        torch.manual_seed(config.seed)
        self.model = SketchVAE(model_config).to(device)
        if start is not None:
            if start.model_config != model_config:
                raise TrainingError(_other_size(start.model_config, model_config))
            self.model.load_state_dict(start.weights)
        if config.decoder_only:
            self.model.encoder.requires_grad_(False)
        self.started_from = "" if start is None else start.digest
        """Digest of the checkpoint whose weights it began with."""
        self._category_head: nn.Linear | None = None
        """Tells the category from z. Only the training needs it; no checkpoint has it."""
        if config.category_weight > 0:
            self._category_head = nn.Linear(model_config.latent, len(dataset.categories)).to(device)
        self._attempts: list[Attempts] = []
        """What is left of a round of practice."""
        self._coupled: list[Coupled] = []
        """What is left of drawings matched with codes of the prior."""
        self._reward: float | None = None
        self.optimizer = torch.optim.Adam(self._parameters(), lr=config.learning_rate, fused=True)
        self.history: list[dict[str, float]] = []
        self.best_weights: dict[str, Tensor] | None = None
        self.best_loss = math.inf
        self.epoch = 0
        self.step = 0
        self.batch_in_epoch = 0
        self.sketches = int(start.history[-1].get("sketches", 0)) if start is not None and start.history else 0
        """Drawings that the weights were trained on so far, those of a fine-tuned checkpoint included."""
        self.seconds = 0.0
        self.rate_factor = 1.0
        self._epoch_mean = EpochMean()
        self._source = BatchSource(dataset, self.scale, device)
        self._train = dataset.indices(TRAIN)
        if len(self._train) == 0:
            raise TrainingError("This data has no training drawings.")
        self._matched = self._train
        """Drawings that codes of the prior are matched with."""
        if config.looks_for_clear:
            clarity = clarities(_classifier_of(dataset), dataset, self._train)
            least = max(config.least_clarity, config.prior_clarity)
            if clarity.max() < least:
                raise TrainingError(
                    f"No training drawing shows its category with a probability of {least:g} or more: ask for less."
                )
            self._matched = self._train[clarity >= least]
            self._train = self._train[clarity >= config.least_clarity]
        self._classifier = _classifier_of(dataset) if config.practice_weight > 0 else None
        """Tells what drawings show, in practice."""
        self.held_out = dataset.indices(VALID)
        """Drawings that judge the model: the validation split, or all that are trained on if it is empty."""
        if len(self.held_out) == 0:
            self.held_out = self._train
        self._batches_per_epoch = math.ceil(len(self._train) / config.batch_size)
        self._stop_requested = False
        self.stopped = False
        """Whether `run` ended because a process asked it to, by `request_stop`."""
        self._generator = torch.Generator(device)
        self._bfloat16 = _use_bfloat16(config.precision, device)
        self._spikes = SpikeDetector()
        self._keep_good_state()

    # -- state -------------------------------------------------------------------------------

    def _parameters(self) -> list[nn.Parameter]:
        """All that is trained."""
        head = [] if self._category_head is None else self._category_head.parameters()
        return [*self.model.parameters(), *head]

    def _state(self) -> dict[str, Any]:
        head = {} if self._category_head is None else {"category_head": self._category_head.state_dict()}
        return copy.deepcopy({"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), **head})

    def _load_state(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        if self._category_head is not None:
            self._category_head.load_state_dict(state["category_head"])
        # A copy, since the optimiser keeps the tensors it is given and steps them in place.
        self.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))

    def _keep_good_state(self) -> None:
        """What to go back to should the loss become NaN or leap up."""
        self._good, self._good_step = self._state(), self.step

    def snapshot(self) -> dict[str, Any]:
        """All that `restore` needs, as tensors and plain values."""
        return {
            **self._state(),
            "model_config": self.model.config.to_dict(),
            "training_config": self.config.to_dict(),
            "data_digest": self.dataset.digest,
            "max_points": self.dataset.max_points,
            "scale": self.scale,
            "started_from": self.started_from,
            "history": list(self.history),
            "best_weights": self.best_weights,
            "best_loss": self.best_loss,
            "epoch": self.epoch,
            "step": self.step,
            "batch_in_epoch": self.batch_in_epoch,
            "sketches": self.sketches,
            "seconds": self.seconds,
            "rate_factor": self.rate_factor,
            "epoch_sums": list(self._epoch_mean.sums),
            "spikes": self._spikes.state(),
            "attempts": [attempts.to_dict() for attempts in self._attempts],
            "coupled": [coupled.to_dict() for coupled in self._coupled],
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Go on where `snapshot` was taken. Raises TrainingError if it is of another run."""
        if snapshot.get("model_config") != self.model.config.to_dict():
            raise TrainingError("The resume file is of a model of another size; train without --resume to start anew.")
        same_drawings = snapshot.get("data_digest") == self.dataset.digest
        if not same_drawings or snapshot.get("max_points") != self.dataset.max_points:
            raise TrainingError("The resume file is of other data; train without --resume to start anew.")
        if ("category_head" in snapshot) != (self._category_head is not None):
            raise TrainingError(
                "A training does not learn or forget categories half-way: leave category_weight as it was."
            )
        try:
            self._load_state(snapshot)
            self.scale = float(snapshot.get("scale", self.scale))
            self._source = BatchSource(self.dataset, self.scale, self.device)
            self.started_from = str(snapshot.get("started_from", ""))
            self.history = list(snapshot["history"])
            self.best_weights = snapshot["best_weights"]
            self.best_loss = snapshot["best_loss"]
            self.epoch, self.step = snapshot["epoch"], snapshot["step"]
            self.batch_in_epoch, self.sketches = snapshot["batch_in_epoch"], snapshot["sketches"]
            self.seconds, self.rate_factor = snapshot["seconds"], snapshot["rate_factor"]
            self._epoch_mean = EpochMean(snapshot.get("epoch_sums"))
            self._spikes = SpikeDetector(snapshot.get("spikes"))
            if self.rank == 0:  # whose they are; other processes begin a round
                self._attempts = [Attempts.from_dict(each, self.device) for each in snapshot.get("attempts", [])]
                self._coupled = [Coupled.from_dict(each, self.device) for each in snapshot.get("coupled", [])]
        except (KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise TrainingError("The resume file is damaged; train without --resume to start anew.") from error
        self._keep_good_state()

    def best_model(self) -> SketchVAE:
        """A copy of the model with the weights of `kept_validation` (the current ones before any)."""
        model = copy.deepcopy(self.model)
        if self.best_weights is not None:
            model.load_state_dict(self.best_weights)
        return model.eval()

    # -- the loop ----------------------------------------------------------------------------

    def request_stop(self) -> None:
        """Let `run` end after the step it is at; for signal handlers and other threads."""
        self._stop_requested = True

    def run(self) -> Iterator[Progress]:
        """Train to the end of the budget, yielding a report every few steps and each epoch.

        The state is consistent at every yield: the caller may snapshot it, or stop, there. Batches of
        each epoch are a function of (seed, epoch), so a resumed epoch goes on at its next batch.
        """
        started = time.perf_counter() - self.seconds
        meter = Meter()
        reported = self.seconds
        while self._fraction() < 1 and not self.stopped:
            order = np.random.default_rng([self.config.seed, self.epoch])
            batches = batches_by_length(self.dataset.lengths, self._train, self.config.batch_size, order)
            while self.batch_in_epoch < len(batches) and self._fraction() < 1:
                indices = batches[self.batch_in_epoch]
                try:
                    measured = self._train_step(indices, started)
                except Cancelled:  # in practice, before anything was changed: the step comes again at a resumption
                    self.stopped = True
                    yield self._report(meter)
                    return
                meter.add(measured, len(indices), int(self.dataset.lengths[indices].sum()))
                self.batch_in_epoch += 1
                self.step += 1
                self.sketches += len(indices)
                if self.batch_in_epoch == len(batches):
                    break  # the validation reports this step
                # By the clock that all processes share, so that all recover from NaN at the same step.
                if self.step % REPORT_STEPS == 0 or self.seconds - reported >= REPORT_SECONDS or self.stopped:
                    reported = self.seconds
                    yield self._report(meter)
                if self.stopped:
                    return
            if self.batch_in_epoch >= len(batches):
                self.epoch += 1
                self.batch_in_epoch = 0
            yield self._validate(meter)

    @property
    def epochs_done(self) -> float:
        """Passes through the training drawings, parts counted."""
        return self.epoch + self.batch_in_epoch / self._batches_per_epoch

    def _fraction(self) -> float:
        """How much of the budget is used, 0 to 1."""
        if self.config.minutes is not None:
            return min(1.0, self.seconds / (60 * self.config.minutes))
        return min(1.0, self.epochs_done / self.config.epochs)

    def learning_rate(self) -> float:
        """Linear warm-up, then a cosine down to a hundredth of the peak, or the peak all along."""
        fraction = self._fraction()
        warm = min(1.0, max((self.step + 1) / max(1, self.config.warmup_steps), 20 * fraction))
        rate = self.config.learning_rate * self.rate_factor * warm
        if self.config.schedule == "constant":
            return rate
        return rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * fraction)))

    def eta(self) -> float:
        return kl_annealing(self.sketches, self.config.kl_eta_min, self.config.kl_anneal_sketches)

    def _train_step(self, indices: np.ndarray, started: float) -> Tensor:
        """One optimiser step; [L_s, L_p, L_KL, gradient norm], left on the device. Sets `seconds`."""
        config = self.config
        batch, labels, noise, weight = self._own_share(indices)
        self.model.train()
        with self._autocast():
            raw, mean, log_variance = self.model(batch.points(), batch.lengths, batch.inputs, noise)
        reconstruction = reconstruction_loss(raw, batch.targets, batch.lengths, self.dataset.max_points)
        l_s, l_p = reconstruction.offsets.sum() * weight, reconstruction.pen.sum() * weight
        l_kl = kl_loss(mean, log_variance).sum() * weight
        costly = self._sum(l_kl.detach()) >= config.kl_floor  # max(L_KL, floor), for the gradient
        loss = l_s + l_p + config.kl_weight * self.eta() * l_kl * costly
        if self._category_head is not None:
            z = mean.float() + torch.exp(log_variance.float() / 2) * noise
            l_c = category_loss(self._category_head(z), labels, self.dataset.max_points).sum() * weight
            loss = loss + config.category_weight * l_c
        if config.prior_weight > 0:
            loss = loss + config.prior_weight * self._prior_loss()
        if self._classifier is not None and self._fraction() >= config.practice_from:
            loss = loss + config.practice_weight * self._practice_loss(self._classifier)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        losses = torch.stack([l_s, l_p, l_kl]).detach()
        seconds = time.perf_counter() - started
        if self.world > 1:
            losses = self._sum_over_processes(losses, seconds)
        else:
            self.seconds, self.stopped = seconds, self._stop_requested
        norm = self._clip_gradient()
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        self.optimizer.step()
        return torch.cat([losses, norm[None]])

    def _prior_loss(self) -> Tensor:
        """L_R of drawings from the codes of the prior they are matched with; summed over processes, a mean.

        As many as the drawings of a step; they are not mirrored, since their codes are those of what was drawn.
        """
        share = max(1, self.config.batch_size // self.world)
        if not self._coupled:
            seed = (self.config.seed, self.step, self.rank, 1)
            with self._autocast():  # of its own: what it keeps of weights is of no use where gradients are computed
                self._coupled = couple_round(self.model, self.dataset, self._matched, self.scale, share, seed)
        coupled = self._coupled.pop()
        batch = self._source.batch(coupled.drawings)
        batch = augment(batch, self.config.augment, self.config.drop_points, False, self._generator)
        with self._autocast():
            raw = self.model.decoder(coupled.codes, batch.inputs)
        losses = reconstruction_loss(raw, batch.targets, batch.lengths, self.dataset.max_points)
        return losses.total.sum() / (share * self.world)

    def _practice_loss(self, classifier: PictureClassifier) -> Tensor:
        """Of this process's next batch of practice, of a new round if need be; summed over processes, a mean."""
        share = max(1, PER_DRAWING * self.config.batch_size // self.world)
        if not self._attempts:
            seed = (self.config.seed, self.step, self.rank)
            # Several processes have to agree on a stop, which they do at the end of a step.
            cancelled = (lambda: self._stop_requested) if self.world == 1 else None
            self._attempts, self._reward = draw_round(
                self.model,
                classifier,
                self.dataset,
                self._train,
                self.scale,
                share,
                seed,
                cancelled,
                bfloat16=self._bfloat16 and multiplies_bfloat16(),  # it draws on the CPU
            )
        if not self._attempts:  # nothing that was drawn has a point
            return torch.zeros((), device=self.device)
        attempts = self._attempts.pop()
        with self._autocast():
            losses = practice_loss(self.model.decoder, attempts, self.dataset.max_points)
        return losses.sum() / (share * self.world)

    def _autocast(self) -> torch.autocast:
        """Within it, what may be is computed in bfloat16, if this training is in that."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16)

    def _clip_gradient(self) -> Tensor:
        """Limit the norm of the whole gradient, or each of its values; the norm it had, on the device."""
        parameters = self._parameters()
        if self.config.clip_by == "norm":
            return nn.utils.clip_grad_norm_(parameters, self.config.gradient_clip).detach()
        norm = nn.utils.get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
        nn.utils.clip_grad_value_(parameters, self.config.gradient_clip)
        return norm

    def _own_share(self, indices: np.ndarray) -> Share:
        """The drawings of a step that are this process's.

        Of several processes each takes every world-th drawing; since the batch is sorted by length
        their shares cost the same. All prepare the whole batch, so that stretching, noise and padding,
        and with them the sums over processes, are those of one process.
        """
        self._generator.manual_seed(_mixed_seed(self.config.seed, self.step))
        config = self.config
        whole = self._source.batch(indices)
        batch = augment(whole, config.augment, config.drop_points, config.mirror, self._generator)
        labels = torch.from_numpy(self.dataset.labels[indices].astype(np.int64)).to(self.device, non_blocking=True)
        shape = (len(batch.lengths), self.model.config.latent)
        noise = torch.randn(shape, generator=self._generator, device=self.device)
        weight = 1 / len(indices)
        if self.world == 1:
            return Share(batch, labels, noise, weight)
        mine = slice(self.rank, None, self.world)
        if self.rank >= len(indices):  # a last batch smaller than the world: take one drawing, of no weight
            mine, weight = slice(0, 1), 0.0
        batch = Batch(batch.inputs[mine], batch.targets[mine], batch.lengths[mine])
        return Share(batch, labels[mine], noise[mine], weight)

    def _sum(self, value: Tensor) -> Tensor:
        """`value` summed over all processes."""
        if self.world > 1:
            value = value.clone()
            dist.all_reduce(value)
        return value

    def _sum_over_processes(self, losses: Tensor, seconds: float) -> Tensor:
        """Sum gradients and losses over all processes, and let them agree on rank 0's clock and on stopping.

        One all-reduce does it all, where DistributedDataParallel would need others beside its own: the
        gradient is of sums over the whole batch, in which a process may have a share of no drawings,
        and so is the L_KL that the floor is for. With 12 MB of it there is little to overlap.
        """
        gradients = [parameter.grad for parameter in self._parameters() if parameter.grad is not None]
        agreed = losses.new_tensor([seconds if self.rank == 0 else 0.0, self._stop_requested])
        flat = self._sum(torch.cat([*(gradient.flatten() for gradient in gradients), losses, agreed]))
        *parts, losses, agreed = flat.split([*(gradient.numel() for gradient in gradients), 3, 2])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        if self.device.type == "cpu" or (self.step + 1) % AGREEMENT_STEPS == 0:
            self.seconds, stops = agreed.tolist()
            self.stopped = stops > 0
        return losses

    def _report(self, meter: Meter) -> Progress:
        event = self._judge(meter)
        return Progress(
            epoch=self.epoch,
            step=self.step,
            sketches=self.sketches,
            fraction=self._fraction(),
            seconds=self.seconds,
            sketches_per_second=meter.rate,
            train=meter.mean,
            gradient_norm=meter.norm,
            learning_rate=self.learning_rate(),
            kl_weight=self.config.kl_weight * self.eta(),
            reward=self._reward,
            event=event,
        )

    def _judge(self, meter: Meter) -> str:
        """Read the meter; if what it says is bad, go back to the last good state at half the rate, and say so.

        The order of batches goes on, so that whatever it was does not come again at once.
        """
        steps = meter.read()
        if not steps.are_finite():
            trouble = "The loss was not finite"
        elif self._spikes.sees_spike(steps.costs(self.dataset.max_points, self.config.kl_weight)):
            trouble = "The loss leapt up"
        else:
            self._epoch_mean.add(steps)
            if self._spikes.calm and self.step - self._good_step >= GOOD_STEPS:
                self._keep_good_state()
            return ""
        self._load_state(self._good)
        self._attempts, self._coupled = [], []  # those are of the weights that are given up
        self.rate_factor /= 2
        if self.rate_factor < 1e-4:
            raise TrainingError(f"{trouble} again and again; try a lower learning rate.")
        return f"{trouble} by step {self.step:,}: back to the weights of step {self._good_step:,} at half the rate."

    def _validate(self, meter: Meter) -> Progress:
        report = self._report(meter)
        losses = Losses.mean(losses_per_drawing(self.model, self._source, self.dataset.lengths, self.held_out))
        total = losses.total(self.config.kl_weight)
        best = total < self.best_loss or self.config.practice_weight > 0
        if best:
            self.best_loss = total
            self.best_weights = copy.deepcopy(self.model.state_dict())
        if math.isfinite(total) and self._spikes.calm:
            self._keep_good_state()
        train = self._epoch_mean.take()
        self.history.append(
            {
                "epoch": self.epoch,
                "step": self.step,
                "sketches": self.sketches,
                "seconds": round(self.seconds, 2),
                "train_L_R": train.L_R,
                "train_L_KL": train.L_KL,
                "valid_L_R": losses.L_R,
                "valid_L_KL": losses.L_KL,
            }
        )
        return replace(report, validation=losses, best=best)


def kept_validation(history: Sequence[Mapping[str, float]], config: TrainingConfig) -> Mapping[str, float]:
    """The entry of `history`, not empty, whose weights a training keeps: that of the smallest L_R + w_KL L_KL.

    With practice it is the last, since no validation loss sees what practice is for.
    """
    if config.practice_weight > 0:
        return history[-1]
    return min(history, key=lambda entry: entry["valid_L_R"] + config.kl_weight * entry["valid_L_KL"])


def _classifier_of(dataset: SketchDataset) -> PictureClassifier:
    """The classifier of pictures that ships, if it knows all categories of `dataset`. Raises TrainingError if not."""
    classifier = shipped_classifier()
    unknown = sorted(set(dataset.categories) - set(classifier.categories))
    if unknown:
        raise TrainingError(
            f"Practice and clarity need categories of Quick, Draw!, of which {unknown[0]!r} is none: "
            "train without them."
        )
    return classifier


def _mixed_seed(seed: int, step: int) -> int:
    """A seed below 2^63 for torch, different for each pair."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> 1)


def _other_size(start: ModelConfig, asked: ModelConfig) -> str:
    """How two sizes of a model differ, in a sentence."""
    asked_for = asked.to_dict()
    name, size = next((name, size) for name, size in start.to_dict().items() if size != asked_for[name])
    return f"The checkpoint to start from is a model of another size: its {name} is {size}, not {asked_for[name]}."


def _use_bfloat16(precision: str, device: torch.device) -> bool:
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and multiplies_bfloat16()
