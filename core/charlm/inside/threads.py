"""One thread for the many small matrix products of a step loop.

A product of some hundred rows is over before a second thread has begun; on a machine that also trains, waiting for that
thread made reading up to thirty times slower.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread() -> Iterator[None]:
    """For a with block, or as a decorator."""
    with _pools().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _pools() -> ThreadpoolController:
    return ThreadpoolController()
