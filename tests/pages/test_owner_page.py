"""The owner's page of a hosted demo."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from core.faults import studio_log
from core.hosting import owner, visitors
from tests.core.hosting.conftest import TOKENS, make, put, visit
from tests.pages.conftest import ROOT, faults
from tests.pages.test_hosted_demo import press, said, session

TOKEN = "a-token-of-the-owner"


@pytest.fixture
def hosted(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HIDDEN_STATE_DEMO", "1")
    monkeypatch.setenv(owner.ENVIRONMENT, TOKEN)
    monkeypatch.setattr("ui.shell.hosting.ensure_scheduler", lambda root, start: None)
    monkeypatch.setattr("ui.home.owner.PAUSE_AFTER_WRONG", 0.0)
    before = config.get_option("server.maxUploadSize")
    yield runs_folder
    config.set_option("server.maxUploadSize", before)
    visitors.set_user_source(lambda: visitors.OWNER)


def opened(language: str = "en") -> AppTest:
    app = session()
    app.query_params["language"] = language
    app.run()
    app.switch_page(str(ROOT / "pages" / "home" / "owner.py"))
    return app.run()


def signed_in(language: str = "en") -> AppTest:
    app = opened(language)
    app.text_input(key="owner-token").set_value(TOKEN)
    app.button[0].click()
    return app.run()


def test_nothing_is_shown_before_the_right_token(hosted: Path) -> None:
    app = opened()
    assert not faults(app)
    app.text_input(key="owner-token").set_value(TOKEN + "x")
    press(app, "Open")
    assert "This is not the token of this demo's owner." in said(app)
    assert not app.metric
    assert [button.label for button in app.main.button] == ["Open"]
    assert TOKEN not in said(app) + str(app.query_params)


@pytest.mark.parametrize("setting", ["", "short"])
def test_without_a_token_or_a_demo_there_is_no_page(
    hosted: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    from ui.shell import navigation

    def keys() -> list[str]:
        monkeypatch.setattr(navigation.st, "Page", lambda file, **facts: facts["url_path"])
        return [str(page) for pages in navigation.pages().values() for page in pages]

    assert "owner" in keys()
    monkeypatch.setenv(owner.ENVIRONMENT, setting)
    assert "owner" not in keys()
    monkeypatch.setenv(owner.ENVIRONMENT, TOKEN)
    monkeypatch.delenv("HIDDEN_STATE_DEMO")
    assert "owner" not in keys()


def test_the_owner_sees_work_memory_disk_refusals_and_faults(hosted: Path) -> None:
    with visit("ada"):
        put(make("waits"), "queued", queued_at=2.0)
    with visit("bo"):
        put(make("trains"), "running", started_at=1.0)
        put(make("broke"), "failed", error="It broke.")
    studio_log().error("A screen failed: <b>here</b>")
    app = signed_in()
    assert not faults(app)
    figures = {item.label: item.value for item in app.metric}
    assert (figures["Training"], figures["Waiting"]) == ("1", "1")
    assert float(figures["Memory of the server"].split()[0].replace(",", "")) > 20
    assert {"Memory of trainings", "Disk of visitors", "Free on the disk", "Long computations"} <= set(figures)
    tables = "".join(frame.value.to_string() for frame in app.dataframe)
    assert all(word in tables for word in ("waits", "trains", "broke", "It broke."))
    assert not any(token in tables for token in TOKENS.values())
    assert "A screen failed: <b>here</b>" in said(app)
    assert "Pause new work" in [button.label for button in app.button]


def test_the_button_pauses_new_work_and_resumes_it(hosted: Path) -> None:
    app = signed_in()
    press(app, "Pause new work")
    assert not faults(app)
    assert owner.is_paused(hosted)
    assert "New work is paused" in said(app)
    press(app, "Resume new work")
    assert not owner.is_paused(hosted)
    assert "New work is paused" not in said(app)


def test_the_page_speaks_chinese(hosted: Path) -> None:
    app = signed_in("zh")
    assert not faults(app)
    assert [item.value for item in app.title] == ["所有者"]
    assert {"训练", "排队", "服务器内存"} & {item.label for item in app.metric}
    assert "暂停新任务" in [button.label for button in app.button]
