"""How many cases each reader gets: HIDDEN_STATE_FUZZ, which is 500 in `make test-all` and 10,000 in `make fuzz`."""

import os
import resource
import sys
import warnings
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

CASES = int(os.environ.get("HIDDEN_STATE_FUZZ", "40"))
MEMORY = 3_000_000_000  # bytes that a reader may ask for on top of what the test process has

settings.register_profile(
    "fuzz",
    max_examples=CASES,
    deadline=timedelta(seconds=20),
    derandomize=CASES <= 500,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
settings.load_profile("fuzz")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """More cases take longer than one test may by default."""
    for item in items:
        if Path(__file__).parent in item.path.parents and item.config.getoption("timeout", None) != 0:
            item.add_marker(pytest.mark.timeout(max(240, 4 * CASES)))


@pytest.fixture(autouse=True)
def little_memory():
    """A reader that believes a declared size meets the end of the memory, not the machine's."""
    if not sys.platform.startswith("linux"):
        yield
        return
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
