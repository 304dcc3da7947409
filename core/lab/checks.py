"""What a person may type into a lab page: finite numbers of the right shape and size, or a UserError that says so."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.errors import UserError
from core.i18n import _


def number(value: Any, name: str, low: float, high: float) -> float:
    """`value` as a float in [low, high]. Raises UserError, which calls it `name`."""
    try:
        result = float(value)
    except (TypeError, ValueError):
        raise UserError(
            _("{name} is {value!r}: enter a number from {low:g} to {high:g}.").format(
                name=name, value=value, low=low, high=high
            )
        ) from None
    if not low <= result <= high:  # NaN fails too
        raise UserError(
            _("{name} is {value:g}: enter a number from {low:g} to {high:g}.").format(
                name=name, value=result, low=low, high=high
            )
        )
    return result


def integer(value: Any, name: str, low: int, high: int) -> int:
    """`value` as a whole number in [low, high]. Raises UserError."""
    result = number(value, name, low, high)
    if result != int(result):
        raise UserError(
            _("{name} is {value:g}: enter a whole number from {low} to {high}.").format(
                name=name, value=result, low=low, high=high
            )
        )
    return int(result)


def one_of(value: str, name: str, options: Sequence[str]) -> str:
    """`value`, which must be among `options`. Raises UserError."""
    if value not in options:
        raise UserError(
            _("{name} is {value!r}: choose one of {options}.").format(
                name=name, value=value, options=", ".join(map(str, options))
            )
        )
    return value


def array(values: Any, name: str, shape: tuple[int | None, ...], limit: float = 1000.0) -> np.ndarray:
    """`values` as float64 of `shape` (None: any size from 1), each within ±limit. UserError names the wrong cell."""
    try:
        result = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UserError(_("{name} has a cell that is no number: fill every cell with one.").format(name=name)) from None
    size(result.shape, name, shape)
    wrong = np.argwhere(~(np.abs(result) <= limit))
    if len(wrong):
        place = ", ".join(str(i + 1) for i in wrong[0])
        raise UserError(
            _("{name}, cell {place}, is {value:g}: enter a number from {low:g} to {high:g}.").format(
                name=name, place=place, value=result[tuple(wrong[0])], low=-limit, high=limit
            )
        )
    return result


def size(have: tuple[int, ...], name: str, want: tuple[int | None, ...]) -> None:
    """Raise UserError where a table of size `have` is not of size `want` (None: any from 1)."""
    fits = len(have) == len(want) and all(
        one > 0 if asked is None else one == asked for one, asked in zip(have, want, strict=True)
    )
    if not fits:
        wanted = " × ".join("n" if asked is None else str(asked) for asked in want)
        found = " × ".join(map(str, have)) or _("a single number")
        raise UserError(_("{name} is {have}: it has to be {want}.").format(name=name, have=found, want=wanted))
