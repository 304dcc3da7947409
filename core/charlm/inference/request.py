"""Sampling settings for text generation. Imports no TensorFlow."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from core.errors import UserError
from core.i18n import _

MAX_LENGTH = 20_000
MAX_COUNT = 64
MAX_PROMPT = 1_000_000
COLDEST, HOTTEST = 1e-4, 100.0


@dataclass(frozen=True)
class Settings:
    """length: characters; temperature 0: greedy; top_k 0 and top_p 1: no filtering; count: texts generated in parallel.

    A top_k above the vocabulary size filters nothing. Raises UserError for a value out of range.
    """

    length: int = 500
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        checks = (
            (_("length"), self.length, 1, MAX_LENGTH),
            (_("temperature"), self.temperature, 0, HOTTEST),
            (_("top k"), self.top_k, 0, 10**9),
            (_("seed"), self.seed, 0, 2**31 - 1),
            (_("count"), self.count, 1, MAX_COUNT),
        )
        for name, value, low, high in checks:
            if not (math.isfinite(value) and low <= value <= high):
                raise UserError(
                    _("The {name} cannot be {value}: it goes from {low} to {high:,}.").format(
                        name=name, value=value, low=low, high=high
                    )
                )
        if not (math.isfinite(self.top_p) and 0 < self.top_p <= 1):
            raise UserError(_("Top p cannot be {value}: it is over 0 and at most 1.").format(value=self.top_p))

    @property
    def greedy(self) -> bool:
        """Whether to take the argmax: below COLDEST the result is the same, and the division would overflow."""
        return self.temperature < COLDEST

    def replace(self, **changes: Any) -> "Settings":
        return dataclasses.replace(self, **changes)
