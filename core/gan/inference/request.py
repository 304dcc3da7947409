"""What a GAN is asked to draw. Nothing here imports TensorFlow."""

from core.request import Request
from core.schema import SEED_LIMIT, Control, option


class Sample(Request):
    """What to draw. `choice` is a class by name or number, or a share for each class."""

    count: int = option(64, "How many pictures.", title="Pictures", control=Control(1, 400), ge=1, le=10_000)
    seed: int = option(0, "The same seed draws the same pictures.", ge=0, le=SEED_LIMIT)
    choice: int | str | list[float] | None = option(
        None, "Only this class, by name or number; without it every class in turn.", title="Kind", flag="class"
    )
    truncation: float | None = option(
        None,
        "Noise beyond this is drawn again: smaller gives cleaner pictures with less variety.",
        control=Control(0.3, 3.0, 0.1, slider=True),
        ge=0.05,
        le=100,
    )
    columns: int | None = option(None, "Pictures in a row; without it as in a square.", ge=1, le=1000)
    scale: int = option(2, "Side of a pixel of the pictures.", unit="px", ge=1, le=16)


class Film(Request):
    """A walk from each picture to one of the next seed."""

    frames: int = option(24, "Pictures of a walk.", ge=2, le=600)
    straight: bool = option(False, "Walk on a line, not on an arc.")


def next_seed(seed: int) -> int:
    """Where a film of `seed` goes; the last seed's next is the first."""
    return (seed + 1) % (SEED_LIMIT + 1)


REQUEST = Sample
