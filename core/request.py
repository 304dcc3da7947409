"""The base of what a trained run is asked for: one schema for a page, the command line and a service."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from core.bounds import option_error


class Request(BaseModel):
    """Fields made with core.schema.option(). Cannot be changed. The constructor raises UserError for a value out of
    range, model_validate_json() pydantic's ValidationError."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise option_error(type(self), error) from None

    # As pydantic.RootModel says it: model_validate_json() must not call this __init__, which would drop `strict`.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def replace(self, **changes: Any) -> Self:
        return type(self)(**(dict(self) | changes))
