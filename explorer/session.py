"""The session file `.sketchspace`: a State as JSON, with the checkpoint and drawings that it stands on."""

import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from msgspec import Meta

from core.attributes import ATTRIBUTES
from core.errors import CheckpointError, ConfigError, SessionError
from core.file_paths import exists
from explorer.about import version
from explorer.options import shipped_checkpoints
from explorer.records import LARGEST, MOST, MOST_LETTERS, Record, RecordError, record
from explorer.state import State

if TYPE_CHECKING:
    from core.projection import LayoutConfig
    from explorer.opening import Opened, OpeningProgress

VERSION = 1
LARGEST_FILE = 64 * 2**20
"""Bytes; a larger one is none of ours. What a user can make on a million drawings stays far below."""
LONGEST_REASON = 200
"""Letters of what is said to be wrong."""
LONGEST_LAYOUT = 10_000
"""Neighbours or epochs."""

_Text = Annotated[str, Meta(max_length=MOST_LETTERS)]
_Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
_Range = tuple[_Number, _Number]


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the window looks at the map; not worth an undo step, but worth finding again."""

    camera: tuple[_Range, _Range] | None = None
    """(left, right), (bottom, top) in map units; None is the whole map."""
    legend: bool = True
    """Whether the legend is shown."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is open: a checkpoint, and the drawings that are mapped instead of its own, if any are."""

    checkpoint: _Text
    """The path of a file, or the name of a shipped one."""
    data: Annotated[tuple[_Text, ...], Meta(max_length=MOST)] = ()
    """Files, folders, patterns or names of categories."""

    @classmethod
    def of(cls, checkpoint: str, data: Sequence[Path | str] = ()) -> "Source":
        """With whole paths, which still hold when the working folder is another."""
        return cls(_whole(checkpoint), tuple(_whole(str(each)) for each in data))

    def beside(self, folder: Path) -> "Source":
        """With what is not where it was, but is in `folder` under the same name, taken from there."""
        return Source(_found(self.checkpoint, folder), tuple(_found(each, folder) for each in self.data))


def _whole(name: str) -> str:
    return os.path.abspath(name) if exists(name) else name  # noqa: PTH100 - pathlib's keeps `..`


def _found(name: str, folder: Path) -> str:
    moved = folder / Path(name).name
    return str(moved) if Path(name).is_absolute() and not exists(name) and exists(moved) else name


class Digests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SHA-256 of what the source was when the session was written."""

    checkpoint: _Text
    data: _Text = ""


class Header(msgspec.Struct, frozen=True):
    """What tells a session from other files."""

    format: Literal["sketchspace"]
    version: int


@dataclass(frozen=True, eq=False)
class Session:
    """A State and what it stands on; what is written."""

    source: Source
    opened: "Opened"
    state: State
    view: View | None = None
    """Of the window; None where nobody has looked yet."""
    layout: "LayoutConfig | None" = None
    """Of the map; None for the one it came with."""
    path: Path | None = None
    """The file that the user keeps it in, if there is one."""
    recovered: bool = False
    """Whether it comes from an autosave: then what it holds is in no file of the user's."""


@cache
def _state_record() -> Record:
    return record(State)


@cache
def _form() -> type[msgspec.Struct]:
    """The whole file."""
    from core.projection import LayoutConfig

    return msgspec.defstruct(
        "SessionFile",
        [
            ("format", Literal["sketchspace"]),
            ("version", Literal[1]),
            ("made_by", _Text),
            ("source", Source),
            ("digests", Digests),
            ("saved_as", _Text | None),
            ("layout", LayoutConfig | None),
            ("view", View),
            ("state", _state_record().form),
        ],
        forbid_unknown_fields=True,
        kw_only=True,
    )


# -- writing -------------------------------------------------------------------------------------


def write_session(session: Session, path: Path) -> None:
    """Write `path` whole or not at all. Raises SessionError."""
    from core.checkpoint import write_atomically

    content = session_bytes(session)
    try:
        read_state(content, session.opened)  # what could not be read again is not written
    except SessionError as error:
        raise SessionError(f"{path} was not written: {error}") from error
    try:
        write_atomically(path, lambda temporary: temporary.write_bytes(content))
    except CheckpointError as error:
        raise SessionError(str(error)) from error


