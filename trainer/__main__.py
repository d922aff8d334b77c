"""`python -m trainer`: picks the command, and turns expected failures into one sentence."""

import importlib
import io
import os
import sys
from collections.abc import Callable, Sequence

from core.errors import ConfigError, SketchExplorerError
from trainer.stopping import INTERRUPTED

COMMANDS = {
    "train": "train a sketch generator (what stands without a command, too)",
    "evaluate": "the losses of a checkpoint on drawings",
    "compare": "the baseline and attention trained alike, from several seeds, with a report",
    "sample": "contact sheets of what a checkpoint draws",
    "atlas": "other drawings on the map of a checkpoint",
    "pictures": "a classifier of pictures, by which the clearest of several sketches is found",
    "data": "fetch, list or prepare drawings to train on",
}
"""Name -> what it does; NAME_command of trainer/NAME.py carries it out."""
DEFAULT = "train"
EXPECTED_FAILURE = 2
NOBODY_READS = 141
"""What a shell reports of a program that wrote to a pipe whose reader has gone."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that cannot show η shall not end a training
    try:
        try:
            return _run(list(sys.argv[1:] if argv is None else argv))
        finally:
            sys.stdout.flush()
    except SketchExplorerError as error:
        print(error, file=sys.stderr)
        return EXPECTED_FAILURE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # as of `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        return NOBODY_READS


def _run(arguments: list[str]) -> int:
    """Carry out the command that `arguments` begin with; train, if they begin with a flag."""
    if not arguments or arguments[0].startswith("-"):
        return _command(DEFAULT)(arguments, _overview())
    name, *rest = arguments
    if name not in COMMANDS:
        *some, last = COMMANDS
        raise ConfigError(f"There is no command {name!r}; there are {', '.join(some)} and {last}.")
    return _command(name)(rest)


def _command(name: str) -> Callable[..., int]:
    """Its module is imported only now: matplotlib, for one, takes a second."""
    return getattr(importlib.import_module(f"trainer.{name}"), f"{name}_command")


def _overview() -> str:
    """What heads the help of `python -m trainer` itself."""
    lines = [f"  {name:<9} {does}" for name, does in COMMANDS.items()]
    return "\n".join(
        ["Commands (python -m trainer COMMAND --help has the flags of each):", "", *lines, "", "The flags of train:"]
    )


if __name__ == "__main__":
    sys.exit(main())
