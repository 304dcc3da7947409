"""Looking inside the demo run, and writing together with it, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, no_fault, settled
from tests.selection import sampled

DEMO = "demo-lighthouse"


def look(page: Page, server: Server, query: str = "") -> None:
    page.goto(f"{server.url}/text-inside?run={DEMO}{query}")
    settled(page)
    no_fault(page)


@pytest.mark.exhaustive
def test_views_are_chosen_by_a_click_and_their_address_opens_cold(page: Page, server: Server) -> None:
    look(page, server)
    expect(page.get_by_text("Here it is lowest")).to_be_visible()
    page.get_by_role("radio", name="Gates").click()
    page.wait_for_url(re.compile("view=gates"))
    page.get_by_role("radio", name="Forget gate").click()
    page.wait_for_url(re.compile("signal=f"))
    settled(page)
    address = page.url
    expect(page.get_by_text(re.compile("^Forget gate of the"))).to_be_visible()
    fresh = page.context.browser.new_page()  # type: ignore[union-attr]
    fresh.goto(address)
    expect(fresh.get_by_text(re.compile("^Forget gate of the"))).to_be_visible()
    expect(fresh.locator(".js-plotly-plot .hm").first).to_be_visible()
    fresh.close()
    no_fault(page)


@pytest.mark.exhaustive
def test_a_cell_colours_the_text_over_its_guesses(page: Page, server: Server) -> None:
    look(page, server, "&cell=3")
    columns = page.locator(".hs-guess > span")
    expect(columns.first).to_be_visible()
    expect(columns).to_have_count(420)
    expect(columns.first.locator("i")).to_have_count(5)
    assert re.fullmatch(r"[+-]\d+\.\d{3}", columns.first.get_attribute("title") or "")
    grounds = columns.locator("b").evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert len(set(grounds)) > 20
    page.get_by_text("The numbers").first.click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()


@pytest.mark.exhaustive
def test_the_finder_ranks_cells_and_its_button_shows_one(page: Page, server: Server) -> None:
    look(page, server, "&find=true&words=lamp")
    answer = page.get_by_text(re.compile(r"^Cell \d+ of layer \d+ follows"))
    expect(answer).to_be_visible()
    button = page.get_by_role("button", name=re.compile(r"Cell 1·\d+: ")).first
    cell = re.search(r"1·(\d+)", button.inner_text())
    button.click()
    page.wait_for_url(re.compile(rf"cell={cell[1]}(&|$)" if cell and cell[1] != "0" else "text-inside"))
    settled(page)
    no_fault(page)
    expect(page.get_by_text("Where cell")).to_be_visible()


@pytest.mark.exhaustive
def test_one_prediction_is_followed_back(page: Page, server: Server) -> None:
    look(page, server, "&view=lookback&place=90")
    expect(page.get_by_text("hold half of what that rests on")).to_be_visible()
    tints = page.locator(".stHtml span[title^='0.']")
    expect(tints.nth(60)).to_be_attached()
    page.get_by_text("For or against").click()
    expect(page.locator(".stHtml span[title^='-0.']").first).to_be_visible()
    expect(page.get_by_text(re.compile("Over 48 predictions"))).to_be_visible()


@pytest.mark.exhaustive
def test_a_text_is_scored_beside_the_tables(page: Page, server: Server) -> None:
    look(page, server, "&view=score&of=own&text=The+lamp+was+lit%2C+and+the+sea+was+calm.")
    expect(page.get_by_text("bits for each of 39 characters")).to_be_visible()
    expect(page.locator(".stHtml span[title*='it expected']")).to_have_count(39)
    page.get_by_label("Your text").last.fill("")
    page.get_by_label("Your text").last.press("Control+Enter")
    expect(page.get_by_text("There is no text to look at")).to_be_visible()
    no_fault(page)


@pytest.mark.exhaustive
def test_copied_stretches_are_marked_and_open_their_place(page: Page, server: Server) -> None:
    look(page, server, "&view=copying&length=400&temperature=0.1")
    marks = page.locator(".stHtml mark[title*='characters, from']")
    expect(marks.first).to_be_visible()
    expect(page.get_by_text(re.compile(r"^Character [\d,]+, line [\d,]+ of the training text"))).to_be_visible()


@pytest.mark.exhaustive
@pytest.mark.parametrize("gate", ["f", "i", "o"])
def test_a_held_gate_changes_the_text_beside_the_untouched_one(page: Page, server: Server, gate: str) -> None:
    look(page, server, f"&view=hold&gate={gate}&value=0&length=200")
    expect(page.get_by_text(re.compile("^The texts part after|stays at 0"))).to_be_visible()
    expect(page.get_by_text("Untouched", exact=True)).to_be_visible()
    expect(page.get_by_text("Held", exact=True)).to_be_visible()


@pytest.mark.exhaustive
def test_the_film_runs_from_the_first_step_to_the_last(page: Page, server: Server) -> None:
    look(page, server, "&view=film&length=120")
    slider = page.get_by_role("slider", name="Step of the training")
    caption = page.get_by_text(re.compile(r"^After [\d,]+ steps"))
    last = caption.inner_text()
    slider.press("Home")
    page.wait_for_url(re.compile("step="))
    expect(caption).not_to_have_text(last)
    first = caption.inner_text()
    loss = [float(re.search(r"is ([\d.]+) nats", words)[1]) for words in (first, last)]  # type: ignore[index]
    assert loss[0] > loss[1]
    no_fault(page)


@pytest.mark.exhaustive
def test_person_and_network_write_together_by_keyboard(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/text-together?run={DEMO}")
    settled(page)
    no_fault(page)
    story = page.locator(".stHtml").first
    box = page.get_by_label("You write")
    box.click()
    page.keyboard.type("The lamp ", delay=20)
    expect(story).to_contain_text("The lamp ")
    settled(page)
    page.keyboard.press("Alt+1")
    page.wait_for_url(re.compile(r"who=p9n\d+"))
    settled(page)
    told = story.inner_text()
    assert len(told) > len("The lamp ")
    expect(box).to_have_value("")
    page.keyboard.press("Alt+z")
    expect(page.get_by_text("You wrote 9 characters (100%)")).to_be_visible()
    settled(page)
    page.keyboard.press("Alt+7")
    expect(page.get_by_text("Branches: every way that this text has gone")).to_be_visible()
    settled(page)
    page.keyboard.press("Alt+g")
    expect(page.get_by_text(re.compile(r"the network 20\d"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download .txt").click()
    assert download.value.path().read_text(encoding="utf-8").startswith("The lamp ")
    no_fault(page)


@pytest.mark.exhaustive
def test_an_offer_is_taken_by_a_click_in_the_middle_of_typing(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/text-together?run={DEMO}&text=The+sea+was+&who=p12")
    settled(page)
    expect(page.locator(".stHtml").first).to_contain_text("The sea was ")
    page.locator("[class*=st-key-character-0] button").click()
    expect(page.get_by_text("You wrote 12 characters (92%), the network 1")).to_be_visible()
    no_fault(page)


@pytest.mark.exhaustive
@pytest.mark.parametrize("view", sampled(["cells", "gates", "lookback", "score", "copying", "hold", "film"]))
def test_every_view_fits_a_telephone(page: Page, server: Server, view: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    look(page, server, f"&view={view}&length=150")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.exhaustive
def test_a_text_of_ten_thousand_characters_stays_usable(page: Page, server: Server) -> None:
    look(page, server, "&of=own")
    area = page.get_by_label("Your text").last
    area.fill("The lamp was lit at dusk. " * 400)
    area.press("Control+Enter")
    expect(page.get_by_text("too long for the address")).to_be_visible()
    expect(page.locator(".hs-guess > span")).to_have_count(420)
    no_fault(page)
    slider = page.get_by_role("slider", name="Show from character")
    slider.press("End")
    page.wait_for_url(re.compile("from=10080"))
    settled(page)
    no_fault(page)
    expect(page.locator(".hs-guess > span")).to_have_count(320)
