"""The lab's pages 8 to 14 in a real browser: every view, every control moved once, pictures clicked."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from core.lab import hopfield
from tests.browser.conftest import Server, no_fault, settled
from tests.browser.moves import after, choose_last, click_at, each, main
from tests.browser.test_learn import opened
from tests.selection import sampled

# what the address says for each view, and what is typed into its text fields
VIEWS = {
    "bptt?bptt-depth=8": {},
    "bptt?bptt-view=Every+digit": {},
    "elman-jordan?elman-jordan-wipe=true": {"Your bits": "1101001"},
    "recursive": {"Sentence with brackets": "(not (good (and bad)))"},
    "hopfield": {},
    "hopfield?hopfield-stored=Smile&hopfield-stored=Own&hopfield-from=drawn+drawing": {},
    "lstm-gru?lstm-gru-hold=f": {"Your string": "to be or not"},
    "lstm-gru?lstm-gru-view=The+long+sentence&lstm-gru-steps=1": {"The sentence": "妈妈 教 小明 叠 毛巾 最后 叠好 了"},
    "attention?attention-mask=padding": {"Your sentence": "she gave him her book"},
    "attention?attention-view=Encoder+and+decoder&attention-look=2:0": {"Source": "window"},
    "gan-game?gan-game-moves=D5,B10": {},
    "gan-game?gan-game-data=two+dimensions&gan-game-shape2=own": {},
}
PAGES = ("bptt", "elman-jordan", "recursive", "hopfield", "lstm-gru", "attention", "gan-game")
TURNS = ("Look at", "The data have")  # they open another view, which is opened by its own address


def shown(page: Page, server: Server, address: str) -> None:
    """Open it and wait until every one of its pictures is drawn: only then has each its number."""
    opened(page, server, address)
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].every(c => c.querySelector('.main-svg'))"
    )


def move_every_control(page: Page, texts: dict[str, str]) -> list[str]:
    """As tests.browser.moves does, within one view, and the cells of the tables too; the names of what was moved."""
    moved: list[str] = []

    def done(name: str | None) -> None:
        after(page)
        moved.append(name or "")

    for slider in each(main(page).get_by_role("slider")):
        name = slider.get_attribute("aria-label")
        slider.focus()
        at_end = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
        slider.press("ArrowLeft" if at_end else "ArrowRight")
        done(name)
    for number in each(main(page).get_by_test_id("stNumberInputField")):
        number.press("ArrowUp")
        number.press("Enter")
        done("number")
    for label, text in texts.items():
        field = main(page).get_by_role("textbox", name=label, exact=True)
        field.fill(text)
        field.press("Enter")
        done(label)
    for box in each(main(page).get_by_test_id("stSelectbox")):
        choose_last(page, box)
        done("select box")
    for switch in each(main(page).get_by_test_id("stCheckbox")):
        switch.locator("label").first.click()
        done("switch")
    for group in each(main(page).get_by_test_id("stButtonGroup")):
        if not any(group.get_by_text(turn, exact=True).count() for turn in TURNS):
            group.get_by_role("radio").or_(group.get_by_role("button")).last.click()
            done("choice")
    for radio in each(main(page).get_by_test_id("stRadio")):
        radio.locator("label").nth(1).click()
        done("prediction")
    for sheet in each(main(page).get_by_test_id("stDataFrame")):
        sheet.locator("canvas").first.click(position={"x": 90, "y": 52}, force=True)
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        done("cell")
    for name in [button.inner_text() for button in each(main(page).get_by_test_id("stButton"))]:
        button = main(page).get_by_role("button", name=name.split("\n")[-1], exact=True)
        if button.count() and button.first.is_enabled():
            button.first.click()
            done(name)
    for folded in each(main(page).get_by_test_id("stExpander")):
        summary = folded.locator("summary")
        name = summary.inner_text().split("\n")[-1]
        summary.click()
        done(name)
    return moved


@pytest.mark.exhaustive
@pytest.mark.parametrize("address", sampled(VIEWS, ["lstm-gru?lstm-gru-hold=f"]))
def test_every_control_of_the_view_can_be_moved(page: Page, server: Server, address: str) -> None:
    opened(page, server, address)
    moved = move_every_control(page, VIEWS[address])
    assert len(moved) > 8, moved
    assert "The same in Keras" in moved
    expect(main(page).get_by_text("It prints exactly the numbers of this page.").first).to_be_visible()
    key = address.split("?")[0]
    assert re.search(rf"[?&]{key}-", page.evaluate("location.search")), "what was moved stands in the address"
    expect(main(page).get_by_text("The address")).to_have_count(0)


@pytest.mark.exhaustive
def test_a_click_turns_a_cell_of_the_state_and_recall_starts_from_there(page: Page, server: Server) -> None:
    shown(page, server, "hopfield?hopfield-step=98")
    click_at(page, 3, 3)
    expect(page).to_have_url(re.compile("hopfield-from=drawn"))
    smile = hopfield.PICTURES["smile"].copy()
    smile[3, 3] = 1 - smile[3, 3]
    cells = ";".join(",".join(map(str, row)) for row in smile)
    expect(page).to_have_url(re.compile(re.escape(f"hopfield-start={quote(cells)}")))
    expect(page).not_to_have_url(re.compile("hopfield-step"))
    page.get_by_role("button", name="End", exact=True).click()
    after(page)
    expect(main(page).get_by_text("It settled in the stored picture Smile.")).to_be_visible()


@pytest.mark.exhaustive
def test_a_picture_drawn_by_clicks_is_stored(page: Page, server: Server) -> None:
    shown(page, server, "hopfield?hopfield-stored=Smile&hopfield-stored=Own")
    click_at(page, 0, 0, number=3)
    expect(page).to_have_url(re.compile("hopfield-own=1"))


@pytest.mark.exhaustive
def test_a_click_on_a_term_goes_to_it(page: Page, server: Server) -> None:
    shown(page, server, "bptt?bptt-view=Every+digit")
    click_at(page, 1, 3)  # error 4, step 2
    expect(main(page).get_by_text("What the error of step 4 says to step 2.")).to_be_visible()


@pytest.mark.exhaustive
def test_a_click_on_another_tree_brackets_the_sentence_so(page: Page, server: Server) -> None:
    shown(page, server, "recursive")
    field = main(page).get_by_role("textbox", name="Sentence with brackets")
    chart = main(page).locator(".js-plotly-plot").nth(2)
    points = "chart => chart.data.flatMap(t => (t.customdata || []).map((text, i) => [text, t.x[i], t.y[i]]))"
    text, x, y = next(row for row in chart.evaluate(points) if row[0] == "(not (good (and bad)))")
    click_at(page, x, y, number=2)
    expect(field).to_have_value(text)


@pytest.mark.exhaustive
def test_a_click_makes_the_decoder_look_there_and_another_lets_it_go(page: Page, server: Server) -> None:
    shown(page, server, "attention?attention-view=Encoder+and+decoder")
    expect(main(page).locator("code").get_by_text("nretnal", exact=True)).to_be_visible()
    click_at(page, 0, 1)
    expect(page).to_have_url(re.compile("attention-look=2%3A0"))
    expect(main(page).locator("code").get_by_text("nletnal", exact=True)).to_be_visible()
    click_at(page, 0, 1)
    expect(page).not_to_have_url(re.compile("attention-look"))


@pytest.mark.exhaustive
def test_bars_and_points_are_drawn_by_clicks(page: Page, server: Server) -> None:
    shown(page, server, "gan-game?gan-game-shape1=own")
    click_at(page, 0, 2)  # the first bar, four cells high
    expect(page).to_have_url(re.compile("gan-game-bars=4%2C0"))
    shown(page, server, "gan-game?gan-game-data=two+dimensions&gan-game-shape2=own")
    click_at(page, 0, 0)
    expect(page).to_have_url(re.compile("gan-game-cells=1%2C0"))


@pytest.mark.exhaustive
def test_the_game_is_the_same_for_another_visitor(page: Page, server: Server) -> None:
    shown(page, server, "gan-game?gan-game-moves=D20,B5x3&gan-game-step=4")
    formulas = main(page).locator(".katex-mathml annotation").all_text_contents()
    other = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    other.goto(page.url)
    settled(other)
    no_fault(other)
    expect(main(other).locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(main(other).locator(".katex-mathml annotation")).to_have_text(formulas)
    other.context.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", PAGES)
def test_a_phone_sees_one_column_and_nothing_sticks_out(page: Page, server: Server, key: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server, key)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert all(
        box["width"] <= 390 for box in (c.bounding_box() for c in main(page).locator(".js-plotly-plot").all()) if box
    )
