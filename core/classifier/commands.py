"""python -m core classify RUN and evaluate RUN, for a trained classifier."""

from typing import Any


def add_parsers(commands: Any) -> None:
    pass
