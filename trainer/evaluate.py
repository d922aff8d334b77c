"""`python -m trainer evaluate`: the losses of a checkpoint on files of drawings."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from core.checkpoint import load_checkpoint
from core.dataset import SPLITS, SketchDataset
from core.device import choose_device
from core.errors import DataError
from trainer.display import Display, open_display
from trainer.drawings import find_files, read_drawings
from trainer.processes import use_threads
from trainer.scores import DrawingLosses, Scores, measure
from trainer.settings import EvaluateOptions, parse


def evaluate_command(arguments: Sequence[str]) -> int:
    """Read, measure, print; the exit status."""
    options = parse(EvaluateOptions, arguments, "evaluate")
    use_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint)
    model = checkpoint.build_model(choose_device(options.device))
    with open_display(options.json) as display:
        dataset = read_drawings(find_files(options.data, display), checkpoint.max_points, display)
        indices = dataset.indices(SPLITS.index(options.split))
        if len(indices) == 0:
            others = [name for split, name in enumerate(SPLITS) if len(dataset.indices(split))]
            raise DataError(
                f"There are no drawings in the {options.split} split of this data; try --split {' or '.join(others)}."
            )
        display.stage(f"measuring {len(indices):,} drawings", 0.0)
        losses = measure(model, dataset, checkpoint.scale, indices)
    _print(losses, dataset, options, display)
    return 0


def _print(losses: DrawingLosses, dataset: SketchDataset, options: EvaluateOptions, display: Display) -> None:
    total = losses.scores()
    by_category = {
        name: losses.scores(label) for label, name in enumerate(dataset.categories) if (losses.labels == label).any()
    }
    if options.json:
        for name, scores in by_category.items():
            display.record("category", category=name, **scores.to_dict())
        display.record("total", split=options.split, **total.to_dict())
    else:
        rows = by_category if len(by_category) > 1 else {}
        _print_table({**rows, "all": total}, options.split)


def _print_table(rows: dict[str, Scores], split: str) -> None:
    some = next(iter(rows.values()))
    console = Console()
    table = Table(title=f"{split} split, N_max {some.max_points}", title_justify="left", box=None, pad_edge=False)
    table.add_column()
    table.add_column("z")
    for heading in ("drawings", "L_s", "L_p", "L_R", "L_KL", "L_R a point"):
        table.add_column(heading, justify="right")
    for name, scores in rows.items():
        for code, losses in (("sampled", scores.sampled), ("mu", scores.mean)):
            values = (losses.L_s, losses.L_p, losses.L_R, losses.L_KL, scores.per_point(losses))
            table.add_row(name, code, f"{scores.n:,}", *(f"{value:.4f}" for value in values))
    console.print(table)
