"""What a visitor of a hosted demo makes the server compute and send."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit import config
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from core.hosting import admission, visitors
from core.hosting.limits import LIMITS
from tests.pages.conftest import ROOT, faults, open_page
from tests.pages.test_hosted_demo import press, said, session

pytestmark = pytest.mark.skipif(not (ROOT / "saved_models" / "demo-lighthouse").is_dir(), reason="no run ships")


@pytest.fixture
def hosted(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HIDDEN_STATE_DEMO", "1")
    monkeypatch.setattr("ui.shell.hosting.ensure_scheduler", lambda root, start: None)
    before = config.get_option("server.maxUploadSize")
    for demo in ("demo-lighthouse", "demo-reviews"):
        shutil.copytree(ROOT / "saved_models" / demo, runs_folder / demo)
    yield runs_folder
    config.set_option("server.maxUploadSize", before)
    visitors.set_user_source(lambda: visitors.OWNER)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each message to the browser."""
    sizes: list[int] = []
    enqueue = ScriptRunContext.enqueue

    def counted(context: ScriptRunContext, message: object) -> None:
        sizes.append(message.ByteSize())  # type: ignore[attr-defined]
        enqueue(context, message)  # type: ignore[arg-type]

    monkeypatch.setattr(ScriptRunContext, "enqueue", counted)
    return sizes


def written(app: AppTest) -> str:
    return "".join(item.value for item in app.html)


def test_a_long_text_is_sent_once_and_not_anew_with_every_part(hosted: Path, sent: list[int]) -> None:
    app = open_page(session(), "charlm/write.py", run="demo-lighthouse", length="5000")
    assert not faults(app)
    sent.clear()
    press(app, "Write")
    assert not faults(app)
    whole = len(written(app))
    assert whole > 5000 * 30
    assert sum(sent) < 3 * whole  # it was 11 times as much, and grew with the square of the length
    sent.clear()
    app.run()
    assert not faults(app)
    assert sum(sent) < 2 * whole
    assert len(written(app)) > 5000 * 30


def test_a_file_of_more_rows_than_a_visitors_share_is_refused_before_it_is_read(
    hosted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "LIMITS", replace(LIMITS, rows=20))
    app = open_page(session(), "classifier/use.py", run="demo-reviews", way="file")
    assert not faults(app)
    uploader = app.file_uploader(key="use-file")
    uploader.set_value([("many.txt", b"good\n" * 100, "text/plain")])
    app.run()
    assert not faults(app)
    assert "classifies 20 rows at once, not 100" in said(app)
    assert not [button for button in app.button if button.label.startswith("Classify ")]
    monkeypatch.setattr("ui.classifier.whole_file.read_texts", lambda source: pytest.fail("it was read"))
    app.file_uploader(key="use-file").set_value([("more.txt", b"good\n" * 201, "text/plain")])
    app.run()
    assert not faults(app)
    assert "not 201" in said(app)
