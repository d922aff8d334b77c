"""`python -m trainer`: picks the command, and turns expected failures into one sentence."""

import io
import sys
from collections.abc import Callable, Sequence

from core.errors import ConfigError, SketchExplorerError
from trainer.data_command import data_command
from trainer.evaluate import evaluate_command
from trainer.train import train_command

COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "train": train_command,
    "evaluate": evaluate_command,
    "data": data_command,
}
DEFAULT = "train"
EXPECTED_FAILURE = 2
STOPPED = 130
"""What a shell reports of a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that cannot show η shall not end a training
    try:
        command, arguments = _choose(list(sys.argv[1:] if argv is None else argv))
        return command(arguments)
    except SketchExplorerError as error:
        print(error, file=sys.stderr)
        return EXPECTED_FAILURE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return STOPPED


def _choose(arguments: list[str]) -> tuple[Callable[[list[str]], int], list[str]]:
    """The command that `arguments` begin with (train, if they begin with a flag), and the rest."""
    if not arguments or arguments[0].startswith("-"):
        return COMMANDS[DEFAULT], arguments
    name, *rest = arguments
    if name not in COMMANDS:
        raise ConfigError(f"There is no command {name!r}; there are {', '.join(COMMANDS)}.")
    return COMMANDS[name], rest


if __name__ == "__main__":
    sys.exit(main())
