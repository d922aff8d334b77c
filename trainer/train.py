"""`python -m trainer`: files of drawings become a checkpoint with its map."""

import contextlib
import signal
from collections.abc import Sequence
from typing import Any

from core.checkpoint import Checkpoint, load_checkpoint
from core.errors import CheckpointError, ConfigError
from core.subset import training_subset
from core.training import TrainingRun, kept_validation
from trainer.allocator import keep_freed_memory
from trainer.display import Display, duration, open_display
from trainer.drawings import find_files, read_drawings
from trainer.files import ResumeFile, check_output, read_resume_file, writing_alone
from trainer.processes import Processes, is_first_process, joined_processes
from trainer.result import judge, save_result
from trainer.settings import TrainOptions, parse_configured, parse_fine_tuned, parse_resumed
from trainer.stopping import SIGNAL_STATUS, GracefulStop, interrupt_at_end_of_input
from trainer.watching import Watching

Beginning = dict[str, Any] | Checkpoint | None
"""The state to go on from, the checkpoint to fine-tune, or nothing."""


def train_command(arguments: Sequence[str], description: str | None = None) -> int:
    """Train, map, save; the exit status. `description` heads the help in place of the command's own."""
    options, beginning = _settings(arguments, description)
    if options.stop_on_eof:
        interrupt_at_end_of_input()
    keep_freed_memory()
    check_output(options.checkpoint)
    alone = writing_alone(options.checkpoint) if is_first_process() else contextlib.nullcontext()
    with alone, open_display(options.json, shown=is_first_process()) as display:
        with joined_processes(options.device, options.threads) as processes:
            run, signal_number = _train(options, beginning, processes, display)
        if processes.is_first:  # the others end here: what follows is too little to share
            result = judge(run, options.layout, options.map_drawings, display, stopped=signal_number is not None)
            save_result(run, result, options.checkpoint, display)
            signal_number = signal_number or (signal.SIGINT if result.interrupted else None)
    return 0 if signal_number is None else SIGNAL_STATUS + signal_number


def _settings(arguments: Sequence[str], description: str | None) -> tuple[TrainOptions, Beginning]:
    """The options, and what they ask to begin with."""
    options = parse_configured(TrainOptions, arguments, description=description)
    if options.resume:  # its state has the weights that --start-from has led to
        snapshot = read_resume_file(options.checkpoint)
        return parse_resumed(arguments, snapshot), snapshot
    if options.start_from is not None:
        start = load_checkpoint(options.start_from)
        return parse_fine_tuned(arguments, start, description), start
    if options.training.decoder_only:
        raise ConfigError("With --decoder-only the encoder stays as it is: give the weights by --start-from, too.")
    return options, None


def _train(
    options: TrainOptions, beginning: Beginning, processes: Processes, display: Display
) -> tuple[TrainingRun, int | None]:
    """Train to the end of the budget or to a signal; the run, and the signal's number if there was one."""
    with processes.first_goes_first():
        files = find_files(options.data, display)
    dataset = read_drawings(files, options.max_points, display)
    if options.training_drawings is not None:
        dataset = training_subset(dataset, options.training_drawings)
    start = beginning if isinstance(beginning, Checkpoint) else None
    if options.training.looks_for_clear:
        display.stage("looking for clear drawings", 0.0)
    run = TrainingRun(dataset, options.model, options.training, processes.device, start)
    resume_file = ResumeFile(options.checkpoint) if processes.is_first else None
    if isinstance(beginning, dict):
        run.restore(beginning)
        display.say(f"Going on after epoch {run.epoch}, step {run.step:,} ({duration(run.seconds)} trained).")
    elif resume_file is not None:
        _make_way(resume_file, display)
        _keep_state(resume_file, run, display)  # so that there is something to resume from the first step on
    display.say(_description(run, processes))
    if start is not None:
        display.say(f"Fine-tuning {options.start_from}, with its scale factor of {run.scale:.4g}.")
    display.record("settings", model=options.model.to_dict(), training=options.training.to_dict(), scale=run.scale)
    display.stage("first steps", 0.0)
    watching = Watching(run, options.checkpoint, options.tensorboard, display) if processes.is_first else None
    signal_number = _run(run, resume_file, watching, display)
    display.say(_summary(run))
    return run, signal_number


def _run(run: TrainingRun, resume_file: ResumeFile | None, watching: Watching | None, display: Display) -> int | None:
    """The steps themselves, with the state kept on disk; the number of the signal that ended them, if any."""
    with GracefulStop(run.request_stop, echoed=run.world > 1) as stop:
        try:
            for progress in run.run():
                display.training(progress)
                if progress.event:
                    display.say(progress.event)
                if resume_file is not None and resume_file.is_due:
                    _keep_state(resume_file, run, display)  # before anything is drawn, which takes its time
                if watching is not None:
                    watching.report(progress)
        except BrokenPipeError:  # nobody reads on: that ends the training, but loses nothing of it
            if resume_file is not None:
                resume_file.save(run)
            raise
        if resume_file is not None:
            _keep_state(resume_file, run, display)
        if watching is not None:
            watching.close()
    return stop.received or (signal.SIGINT if run.stopped else None)


def _make_way(resume_file: ResumeFile, display: Display) -> None:
    old = resume_file.move_aside()
    if old is not None:
        display.say(f"The state of an earlier training was moved to {old}.")


def _keep_state(resume_file: ResumeFile, run: TrainingRun, display: Display) -> None:
    try:
        resume_file.save(run)
    except CheckpointError as error:  # a full disk may have room again later; training need not end for it
        display.say(str(error))


def _description(run: TrainingRun, processes: Processes) -> str:
    """What is about to be trained, and on what."""
    weights = sum(parameter.numel() for parameter in run.model.parameters())
    config, attention = run.model.config, "attention" if run.model.config.attention else "no attention"
    together = f", {processes.world} processes" if processes.world > 1 else ""
    return (
        f"Model: {config.encoder_hidden}/{config.decoder_hidden}, {attention}, {weights:,} weights, "
        f"on {processes.device}{together}."
    )


def _summary(run: TrainingRun) -> str:
    trained = f"Trained {run.epochs_done:.1f} epochs, {run.step:,} steps, in {duration(run.seconds)}"
    if not run.history:
        return f"{trained}; no validation yet."
    kept = kept_validation(run.history, run.config)
    which = "last" if run.config.practice_weight > 0 else "best"
    return f"{trained}; {which} validation L_R {kept['valid_L_R']:.3f}, L_KL {kept['valid_L_KL']:.3f}."
