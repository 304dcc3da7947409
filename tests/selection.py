"""Which cases of a long list `make test` runs; the others are marked exhaustive and run in `make test-all`."""

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(cases: Iterable[Any], keep: Iterable[Any] | int = 1) -> list[Any]:
    """The cases for parametrize: the first `keep` of them, or those named in it, run always, the rest in test-all.

    A case of several arguments is a tuple, and is named by its first one.
    """
    listed = list(cases)
    chosen = listed[:keep] if isinstance(keep, int) else list(keep)
    names = [case[0] if isinstance(case, tuple) else case for case in listed]
    unknown = [name for name in chosen if name not in listed and name not in names]
    assert not unknown, f"no such cases: {unknown}"
    return [
        case
        if case in chosen or name in chosen
        else pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.exhaustive)
        for case, name in zip(listed, names, strict=True)
    ]
