"""The values of a State as plain records for JSON, and back: by the types of their fields, strictly.

`record(kind)` follows the type annotations of a dataclass. What it cannot know from them stands in the
tables here: the axes of each array and the range of each whole number. A field of a type, or an array
or a whole number without such a line, raises TypeError, so that none is forgotten unnoticed.
"""

import math
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
from msgspec import UNSET, Meta, UnsetType
from numpy.typing import NDArray

from core.directions import AttributeDirection

if TYPE_CHECKING:
    from core.atlas import Atlas

NAMES = {"Code": NDArray[np.float32], "AttributeDirection": AttributeDirection}
"""What modules of the state import for type checkers only."""
AXES = {
    "AtPosition.among": "N",
    "AtCode.code": "Z",
    "ByExpression.pinned": "Z",
    "ByExpression.groups": "mZ",
    "Pin.code": "Z",
    "Pin.stroke3": "m3",
    "Group.indices": "m",
    "ByHand.strokes": "m2",
    "Offset.unit": "Z",
    "AttributeDirection.low": "Z",
    "AttributeDirection.step": "Z",
    "State.selected": "N",
    "State.alone": "N",
    "State.pad": "m2",
}
"""Of each array: N is the number of drawings on the map, Z that of latent dimensions, m any."""
RANGES: dict[str, tuple[float, float | str]] = {
    "AtDrawing.index": (0, "N"),
    "Group.indices": (0, "N"),
    "Route.frames": (2, 60),
    "Filter.hidden": (0, 2**31),
    "State.seed": (0, 2**31),
    "State.temperature": (0, 1),
}
"""Of each whole number, and of those others that LARGEST does not bound: from, to (below N)."""
LARGEST = 1e6
"""Of any number: beyond, sums of squares of float32 overflow."""
MOST = 1000
"""Of the entries of a mapping or a tuple."""
MOST_ROWS = 100_000
"""Of an array's m."""
MOST_LETTERS = 10_000


