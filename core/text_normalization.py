"""Unicode normalization in linear time.

Ordering combining marks costs the square of the length of a run of them, so one letter with 60,000 marks would hold the
interpreter for many seconds. As in the Stream-Safe Text Format (Unicode Standard Annex #15, section 13) a run is
treated in pieces of at most MAX_MARKS; no written language uses as many on one letter.
"""

import unicodedata
from itertools import pairwise
from typing import Literal

import regex

MAX_MARKS = 30
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
_LONG_RUN = regex.compile(rf"\p{{M}}{{{MAX_MARKS}}}(?=\p{{M}})")


def normalize(form: Form, text: str) -> str:
    """Return the normalized text; runs of more than MAX_MARKS combining marks are normalized in pieces."""
    if text.isascii():
        return text
    ends = [0, *(match.end() for match in _LONG_RUN.finditer(text)), len(text)]
    return "".join(unicodedata.normalize(form, text[start:end]) for start, end in pairwise(ends))
