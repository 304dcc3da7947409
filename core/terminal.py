"""Make untrusted text safe to print on a terminal."""

import unicodedata

JOINERS = "\u200c\u200d"  # zero-width joiners of emoji and letters, which do not move the cursor


def printable(text: str) -> str:
    """Return `text` with escape, control and direction characters escaped; line breaks and tabs are unchanged."""
    return "".join(
        char if char in "\n\t " or visible(char) else char.encode("unicode_escape").decode() for char in text
    )


def visible(char: str) -> bool:
    return unicodedata.category(char)[0] not in "CZ" or char in JOINERS
