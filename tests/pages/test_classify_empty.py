"""The classifier's screens where nothing was trained yet."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import faults, open_page


@pytest.mark.parametrize("screen", ["use", "evaluate", "why"])
def test_without_a_run_each_screen_shows_the_way_to_one(app: AppTest, screen: str) -> None:
    open_page(app, f"classifier/{screen}.py")
    assert not faults(app)
    assert any("no trained network" in item.value for item in app.info)
