"""What a character model is asked to write. Nothing here imports TensorFlow."""

from core.request import Request
from core.schema import SEED_LIMIT, Control, option

COLDEST = 1e-4  # below it the likeliest character wins anyway, and dividing by it would only overflow


def is_greedy(temperature: float) -> bool:
    """Does this temperature always take the likeliest character, the first of equals?"""
    return temperature < COLDEST


class Prompt(Request):
    """What a text begins with."""

    prompt: str = option(
        "", "What the text begins with; without one it begins as a line does.", title="Prompt",
        max_length=100_000,
    )  # fmt: skip


class Settings(Request):
    """How to write on. A top_k over the size of the vocabulary leaves all characters in."""

    length: int = option(
        500, "How many characters to write.", title="Characters", control=Control(step=100), ge=1, le=20_000
    )
    temperature: float = option(
        0.8,
        "0 always takes the likeliest character; 1 takes the network at its word; more is wilder.",
        control=Control(0.0, 2.0, 0.05, slider=True),
        ge=0,
        le=100,
    )
    top_k: int = option(0, "Choose among the k likeliest characters.", off=0, ge=0, le=10**9)
    top_p: float = option(
        1.0,
        "Choose among the likeliest characters that together have this probability.",
        off=1,
        control=Control(0.05, 1.0, 0.05, slider=True),
        gt=0,
        le=1,
    )
    seed: int = option(0, "The same seed writes the same text.", ge=0, le=SEED_LIMIT)
    count: int = option(1, "How many texts.", ge=1, le=64)

    @property
    def greedy(self) -> bool:
        return is_greedy(self.temperature)


class Generate(Settings, Prompt):
    """What to write on from, and how."""

    @property
    def settings(self) -> Settings:
        return Settings(**{name: getattr(self, name) for name in Settings.model_fields})


REQUEST = Generate
