"""What comes of a training: the figures of its best model, the map, and the checkpoint that holds all."""

from dataclasses import dataclass
from pathlib import Path

import torch

from core.atlas import Atlas
from core.checkpoint import Checkpoint, save_checkpoint
from core.model import SketchVAE
from core.subset import even_sample
from core.training import TrainingRun
from trainer.display import Display
from trainer.mapping import make_map
from trainer.scores import Scores, measure


@dataclass(frozen=True, eq=False)
class Result:
    """What was found out about a run's best model before something stopped it."""

    scores: Scores | None = None
    """On the drawings that judged it."""
    atlas: Atlas | None = None
    interrupted: bool = False
    """Whether a signal ended the training or what came after."""


def judge(run: TrainingRun, layout: str, map_drawings: int | None, display: Display, *, stopped: bool) -> Result:
    """Measure and map the best model, unless training was `stopped`: then its user wants an end.

    Ctrl-C ends this early, too.
    """
    if stopped:
        return Result(interrupted=True)
    model = run.best_model()
    # Rounded as the checkpoint rounds them: what is measured is what is stored.
    model.load_state_dict({name: tensor.half() for name, tensor in model.state_dict().items()})
    try:
        scores = _measure(run, model, display)
    except KeyboardInterrupt:
        return Result(interrupted=True)
    shown = run.dataset if map_drawings is None else even_sample(run.dataset, map_drawings)
    made = make_map(model, shown, run.scale, refine=layout == "umap", display=display)
    return Result(scores, made.atlas, made.interrupted)


def _measure(run: TrainingRun, model: SketchVAE, display: Display) -> Scores:
    display.stage(f"measuring {len(run.held_out):,} drawings", 0.0)
    return measure(model, run.dataset, run.scale, run.held_out).scores()


def save_result(run: TrainingRun, result: Result, path: Path, display: Display) -> None:
    """Write the checkpoint; say where it is and what to type next. Raises CheckpointError."""
    figures = {"seconds": round(run.seconds, 1), "epochs": round(run.epochs_done, 2)}
    if result.scores is not None:
        figures |= result.scores.to_dict()
    checkpoint = Checkpoint(
        model_config=run.model.config,
        weights=run.best_model().state_dict(),
        scale=run.scale,
        max_points=run.dataset.max_points,
        categories=run.dataset.categories,
        training={
            **run.config.to_dict(),
            "device": str(run.device),
            "processes": run.world,
            **({"started_from": run.started_from} if run.started_from else {}),
            "torch": str(torch.__version__),
        },
        history=run.history,
        figures=figures,
        atlas=result.atlas,
    )
    save_checkpoint(checkpoint, path)
    display.say(_saved(path, result))
    for line in _what_next(path, result):
        display.say(line)
    has_map = result.atlas is not None
    display.record("saved", path=str(path), has_map=has_map, interrupted=result.interrupted, figures=figures)


def _saved(path: Path, result: Result) -> str:
    text = f"Saved {path} ({path.stat().st_size / 1e6:.1f} MB)"
    if result.scores is not None:
        mean = result.scores.mean
        text += f": L_R {mean.L_R:.3f}, L_KL {mean.L_KL:.3f} on {result.scores.n:,} drawings with mu, "
        text += f"N_max {result.scores.max_points}"
    if result.atlas is None:
        return f"{text}; it has no map yet."
    if result.interrupted:
        return f"{text}; its map is only as far as it got."
    return f"{text}."


def _what_next(path: Path, result: Result) -> list[str]:
    shown = f'"{path}"' if " " in str(path) else path
    if result.interrupted:
        data = " --data FILE" if result.atlas is None else ""  # drawings to make a map of
        return [
            "To go on: the same command with --resume.",
            f"To look at it as it is: sketch-explorer --checkpoint {shown}{data}",
        ]
    return [
        f"To look at it: sketch-explorer --checkpoint {shown}",
        "To train it further: the same command with --resume and a larger --epochs or --minutes.",
    ]
