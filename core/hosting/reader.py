"""Read what a hosted demo's visitors brought in child processes, whose memory and time are limited.

A reader in the server would take the server's memory, and its time from everybody. A child that takes too much is
ended, the visitor reads one sentence, and the next file finds another child. What comes back is plain data of the type
that the reading function declares (core/hosting/plain_data.py). One child waits ready, since starting one takes longer
than a small file; a child that stayed small is used again.
"""

import atexit
import hashlib
import logging
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from core.errors import UserError
from core.hosting import plain_data, reader_process, refusals
from core.hosting.limits import LIMITS, Limits
from core.i18n import _, language
from core.sources import Source

ROOT = Path(__file__).resolve().parents[2]
REMEMBERED = 500  # files and visitors that took too much
FRAMING = 64  # bytes of an answer beside its content
T = TypeVar("T")

log = logging.getLogger("hidden_state")


class _Child:
    """One reader process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        words = [limits.reading_mb, limits.reading_seconds, limits.reading_result_bytes]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.hosting.reader_process", *map(str, words)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: bytes) -> bytes:
        """Return the answer. Raises OSError, EOFError or ValueError where it did not come whole or in time."""
        incoming, outgoing = self._process.stdout, self._process.stdin
        assert incoming is not None
        assert outgoing is not None
        clock = threading.Timer(self._limits.reading_deadline, self._process.kill)
        clock.start()
        try:
            reader_process.write_frame(outgoing, question)
            found = reader_process.read_frame(incoming, self._limits.reading_result_bytes + FRAMING)
        finally:
            clock.cancel()
        if len(found) < 2:
            raise EOFError
        return found

    def end(self) -> None:
        """End the process and wait for it."""
        with suppress(OSError):
            self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()
        self._process.wait()


class Reader:
    """At most `limits.readers` children, and those who wait for one. Thread-safe."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(limits.readers)
        self._waiting = 0
        self._idle: list[_Child] = []
        self._slow_lane = threading.BoundedSemaphore(max(1, limits.readers - 1))
        self._too_much: OrderedDict[str, None] = OrderedDict()

    def warm_up(self) -> None:
        """Start a child, unless one waits ready."""
        with self._lock:
            if not self._idle:
                self._idle.append(_Child(self._limits))

    def close(self) -> None:
        """End the children that wait ready."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def call(self, function: Callable[..., T], *arguments: Any, visitor: str = "") -> T:
        """Return function(*arguments) as a child computes it.

        function: of a module, with annotated parameters and result, all of plain data. visitor: whoever has brought
        what took too much leaves a child to the others from then on, and the same file is not read again. Raises
        UserError as the function does, or where it takes more than the limits or too many wait.
        """
        asked = reader_process.question(language(), function, arguments)
        digest = hashlib.sha256(asked).hexdigest()
        with self._lock:
            known, slow = digest in self._too_much, bool(visitor) and visitor in self._too_much
        if known:
            return self._opened(function, arguments, reader_process.TOO_MUCH + reader_process.STAYS)
        with self._turn(self._slow_lane) if slow else nullcontext(), self._turn(self._turns):
            child = self._take()
            try:
                found = child.ask(asked)
            except (OSError, EOFError, ValueError):
                child.end()
                found = reader_process.TOO_MUCH + reader_process.ENDS
            except BaseException:
                child.end()
                raise
            if found[1:2] == reader_process.STAYS:
                with self._lock:
                    self._idle.append(child)
            else:
                child.end()
                self.warm_up()
        if found[:1] == reader_process.TOO_MUCH:
            self._remember(digest, visitor)
        return self._opened(function, arguments, found)

    def _remember(self, *names: str) -> None:
        with self._lock:
            self._too_much.update(dict.fromkeys(filter(None, names)))
            while len(self._too_much) > REMEMBERED:
                self._too_much.popitem(last=False)

    def _opened(self, function: Callable[..., T], arguments: tuple[Any, ...], found: bytes) -> T:
        kind, content = found[:1], found[2:]
        if kind == reader_process.SENTENCE:
            raise UserError(content.decode("utf-8", "replace"))
        if kind == reader_process.TOO_MUCH:
            refusals.count("reading")
            raise UserError(
                _(
                    "“{name}” cannot be read with the {memory:,} MB of memory and the {seconds:g} seconds that this "
                    "hosted demo gives a file: bring a part of it."
                ).format(
                    name=", ".join(_names(arguments))[:200],
                    memory=self._limits.reading_mb,
                    seconds=self._limits.reading_seconds,
                )
            )
        if kind != reader_process.RESULT:
            raise RuntimeError(f"a reader process failed: {content[-4000:].decode('utf-8', 'replace')}")
        found_value: T = plain_data.load(get_type_hints(function)["return"], content)
        return found_value

    def _take(self) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    return child
                child.end()
        return _Child(self._limits)

    @contextmanager
    def _turn(self, turns: threading.BoundedSemaphore) -> Iterator[None]:
        """Wait for one of `turns`. Raises UserError where too many wait, or it takes too long."""
        with self._lock:
            too_many = self._waiting >= self._limits.reading_queue
            self._waiting += not too_many
        try:
            free = not too_many and turns.acquire(timeout=self._limits.reading_wait)
        finally:
            with self._lock:
                self._waiting -= not too_many
        if not free:
            refusals.count("reading queue")
            raise UserError(_("Too many files are being read here just now: try again in a minute."))
        try:
            yield
        finally:
            turns.release()


def _names(arguments: tuple[Any, ...]) -> list[str]:
    """Names of the files among the arguments."""
    lists = [item if isinstance(item, list | tuple) else [item] for item in arguments]
    return [item.name for items in lists for item in items if isinstance(item, Source)] or [_("The file")]


_shared: Reader | None = None
_lock = threading.Lock()


def shared_reader() -> Reader:
    """Return this server's reader."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = Reader()
            atexit.register(_shared.close)
        return _shared
