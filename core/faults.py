"""Faults in logs and on terminals: a traceback may quote a stranger's text, whose escapes must not act there."""

import logging
import sys
import traceback

from core.terminal import printable


def print_fault() -> None:
    """The exception that is being handled, with its traceback, on standard error."""
    print(printable(traceback.format_exc()), file=sys.stderr, flush=True)


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


def studio_log(part: str = "") -> logging.Logger:
    """The studio's log, or that of a part of it: on standard error, every line printable."""
    root = logging.getLogger("hidden_state")
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    return root.getChild(part) if part else root
