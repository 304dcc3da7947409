"""A fourth family is one folder and one row: the toy, known to the table for the time of a test, does what all do."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import tensorflow_import
from core.commands.main import main
from core.families import FAMILIES
from core.jobs import worker
from core.runs.run import Run
from core.runs.store import find
from core.serve.app import Service
from core.training import planning
from tests.core.toy_family import TOY, toy_run
from ui.shell import address

ROOT = Path(__file__).resolve().parents[2]
ROW = replace(TOY, data_flag="numbers")  # the character model reads --text
Answer = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, ROW.key, ROW)
    monkeypatch.setattr(planning, "PROBE_SECONDS", 0.01)
    for module in (worker, tensorflow_import):  # seconds that the toy has no use for
        monkeypatch.setattr(module, "import_tensorflow", lambda *_: None)


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], runs_folder: Path) -> Answer:
    """The command line; returns the object that it answers with."""

    def call(*words: str) -> dict[str, Any]:
        code = main([*words, "--json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        answer: dict[str, Any] = json.loads(out.splitlines()[-1])
        return answer

    return call


@pytest.fixture
def trained(command: Answer, tmp_path: Path) -> Run:
    data = tmp_path / "numbers.txt"
    data.write_text("one two three")
    command("train", "toy", "--numbers", str(data), "--name", "first", "--steps", "40")
    return find("first")


@pytest.fixture
def app(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr(address, "SETTLED", 0.0)
    return AppTest.from_file(str(ROOT / "ui" / "shell" / "main.py"), default_timeout=60).run()


def opened(app: AppTest, file: str, **query: str) -> AppTest:
    for key, value in query.items():
        app.query_params[key] = value
    app.switch_page(str(ROOT / "pages" / file))
    app.run()
    assert [item.value for item in (*app.exception, *app.error)] == []
    return app


def drawn(app: AppTest) -> str:
    """All the text on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.text, app.success, app.info, app.warning)
    return "\n".join(str(item.value) for kind in kinds for item in kind)


def test_it_is_found_in_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in ((["--help"], "count"), (["train", "--help"], "Toy"), (["train", "toy", "--help"], "--width")):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 0
        assert said in capsys.readouterr().out


def test_it_trains_and_the_loop_writes_what_its_task_returns(trained: Run) -> None:
    assert (trained.family, trained.status.state, trained.status.step) == ("toy", "finished", 40)
    assert trained.facts["sizes"] == {"numbers": 13}
    assert trained.read_json("labels.json") == {"numbers": [0.0, 1.0, 2.0]}
    assert [item["name"] for item in trained.baselines] == ["zeros"]
    with np.load(trained.path / "predictions.npz", allow_pickle=False) as file:
        assert file["weight"].shape == (3,)
    assert trained.report["final_loss"] == pytest.approx(trained.report["best_value"])


def test_it_goes_on_where_it_ended(command: Answer, trained: Run) -> None:
    command("runs", "resume", "first", "--more-steps", "20")
    assert (find("first").status.state, find("first").status.step) == ("finished", 60)


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(
    command: Answer, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy_run(runs_folder, name="whole", seed=5)
    parts = toy_run(runs_folder, name="parts", seed=5)
    assert command("runs", "resume", "whole")["state"] == "finished"
    make = ROW.training.make_task

    def stopped_at_20(run: Run) -> Any:
        task: Any = make(run)
        train = task.train

        def steps(step: int, factors: np.ndarray) -> dict[str, float]:
            if step == 20:
                run.request_stop()
            figures: dict[str, float] = train(step, factors)
            return figures

        task.train = steps
        return task

    with monkeypatch.context() as patch:
        patch.setattr(ROW.training, "make_task", stopped_at_20)
        assert command("runs", "resume", "parts")["state"] == "stopped"
    assert parts.status.step == 25
    assert command("runs", "resume", "parts")["state"] == "finished"
    for name in ("step", "loss", "val_loss"):
        one, two = ([row.get(name) for row in find(run).metrics()] for run in ("whole", "parts"))
        assert one == two


def test_it_is_listed_shown_measured_and_used_by_its_own_command(command: Answer, trained: Run) -> None:
    assert [(item["run"], item["family"]) for item in command("runs", "list")["runs"]] == [("first", "toy")]
    assert command("runs", "show", "first")["report"]["steps"] == 40
    assert command("evaluate", "first")["loss"] == pytest.approx(trained.report["final_loss"])
    assert len(command("count", "first")["numbers"]) == 3


def test_it_is_compared(command: Answer, trained: Run) -> None:
    command("runs", "again", "first", "--set", "learning_rate=0.1", "--name", "second")
    rows = command("runs", "compare", "first", "second")["runs"]
    assert [row["options"] for row in rows] == [{"learning_rate": 0.001}, {"learning_rate": 0.1}]


def test_it_leaves_as_a_file_comes_back_and_is_written_as_a_program(
    command: Answer, trained: Run, tmp_path: Path
) -> None:
    bundle, program = str(tmp_path / "first.zip"), tmp_path / "program"
    command("runs", "export", "first", bundle, "--data")
    back = find(command("runs", "import", bundle)["run"])
    assert back.id != "first"
    assert back.report == trained.report
    assert back.sources() == trained.sources()
    assert command("count", back.id)["numbers"] == command("count", "first")["numbers"]
    command("runs", "script", "first", str(program))
    assert (program / "train.py").read_bytes() == b"print('toy')\n"


def test_it_answers_over_http(command: Answer, trained: Run) -> None:
    with TestClient(Service(trained).application()) as client:
        assert client.get("/health").json()["family"] == "toy"
        numbers = client.post("/count", json={"up_to": 2}).json()["numbers"]
        assert "/count" in client.get("/openapi.json").json()["paths"]
    assert numbers == command("count", "first")["numbers"][:2]


def test_the_run_page_draws_its_curve_samples_verdict_and_figures(app: AppTest, trained: Run) -> None:
    page = opened(app, "runs/run.py", run="first")
    said = drawn(page)
    for words in ("first", "Toy", "lines of figures", "How good it is"):
        assert words in said
    assert len(page.get("plotly_chart")) == 1, "the validation loss stands in the figure of the training loss"
    assert trained.sample(trained.sample_steps()[-1], "numbers.txt") == page.text[0].value.encode()
    assert "final_loss" in " ".join(metric.label.replace("\\", "") for metric in page.metric)


def test_it_stands_on_the_pages_of_all_families(app: AppTest, trained: Run) -> None:
    assert "Toy" in drawn(app), "the first page has a card of it"
    assert "first" in drawn(opened(app, "runs/runs.py"))
    page = opened(app, "runs/compare.py", runs="first")
    assert page.multiselect(key="compare-runs").value == ["first"]
    assert page.text[0].value.startswith("[")
