"""Text for a terminal: what could act there is shown as what it is."""

import unicodedata

JOINERS = "\u200c\u200d"  # they hold emoji and letters together and move nothing


def printable(text: str) -> str:
    """`text` for a terminal: lines stay, escapes, control and direction characters are shown as what they are."""
    return "".join(
        char if char in "\n\t " or visible(char) else char.encode("unicode_escape").decode() for char in text
    )


def visible(char: str) -> bool:
    return unicodedata.category(char)[0] not in "CZ" or char in JOINERS
