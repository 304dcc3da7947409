"""Print and log exceptions safely: a traceback may quote untrusted text with terminal escape sequences."""

import logging
import sys
import traceback

from core.terminal import printable


def print_fault() -> None:
    """Print the current exception with its traceback to standard error."""
    print(printable(traceback.format_exc()), file=sys.stderr, flush=True)


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def studio_log(part: str = "") -> logging.Logger:
    """Return the program's logger, or the child logger `part`; it writes printable lines to standard error."""
    root = logging.getLogger("hidden_state")
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    return root.getChild(part) if part else root
