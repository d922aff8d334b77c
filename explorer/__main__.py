"""`sketch-explorer` and `python -m explorer`."""

import gc
import os
import sys
from pathlib import Path

from explorer.options import parse_options
from explorer.platform import has_screen, missing_library


def main(arguments: list[str] | None = None) -> int:
    """Open the window; the exit status. Qt is imported only once it is known to load."""
    options = parse_options(arguments)
    screen = has_screen()
    if problem := missing_library(screen=screen):
        sys.stderr.write(f"{problem}\n")
        return 2
    if not screen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        if options.screenshot is None:
            options.screenshot = Path("sketch-explorer.png")
            print(f"There is no screen here: the window is drawn into {options.screenshot} instead.")
    gc.disable()  # imports make many objects and no garbage; it is enabled again when the opening reports
    from explorer.application import run

    return run(options.file or options.checkpoint, options.data, options.device, options.screenshot)


if __name__ == "__main__":
    sys.exit(main())
