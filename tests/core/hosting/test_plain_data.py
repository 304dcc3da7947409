"""Plain data between processes: every type comes back as it was, and no other type is ever built."""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest

from core.charlm.config import CharLMConfig
from core.gan.config import GANConfig
from core.hosting.plain_data import LENGTH, PlainDataError, dump, load
from core.sources import Source


class Pair(NamedTuple):
    a: int
    b: str


@dataclass(frozen=True)
class Thing:
    name: str
    shares: dict[float, tuple[int, ...]]
    kind: Literal["one", "two"] = "one"
    pair: Pair | None = None
    more: Any = None


VALUES = {
    "text": (str, "ab 好 \ud83d"),
    "number as decimal": (float, 3),
    "table": (list[list[str]], [["a", "b"], []]),
    "bytes": (bytes, b"\x00\xff"),
    "source": (list[Source], [Source("a.csv", b"a,b", "test"), Source("b", b"")]),
    "things": (tuple[Thing, ...], (Thing("x", {0.5: (1, 2)}, "two", Pair(1, "b"), [1, "a", None]), Thing("", {}))),
    "options": (CharLMConfig, CharLMConfig(units=12, seconds=3, epochs=None)),
    "nothing": (int | None, None),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_value_comes_back_as_it_was(case: str) -> None:
    kind, value = VALUES[case]
    found = load(kind, dump(value))
    assert found == value
    assert type(found) is (float if kind is float else type(value))


@pytest.mark.parametrize("shape", [(0,), (3,), (2, 0, 5), (2, 3, 4)])
@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "bool"])
def test_an_array_comes_back_with_its_shape_and_type_and_can_be_written(shape: tuple[int, ...], kind: str) -> None:
    array = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    _first, found, _none = load(tuple[bytes, np.ndarray, np.ndarray | None], dump((b"abc", array, None)))
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    assert found.flags.writeable


WRONG = {
    "another scalar": (int, "3"),
    "a truth value for a number": (int, True),
    "a number among texts": (list[str], ["a", 3]),
    "a choice that is none": (Literal["a", "b"], "c"),
    "a member too many": (Pair, (1, "b", 2)),
    "a pair too long": (dict[str, int], [("a", 1, 2)]),
    "bytes for an array": (np.ndarray, b"abc"),
    "an array for bytes": (bytes, np.zeros(3)),
    "an array for a number": (int, np.zeros(3)),
    "an array for anything": (Any, np.zeros(3)),
    "options of another family": (GANConfig, CharLMConfig()),
    "no class is named by the data": (Source, {"core.sources": "Source"}),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_of_another_type_is_refused(case: str) -> None:
    kind, value = WRONG[case]
    with pytest.raises(PlainDataError):
        load(kind, dump(value))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        LENGTH.pack(10) + b"[]",
        LENGTH.pack(3) + b"[1,",
        LENGTH.pack(4000) + b"[" * 4000,
        LENGTH.pack(29) + b'{"array":"|u1","shape":[1e9]}',
        LENGTH.pack(33) + b'{"array":"|u1","shape":[1000000]}',
        LENGTH.pack(28) + b'{"array":"|O8","shape":[0] }',
        LENGTH.pack(28) + b'{"array":"|u1","shape":[-1]}',
    ],
)
def test_damaged_data_is_refused(data: bytes) -> None:
    with pytest.raises(PlainDataError):
        load(np.ndarray, data)


def test_what_is_no_plain_data_is_never_written() -> None:
    for value in (object(), {1, 2}, np.array(["a"]), len):
        with pytest.raises(TypeError):
            dump(value)
