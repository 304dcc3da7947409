"""What a classifier is asked. Nothing here imports TensorFlow."""

from typing import Annotated

from pydantic import Field

from core.request import Request
from core.schema import Control, option

LONGEST = 100_000  # characters of one text of a request


class Settings(Request):
    """How to judge."""

    threshold: float = option(
        0.0,
        "Answers with a smaller probability than this become “not sure”. Evaluate shows what that costs.",
        title="Not sure below",
        off=0,
        control=Control(0.0, 0.99, 0.01, slider=True),
        ge=0,
        le=1,
    )


class Classify(Settings):
    """The texts to judge. Below `threshold` an answer has no label."""

    texts: list[Annotated[str, Field(max_length=LONGEST)]] = option(
        ..., "Texts to judge.", min_length=1, max_length=1000
    )


REQUEST = Classify
