"""The main button is seen without a scroll, and a run opens at its top."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, no_fault, settled

LONG = pytest.mark.exhaustive
PAGES = ["text-train", pytest.param("classify-train", marks=LONG), pytest.param("gan-train", marks=LONG)]
SCROLL = "document.querySelector('[data-testid=stMain]').scrollTop"


@pytest.mark.parametrize(("width", "height"), [(1280, 720), pytest.param(390, 844, marks=LONG)])
@pytest.mark.parametrize("name", PAGES)
def test_train_is_in_view_without_a_scroll(page: Page, server: Server, name: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{server.url}/{name}")
    button = page.get_by_role("button", name="Train", exact=True)
    expect(button).to_be_visible()
    settled(page)
    place, head = button.bounding_box(), page.get_by_role("heading", level=1).bounding_box()
    assert place is not None
    assert head is not None
    assert place["y"] + place["height"] <= height
    assert 44 <= head["y"] <= 52
    expect(button).to_be_in_viewport(ratio=1)
    no_fault(page)


@LONG
def test_train_leads_to_the_top_of_the_run(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(f"{server.url}/text-train")
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()
    page.get_by_text("The full report").click()
    settled(page)
    page.wait_for_function(f"() => {{ {SCROLL} = 10000; return {SCROLL} > 0 }}")  # the report may still be drawn
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_in_viewport()  # it stays beside the data
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile(r"/run\?.*run="))
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    page.wait_for_function(f"() => {SCROLL} === 0")
    no_fault(page)
