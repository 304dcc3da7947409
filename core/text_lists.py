"""Lists that people type: "3, 4", or "3，4" from a Chinese keyboard."""

import re

COMMAS = re.compile("[,，、]")


def by_commas(text: str) -> list[str]:
    """The parts between commas, which may hold spaces; empty ones are left out."""
    return [part.strip() for part in COMMAS.split(text) if part.strip()]


def by_spaces(text: str) -> list[str]:
    """The parts between commas or spaces."""
    return [part for part in re.split(r"[,，、\s]+", text) if part]