def session_bytes(session: Session) -> bytes:
    """The session as JSON."""
    opened = session.opened
    data = "" if opened.dataset is None else opened.dataset.digest
    value = _form()(
        format="sketchspace",
        version=VERSION,
        made_by=f"Sketch Explorer {version()}",
        source=session.source,
        digests=Digests(opened.checkpoint.digest, data),
        saved_as=None if session.path is None else str(session.path),
        layout=session.layout,
        view=session.view or View(),
        state=_state_record().pack(session.state),
    )
    return msgspec.json.format(msgspec.json.encode(value), indent=1)


# -- reading -------------------------------------------------------------------------------------


def open_session(
    path: Path, device: str = "auto", *, recovered: bool = False
) -> "Generator[OpeningProgress, None, Session]":
    """Open the checkpoint and the drawings of the session at `path`, and its state on them.

    A generator: yields progress and returns the result. Raises SketchExplorerError, one sentence that
    names the file.
    """
    from explorer.opening import open_checkpoint

    file = _decoded(_content(path), str(path))
    source = file.source.beside(path.parent)
    if source.checkpoint not in shipped_checkpoints() and not exists(source.checkpoint):
        raise SessionError(
            f"{path} needs the checkpoint {source.checkpoint}, which is not there: put it back, or beside the session."
        )
    opened = yield from open_checkpoint(source.checkpoint, [Path(each) for each in source.data], device)
    if opened.checkpoint.digest != file.digests.checkpoint:
        raise SessionError(
            f"{path} was made with another checkpoint than {source.checkpoint} is now: "
            "put that one beside the session, under the same name."
        )
    if opened.dataset is not None and opened.dataset.digest != file.digests.data:
        names = ", ".join(source.data)
        raise SessionError(f"{path} was made with other drawings than {names} has now: bring those back.")
    state = _state(file, opened, str(path))
    if recovered:
        path = None if file.saved_as is None else Path(file.saved_as)
    return Session(source, opened, state, file.view, file.layout, path, recovered)


def read_state(content: bytes, opened: "Opened", name: str = "the session") -> State:
    """The state of a session on a map that is open. Raises SessionError."""
    return _state(_decoded(content, name), opened, name)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise SessionError(f"{path} does not exist.") from error
    except OSError as error:
        raise SessionError(f"{path} cannot be read ({error.strerror}).") from error
    if len(content) > LARGEST_FILE:
        raise SessionError(f"{path} is no session: it is larger than {LARGEST_FILE // 2**20} MB.")
    return content


def _decoded(content: bytes, name: str) -> Any:
    try:
        header = msgspec.json.decode(content, type=Header)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise SessionError(f"{name} is no session of Sketch Explorer, or a damaged one.") from error
    if header.version != VERSION:
        raise SessionError(
            f"{name} was made by another version of Sketch Explorer; this one reads sessions of version {VERSION}."
        )
    try:
        file = msgspec.json.decode(content, type=_form())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ConfigError) as error:
        raise SessionError(f"{name} is damaged: {_short(error)}.") from error
    if file.layout is not None and max(file.layout.neighbours, file.layout.epochs or 0) > LONGEST_LAYOUT:
        raise SessionError(f"{name} is damaged: its layout of the map would never end.")
    return file


def _short(words: object) -> str:
    """One line without its full stop; what it quotes may be of any length."""
    line = " ".join(str(words).replace("`", "").rstrip(".").split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON // 2]} … {line[-LONGEST_REASON // 2 :]}"


def _state(file: Any, opened: "Opened", name: str) -> State:
    try:
        state = _state_record().unpack(file.state, opened.atlas)
    except RecordError as error:
        raise SessionError(f"{name} does not fit {opened.title}: {_short(error)}.") from error
    for attribute in (state.colour_by, *state.filters):
        if attribute not in ATTRIBUTES:
            raise SessionError(f"{name} is damaged: {_short(repr(attribute))} is nothing to colour or filter by.")
    return state
