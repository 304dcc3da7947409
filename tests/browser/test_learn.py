"""The lab's pages 1 to 7 and the map in a real browser: every control moved once, pictures and cells touched."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, no_fault, settled
from tests.browser.moves import after, click_at, main, move_every_control
from tests.selection import sampled

PAGES = ("perceptron", "backpropagation", "activations", "losses", "convolution", "rnn", "bidirectional")


def opened(page: Page, server: Server, address: str) -> None:
    page.goto(f"{server.url}/{address}")
    settled(page)
    no_fault(page)
    expect(main(page).locator(".js-plotly-plot .main-svg").first).to_be_visible()


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", sampled(PAGES, ["bidirectional"]))
def test_every_control_of_the_page_can_be_moved(page: Page, server: Server, key: str) -> None:
    opened(page, server, key)
    texts = {"A sentence": "we bring one book more", "into": "two"} if key == "bidirectional" else {}
    moved = move_every_control(page, texts, leave=("Train both readers",))  # AppTest trains them
    assert len(moved) > 8, moved
    assert "The same in Keras" in moved
    expect(main(page).get_by_text("It prints exactly the numbers of this page.").first).to_be_visible()
    assert re.search(rf"[?&]{key}-", page.evaluate("location.search")), "what was moved stands in the address"


@pytest.mark.exhaustive
def test_a_click_into_the_plane_is_a_point_then_another_label_then_nothing(page: Page, server: Server) -> None:
    opened(page, server, "perceptron?perceptron-points=Own")
    click_at(page, -1, -1)
    expect(page).to_have_url(re.compile(r"1%2C1%2C1%3B-1%2C-1%2C1(&|$)"))
    click_at(page, -1, -1)
    expect(page).to_have_url(re.compile(r"1%2C1%2C1%3B-1%2C-1%2C0(&|$)"))
    click_at(page, -1, -1)
    expect(page).not_to_have_url(re.compile("perceptron-own"))


@pytest.mark.exhaustive
def test_a_click_on_a_node_goes_to_what_was_computed_there(page: Page, server: Server) -> None:
    opened(page, server, "backpropagation?backpropagation-step=22")
    click_at(page, 0.9 + 1.5, 0.75)  # the z of the first hidden neuron
    expect(page).to_have_url(re.compile("backpropagation-step=19"))
    expect(main(page).locator(".katex").filter(has_text="z").last).to_be_visible()


@pytest.mark.exhaustive
def test_a_click_on_the_map_moves_the_window(page: Page, server: Server) -> None:
    opened(page, server, "convolution")
    click_at(page, 4, 3, number=1)
    expect(page).to_have_url(re.compile("convolution-step=34"))


@pytest.mark.exhaustive
def test_letters_typed_into_a_cell_are_named_in_place(page: Page, server: Server) -> None:
    opened(page, server, "rnn?rnn-W=0.1,0.2;0.3,0.5")  # what the address speaks of stands open
    sheet = main(page).get_by_test_id("stDataFrame").filter(has=page.locator("canvas")).nth(2)
    sheet.locator("canvas").first.click(position={"x": 100, "y": 52}, force=True)
    page.keyboard.press("Enter")
    page.locator(".gdg-input").last.fill("many")
    page.keyboard.press("Enter")
    after(page)
    expect(main(page).get_by_text(re.compile("is 'many': enter a number from -100 to 100"))).to_be_visible()


def test_the_map_opens_the_page_that_is_clicked_and_remembers_it(page: Page, server: Server) -> None:
    opened(page, server, "learn")
    click_at(page, 0.5, 0)
    expect(page).to_have_url(re.compile("/perceptron"))
    expect(page.get_by_role("heading", name="Perceptron")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_role("link", name="The notes as a map").click()
    expect(page).to_have_url(re.compile("opened=perceptron"))


@pytest.mark.exhaustive
def test_the_address_is_enough_for_another_visitor(page: Page, server: Server) -> None:
    opened(page, server, "perceptron")
    page.get_by_role("radio", name="XOR").click()
    after(page)
    for _press in range(3):
        page.get_by_role("button", name="Next", exact=True).click()
        after(page)
    expect(page).to_have_url(re.compile("perceptron-step=4"))
    shown = main(page).locator(".katex-mathml annotation").all_text_contents()
    other = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    other.goto(page.url)
    settled(other)
    expect(main(other).locator(".js-plotly-plot .main-svg").first).to_be_visible()
    expect(main(other).locator(".katex-mathml annotation")).to_have_text(shown)
    other.context.close()


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", ["learn", *PAGES])
def test_a_phone_sees_one_column_and_nothing_sticks_out(page: Page, server: Server, key: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, server, key)
    assert page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth") <= 390
    assert all(
        box["width"] <= 390 for box in (c.bounding_box() for c in main(page).locator(".js-plotly-plot").all()) if box
    )
