"""Values as plain data between two processes: JSON, and beside it the bytes of arrays.

Whoever reads names the type that is expected, and nothing else is ever built: data from a process that a hostile file
has taken over can be refused or be wrong, but it cannot choose which code runs. Types are those of annotations:
numbers, texts, bytes, arrays of numbers, lists, tuples, dicts, dataclasses, named tuples, a family's options.
"""

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from core.errors import UserError
from core.families import family
from core.schema import Options, parse_options

LENGTH = struct.Struct("<Q")
SCALARS = (str, int, float, bool, NoneType)


class PlainDataError(ValueError):
    """The data is not of the expected type, or damaged."""


def dump(value: Any) -> bytes:
    """Return `value` as bytes. Raises TypeError for a type that cannot be plain data."""
    blobs: list[bytes] = []
    text = json.dumps(_plain(value, blobs), ensure_ascii=False, separators=(",", ":"))
    head = text.encode("utf-8", "surrogatepass")
    return b"".join((LENGTH.pack(len(head)), head, *blobs))


def _plain(value: Any, blobs: list[bytes]) -> Any:
    """JSON for `value`: a dict becomes a list of pairs, so that an object can stand for what JSON does not have."""
    if isinstance(value, SCALARS):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, bytes):
        blobs.append(value)
        return {"bytes": len(value)}
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            raise TypeError(f"an array of {value.dtype} is no plain data")
        blobs.append(np.ascontiguousarray(value).tobytes())
        return {"array": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, Options):
        return {"options": value.family, "values": value.model_dump(mode="json")}
    if is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, item.name), blobs) for item in fields(value) if item.init]
    if isinstance(value, Mapping):
        return [[_plain(key, blobs), _plain(item, blobs)] for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item, blobs) for item in value]
    raise TypeError(f"{type(value).__name__} is no plain data")


def load(kind: Any, data: bytes) -> Any:
    """Return the value of type `kind` that dump() wrote. Raises PlainDataError for anything else."""
    plain, blobs = unpack(data)
    return build(kind, plain, blobs)


class Blobs:
    """The bytes behind the JSON, taken in order."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def take(self, length: Any) -> memoryview:
        if type(length) is not int or not 0 <= length <= len(self._data) - self._at:
            raise PlainDataError("bytes are missing")
        self._at += length
        return self._data[self._at - length : self._at]


def unpack(data: bytes) -> tuple[Any, Blobs]:
    """Return the JSON of dump()'s bytes and what lies behind it. Raises PlainDataError where they are damaged."""
    try:
        (length,) = LENGTH.unpack_from(data)
        rest = memoryview(data)[LENGTH.size :]
        if length > len(rest):
            raise PlainDataError("cut short")
        return json.loads(str(rest[:length], "utf-8", "surrogatepass")), Blobs(rest[length:])
    except (struct.error, ValueError, RecursionError) as error:
        raise PlainDataError("damaged") from error


def build(kind: Any, plain: Any, blobs: Blobs) -> Any:
    """Return the value of type `kind` for the JSON `plain`. Raises PlainDataError where it does not fit."""
    if kind is Any:
        return _anything(plain)
    if isinstance(plain, dict) and "options" in plain:
        return _options(kind, plain)
    if kind in SCALARS:
        if type(plain) is kind or (kind is float and type(plain) is int):
            return kind(plain) if kind is not NoneType else None
        raise PlainDataError(f"no {kind.__name__}")
    if kind is bytes:
        return bytes(blobs.take(_entry(plain, "bytes")))
    if kind is np.ndarray:
        return _array(plain, blobs)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        if plain in arguments:
            return plain
        raise PlainDataError("none of the choices")
    if origin in (Union, UnionType):
        return _union(arguments, plain, blobs)
    if not isinstance(plain, list):
        raise PlainDataError("no list")
    if origin in (list, Sequence):
        return _items(arguments[0], plain, blobs)
    if origin is tuple and arguments[-1:] == (...,):
        return tuple(_items(arguments[0], plain, blobs))
    if origin in (dict, Mapping):
        return {build(arguments[0], key, blobs): build(arguments[1], item, blobs) for key, item in _pairs(plain)}
    if origin is tuple:
        return tuple(_members(arguments, plain, blobs))
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, tuple)):
        return kind(*_members(_member_types(kind), plain, blobs))
    raise PlainDataError(f"{kind} cannot be built")


def _items(kind: Any, plain: list[Any], blobs: Blobs) -> list[Any]:
    if kind is str:  # a table has a million of them
        if set(map(type, plain)) - {str}:
            raise PlainDataError("no texts")
        return plain
    return [build(kind, item, blobs) for item in plain]


def _members(kinds: Sequence[Any], plain: list[Any], blobs: Blobs) -> list[Any]:
    if len(kinds) != len(plain):
        raise PlainDataError("another number of members")
    return [build(kind, item, blobs) for kind, item in zip(kinds, plain, strict=True)]


@cache
def _member_types(kind: type) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    if is_dataclass(kind):
        return tuple(hints[item.name] for item in fields(kind) if item.init)
    return tuple(hints[name] for name in getattr(kind, "_fields", ()))


def _pairs(plain: list[Any]) -> list[list[Any]]:
    if any(not isinstance(item, list) or len(item) != 2 for item in plain):
        raise PlainDataError("no pairs")
    return plain


def _union(kinds: Sequence[Any], plain: Any, blobs: Blobs) -> Any:
    """The first type that fits; arrays and bytes stand beside None only."""
    if plain is None and NoneType in kinds:
        return None
    rest = [kind for kind in kinds if kind is not NoneType]
    for kind in rest[:-1]:
        try:
            return build(kind, plain, blobs)
        except PlainDataError:
            continue
    return build(rest[-1], plain, blobs)


def _anything(plain: Any) -> Any:
    """A number, a text, a truth value, None, or lists of those."""
    if isinstance(plain, list):
        return [_anything(item) for item in plain]
    if isinstance(plain, SCALARS):
        return plain
    raise PlainDataError("no plain value")


def _entry(plain: Any, name: str) -> Any:
    if not isinstance(plain, dict) or name not in plain:
        raise PlainDataError(f"no {name}")
    return plain[name]


def _array(plain: Any, blobs: Blobs) -> np.ndarray:
    name, shape = _entry(plain, "array"), _entry(plain, "shape")
    try:
        kind = np.dtype(str(name))
    except TypeError as error:
        raise PlainDataError("no such array") from error
    sound = isinstance(shape, list) and len(shape) < 9 and all(type(side) is int and side >= 0 for side in shape)
    if kind.kind not in "biuf" or not sound:
        raise PlainDataError("no such array")
    data = blobs.take(math.prod(shape) * kind.itemsize)
    return np.frombuffer(data, kind).reshape(shape).copy()


def _options(kind: Any, plain: dict[str, Any]) -> Options:
    try:
        options = parse_options(family(plain["options"]).options, plain["values"])
    except (UserError, KeyError, TypeError) as error:
        raise PlainDataError("no options") from error
    if isinstance(kind, type) and issubclass(kind, Options) and not isinstance(options, kind):
        raise PlainDataError("options of another family")
    return options
