"""The toy's data: how many bytes there are."""

from collections.abc import Sequence

from core.sources import Source
from tests.core.toy.config import ToyOptions

MAX_BYTES = 1000


def sizes(sources: Sequence[Source], options: ToyOptions) -> dict[str, int]:
    return {"numbers": prepare(sources, options)}


def prepare(sources: Sequence[Source], options: ToyOptions) -> int:
    return sum(len(source.data) for source in sources)
