import contextlib
import io

import pytest


@pytest.fixture
def run_snippet():
    """Executes a snippet's code and returns what it printed."""

    def run(code: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(code, "<snippet>", "exec"), {"__name__": "__main__"})
        return out.getvalue()

    return run
