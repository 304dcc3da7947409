"""A deprecation warning that a module of ours raises fails the test; one of a library's does not."""

import warnings

import pytest
from streamlit.testing.v1 import AppTest

CATEGORIES = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
OURS = ("core.charlm.inside.score", "ui.shell.address", "pages.gan.draw", "bench.gan", "tests.conftest", "app")
THEIRS = ("numpy", "keras.models", "corelib.x", "bench_press", "_pytest.main")


def warn_as(module: str, category: type[Warning]) -> None:
    """Raise a warning in a module called `module`."""
    exec("warn('old', category)", {"__name__": module, "warn": warnings.warn, "category": category})


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("module", OURS)
def test_a_warning_of_ours_is_an_error(module, category):
    with pytest.raises(category, match="old"):
        warn_as(module, category)


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("module", THEIRS)
def test_a_warning_of_a_library_is_none(module, category):
    warn_as(module, category)


@pytest.mark.parametrize(("category", "fails"), [("DeprecationWarning", True), ("UserWarning", False)])
def test_a_warning_of_a_page_is_an_error(tmp_path, category, fails):
    page = tmp_path / "page.py"
    page.write_text(f"import warnings\n\nwarnings.warn('old', {category})\n")
    script = f"import streamlit as st\n\nst.navigation([st.Page({str(page)!r})]).run()\n"
    app = AppTest.from_string(script, default_timeout=60)
    assert bool(app.run().exception) == fails
