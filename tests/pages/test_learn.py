"""The lab's pages 1 to 7 and the map, by AppTest."""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.families import FAMILIES
from core.lab import activations, backprop, bidirectional, convolution, gap, losses, mlp, perceptron, pooling, rnn
from core.lab.concept import MODULES
from core.runs.store import create
from core.sources import Source
from tests.pages.conftest import ROOT, faults, open_page
from tests.selection import sampled

PAGES = ("perceptron", "backpropagation", "activations", "losses", "convolution", "rnn", "bidirectional")
NONSENSE = "☃ <b>nonsense</b>"
KINDS = ("slider", "number_input", "toggle", "selectbox", "segmented_control", "text_input")


def learn(app: AppTest, key: str, **inputs: str) -> AppTest:
    """The page `key`, its inputs as the address gives them."""
    return open_page(app, f"learn/{key}.py", **{f"{key}-{name}": text for name, text in inputs.items()})


def widgets(app: AppTest, *kinds: str) -> Iterator[Any]:
    """One of each key: Streamlit lists a data editor's twin too."""
    for kind in kinds or KINDS:
        yield from app.get(kind)


def digits(app: AppTest) -> str:
    return "\n".join(item.value for item in app.latex)


def warnings(app: AppTest) -> str:
    return "\n".join(item.value for item in app.warning)


def moved(widget: Any) -> Any:
    """Another value that the widget can have."""
    kind = widget.type
    if kind in ("slider", "number_input"):
        return widget.max if widget.value != widget.max else widget.min
    if kind in ("toggle", "checkbox"):
        return not widget.value
    if kind == "text_input":
        return "read the last word twice"
    return next(option for option in reversed(widget.options) if option != str(widget.value))


@pytest.mark.parametrize("key", PAGES)
def test_a_page_opens_with_title_formula_digits_picture_and_question(app, key):
    page = learn(app, key)
    concept = importlib.import_module(f"core.lab.{MODULES[key]}").CONCEPT
    assert not faults(page)
    assert page.title[0].value.replace("\\", "") == concept.title
    assert concept.summary.split()[0] in page.markdown[0].value
    assert len(page.latex) >= 2
    assert page.get("plotly_chart")
    assert page.get_by_key(f"{key}-keras").label == "The same in Keras"
    assert any(str(radio.key).startswith(f"{key}-predict") for radio in page.radio)
    assert not page.warning
    assert not page.error


@pytest.mark.parametrize("key", sampled(PAGES, ["perceptron", "activations"]))
def test_every_control_can_be_moved(app, key):
    page = learn(app, key)
    names = [(kind, widget.key) for kind in KINDS for widget in page.get(kind) if str(widget.key).startswith(key)]
    assert len(names) >= 4
    for kind, name in names:
        found = [widget for widget in page.get(kind) if widget.key == name]
        if found:  # an earlier choice may have taken it away
            found[0].set_value(moved(found[0])).run()
            assert not faults(page), name
    for name in [button.key for button in page.button if str(button.key).startswith(key)]:
        found = [button for button in page.button if button.key == name and not button.disabled]
        if found and not str(name).endswith("-train"):
            found[0].click().run()
            assert not faults(page), name


@pytest.mark.parametrize("key", sampled(PAGES, ["perceptron", "rnn"]))
def test_nonsense_in_the_address_is_said_and_replaced_by_the_default(app, key):
    first = learn(app, key)
    plain = digits(first)
    keys = {str(widget.key): widget.type for widget in widgets(first)}
    names = [
        name.split(":")[0].removeprefix(f"{key}-")
        for name, kind in keys.items()
        if name.startswith(key) and kind != "text_input"
    ]
    second = AppTest.from_file(first._script_path, default_timeout=60)
    page = learn(second, key, **dict.fromkeys(names, NONSENSE), unheard="1")
    assert not faults(page)
    said = warnings(page)
    assert said.count("nonsense") >= len(names) > 0
    assert f"{key}\\-unheard" in said
    assert "<b>" not in said.replace(r"\<b\>", "")
    assert digits(page) == plain
    assert not any(name in page.query_params for name in keys)


def test_numbers_beyond_their_bounds_are_said_and_replaced(app):
    page = learn(app, "perceptron", eta="1e9", seed="-3", step="100000")
    assert not faults(page)
    assert warnings(page).count("The address asks for") == 3
    assert page.slider(key="perceptron-eta").value == 0.1


@pytest.mark.parametrize(
    "text", sampled(["1,2;3", "nan,0,1", "1,2,1;" * 41, "inf,0,0", "1e999,0,0", "a,b,c", ";;;", "0,0,7"], 3)
)
def test_a_table_in_the_address_that_is_none_is_said_and_replaced(app, text):
    page = learn(app, "perceptron", points="Own", own=text)
    assert not faults(page)
    assert [error.value for error in page.error if "its own numbers" in error.value]
    assert r"z &= 0.7 \cdot 0" in digits(page)


