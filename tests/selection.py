"""Which cases of a long list `make test` runs; the others are marked exhaustive and run in `make test-all`."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], keep: Iterable[Any] | int = 1) -> list[Any]:
    """The cases for parametrize: the first `keep` of them, or those named in it, run always, the rest in test-all.

    A case of several arguments is a tuple, and is named by its first one.
    """
    listed = list(cases)
    if isinstance(keep, int):
        kept = set(range(keep))
    else:
        names = [case[0] if isinstance(case, tuple) else case for case in listed]
        kept = {names.index(name) for name in keep}  # a name that is not there is a fault
    return [
        case
        if place in kept
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.exhaustive)
        for place, case in enumerate(listed)
    ]
