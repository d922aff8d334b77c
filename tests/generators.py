"""Generators run to their end: long work of `core` and `explorer` yields reports and returns its result."""

from collections.abc import Generator
from typing import Any, TypeVar

Report = TypeVar("Report")
Result = TypeVar("Result")


def finish(generator: Generator[Report, Any, Result]) -> tuple[list[Report], Result]:
    """Everything a generator yields, and what it returns."""
    yielded = []
    while True:
        try:
            yielded.append(next(generator))
        except StopIteration as finished:
            return yielded, finished.value


def result_of(generator: Generator[Any, Any, Result]) -> Result:
    """What a generator returns."""
    return finish(generator)[1]
