"""`python -m trainer atlas`: other drawings on the map of a trained model."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from core.errors import ConfigError
from core.file_paths import exists
from core.subset import even_sample
from trainer.display import Display, open_display
from trainer.drawings import find_files, read_drawings
from trainer.files import check_output
from trainer.mapping import Map, make_map
from trainer.processes import Processes, is_first_process, joined_processes
from trainer.settings import AtlasOptions, parse
from trainer.stopping import INTERRUPTED


def atlas_command(arguments: Sequence[str]) -> int:
    """Encode, lay out, save; the exit status."""
    options = parse(AtlasOptions, arguments, "atlas")
    checkpoint = load_checkpoint(options.checkpoint)
    if exists(options.result) and options.result.samefile(options.checkpoint):
        raise ConfigError("The new map would replace the old one; choose another --out.")
    check_output(options.result)
    with open_display(options.json, shown=is_first_process()) as display:
        with joined_processes(options.device, options.threads) as processes:
            made = _map(checkpoint, options, processes, display)
        if processes.is_first and made.atlas is not None:
            save_checkpoint(replace(checkpoint, atlas=made.atlas), options.result)
            _say_saved(options.result, made, display)
    return INTERRUPTED if made.interrupted else 0


def _map(checkpoint: Checkpoint, options: AtlasOptions, processes: Processes, display: Display) -> Map:
    """All processes encode a share; the first lays out what the others are then done with."""
    with processes.first_goes_first():
        files = find_files(options.data, display)
    dataset = read_drawings(files, checkpoint.max_points, display)
    if options.map_drawings is not None:
        dataset = even_sample(dataset, options.map_drawings)
    model = checkpoint.build_model(processes.device)
    refine = options.layout == "umap" and processes.is_first
    return make_map(model, dataset, checkpoint.scale, refine=refine, display=display)


def _say_saved(path: Path, made: Map, display: Display) -> None:
    assert made.atlas is not None
    far = "; its map is only as far as it got" if made.interrupted else ""
    display.say(f"Saved {path} ({path.stat().st_size / 1e6:.1f} MB) with {len(made.atlas):,} drawings{far}.")
    display.say(f'To look at it: sketch-explorer --checkpoint "{path}"')
    display.record("saved", path=str(path), drawings=len(made.atlas), interrupted=made.interrupted)
