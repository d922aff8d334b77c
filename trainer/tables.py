"""A comparison in numbers: one row a run, their means and spread, and what parts the models."""

import csv
import io
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from core.training import kept_validation
from trainer.comparison import Variant
from trainer.runs import Outcome

SCORES = ("L_s", "L_p", "L_R", "L_KL", "L_R_mu", "L_KL_mu", "L_R_per_point")


@dataclass(frozen=True)
class Row:
    """One run."""

    variant: Variant
    seed: int
    epochs: float
    seconds: float
    best_epoch: float
    """Of the validation with the smallest L_R + w_KL L_KL, whose weights were kept and measured."""
    scores: dict[str, dict[str, float]]
    """By split; see `evaluate --json`."""

    @property
    def seconds_an_epoch(self) -> float:
        return self.seconds / self.epochs


def row(variant: Variant, outcome: Outcome) -> Row:
    """The numbers of a run that is done."""
    figures, epoch = outcome.checkpoint.figures, best_validation(outcome)[0]
    return Row(variant, outcome.run.options.training.seed, figures["epochs"], figures["seconds"], epoch, outcome.scores)


def best_validation(outcome: Outcome) -> tuple[float, float]:
    """(epoch, L_R + w_KL L_KL) of the validation whose weights were kept."""
    training = outcome.run.options.training
    kept = kept_validation(outcome.checkpoint.history, training)
    return kept["epoch"], kept["valid_L_R"] + training.kl_weight * kept["valid_L_KL"]


@dataclass(frozen=True)
class Spread:
    """A mean and a standard deviation."""

    mean: float
    deviation: float | None
    """Of the sample; None of a single value."""

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)

    def text(self, decimals: int, sign: str = "") -> str:
        """Such as 0.512 ± 0.004."""
        mean = f"{self.mean:{sign}.{decimals}f}".replace("-", "−")
        return mean if self.deviation is None else f"{mean} ± {self.deviation:.{decimals}f}"


Table = list[list[str]]
"""The heading and the lines."""


def summary(rows: dict[Variant, list[Row]]) -> Table:
    """The table of the experiment: a line a variant, mean and standard deviation over its runs."""
    columns = _columns(rows)
    lines = [["model", "h_enc", "h_dec", "runs", *columns]]
    for variant, its in rows.items():
        values = [Spread.of([value(run) for run in its]).text(decimals) for value, decimals in columns.values()]
        sizes = [str(variant.model.encoder_hidden), str(variant.model.decoder_hidden)]
        lines.append([variant.label, *sizes, str(len(its)), *values])
    return lines


def summary_records(rows: dict[Variant, list[Row]]) -> list[dict[str, str | float | None]]:
    """The same for programs: means, and deviations under the same name with " sd"."""
    records: list[dict[str, str | float | None]] = []
    for variant, its in rows.items():
        record: dict[str, str | float | None] = {
            "model": variant.label,
            "h_enc": variant.model.encoder_hidden,
            "h_dec": variant.model.decoder_hidden,
            "runs": len(its),
        }
        for name, (value, _) in _columns(rows).items():
            spread = Spread.of([value(run) for run in its])
            record |= {name: spread.mean, f"{name} sd": spread.deviation}
        records.append(record)
    return records


def run_records(rows: dict[Variant, list[Row]]) -> list[dict[str, str | float | None]]:
    """Every run by itself, with all its scores."""
    return [
        {
            "model": run.variant.label,
            "h_enc": run.variant.model.encoder_hidden,
            "h_dec": run.variant.model.decoder_hidden,
            "seed": run.seed,
            "epochs": run.epochs,
            "seconds": run.seconds,
            "best epoch": run.best_epoch,
            **{f"{name} {split}": scores[name] for split, scores in run.scores.items() for name in SCORES},
        }
        for its in rows.values()
        for run in its
    ]


def differences(rows: dict[Variant, list[Row]], kl_weight: float) -> list[str]:
    """What each variant gains on the first, paired by seed, in sentences."""
    first, *others = rows
    before = {run.seed: run for run in rows[first]}
    sentences = []
    for other in others:
        pairs = [(before[run.seed], run) for run in rows[other] if run.seed in before]
        for split in _splits(rows) if pairs else ():

            def gain(
                measure: Callable[[dict[str, float]], float], split: str = split, pairs: list = pairs
            ) -> list[float]:
                return [measure(b.scores[split]) - measure(a.scores[split]) for a, b in pairs]

            total = gain(lambda scores: scores["L_R"] + kl_weight * scores["L_KL"])
            parts = {
                name: Spread.of(gain(lambda scores, name=name: scores[name])).text(3, "+") for name in ("L_R", "L_KL")
            }
            lower = sum(value < 0 for value in total)
            sentences.append(
                f"{other.label} against {first.label}, {split}: L_R + {kl_weight:g} L_KL "
                f"{Spread.of(total).text(3, '+')} (L_R {parts['L_R']}, L_KL {parts['L_KL']}); "
                f"lower with {lower} of {len(pairs)} seeds."
            )
    return sentences


def markdown(table: Table) -> list[str]:
    """The lines of a Markdown table; all but the first column to the right."""
    heading, *lines = ["| " + " | ".join(line) + " |" for line in table]
    return [heading, "| --- |" + " ---: |" * (len(table[0]) - 1), *lines]


def to_csv(records: Sequence[dict[str, str | float | None]]) -> str:
    """Comma-separated values with a heading."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(records[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return stream.getvalue()


def _splits(rows: dict[Variant, list[Row]]) -> Iterable[str]:
    """What was measured, test first."""
    return sorted(next(iter(rows.values()))[0].scores)


def _columns(rows: dict[Variant, list[Row]]) -> dict[str, tuple[Callable[[Row], float], int]]:
    """Heading -> (value of a run, decimals)."""
    columns: dict[str, tuple[Callable[[Row], float], int]] = {"best epoch": (lambda run: run.best_epoch, 0)}
    for split in _splits(rows):
        for name in ("L_R", "L_KL"):
            columns[f"{name} {split}"] = (lambda run, split=split, name=name: run.scores[split][name], 3)
    columns["s/epoch"] = (lambda run: run.seconds_an_epoch, 1)
    return columns
