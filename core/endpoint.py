"""What a family offers to a service. No web framework here: a wing only says what it takes and what it answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

Answer = dict[str, Any] | bytes | Iterator[str]


@dataclass(frozen=True)
class Endpoint:
    """POST `path` with the JSON of `request`. `answer` gives a dict (JSON), bytes, or texts that are streamed as they
    come; `media` is the type of the latter two. It may raise UserError, which becomes a 422 with its sentence."""

    path: str
    summary: str
    request: type[BaseModel]
    answer: Callable[[Any], Answer]
    media: str = "application/json"
