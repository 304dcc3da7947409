"""Limit BLAS to one thread for the many small matrix products of a step loop.

A product of a few hundred rows does not benefit from a second thread; on a machine that also trains, waiting for that
thread made reading up to thirty times slower.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


class _SharedLimit:
    """Reference-counted limit of a process-wide BLAS pool.

    The pool requires one thread to set and reset the limit, while users overlap: a helper thread holds it from the
    first enter() to the last leave().
    """

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
    """Context manager or decorator that limits BLAS to one thread; thread-safe."""
    _shared_limit.enter()
    try:
        with _pools().limit(limits=1, user_api="blas"):  # for BLAS pools with per-thread limits
            yield
    finally:
        _shared_limit.leave()


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    return ThreadpoolController()
