"""The one error that is meant for a person."""

import unicodedata

LIMIT = 700  # characters of a sentence; what is cut out is the middle of some stranger's name
JOINERS = "\u200c\u200d"


class UserError(Exception):
    """Bad data, a bad option or a missing run.

    Its text is one sentence that says what is wrong, where, and what to do. The page shows it in place, the command
    line prints it and exits 2. Every other exception is a fault of the program. Names of strangers in the sentence
    cannot break its line, run on for pages or speak to the terminal.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(one_line(sentence))


def one_line(sentence: str) -> str:
    """`sentence` for a person: what is invisible in it becomes a space or is written out, what is too long is cut."""
    shown = " ".join("".join(char if _is_printable(char) else _escaped(char) for char in sentence).split())
    return shown if len(shown) <= LIMIT else f"{shown[: LIMIT // 2]} … {shown[-LIMIT // 2 :]}"


def _is_printable(char: str) -> bool:
    return char == "\u00a0" or char in JOINERS or unicodedata.category(char)[0] not in "CZ"


def _escaped(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode()
