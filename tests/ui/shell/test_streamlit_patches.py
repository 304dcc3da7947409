"""What Streamlit tidies up after every run of a script."""

from pathlib import Path

import keras
import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[3]


def test_no_run_of_a_script_clears_the_keras_session_in_which_others_build(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleared: list[bool] = []
    monkeypatch.setattr(keras.backend, "clear_session", lambda *a, **k: cleared.append(True))
    app = AppTest.from_file(str(ROOT / "ui" / "shell" / "main.py"), default_timeout=60).run()
    app.run()
    assert not app.exception
    assert not cleared
