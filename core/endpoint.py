"""The description of an HTTP endpoint. It imports no web framework, so that a family package needs none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

Answer = dict[str, Any] | bytes | Iterator[str]


@dataclass(frozen=True)
class Endpoint:
    """POST `path` with a JSON body that is validated as `request`.

    answer: receives the validated request and returns a dict (sent as JSON), bytes, or an iterator of texts (streamed);
    a UserError that it raises is answered with status 422. media: the content type of bytes and streams.
    """

    path: str
    summary: str
    request: type[BaseModel]
    answer: Callable[[Any], Answer]
    media: str = "application/json"
