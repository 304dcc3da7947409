"""Moving every control of a page once, as a hand would."""

from collections.abc import Iterator
from contextlib import suppress

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from tests.browser.conftest import no_fault, settled

LATE = 250  # ms: a slider tells the server only when it has rested for a while
RUNNING = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState !== 'notRunning'"

PLACE = """(chart, [x, y]) => {
    const {xaxis, yaxis} = chart._fullLayout, box = chart.getBoundingClientRect();
    return [box.x + xaxis._offset + xaxis.d2p(x), box.y + yaxis._offset + yaxis.d2p(y)];
}"""


def main(page: Page) -> Locator:
    return page.get_by_test_id("stMain")


def after(page: Page) -> None:
    """What a change asked for has been drawn; some ask for nothing."""
    with suppress(PlaywrightTimeout):
        page.wait_for_function(RUNNING, timeout=LATE)
    settled(page)
    no_fault(page)


def click_at(page: Page, x: float, y: float, number: int = 0) -> None:
    """Click the place (x, y), in its own axes, of the picture `number`, whose axes may be narrower than it is.

    Plotly reports a click only where it has found something under the pointer, and a page that is still being laid out
    moves the picture away: so the place is looked up anew until something is found there.
    """
    chart = main(page).locator(".js-plotly-plot").nth(number)
    chart.scroll_into_view_if_needed()
    for _attempt in range(40):
        place = chart.evaluate(PLACE, [x, y])
        page.mouse.move(place[0] - 2, place[1])
        page.mouse.move(*place)
        page.wait_for_timeout(100)
        if chart.evaluate(PLACE, [x, y]) == place and chart.evaluate("chart => chart._hoverdata?.length > 0"):
            break
    page.mouse.click(*place)
    after(page)


def each(found: Locator) -> Iterator[Locator]:
    """The controls that are there now; one that a later change takes away is left out."""
    for number in range(found.count()):
        one = found.nth(number)
        if number < found.count() and one.is_visible() and one.is_enabled():
            yield one


def choose_last(page: Page, box: Locator) -> None:
    """Open a select box and take its last option; a menu that a late redraw has closed is opened again."""
    option = page.get_by_role("option").last
    for _attempt in range(5):
        box.get_by_role("combobox").click()
        try:
            expect(option).to_be_visible(timeout=2000)
            option.click(timeout=2000)
            return
        except (AssertionError, PlaywrightTimeout):
            page.keyboard.press("Escape")
    raise AssertionError("the select box does not open")


def move_every_control(page: Page, texts: dict[str, str], leave: tuple[str, ...] = ()) -> list[str]:
    """Sliders, numbers, text fields (with `texts` by label), select boxes, switches, choices, the question, buttons
    but those called `leave`, folded parts. Returns the names of those moved."""
    moved: list[str] = []

    def done(name: str | None) -> None:
        after(page)
        moved.append(name or "")

    for slider in each(main(page).get_by_role("slider")):
        slider.focus()
        at_end = slider.input_value() == slider.get_attribute("max")
        slider.press("ArrowLeft" if at_end else "ArrowRight")
        done(slider.get_attribute("aria-label"))
    for number in each(main(page).get_by_test_id("stNumberInputField")):
        number.press("ArrowUp")
        number.press("Enter")
        done(number.get_attribute("aria-label"))
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
        done(switch.inner_text())
    for group in each(main(page).get_by_test_id("stButtonGroup")):
        group.get_by_role("radio").or_(group.get_by_role("button")).last.click()
        done(group.inner_text())
    for radio in each(main(page).get_by_test_id("stRadio")):
        radio.locator("label").nth(1).click()
        done("prediction")
    for name in [button.inner_text() for button in each(main(page).get_by_test_id("stButton"))]:
        button = main(page).get_by_role("button", name=name, exact=True)
        if name not in leave and button.count() and button.first.is_enabled():
            button.first.click()
            done(name)
    for folded in each(main(page).get_by_test_id("stExpander")):
        summary = folded.locator("summary")
        summary.click()
        done(summary.inner_text().split("\n")[-1])
    return moved
