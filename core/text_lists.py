"""Split lists that people type, such as "3, 4", or "3，4" from a Chinese keyboard."""

import re

COMMAS = re.compile("[,，、]")


def by_commas(text: str) -> list[str]:
    """Return the non-empty parts between commas; they may contain spaces."""
    return [part.strip() for part in COMMAS.split(text) if part.strip()]


def by_spaces(text: str) -> list[str]:
    """Return the non-empty parts between commas or white space."""
    return [part for part in re.split(r"[,，、\s]+", text) if part]
