"""What a model card says of every network of a family; each family's is the CARD of its card.py."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure of report.json: its key, the hub's name of the measure, and how it was measured, as a message."""

    key: str
    measure: str
    protocol: str


@dataclass(frozen=True)
class ModelCard:
    """What a hub calls the task, its tags, the figures, and the limits that a reader must know, as messages."""

    pipeline: str
    tags: tuple[str, ...]
    figures: tuple[Figure, ...]
    limits: tuple[str, ...]
