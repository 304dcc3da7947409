"""One thread for the many small matrix products of a step loop.

A product of some hundred rows is over before a second thread has begun; on a machine that also trains, waiting for that
thread made reading up to thirty times slower.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


class _SharedLimit:
    """The limit of a pool that all threads share. One thread must set it and take it back, and readers overlap: a
    thread of its own holds it from the first reader's coming to the last one's leaving."""

    def __init__(self) -> None:
        self._lock, self._readers = threading.Lock(), 0
        self._set, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def enter(self) -> None:
        with self._lock:
            self._readers += 1
            if self._thread is None:
                self._set, self._over = threading.Event(), threading.Event()
                self._thread = threading.Thread(target=self._hold, daemon=True)
                self._thread.start()
                self._set.wait()

    def leave(self) -> None:
        with self._lock:
            self._readers -= 1
            if not self._readers and self._thread is not None:
                self._over.set()
                self._thread.join()
                self._thread = None

    def _hold(self) -> None:
        try:
            with _pools().limit(limits=1, user_api="blas"):
                self._set.set()
                self._over.wait()
        finally:
            self._set.set()


_shared_limit = _SharedLimit()


@contextmanager
def one_thread() -> Iterator[None]:
    """For a with block, or as a decorator; by several threads at once too."""
    _shared_limit.enter()
    try:
        with _pools().limit(limits=1, user_api="blas"):  # pools that give each thread a limit of its own
            yield
    finally:
        _shared_limit.leave()


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    return ThreadpoolController()
