"""One thread for the many small matrix products of a step loop.

A product of some hundred rows is over before a second thread has begun; on a machine that also trains, waiting for that
thread made reading up to thirty times slower.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


class _Shared:
    """A limit of the whole process: the first who wants it sets it, the last who needed it takes it back."""

    def __init__(self) -> None:
        self.users, self._lock, self._limit = 0, threading.Lock(), ExitStack()

    def enter(self) -> None:
        with self._lock:
            if not self.users:
                self._limit.enter_context(_pools().limit(limits=1, user_api="blas"))
            self.users += 1

    def leave(self) -> None:
        with self._lock:
            self.users -= 1
            if not self.users:
                self._limit.close()


_shared = _Shared()


@contextmanager
def one_thread() -> Iterator[None]:
    """For a with block, or as a decorator; also for several threads at once."""
    _shared.enter()
    try:
        yield
    finally:
        _shared.leave()


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    return ThreadpoolController()
