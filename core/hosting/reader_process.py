"""The child process in which a hosted demo reads what visitors brought; core.hosting.reader starts it and asks.

    python -m core.hosting.reader_process MEGABYTES SECONDS

It imports no TensorFlow, ends with its server, which closes its input, and may allocate MEGABYTES beyond what it has
when it is ready. Each question may take SECONDS of processor time. Where the system knows no such limits (Windows), the
server's deadline remains.
"""

import math
import os
import signal
import struct
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import IO, Any, get_type_hints

from core.errors import UserError
from core.families import FAMILIES
from core.hosting import plain_data

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

FRAME = struct.Struct("<Q")
# The first byte of an answer: a result, a sentence for the visitor, too much memory or too large, a fault; the second:
# whether the process ends after it.
RESULT, SENTENCE, TOO_MUCH, FAULT = b"r", b"s", b"m", b"f"
STAYS, ENDS = b"1", b"0"
KEPT = 100_000_000  # bytes of growth from which a process is not used again


def question(language: str, function: Any, arguments: tuple[Any, ...]) -> bytes:
    """Return the question that asks a reader process for function(*arguments) in that language."""
    return plain_data.dump([language, function.__module__, function.__qualname__, list(arguments)])


def answer(asked: bytes, limit: int) -> tuple[bytes, bytes]:
    """Return the kind of the answer and its content, at most `limit` bytes."""
    try:
        plain, blobs = plain_data.unpack(asked)
        os.environ["HIDDEN_STATE_LANGUAGE"], module, name, values = plain
        function = getattr(import_module(module), name)
        hints = get_type_hints(function)
        kinds = [hints[parameter] for parameter in signature(function).parameters]
        arguments = [
            plain_data.build(kind, value, blobs) for kind, value in zip(kinds[: len(values)], values, strict=True)
        ]
        found = plain_data.dump(function(*arguments))
        return (RESULT, found) if len(found) <= limit else (TOO_MUCH, b"")
    except UserError as error:
        return SENTENCE, str(error).encode("utf-8", "replace")
    except MemoryError:
        return TOO_MUCH, b""
    except Exception:
        return FAULT, traceback.format_exc()[-4000:].encode("utf-8", "replace")


def main(megabytes: int, seconds: float, limit: int) -> None:
    """Answer questions from standard input, one after another, until it is closed or too much memory is held."""
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes the input
    for row in FAMILIES.values():
        row.data  # noqa: B018  # imports what reads its files
    with suppress(ImportError):
        import_module("openpyxl")
    limit_memory(megabytes * 1_000_000)
    before = resident()
    while asked := read_frame(incoming):
        limit_processor(seconds)
        kind, content = answer(asked, limit)
        del asked
        leaving = kind == TOO_MUCH or resident() - before > KEPT
        write_frame(outgoing, kind + (ENDS if leaving else STAYS) + content)
        if leaving:
            return


# Limits ---------------------------------------------------------------------------------------------------------------
def limit_memory(more: int) -> None:
    """Let this process map at most `more` bytes beyond what it has mapped."""
    mapped = _pages(0)
    if resource is None or not mapped:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (mapped + more, mapped + more))


def limit_processor(seconds: float) -> None:
    """Let the system end this process after that much more processor time."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(used.ru_utime + used.ru_stime + seconds), hard))


def resident() -> int:
    """Return the memory that this process holds in bytes; 0 where the system does not say."""
    return _pages(1)


def _pages(place: int) -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[place]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


# Frames ---------------------------------------------------------------------------------------------------------------
def read_frame(stream: IO[bytes], limit: int | None = None) -> bytes:
    """Return the next frame; b"" at the end. Raises EOFError for half a frame, ValueError for one over `limit`."""
    head = stream.read(FRAME.size)
    if not head:
        return b""
    if len(head) < FRAME.size:
        raise EOFError
    (length,) = FRAME.unpack(head)
    if limit is not None and length > limit:
        raise ValueError("an answer over the limit")
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def write_frame(stream: IO[bytes], content: bytes) -> None:
    stream.write(FRAME.pack(len(content)))
    stream.write(content)
    stream.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]))
