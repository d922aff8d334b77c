"""`python -m trainer sample`: contact sheets of what a checkpoint draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import tyro

from core.checkpoint import Checkpoint, load_checkpoint
from core.dataset import SPLITS
from core.device import choose_device
from core.errors import ConfigError
from trainer.display import Display, open_display
from trainer.drawings import find_files, read_drawings
from trainer.drawn import Drawer, chosen_drawings, usual_expressions
from trainer.figures import save_figure
from trainer.processes import use_threads
from trainer.settings import CommonOptions, Files, parse
from trainer.sheets import SheetRow, draw_sheet


@dataclass(frozen=True, kw_only=True)
class SampleOptions(CommonOptions):
    """Contact sheets, as SVG and PNG, of what a checkpoint draws.

    Samples at several temperatures and interpolations; reconstructions if --data is given;
    arithmetic on the means of categories if the checkpoint has a map of three or more.
    """

    checkpoint: tyro.conf.Positional[Path]
    """The .pt file."""
    data: Files = ()
    """Files of drawings, or names of Quick, Draw! categories, to show beside their reconstructions."""
    split: Literal["train", "valid", "test"] = "test"
    """Which part of the files."""
    out: Path | None = None
    """The folder for the sheets; the checkpoint's name without .pt if not given."""
    temperatures: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
    """Of the samples, a row each."""
    temperature: float = 0.2
    """Of everything else."""
    columns: int = 10
    """Sketches a row."""
    rows: int = 4
    """Rows of reconstructions and of interpolations."""
    expressions: tuple[str, ...] = ()
    """Latent arithmetic, a row each, such as "cat - pig + owl"; a choice of its own if not given."""
    seed: int = 0
    """Of the codes and the noise."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, high in (("columns", 100), ("rows", 100)):
            if not 1 <= getattr(self, name) <= high:
                raise ConfigError(f"{name} must be from 1 to {high}, not {getattr(self, name)}.")
        if self.seed < 0:
            raise ConfigError(f"seed must be 0 or more, not {self.seed}.")
        if not self.temperatures:
            raise ConfigError("There is no temperature to draw at; give --temperatures 0.2 1.")


def sample_command(arguments: Sequence[str]) -> int:
    """Draw and write the sheets; the exit status."""
    options = parse(SampleOptions, arguments, "sample")
    use_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint)
    out = options.out or options.checkpoint.with_suffix("")
    with open_display(options.json) as display:
        sheets = _sheets(options, checkpoint, display)
        for number, (name, rows) in enumerate(sheets.items()):
            display.stage(f"drawing {name}", number / len(sheets))
            for path in save_figure(draw_sheet(rows), out / name):
                display.say(f"Saved {path}.")
                display.record("saved", path=str(path), sheet=name)
    return 0


def _sheets(options: SampleOptions, checkpoint: Checkpoint, display: Display) -> dict[str, list[SheetRow]]:
    model = checkpoint.build_model(choose_device(options.device))
    drawer = Drawer(model, checkpoint.scale, checkpoint.max_points, options.columns, options.temperature, options.seed)
    display.stage("decoding", 0.0)
    sheets = {"samples": drawer.unconditional(options.temperatures)}
    if options.data:
        dataset = read_drawings(find_files(options.data, display), checkpoint.max_points, display)
        count = max(options.columns, 2) * options.rows
        chosen = chosen_drawings(dataset, SPLITS.index(options.split), count, options.seed)
        sheets["reconstructions"] = drawer.reconstructions(dataset, chosen[: options.columns * options.rows])
        ends = drawer.encode(dataset, chosen[: 2 * options.rows])
    elif checkpoint.atlas is not None:
        every = np.random.default_rng(options.seed).permutation(len(checkpoint.atlas))
        ends = checkpoint.atlas.latents[every[: 2 * options.rows]]
    else:
        ends = drawer.prior(2 * options.rows)
    if len(ends) > 1:
        sheets["interpolations"] = drawer.interpolations(ends[: len(ends) // 2 * 2])
    if options.expressions and checkpoint.atlas is None:
        raise ConfigError(f"{options.checkpoint} has no map, so its categories have no codes to calculate with.")
    if checkpoint.atlas is not None:
        expressions = options.expressions or usual_expressions(checkpoint.atlas)
        if expressions:
            sheets["arithmetic"] = drawer.arithmetic(checkpoint.atlas, expressions)
    return sheets
