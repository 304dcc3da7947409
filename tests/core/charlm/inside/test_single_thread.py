"""The limit on threads is the whole process's: readers that overlap must not leave it behind."""

import threading

import numpy as np  # noqa: F401  # brings the pool that is limited
import pytest

from core.charlm.inside import single_thread


def pool() -> set[int]:
    return {item["num_threads"] for item in single_thread._pools().info() if item["user_api"] == "blas"}


def test_two_that_overlap_work_with_one_thread_and_leave_things_as_they_were():
    before = pool()
    if before <= {1}:
        pytest.skip("this machine gives BLAS one thread anyway")
    second_is_in, first_is_out = threading.Event(), threading.Event()
    seen = {}

    def second() -> None:
        with single_thread.one_thread():
            second_is_in.set()
            first_is_out.wait(10)
            seen["alone"] = pool()

    other = threading.Thread(target=second)
    with single_thread.one_thread():
        other.start()
        assert second_is_in.wait(10)
        assert pool() == {1}
    first_is_out.set()
    other.join()
    assert seen["alone"] == {1}
    assert pool() == before
