"""The description of an HTTP endpoint. It imports no web framework, so that a family package needs none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from core.bounds import extra, help_of

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

    def schema(self) -> dict[str, Any]:
        """The request's JSON schema, with the help of its fields in the language of whoever asks."""
        found = self.request.model_json_schema()
        for name, field in self.request.model_fields.items():
            described = found["properties"][name]
            for key in extra(field):
                described.pop(key, None)
            if field.description:
                described["description"] = help_of(field)
        return found