@pytest.mark.parametrize("cell", sampled(["NaN", None, "101", "inf", "-1e400", "word", "", "0x10", "<b>1</b>"], 3))
def test_a_bad_cell_is_named_and_the_defaults_stay(app, cell):
    page = learn(app, "rnn", step="0")
    before = digits(page)
    page.session_state["rnn-W:0"] = {"edited_rows": {1: {"2": cell}}, "added_rows": [], "deleted_rows": []}
    page.run()
    assert not faults(page)
    assert "row 2, column 2" in page.error[0].value
    assert digits(page) == before


def test_an_edited_cell_changes_the_digits_and_stands_in_the_address(app):
    page = learn(app, "rnn", step="3")
    assert r"\tanh(1.292)" in digits(page)
    page.session_state["rnn-W:0"] = {"edited_rows": {1: {"1": "0.7"}}, "added_rows": [], "deleted_rows": []}
    page.run()
    cell, x = rnn.notes_example()
    W = np.array([[0.1, 0.2], [0.7, 0.4]])
    trace = rnn.trace(rnn.cell(cell.U, W, cell.b, cell.V, cell.c), x)
    assert rnn.formula_with_digits(rnn.cell(cell.U, W, cell.b, cell.V, cell.c), trace[1], "state", 0) in digits(page)
    assert page.query_params["rnn-W"] == "0.1,0.2;0.7,0.4"
    again = learn(AppTest.from_file(page._script_path, default_timeout=60), "rnn", step="3", W="0.1,0.2;0.7,0.4")
    assert digits(again) == digits(page)


def test_the_address_restores_what_it_says(app):
    page = learn(app, "perceptron", points="XOR", step="9", seed="4")
    trace = perceptron.trace(*perceptron.GATES["XOR"], 0.1, 4)
    assert perceptron.formula_with_digits(trace.steps[8], 0.1) in digits(page)
    assert page.query_params["perceptron-step"] == "9"


def test_steps_go_forward_back_to_the_start_and_to_the_end(app):
    page = learn(app, "perceptron")
    trace = perceptron.trace(*perceptron.GATES["AND"], 0.1, 0)

    def shows(number: int) -> bool:
        return perceptron.formula_with_digits(trace.steps[number - 1], 0.1) in digits(page)

    assert shows(1)
    page.button(key="perceptron-go-next").click().run()
    assert shows(2)
    page.button(key="perceptron-go-back").click().run()
    assert shows(1)
    page.button(key="perceptron-go-mark").click().run()
    assert shows(next(step.number for step in trace.steps if step.mistake))
    page.button(key="perceptron-go-end").click().run()
    assert shows(len(trace.steps))
    assert any(trace.verdict in info.value for info in page.info)
    page.button(key="perceptron-go-start").click().run()
    assert shows(1)


def test_restart_keeps_the_seed_and_new_seed_is_another(app):
    page = learn(app, "perceptron", seed="5", step="3")
    page.button(key="perceptron-restart").click().run()
    assert page.number_input(key="perceptron-seed").value == 5
    assert "perceptron-step" not in page.query_params
    page.button(key="perceptron-go-next").click().run()
    page.button(key="perceptron-new-seed").click().run()
    seed = page.number_input(key="perceptron-seed").value
    assert seed != 5
    assert page.query_params["perceptron-seed"] == str(seed)
    first = perceptron.trace(*perceptron.GATES["AND"], 0.1, seed).steps[0]
    assert perceptron.formula_with_digits(first, 0.1) in digits(page)


def test_the_answer_comes_only_after_a_prediction_and_with_its_reason(app):
    page = learn(app, "perceptron")
    trace = perceptron.trace(*perceptron.GATES["AND"], 0.1, 0)
    question = perceptron.question(trace, 2)
    assert not page.success
    wrong = (question.answer_index + 1) % 3
    page.radio[0].set_value(wrong).run()
    assert question.options[question.answer_index] in page.warning[0].value
    assert question.why in page.warning[0].value
    page.radio[0].set_value(question.answer_index).run()
    assert question.why in page.success[0].value
    page.button(key="perceptron-go-next").click().run()
    assert page.radio[0].value is None  # another question


def snippets() -> dict[str, Any]:
    """What each page's program is when the page has just been opened."""
    cell, x = rnn.notes_example()
    image, kernel = convolution.sample("ring"), convolution.KERNELS["vertical edges"]
    return {
        "perceptron": lambda: perceptron.snippet(perceptron.trace(*perceptron.GATES["AND"], 0.1, 0), 0),
        "backpropagation": lambda: backprop.snippet(
            backprop.graph(mlp.network((2, 2, 1), "sigmoid", 0), [0.0, 1.0], [1.0]), 0.5
        ),
        "activations": lambda: activations.snippet(2.0, None),
        "losses": lambda: losses.snippet(losses.neuron(2.0, 2.0, 1.0, 0.0), 0.15, 300),
        "convolution": lambda: pooling.snippet(image, kernel, 1, 0, 0.0, 2, 2, 0),
        "rnn": lambda: rnn.snippet(cell, x),
        "bidirectional": lambda: _sentence_snippet(),
    }


