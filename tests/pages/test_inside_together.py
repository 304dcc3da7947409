"""Writing together, without a browser."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.run import Run
from tests.pages.conftest import faults, open_page
from tests.pages.inside_runs import make_run
from tests.pages.test_inside import said


@pytest.fixture
def desk(app: AppTest, runs_folder: Path) -> AppTest:
    open_page(app, "charlm/together.py", run=make_run(runs_folder).id)
    assert not faults(app)
    return app


def story(app: AppTest) -> str:
    return app.session_state["together"].text + app.session_state["typed"]


def test_typing_is_part_of_the_text_and_the_offers_follow_it(desk: AppTest) -> None:
    before = [button.label for button in desk.button if button.key.startswith("character-")]
    desk.text_input(key="typed").set_value("The se").run()
    assert not faults(desk)
    after = [button.label for button in desk.button if button.key.startswith("character-")]
    assert story(desk) == "The se"
    assert len(before) == len(after) == 5
    assert before != after
    assert desk.query_params["text"] == "The se"


def test_an_offer_is_accepted_and_marked_as_the_networks(desk: AppTest) -> None:
    desk.text_input(key="typed").set_value("The ").run()
    desk.button(key="offer-0").click().run()
    assert not faults(desk)
    pieces = desk.session_state["together"].pieces
    assert [piece.author for piece in pieces] == ["p", "n"]
    assert pieces[0].text == "The "
    assert desk.text_input(key="typed").value == ""
    assert desk.query_params["who"] == f"p4n{len(pieces[1].text)}"


def test_an_offer_that_was_overtaken_by_typing_is_not_taken(desk: AppTest) -> None:
    desk.text_input(key="typed").set_value("The ").run()
    desk.text_input(key="typed").set_value("The s")
    desk.button(key="offer-0").click().run()
    assert story(desk) == "The s"


def test_undo_redo_and_branches(desk: AppTest) -> None:
    desk.text_input(key="typed").set_value("The ").run()
    desk.button(key="offer-0").click().run()
    first = story(desk)
    desk.button(key="undo").click().run()
    assert story(desk) == "The "
    desk.button(key="redo").click().run()
    assert story(desk) == first
    desk.button(key="undo").click().run()
    desk.button(key="character-1").click().run()
    assert not faults(desk)
    branches = desk.selectbox(key="branch")
    assert len(branches.options) == 2
    other = desk.session_state["together"].leaf_versions()[0]
    branches.set_value(other).run()
    assert story(desk) == first


def test_it_goes_on_by_itself_from_the_text(desk: AppTest) -> None:
    desk.number_input(key="alone").set_value(40).run()
    desk.text_input(key="typed").set_value("The ").run()
    desk.button(key="go-on").click().run()
    assert not faults(desk)
    assert len(story(desk)) == 44
    assert desk.session_state["together"].characters_by_author() == {"p": 4, "n": 40}
    assert "the network 40" in said(desk)


def test_an_address_brings_a_text_with_its_writers(app: AppTest, runs_folder: Path) -> None:
    run: Run = make_run(runs_folder)
    open_page(app, "charlm/together.py", run=run.id, text="The sea <b>was</b>", who="p4n5p9")
    assert not faults(app)
    assert [tuple(piece) for piece in app.session_state["together"].pieces] == [
        ("The ", "p"), ("sea <", "n"), ("b>was</b>", "p"),
    ]  # fmt: skip
    assert "You wrote 13 characters" in said(app)


def test_a_slow_browser_does_not_bring_an_older_text_back(desk: AppTest) -> None:
    desk.text_input(key="typed").set_value("The ").run()
    desk.text_input(key="typed").set_value("The sea").run()
    desk.query_params["text"], desk.query_params["who"] = "The ", "p4"
    desk.run()
    assert story(desk) == "The sea"


def test_a_text_over_the_limit_is_refused_in_one_sentence_and_stays(desk: AppTest, monkeypatch) -> None:
    monkeypatch.setattr("core.charlm.inside.coauthoring.LONGEST", 30)
    desk.text_input(key="typed").set_value("The sea was calm").run()
    desk.button(key="go-on").click().run()
    assert not faults(desk)
    assert "30 are the most" in said(desk)
    assert story(desk) == "The sea was calm"
