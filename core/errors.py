"""The exception for errors that a person can correct, and sanitizing of messages."""

import unicodedata

LIMIT = 700  # characters of a message; a longer one is shortened in the middle
JOINERS = "\u200c\u200d"


class UserError(Exception):
    """Invalid data or options, or a missing run.

    Its text is one sentence that says what is wrong, where, and what to do. A page shows it in place, the command line
    prints it and exits with 2. Every other exception is a fault of the program. The sentence is passed through
    one_line(), since it may quote untrusted names.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


def one_line(sentence: str) -> str:
    """Return `sentence` as one printable line of at most about LIMIT characters.

    White space becomes a single space, control characters are escaped, and a longer text is cut in the middle.
    """
    shown = " ".join("".join(char if _is_printable(char) else _escaped(char) for char in sentence).split())
    return shown if len(shown) <= LIMIT else f"{shown[: LIMIT // 2]} … {shown[-LIMIT // 2 :]}"


def _is_printable(char: str) -> bool:
    return char == "\u00a0" or char in JOINERS or unicodedata.category(char)[0] not in "CZ"


def _escaped(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode()
