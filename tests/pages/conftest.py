"""Pages by AppTest; a run that is trained once for all of them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ui.shell import address, language

ROOT = Path(__file__).resolve().parents[2]
STUDIO = ROOT / "ui" / "shell" / "main.py"


@pytest.fixture
def app(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The whole app on its first page, with an empty runs folder."""
    monkeypatch.setattr(address, "SETTLED", 0.0)  # no browser is here whose address could lag behind
    monkeypatch.setattr(language, "_languages", {})  # all tests are one session, which must not keep its language
    return AppTest.from_file(str(STUDIO), default_timeout=60)


def open_page(app: AppTest, file: str, **query: str) -> AppTest:
    """Run the app on the screen `file` (under pages/)."""
    app.run()
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / file))
    return app.run()


def faults(app: AppTest) -> list[str]:
    """Exceptions, and error boxes of the fault kind."""
    return [str(item.value) for item in app.exception] + [
        item.value for item in app.error if "Something in the program failed" in item.value
    ]
