"""Print and log exceptions safely: a traceback may quote untrusted text with terminal escape sequences."""

import logging
import sys
import traceback
from collections import deque
from dataclasses import dataclass

from core.errors import one_line
from core.terminal import printable

KEPT = 50  # faults that are remembered


def print_fault() -> None:
    """Print the current exception with its traceback to standard error."""
    print(printable(traceback.format_exc()), file=sys.stderr, flush=True)


class _Printable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))


@dataclass(frozen=True)
class Fault:
    """A logged fault: seconds since 1970, and one line that says where it was and what."""

    at: float
    text: str


class _Recent(logging.Handler):
    """Keep the newest faults of this process in memory."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.kept: deque[Fault] = deque(maxlen=KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage() + (f": {type(error).__name__}: {error}" if error is not None else "")
        self.kept.append(Fault(record.created, one_line(text)))


_recent = _Recent()


def recent_faults() -> list[Fault]:
    """Return the newest faults that were logged in this process, the newest first."""
    return list(_recent.kept)[::-1]


def studio_log(part: str = "") -> logging.Logger:
    """Return the program's logger, or the child logger `part`; it writes printable lines to standard error."""
    root = logging.getLogger("hidden_state")
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Printable("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
        root.addHandler(_recent)
    return root.getChild(part) if part else root
