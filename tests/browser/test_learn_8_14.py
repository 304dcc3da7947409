"""The lab's pages 8 to 14 in a real browser: every view is opened, every control moved once, every picture clicked."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server, no_fault, settled

# page, the view that the address opens, what is typed into its text fields
VIEWS = [
    ("bptt", "bptt-view=A+long+way+back", {}),
    ("bptt", "bptt-view=Every+digit", {}),
    ("hopfield", "hopfield-stored=Smile&hopfield-stored=Cross&hopfield-stored=Own", {}),
]


def after(page: Page) -> None:
    """What a change asked for has been drawn."""
    page.wait_for_timeout(120)  # the browser tells the server after a moment
    settled(page)
    no_fault(page)


def main(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


def each(page: Page, found: Locator) -> Iterator[Locator]:
    """The controls that are there now; one that a later change takes away is left out."""
    for number in range(found.count()):
        one = found.nth(number)
        if number < found.count() and one.is_visible() and one.is_enabled():
            yield one


def move_every_control(page: Page, texts: dict[str, str]) -> list[str]:
    """Move each control once, of each sort in turn; the names of those moved."""
    moved: list[str] = []

    def done(name: str | None) -> None:
        after(page)
        moved.append(name or "")

    for slider in each(page, main(page).get_by_role("slider")):
        name = slider.get_attribute("aria-label")
        slider.focus()
        at_end = slider.get_attribute("aria-valuenow") == slider.get_attribute("aria-valuemax")
        slider.press("ArrowLeft" if at_end else "ArrowRight")
        done(name)
    for number in each(page, main(page).get_by_test_id("stNumberInputStepUp")):
        number.click()
        done("number")
    for field in each(page, main(page).get_by_role("textbox")):
        name = field.get_attribute("aria-label") or ""
        if name in texts:
            field.fill(texts[name])
            field.press("Enter")
            done(name)
    for box in each(page, main(page).get_by_test_id("stSelectbox")):
        box.get_by_role("combobox").click()
        page.get_by_role("option").last.click()
        done("selectbox")
    for toggle in each(page, main(page).get_by_test_id("stCheckbox")):
        toggle.locator("label").first.click()
        done(toggle.inner_text())
    for group in each(page, main(page).get_by_test_id("stButtonGroup")):
        if group.get_by_text("Look at").count():
            continue  # the views are opened one by one
        group.get_by_role("radio").or_(group.get_by_role("button")).last.click()
        done(group.inner_text())
    for radio in each(page, main(page).get_by_test_id("stRadio")):
        radio.locator("label").nth(1).click()
        done("predict")
    for name in [button.inner_text() for button in each(page, main(page).get_by_test_id("stButton"))]:
        button = main(page).get_by_role("button", name=name, exact=True)
        if button.count() and button.first.is_enabled():
            button.first.click()
            done(name)
    for chart in each(page, main(page).locator(".js-plotly-plot .nsewdrag")):
        chart.click(force=True)
        done("picture")
    for sheet in each(page, main(page).get_by_test_id("stDataFrame")):
        sheet.locator("canvas").first.click(position={"x": 90, "y": 52}, force=True)
        page.keyboard.type("1")
        page.keyboard.press("Enter")
        done("sheet")
    for expander in each(page, main(page).get_by_test_id("stExpander")):
        summary = expander.locator("summary")
        name = summary.inner_text().split("\n")[-1]
        summary.click()
        done(name)
    return moved


@pytest.mark.parametrize(("key", "query", "texts"), VIEWS)
def test_every_control_of_the_page_can_be_moved(
    page: Page, server: Server, key: str, query: str, texts: dict[str, str]
) -> None:
    page.goto(server.url)
    settled(page)
    page.goto(f"{server.url}/{key}?{query}")
    settled(page)
    no_fault(page)
    expect(main(page).locator(".js-plotly-plot").first).to_be_visible()
    moved = move_every_control(page, texts)
    assert len(moved) > 8, moved
    assert "The same in Keras" in moved
    expect(main(page).get_by_text("It prints exactly the numbers of this page.")).to_be_visible()
    assert re.search(rf"[?&]{key}-", page.url), "what was moved stands in the address"
    expect(page.get_by_test_id("stAlertContentWarning").get_by_text("The address says")).to_have_count(0)
