"""The report of a comparison: tables as Markdown and CSV, curves, sheets of what the models draw."""

from collections.abc import Sequence
from pathlib import Path

from core.dataset import SPLITS, TEST, SketchDataset
from trainer.comparison import MARK, CompareOptions, Variant
from trainer.display import Display
from trainer.files import write_text
from trainer.runs import Outcome, RunReport
from trainer.tables import (
    Row,
    best_validation,
    differences,
    markdown,
    row,
    run_records,
    summary,
    summary_records,
    to_csv,
)

SHEET_COLUMNS = 10
SHEET_TEMPERATURE = 0.2


def write_report(
    options: CompareOptions,
    dataset: SketchDataset,
    outcomes: dict[Variant, list[Outcome]],
    problems: Sequence[RunReport],
    display: Display,
) -> None:
    """Write everything about the runs that are done into OUT. Raises CheckpointError if it cannot be."""
    done = {variant: its for variant, its in outcomes.items() if its}
    if not done:
        display.say("No run was completed, so there is nothing to report.")
        return
    rows = {variant: [row(variant, outcome) for outcome in its] for variant, its in done.items()}
    write_text(options.out / "table.csv", to_csv(summary_records(rows)))
    write_text(options.out / "runs.csv", to_csv(run_records(rows)))
    display.stage("drawing the curves", 0.0)
    from trainer.curves import Curve, draw_curves  # matplotlib takes a second to import
    from trainer.figures import save_figure

    curves = [Curve(variant.label, [outcome.checkpoint.history for outcome in its]) for variant, its in done.items()]
    save_figure(draw_curves(curves), options.out / "curves")
    for variant, its in done.items():
        display.stage(f"drawing by {variant.label}", 0.0)
        _draw_sheet(_best(its), dataset, options.out / f"sheet-{variant.name}")
    write_text(options.out / "report.md", _text(options, dataset, rows, problems))
    for line in [*markdown(summary(rows)), *differences(rows, options.training.kl_weight)]:
        display.say(line)
    path = options.out / "report.md"
    display.say(f"The report is {path}.")
    display.record("report", path=str(path), table=summary_records(rows))


def _text(
    options: CompareOptions, dataset: SketchDataset, rows: dict[Variant, list[Row]], problems: Sequence[RunReport]
) -> str:
    training = options.training
    counts = ", ".join(f"{len(dataset.indices(split)):,} {name}" for split, name in enumerate(SPLITS))
    budget = f"{training.minutes:g} minutes" if training.minutes is not None else f"{training.epochs} epochs"
    together = f"; {options.jobs} runs at once" if options.jobs > 1 else ""
    lines = [
        f"# {', '.join(variant.label for variant in rows)} on {', '.join(dataset.categories)}",
        "",
        f"{counts} drawings of at most {dataset.max_points} points (N_max). Each run: {budget}, batches of "
        f"{training.batch_size}, learning rate {training.learning_rate:g}, w_KL {training.kl_weight:g}, "
        f"{options.threads} CPU threads{together}. The weights of the best validation are measured over all "
        "N_max steps with sampled z; ± is the standard deviation over runs.",
        "",
        *markdown(summary(rows)),
        "",
        *(f"- {sentence}" for sentence in differences(rows, training.kl_weight)),
        *(f"- {report.name} failed: {report.problem}" for report in problems),
        "",
        "![Validation losses against epochs and minutes](curves.svg)",
        "",
        "What the run with the smallest validation loss of each draws: samples, reconstructions under the drawings "
        "that were encoded, and interpolations between some of them.",
        "",
        *(f"![{variant.label}](sheet-{variant.name}.png)" for variant in rows),
        "",
        "table.csv has this table, runs.csv every run with all its scores. This folder is made again, or its missing "
        f"runs, by `python -m trainer compare --config {MARK}`.",
        "",
    ]
    return "\n".join(lines)


def _best(done: Sequence[Outcome]) -> Outcome:
    """The outcome with the smallest validation loss."""
    return min(done, key=lambda outcome: best_validation(outcome)[1])


def _draw_sheet(outcome: Outcome, dataset: SketchDataset, path: Path) -> None:
    from trainer.drawn import Drawer, chosen_drawings
    from trainer.figures import save_figure
    from trainer.sheets import draw_sheet

    checkpoint = outcome.checkpoint
    model = checkpoint.build_model()
    drawer = Drawer(model, checkpoint.scale, checkpoint.max_points, SHEET_COLUMNS, SHEET_TEMPERATURE)
    chosen = chosen_drawings(dataset, TEST, 2 * SHEET_COLUMNS, seed=0)
    ends = drawer.encode(dataset, chosen[:6])
    rows = [
        *drawer.unconditional((SHEET_TEMPERATURE, 1.0)),
        *drawer.reconstructions(dataset, chosen),
        *drawer.interpolations(ends[: len(ends) // 2 * 2]),
    ]
    save_figure(draw_sheet(rows), path)
