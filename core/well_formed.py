"""Text that can be written as UTF-8.

Cut-off tweets in JSON, file names and arguments of a terminal can hold half a surrogate pair, which no encoding takes.
"""

REPLACEMENT = "\ufffd"


def well_formed(text: str) -> str:
    """Return `text` with pairs of surrogates joined and each lone half replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
