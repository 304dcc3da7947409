"""The screens as visitors of a hosted demo have them; what they train is not trained here."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlparse

import pytest
from streamlit import config
from streamlit.testing.v1 import AppTest

from core.hosting import visitors
from core.hosting.limits import LIMITS
from core.jobs import launch
from core.runs import folders
from core.runs.run import Run
from core.runs.store import root_dir
from tests.core.hosting.conftest import TOKENS, make, put, visit
from tests.pages.conftest import ROOT, faults, open_page

DEMO = ROOT / "saved_models" / "demo-lighthouse"


@pytest.fixture
def hosted(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("HIDDEN_STATE_DEMO", "1")
    monkeypatch.setattr("ui.shell.hosting.ensure_scheduler", lambda root, start: None)
    monkeypatch.setattr("core.hosting.policy.ensure_scheduler", lambda root, start: None)
    before = config.get_option("server.maxUploadSize")
    shutil.copytree(DEMO, runs_folder / DEMO.name)
    yield runs_folder
    config.set_option("server.maxUploadSize", before)
    visitors.set_user_source(lambda: visitors.OWNER)


def session() -> AppTest:
    """A new visitor, who has nothing but the address."""
    return AppTest.from_file(str(ROOT / "ui" / "shell" / "main.py"), default_timeout=60)


def said(app: AppTest) -> str:
    """All that stands on the page in words, without Markdown's escapes."""
    kinds = (app.title, app.caption, app.warning, app.error, app.info, app.markdown, app.code, app.sidebar.caption)
    return "\n".join(str(item.value) for kind in kinds for item in kind).replace("\\", "")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def value(app: AppTest, label: str) -> object:
    return next(item.value for item in app.number_input if item.label == label)


def train(app: AppTest) -> Run:
    """Train on the embedded text; the run."""
    open_page(app, "charlm/train.py")
    press(app, "Train")
    assert not faults(app)
    assert not app.error
    (path,) = runs_of(app)
    return Run(path)


def runs_of(app: AppTest) -> list[Path]:
    return folders.visible(root_dir() / folders.VISITORS / app.session_state["_who visitor"])


def test_the_limits_are_said_before_the_click_and_one_too_many_takes_the_button_away(hosted: Path) -> None:
    app = open_page(session(), "charlm/train.py")
    assert not faults(app)
    for words in ("5.0 MB of data", "4,000,000 parameters", "up to 5 min 00 s", "for a day"):
        assert words in said(app)
    seconds = next(item for item in app.number_input if item.label == "seconds")
    seconds.set_value(LIMITS.seconds).run()
    assert not next(button for button in app.button if button.label == "Train").disabled
    next(item for item in app.number_input if item.label == "seconds").set_value(LIMITS.seconds + 1).run()
    assert "300 seconds at most, not 301" in said(app)
    assert next(button for button in app.button if button.label == "Train").disabled
    assert config.get_option("server.maxUploadSize") * 2**20 >= LIMITS.data_bytes


def test_presets_that_would_take_longer_are_cut_to_what_is_allowed(hosted: Path) -> None:
    app = open_page(session(), "charlm/train.py")
    app.segmented_control(key="charlm-preset").set_value("best").run()
    assert not faults(app)
    assert not app.error
    assert value(app, "seconds") == LIMITS.seconds


def test_a_visitors_run_is_found_again_by_the_address_and_by_nothing_else(hosted: Path) -> None:
    app = session()
    run = train(app)
    token = run.path.parent.name
    assert (app.query_params["visitor"], app.query_params["run"]) == (token, run.id)
    assert "waiting to start" in "".join(str(item.proto.text) for item in app.get("progress"))
    back = open_page(session(), "runs/run.py", run=run.id, visitor=token)
    assert not faults(back)
    assert [item.value for item in back.title] == ["lighthouse"]
    assert "Stop" in [button.label for button in back.button]
    other = token[:-1] + ("0" if token[-1] != "0" else "1")
    for address in ({"run": run.id}, {"run": run.id, "visitor": other}, {"run": run.id, "visitor": "../.."}):
        stranger = open_page(session(), "runs/run.py", **address)
        assert not faults(stranger)
        assert f"There is no run “{run.id}”" in said(stranger)
        assert token not in said(stranger)
        assert ("opens no runs: it was altered" in said(stranger)) == ("visitor" in address)
    for page in ("runs/runs.py", "runs/compare.py", "home/overview.py", "charlm/write.py", "runs/run.py"):
        stranger = open_page(session(), page)
        assert not faults(stranger)
        assert run.id not in said(stranger) + str([item.options for item in stranger.get("selectbox")])


def test_the_runs_page_gives_the_address_to_keep_and_no_way_to_change_what_the_demo_brings(hosted: Path) -> None:
    app = session()
    run = train(app)
    put(run, "stopped")
    app.switch_page(str(ROOT / "pages/runs/runs.py"))
    app.run()
    assert not faults(app)
    (address,) = (item.value for item in app.main.code)
    assert dict(parse_qsl(urlparse(address).query)) == {"visitor": run.path.parent.name}
    assert {button.key for button in app.button} >= {f"really-{run.id}", f"continue-{run.id}"}
    assert f"really-{DEMO.name}" not in {button.key for button in app.button}
    opened = session()
    opened.session_state["manage"] = True
    open_page(opened, "runs/run.py", run=DEMO.name)
    assert not faults(opened)
    ways = opened.segmented_control(key=f"manage-{DEMO.name}").options
    assert "Train again with changes" in ways
    assert "Name and note" not in ways


def test_no_log_is_shown_to_visitors(hosted: Path) -> None:
    with visit("ada"):
        run = put(make(), "failed", error="Something in the program failed; the log of the run says what.")
    run.log_path.write_text('File "/srv/secret.py", line 1')
    app = session()
    app.session_state["log"] = True
    open_page(app, "runs/run.py", run=run.id, visitor=TOKENS["ada"])
    assert not app.exception
    assert "Something in the program failed; the log" in said(app)
    assert "/srv" not in said(app)


@pytest.mark.exhaustive
def test_the_31st_visitor_keeps_the_form_and_is_told_when_to_come_back(hosted: Path) -> None:
    for number in range(LIMITS.queued_visitors):
        with visit(f"visitor {number}"):
            put(make(), "queued", queued_at=float(number + 1))
    app = open_page(session(), "charlm/train.py")
    next(item for item in app.number_input if item.label == "Units").set_value(48).run()
    assert "30 runs wait before yours. Yours would begin in about 34 min 00 s." in said(app)
    press(app, "Train")
    assert "30 visitors wait for their turn already" in said(app)
    assert not faults(app)
    assert value(app, "Units") == 48
    assert runs_of(app) == []


def test_the_button_on_the_first_page_trains_for_a_visitor_too(hosted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Run] = []
    monkeypatch.setattr(launch, "start", started.append)
    app = session()
    app.run()
    app.button(key="train-charlm").click().run()
    assert not faults(app)
    assert [run.path.parent.parent.name for run in started] == [folders.VISITORS]