def _means(groups: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """A group counts in an expression by its mean alone, which spares a file the codes of all its drawings."""
    return {name: codes.mean(axis=0, keepdims=True) for name, codes in groups.items() if len(codes)}


SHORTENED: dict[str, Callable[[Any], Any]] = {"ByExpression.groups": _means}
"""What is written instead of a field's value."""
DERIVED: dict[str, Callable[[dict[str, Any], "Atlas"], Any]] = {
    "Group.codes": lambda group, atlas: atlas.latents[group["indices"]],
    "State.layout": lambda _state, _atlas: None,  # a session's map is opened with its layout
}
"""Fields that are not written: what they are, from the other fields and the map."""


class RecordError(ValueError):
    """A record that does not fit the map: the message names the field and says why."""


@dataclass(frozen=True)
class Record:
    """How values of one type are written and read."""

    form: Any
    """The type that msgspec checks."""
    pack: Callable[[Any], Any]
    """From a value to its form."""
    unpack: Callable[[Any, "Atlas"], Any]
    """Back; raises RecordError if it does not fit the map."""


def record(kind: Any, where: str = "", *, tagged: bool = False) -> Record:
    """The record of a type; `where` is the Class.field it is of. Raises TypeError for a type without a rule."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _of_dataclass(kind, tagged=tagged)
    if origin in (Union, types.UnionType):
        return _of_union(arguments, where)
    if origin is np.ndarray:
        return _of_array(get_args(arguments[1])[0], where)
    if origin is not None and issubclass(origin, Mapping) and arguments[0] is str:
        return _of_mapping(record(arguments[1], where), where)
    if origin is tuple and arguments[1:] == (...,):
        item = record(arguments[0], where)
        return Record(
            Annotated[tuple[item.form, ...], Meta(max_length=MOST)],
            lambda values: tuple(item.pack(value) for value in values),
            lambda values, atlas: tuple(item.unpack(value, atlas) for value in values),
        )
    if origin is frozenset:
        item = record(arguments[0], where)
        return Record(
            frozenset[item.form], sorted, lambda values, atlas: frozenset(item.unpack(value, atlas) for value in values)
        )
    if kind in (int, float):
        return _of_number(kind, where)
    if kind is str:
        return Record(Annotated[str, Meta(max_length=MOST_LETTERS)], _same, _kept)
    if kind is bool or (isinstance(kind, type) and issubclass(kind, Enum)):
        return Record(kind, _same, _kept)
    raise TypeError(f"{where} is of type {kind}, for which explorer/records.py has no rule")


def _same(value: Any) -> Any:
    return value


def _kept(value: Any, _atlas: "Atlas") -> Any:
    return value


@cache
def _of_dataclass(kind: type, *, tagged: bool) -> Record:
    """An object with a key a field; `tagged` with one more, `type`, where it could be another."""
    hints = get_type_hints(kind, localns=NAMES)
    parts: dict[str, Record] = {}
    shape: list[Any] = []
    for each in fields(kind):
        where = f"{kind.__name__}.{each.name}"
        if where in DERIVED:
            continue
        parts[each.name] = part = record(hints[each.name], where)
        default = each.default if each.default_factory is MISSING else each.default_factory()
        optional = default is not MISSING and not isinstance(default, np.ndarray)  # which would not fit the map
        shape.append((each.name, part.form | UnsetType, UNSET) if optional else (each.name, part.form))
    tag = kind.__name__ if tagged else None
    form = msgspec.defstruct(
        kind.__name__, shape, tag=tag, tag_field="type" if tagged else None, forbid_unknown_fields=True, kw_only=True
    )
    shortened = {name: SHORTENED.get(f"{kind.__name__}.{name}", _same) for name in parts}
    derived = {
        where.partition(".")[2]: find for where, find in DERIVED.items() if where.startswith(f"{kind.__name__}.")
    }

    def pack(value: Any) -> Any:
        return form(**{name: part.pack(shortened[name](getattr(value, name))) for name, part in parts.items()})

    def unpack(packed: Any, atlas: "Atlas") -> Any:
        given = {name: getattr(packed, name) for name in parts}
        values = {name: parts[name].unpack(value, atlas) for name, value in given.items() if value is not UNSET}
        return kind(**values, **{name: find(values, atlas) for name, find in derived.items()})

    return Record(form, pack, unpack)


def _of_union(kinds: tuple[Any, ...], where: str) -> Record:
    """One of several dataclasses, told apart by their names; or one type, or None."""
    several = sum(is_dataclass(kind) for kind in kinds) > 1
    records = {kind: record(kind, where, tagged=several) for kind in kinds if kind is not types.NoneType}
    if len(records) > 1 and not all(is_dataclass(kind) for kind in records):
        raise TypeError(f"{where} may be one of {kinds}, which cannot be told apart")
    form = Union[tuple(each.form for each in records.values()) + ((None,) if types.NoneType in kinds else ())]  # noqa: UP007
    only = next(iter(records.values()))
    by_form = {each.form: each for each in records.values() if several}

    def pack(value: Any) -> Any:
        return None if value is None else (records[type(value)] if several else only).pack(value)

    def unpack(packed: Any, atlas: "Atlas") -> Any:
        return None if packed is None else (by_form[type(packed)] if several else only).unpack(packed, atlas)

    return Record(form, pack, unpack)


def _of_mapping(item: Record, where: str) -> Record:
    def unpack(packed: dict[str, Any], atlas: "Atlas") -> dict[str, Any]:
        values = {name: item.unpack(value, atlas) for name, value in packed.items()}
        for name, value in values.items():
            if getattr(value, "name", name) != name:
                raise RecordError(f"{where} has {value.name!r} under the name {name!r}")
        return values

    text = Annotated[str, Meta(max_length=MOST_LETTERS)]
    return Record(
        Annotated[dict[text, item.form], Meta(max_length=MOST)],
        lambda values: {name: item.pack(value) for name, value in values.items()},
        unpack,
    )


def _of_number(kind: type, where: str) -> Record:
    if kind is int and where not in RANGES:
        raise TypeError(f"{where} is a whole number without a range in explorer/records.py")
    low, high = RANGES.get(where, (-LARGEST, LARGEST))
    if isinstance(high, str):
        return Record(kind, _same, lambda value, atlas: _below(value, low, len(atlas), where))
    return Record(Annotated[kind, Meta(ge=low, le=high)], kind, _kept)


def _below(value: Any, low: float, high: int, where: str) -> Any:
    least, most = np.min(value, initial=high - 1), np.max(value, initial=low)
    if least < low or most >= high:
        raise RecordError(f"{where} is {most if most >= high else least}, but the map has {high:,} drawings")
    return value


def _of_array(dtype: type, where: str) -> Record:
    """Its shape, and its numbers as base64 of little-endian bytes; masks as bits."""
    if where not in AXES:
        raise TypeError(f"{where} is an array whose axes are not in explorer/records.py")
    mask = dtype is np.bool_
    stored = np.dtype(np.uint8 if mask else dtype).newbyteorder("<")
    name = "bits" if mask else np.dtype(dtype).name
    size = Annotated[int, Meta(ge=0, le=2**31)]
    form = msgspec.defstruct(
        f"Array_{name}", [("shape", tuple[size, ...]), (name, bytes)], forbid_unknown_fields=True, kw_only=True
    )

    def pack(array: NDArray[Any]) -> Any:
        numbers = np.packbits(array) if mask else np.asarray(array, dtype=stored)
        return form(**{"shape": array.shape, name: numbers.tobytes()})

    def unpack(packed: Any, atlas: "Atlas") -> NDArray[Any]:
        data, shape = getattr(packed, name), packed.shape
        sizes = {"N": len(atlas), "Z": atlas.latents.shape[1], "m": None}
        wanted = [sizes[axis] if axis in sizes else int(axis) for axis in AXES[where]]
        if len(shape) != len(wanted) or any(w not in (None, s) for w, s in zip(wanted, shape, strict=True)):
            needed = " × ".join("any" if size is None else f"{size:,}" for size in wanted)
            raise RecordError(f"{where} is {' × '.join(map(str, shape)) or 'one number'}, and should be {needed}")
        count = math.prod(shape)
        if "m" in AXES[where] and max(shape) > max(MOST_ROWS, len(atlas)):
            raise RecordError(f"{where} has more than {MOST_ROWS:,} rows")
        if len(data) != (-(-count // 8) if mask else count * stored.itemsize):
            raise RecordError(f"{where} has another size than it says")
        if mask:
            return np.unpackbits(np.frombuffer(data, np.uint8), count=count).astype(bool).reshape(shape)
        array = np.frombuffer(data, stored).astype(dtype).reshape(shape)
        if where in RANGES:
            return _below(array, RANGES[where][0], len(atlas), where)
        if not (np.abs(array) <= LARGEST).all():  # not so for NaN either
            raise RecordError(f"{where} has numbers that are not finite, or beyond all measure")
        return array

    return Record(form, pack, unpack)
