"""The command line of the window."""

import argparse
from importlib import resources
from pathlib import Path

EXAMPLES = """examples:
  sketch-explorer                                the checkpoint that comes with the program
  sketch-explorer --checkpoint owl               another that comes with it
  sketch-explorer owl.sketchspace                a session that you saved
  sketch-explorer owl.pt                         your own checkpoint, from python -m trainer
  sketch-explorer --data cat.npz dog.npz         other drawings, encoded by the same model
  sketch-explorer --screenshot map.png           a picture of the window, also without a screen
"""
SHIPPED = "animals"
SUFFIX = ".sketchspace"
"""Of a session."""


def shipped_checkpoints() -> list[str]:
    """Names of the checkpoints that come with the program."""
    return sorted(
        Path(entry.name).stem for entry in resources.files("resources").iterdir() if entry.name.endswith(".pt")
    )


def parse_options(arguments: list[str] | None) -> argparse.Namespace:
    """file, checkpoint, data, device and screenshot; ends the program for --help and for nonsense."""
    parser = argparse.ArgumentParser(
        prog="sketch-explorer",
        description="See and play with the latent space of a sketch generator.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a session (.sketchspace) or a checkpoint (.pt) to open"
    )
    parser.add_argument(
        "--checkpoint",
        default=SHIPPED,
        metavar="FILE",
        help=f"a .pt file, or the name of a shipped one: {', '.join(shipped_checkpoints())} (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="drawings to map instead of the checkpoint's own: files, folders, patterns",
    )
    parser.add_argument(
        "--device", default="auto", help="where --data is encoded: auto, cpu, cuda, cuda:1, mps (default: auto)"
    )
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE.png", help="open, click a point, save a picture of the window, and end"
    )
    options = parser.parse_args(arguments)
    if options.file is not None and (options.checkpoint != SHIPPED or (options.data and is_session(options.file))):
        parser.error(f"{options.file} is opened alone: leave out --checkpoint and, for a session, --data")
    return options


def is_session(name: str) -> bool:
    """Whether a file's name is that of a session."""
    return name.lower().endswith(SUFFIX)
