"""Exceptions whose message is one sentence that a user may read."""

import unicodedata

_UNSEEN = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories: control characters, lone surrogates, ends of lines and paragraphs."""


class SketchExplorerError(Exception):
    """An expected failure: the message says what is wrong and what to do about it.

    It stays one line that can be written anywhere, whatever names from a file it quotes.
    """

    def __init__(self, message: str) -> None:
        super().__init__("".join(_escaped(character) for character in message))


class DataError(SketchExplorerError):
    """A file of drawings that cannot be read, or holds nothing that can be used."""


class CheckpointError(SketchExplorerError):
    """A checkpoint that is missing, damaged, or made for something else."""


class ConfigError(SketchExplorerError):
    """A setting outside its range."""


class TrainingError(SketchExplorerError):
    """Training that cannot go on."""


class ProjectionError(SketchExplorerError):
    """A map layout that could not be computed."""


class ExpressionError(SketchExplorerError):
    """A latent expression that cannot be read or evaluated.

    `column` counts from 0 and points at the first character of the offending token.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


class SessionError(SketchExplorerError):
    """A session file that cannot be read or written, or that does not fit what there is."""


class SelectionError(SketchExplorerError):
    """A choice of drawings with which the wanted cannot be done."""


class Cancelled(Exception):
    """The caller asked long work to stop; not an error."""


def _escaped(character: str) -> str:
    unseen = unicodedata.category(character) in _UNSEEN
    return character.encode("unicode_escape").decode("ascii") if unseen else character
