"""Functions that a reader process is asked for in tests: each misbehaves in one way."""

import os
import signal
import time

from core.errors import UserError
from core.i18n import _
from core.sources import Source


def process(source: Source) -> int:
    return os.getpid()


def refuse(source: Source) -> int:
    raise UserError(_("The class cannot be made: {reason}.").format(reason=source.name))


def allocate(source: Source) -> int:
    return len(bytearray(int(source.data)))


def compute_without_end(source: Source) -> int:
    while True:
        pass


def wait_without_end(source: Source) -> int:
    while True:
        time.sleep(1)


def crash(source: Source) -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def fail(source: Source) -> int:
    raise KeyError("a fault of the program")


def fill(source: Source) -> list[str]:
    return ["x" * int(source.data)]


def lie(source: Source) -> int:
    return "no number"  # type: ignore[return-value]
