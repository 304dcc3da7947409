"""One server, two people: each is spoken to in the language of their browser or of their choice, everywhere."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, Server, no_fault, settled


def opened(browser: Browser, url: str, locale: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=locale)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(url)
    settled(page)
    return page


@pytest.mark.exhaustive
def test_two_people_are_spoken_to_at_once_each_in_their_own_language(browser: Browser, server: Server) -> None:
    ours, theirs = opened(browser, server.url, "en-US"), opened(browser, server.url, "zh-CN")
    try:
        menu = theirs.get_by_test_id("stSidebarNav")
        expect(menu.get_by_text("训练记录", exact=True)).to_be_visible()
        menu.get_by_text("感知机", exact=True).click()
        expect(theirs.get_by_role("heading", name="感知机")).to_be_visible()
        settled(theirs)
        before = theirs.get_by_test_id("stMain").inner_text()
        theirs.get_by_role("button", name="下一步", exact=True).click()  # a part of the page that runs by itself
        theirs.wait_for_function(
            "before => document.querySelector('[data-testid=stMain]').innerText !== before", arg=before
        )
        settled(theirs)
        assert "Next" not in theirs.get_by_test_id("stMain").inner_text()
        expect(ours.get_by_test_id("stSidebarNav").get_by_text("Perceptron", exact=True)).to_be_visible()

        ours.get_by_test_id("stMain").get_by_text("中文", exact=True).click()
        menu = ours.get_by_test_id("stSidebarNav")
        menu.get_by_text("训练记录", exact=True).click()
        expect(ours.get_by_role("heading", name="训练记录")).to_be_visible()
        expect(ours).to_have_url(f"{server.url}/runs?language=zh")
        settled(ours)
        ours.get_by_test_id("stSidebar").get_by_text("English", exact=True).click()
        expect(ours.get_by_role("heading", name="Runs")).to_be_visible()
        ours.reload()
        expect(ours.get_by_role("heading", name="Runs")).to_be_visible()
        for page in (ours, theirs):
            no_fault(page)
    finally:
        ours.context.close()
        theirs.context.close()
