"""The classifier's screens without a browser, on one small run that is trained once."""

import io
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.classifier.config import ClassifierConfig
from core.classifier.inference.classify import load_classifier
from core.classifier.training.evaluate import load_evaluation
from core.classifier.training.metrics import confusion
from core.classifier.training.verdict import verdicts
from core.jobs import launch
from core.jobs.worker import work
from core.runs.checkpoint import load_arrays, save_arrays
from core.runs.run import Run
from core.runs.store import create, list_runs
from core.samples.registry import sample
from tests.pages.conftest import faults, open_page
from ui.shell import address

# Every text needs its quotes, and one of them lacks the second.
OPEN = (
    b"text,label\n"
    + b'"good, tea","yes"\n"bad, bread","no"\n' * 30
    + b'"never, closed,yes\n'
    + b'"fine, then",no\n' * 30
)


def table(rows: list[tuple[str, str]], header: str = "text,label") -> bytes:
    frame = pd.DataFrame(rows, columns=header.split(","))
    return frame.to_csv(index=False).encode()


def reviews(count: int = 60) -> list[tuple[str, str]]:
    return [
        (f"{'good tea number' if n % 2 else 'bad bread number'} {n} of {n * 7}", "yes" if n % 2 else "no")
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the Chinese sample, whose characters Why can read as words."""
    folder = tmp_path_factory.mktemp("trained")
    options = ClassifierConfig(
        steps=90, epochs=None, width=16, feed_forward=16, heads=2, batch_size=16, max_tokens=24, min_count=1
    )
    run = create(
        options, sample("reviews-chinese"), name="zh", preset="quick", label="reviews-chinese", directory=folder
    )
    assert work(run).state == "finished"
    # An age that does not change while a test runs.
    run.write_json("config.json", run.config | {"created": run.created - 3.5 * 86_400})
    return run.path


@pytest.fixture
def run(trained: Path, runs_folder: Path) -> Run:
    return Run(shutil.copytree(trained, runs_folder / "zh"))


def upload(app: AppTest, name: str, data: bytes) -> AppTest:
    open_page(app, "classifier/train.py")
    app.segmented_control(key="classifier-way").set_value("upload").run()
    return app.file_uploader(key="classifier-upload").set_value([(name, data, "text/csv")]).run()


def figures_of(app: AppTest) -> dict[str, str]:
    return {item.label: item.value for item in app.metric}


# Train ----------------------------------------------------------------------------------------------------------------
def test_the_sample_is_reported_and_train_starts_the_very_run_that_the_form_describes(
    app: AppTest, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Run] = []
    monkeypatch.setattr(launch, "start", started.append)
    open_page(app, "classifier/train.py")
    assert not faults(app)
    found = figures_of(app)
    assert (found["Rows"], found["For training"], found["Classes"]) == ("1,200", "960", "2")
    next(item for item in app.number_input if item.label == "Width").set_value(24)
    next(button for button in app.button if button.label == "Train").click()
    app.run()
    (run,) = list_runs(runs_folder)
    assert [item.id for item in started] == [run.id]
    options = run.options
    assert isinstance(options, ClassifierConfig)
    assert (options.width, options.text_column, options.label_column) == (24, "text", "label")


def test_a_finding_is_mended_by_its_button_and_the_remedy_is_in_the_run(
    app: AppTest, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "start", lambda run: None)
    rows = reviews()
    upload(app, "a.csv", table([*rows, rows[0], rows[0], (rows[1][0], "no"), ("", "no")]))
    assert not faults(app)
    said = " ".join(item.value for item in app.markdown).replace("\\", "")
    assert "repeat the text and label of an earlier one: 2" in said
    assert "another label: 2" in said
    before = figures_of(app)["For training"]
    button = next(item for item in app.button if "remedy-conflicts" in str(item.key))
    button.click().run()
    assert not faults(app)
    assert any("Mended" in item.value and "another label" in item.value for item in app.markdown)
    assert int(figures_of(app)["For training"]) < int(before)
    next(button for button in app.button if button.label == "Train").click()
    app.run()
    (run,) = list_runs(runs_folder)
    assert run.options.drop_conflicts is True  # type: ignore[attr-defined]
    assert run.options.drop_duplicates is False  # type: ignore[attr-defined]


def test_a_remedy_can_be_undone(app: AppTest) -> None:
    rows = reviews()
    upload(app, "a.csv", table([*rows, rows[0]]))
    for label in ("Keep one of each", "Undo"):
        next(item for item in app.button if item.label == label).click().run()
    assert not faults(app)
    assert any(item.label == "Keep one of each" for item in app.button)


def test_texts_longer_than_the_preset_reads_are_mended_by_reading_more(
    app: AppTest, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "start", lambda run: None)
    long = " ".join(f"word{n}" for n in range(90))
    rows = [(f"{text} {long if n % 5 == 0 else ''}", label) for n, (text, label) in enumerate(reviews())]
    upload(app, "a.csv", table(rows))
    next(item for item in app.button if item.label == "Read longer texts").click().run()
    assert not faults(app)
    next(button for button in app.button if button.label == "Train").click()
    app.run()
    (run,) = list_runs(runs_folder)
    assert run.options.max_tokens == 96  # type: ignore[attr-defined]


def test_columns_are_chosen_where_they_cannot_be_guessed(app: AppTest) -> None:
    rows = [(text, "same", label) for text, label in reviews()]
    upload(app, "a.csv", table(rows, "one thing,two,three of it"))
    assert not faults(app)
    boxes = {item.label: item for item in app.selectbox}
    assert boxes["Column of the texts"].value == "one thing"
    assert boxes["Column of the labels"].value == "three of it"
    boxes["Column of the labels"].set_value("two").run()
    assert not faults(app)
    assert any("All rows have the label" in item.value for item in app.error)


def test_the_leak_into_an_own_test_file_is_told_and_mended(app: AppTest) -> None:
    rows = reviews()
    upload(app, "a.csv", table(rows))
    app.file_uploader(key="classifier-test").set_value([("t.csv", table(rows[:10]), "text/csv")]).run()
    assert any("100" in item.value and "learned from" in item.value for item in app.markdown)
    assert figures_of(app)["For the test"] == "10"
    mended = int(figures_of(app)["For training"])  # an own test file takes its rows out of training by itself
    next(item for item in app.toggle if item.label == "Drop leaks").set_value(False).run()
    assert int(figures_of(app)["For training"]) > mended
    next(item for item in app.button if item.label == "Take them out of training").click().run()
    assert (faults(app), int(figures_of(app)["For training"])) == ([], mended)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("one.csv", table([(f"text {n}", "same") for n in range(30)]), "All rows have the label"),
        ("open.csv", OPEN, "never closes"),
        ("bytes.csv", b"%PDF-1.7\n\x00\x01\x02" * 50, "one column only"),
        ("small.csv", table([*reviews(), ("alone", "rare")]), "at least"),
    ],
)
def test_a_table_from_which_nothing_can_be_learned_is_said_in_place(
    app: AppTest, name: str, data: bytes, said: str
) -> None:
    upload(app, name, data)
    assert not faults(app)
    assert any(said in item.value.replace("\\", "") for item in [*app.error, *app.info])


# The run view ---------------------------------------------------------------------------------------------------------
def test_the_run_view_shows_baselines_probes_and_the_honest_comparison(app: AppTest, run: Run) -> None:
    open_page(app, "runs/run.py", run="zh")
    assert not faults(app)
    assert any("validation texts, never trained on" in item.value for item in app.caption)
    said = [str(item.value) for item in [*app.success, *app.info, *app.warning]]
    assert any("interval" in item for item in said)
    charts = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert any("Majority class" in spec and "logistic regression" in spec for spec in charts)
    assert figures_of(app)["Test accuracy"] == f"{run.report['test_accuracy']:.1%}"


def test_a_network_worse_than_the_majority_is_told_so(run: Run) -> None:
    rows = [{"step": n, "val_accuracy": 0.4, "val_loss": 0.7, "loss": 0.7} for n in range(1, 6)]
    (said,) = verdicts(run, rows)
    assert said.kind == "bad"
    assert "most frequent class" in said.text


@pytest.mark.parametrize(("network", "kind"), [(60, "good"), (59, "info"), (40, "warning")])
def test_the_verdict_says_better_or_worse_only_where_the_interval_does(run: Run, network: int, kind: str) -> None:
    """The network is right on the first `network` of 60 test texts, the linear models on 58, or 50 where it has all."""
    arrays, meta = load_arrays(run.path / "predictions.npz")
    y = arrays["test_labels"]
    assert len(y) == 60
    right = np.arange(60)
    arrays["test_logits"] = np.eye(2)[np.where(right < network, y, 1 - y)]
    for name in arrays:
        if name.startswith("baseline_"):
            arrays[name] = np.where(right < (50 if network == 60 else 58), y, 1 - y)
    save_arrays(run.path / "predictions.npz", arrays, meta)
    said = verdicts(run, run.metrics())[0]
    assert said.kind == kind
    assert bool(said.action) is (kind != "good")


def test_no_longer_training_is_proposed_where_the_curve_has_settled(run: Run) -> None:
    arrays, meta = load_arrays(run.path / "predictions.npz")
    arrays["test_logits"] = np.eye(2)[1 - arrays["test_labels"]]
    save_arrays(run.path / "predictions.npz", arrays, meta)
    flat = [{"step": n, "val_accuracy": 0.9, "val_loss": 0.3, "loss": 0.3} for n in range(1, 9)]
    falling = [row | {"val_loss": 0.9 - 0.1 * row["step"]} for row in flat]
    assert [bool(item.action) for item in verdicts(run, flat)] == [False, False]
    assert "three times" in verdicts(run, falling)[0].action


# Use ------------------------------------------------------------------------------------------------------------------
def test_a_text_is_judged_and_what_is_unknown_or_cut_is_said(app: AppTest, run: Run) -> None:
    open_page(app, "classifier/use.py", run="zh")
    assert not faults(app)
    answer = load_classifier(run).answer("好 zyxq " + "很" * 40)
    app.text_input(key="use-text-zh").set_value("好 zyxq " + "很" * 40).run()
    assert not faults(app)
    assert any(f"### {answer.label}" in item.value for item in app.markdown)
    said = " ".join(item.value for item in app.caption)
    assert f"{answer.cut} more" in said
    assert "never learned" in said


def test_hostile_text_stays_text(app: AppTest, run: Run) -> None:
    open_page(app, "classifier/use.py", run="zh")
    app.text_input(key="use-text-zh").set_value("<img src=x onerror=alert(1)>").run()
    assert not faults(app)
    assert not any("<img" in item.value for item in [*app.html, *app.markdown])


@pytest.mark.parametrize("text", ["", "😀😀", "   ", "zyxq " * 100_000])
def test_strange_texts_end_in_an_answer_or_a_sentence(app: AppTest, run: Run, text: str) -> None:
    open_page(app, "classifier/use.py", run="zh")
    app.text_input(key="use-text-zh").set_value(text).run()
    assert not faults(app)


def test_an_answer_below_the_threshold_is_not_sure(app: AppTest, run: Run) -> None:
    open_page(app, "classifier/use.py", run="zh", threshold="0.99")
    app.text_input(key="use-text-zh").set_value("zyxq").run()
    assert any("not sure" in item.value for item in app.markdown)


def test_a_file_comes_back_with_the_labels_that_the_network_gives(app: AppTest, run: Run) -> None:
    texts = ["很好吃", "太差了", '=cmd("x")']
    open_page(app, "classifier/use.py", run="zh", way="file")
    app.file_uploader(key="use-file").set_value([("in.csv", table([(text, "?") for text in texts]), "text/csv")]).run()
    app.button(key="use-go").click().run()
    assert not faults(app)
    made = pd.read_csv(io.BytesIO(app.session_state["classified"][1]), encoding="utf-8-sig")
    p = load_classifier(run).probabilities(texts)
    assert made["predicted"].tolist() == [load_classifier(run).classes[at] for at in p.argmax(1)]
    np.testing.assert_allclose(made["confidence"], p.max(1), atol=1e-4)
    assert made["text"][2].startswith("'="), "a spreadsheet must not run it"


# Evaluate -------------------------------------------------------------------------------------------------------------
def test_the_cell_in_the_address_opens_just_the_texts_behind_it(
    app: AppTest, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address, "SETTLED", 0.0)  # no browser is here whose address could lag behind
    found = load_evaluation(run)
    counts = confusion(found.y, found.predicted, 2)
    for row, true in enumerate(found.classes):
        for column, taken in enumerate(found.classes):
            open_page(app, "classifier/evaluate.py", run="zh", true=true, taken=taken)
            assert not faults(app)
            if counts[row, column]:
                shown = app.dataframe(key=f"behind-{row}-{column}").value
                assert len(shown) == counts[row, column]
                assert set(shown["row"]) == {
                    name for name, y, guess in zip(found.names, found.y, found.predicted, strict=True)
                    if (y, guess) == (row, column)
                }  # fmt: skip


@pytest.mark.parametrize(
    ("view", "said"),
    [("trust", "Temperature"), ("rank", "Area under ROC"), ("matrix", "Macro F1"), ("mistakes", "Accuracy")],
)
def test_every_view_of_the_evaluation_stands(app: AppTest, run: Run, view: str, said: str) -> None:
    open_page(app, "classifier/evaluate.py", run="zh", view=view)
    assert not faults(app)
    assert said in figures_of(app)


def test_a_threshold_leaves_the_coverage_that_it_says(app: AppTest, run: Run) -> None:
    found = load_evaluation(run)
    open_page(app, "classifier/evaluate.py", run="zh", view="trust", threshold="0.7")
    assert not faults(app)
    assert figures_of(app)["Answered"] == f"{(found.p.max(1) >= 0.7).mean():.1%}"


def test_a_run_without_final_figures_is_one_sentence(app: AppTest, run: Run) -> None:
    (run.path / "predictions.npz").unlink()
    open_page(app, "classifier/evaluate.py", run="zh")
    assert not faults(app)
    assert any("no final figures" in item.value for item in app.error)


# Why ------------------------------------------------------------------------------------------------------------------
def test_why_explains_the_text_of_the_address_by_three_methods_and_tests_them(app: AppTest, run: Run) -> None:
    open_page(app, "classifier/why.py", run="zh", text="味道很好，下次再来。")
    assert not faults(app)
    assert app.text_area(key="why-text-zh").value == "味道很好，下次再来。"
    said = " ".join(item.value for item in app.markdown)
    for name in ("Integrated gradients", "Leaving one token out", "Attention"):
        assert name in said
    assert any("not an explanation" in str(item.proto) for item in app.warning)
    specs = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert any("At random" in spec for spec in specs)
    assert any("heatmap" in spec for spec in specs)


def test_why_of_a_text_without_a_word_is_one_sentence(app: AppTest, run: Run) -> None:
    open_page(app, "classifier/why.py", run="zh")
    app.text_area(key="why-text-zh").set_value("\u200b").run()
    assert not faults(app)


def test_the_card_judges_at_once_without_tensorflow(app: AppTest, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_run: Run) -> None:
        raise AssertionError("the shipped judgement is enough")

    monkeypatch.setattr("ui.classifier.card.classifier_of", refuse)
    app.run()
    assert not faults(app)
    assert app.text_input(key="card-sentence").value