def _sentence_snippet() -> Any:
    words = ("tomorrow", "morning", "we", "bring", "one", "English", "book")
    return bidirectional.snippet(bidirectional.read(words, 0))


@pytest.mark.parametrize("key", sampled(PAGES, ["perceptron", "rnn"]))
def test_the_page_shows_the_program_of_its_own_numbers_and_what_it_prints(app, key):
    page = learn(app, key)
    page.session_state[f"{key}-keras"] = True
    page.run()
    expected = snippets()[key]()  # that it prints what it says is tested beside the arithmetic
    shown = [code.value for code in page.code]
    assert expected.code.strip() in [code.strip() for code in shown]
    assert expected.prints.strip() in [code.strip() for code in shown]


def test_what_a_person_types_is_shown_as_text(app):
    sentence = "read $x^2$ <img src=x> [a](b) :red[d]"
    page = learn(app, "bidirectional")
    page.text_input(key="bidirectional-sentence").set_value(sentence).run()
    assert not faults(page)
    label = next(radio.label for radio in page.radio if "predict" in str(radio.key))
    assert r"\$x^2\$" in label
    assert r"\:red\[d\]" in label
    spec = page.get("plotly_chart")[0].proto.spec
    assert "<img src=x>" not in spec.replace("\\u003c", "<")


@pytest.mark.parametrize("sentence", ["", "x", "w " * 30])
def test_a_sentence_that_is_none_is_said_in_place(app, sentence):
    page = learn(app, "bidirectional")
    page.text_input(key="bidirectional-sentence").set_value(sentence).run()
    assert not faults(page)
    assert "The sentence has" in page.error[0].value
    assert "its own numbers" in page.error[0].value


@pytest.mark.exhaustive
def test_both_readers_are_trained_live_and_fill_the_gap(app, monkeypatch):
    whole = gap.GapModel.train
    monkeypatch.setattr(gap.GapModel, "train", lambda self: whole(self, 2))
    page = learn(app, "bidirectional")
    charts = len(page.get("plotly_chart"))
    page.button(key="bidirectional-train").click().run()
    assert not faults(page)
    assert len(page.get("plotly_chart")) == charts + 2
    assert any("What belongs there: English" in caption.value for caption in page.caption)


def test_training_by_backpropagation_ends_where_the_matrices_do(app):
    page = learn(app, "backpropagation", train="true", passes="1000")
    assert not faults(page)
    points, labels = perceptron.GATES["XOR"]
    done = mlp.train(mlp.network((2, 2, 1), "sigmoid", 0), points, np.reshape(labels, (-1, 1)), 0.5, 1000)
    shown = next(frame.value for frame in page.dataframe if "a" in frame.value)
    assert np.allclose(shown["a"], mlp.outputs(done.networks[-1], points)[:, 0], atol=5e-4)


def test_the_notes_count_of_weights_stands_beside_the_right_one(app):
    page = learn(app, "convolution")
    text = "\n".join(item.value for item in page.markdown)
    assert "117,625" in text
    assert "11,935" in text


def test_the_notes_example_is_the_first_thing_on_the_rnn_page(app):
    page = learn(app, "rnn", step="2")
    assert r"\approx 1.561" in digits(page)
    frame = next(item.value for item in page.dataframe if "s1" in item.value)
    assert np.allclose(frame[["s1", "s2"]].to_numpy()[0], [0.537, 0.462], atol=5e-4)


def test_the_page_leads_into_the_persons_own_run(app, runs_folder):
    page = learn(app, "rnn")
    assert any("Train one first" in link.label for link in page.get("page_link"))
    run = create(FAMILIES["charlm"].options(), [Source("a.txt", b"some words")], name="My *own*")
    (run.path / "model.keras").write_bytes(b"")
    page.run()
    link = next(link for link in page.get("page_link") if "own" in link.label)
    assert link.label == r"My \*own\*"
    assert run.id in str(link.proto)


def test_the_map_lists_the_pages_and_marks_those_that_were_opened(app):
    page = learn(app, "perceptron")
    page.switch_page(str(ROOT / "pages" / "learn" / "index.py")).run()
    assert not faults(page)
    assert page.query_params["opened"] == "perceptron"
    labels = [link.label for link in page.get("page_link")]
    assert len(labels) >= len(PAGES)
    again = open_page(AppTest.from_file(page._script_path, default_timeout=60), "learn/index.py", opened="rnn,<b>")
    assert not faults(again)
    assert again.query_params["opened"] == "rnn"
    assert r"\<b\>" in warnings(again)
