"""The main journeys with text, in a real browser against a real server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.runs.store import list_runs
from tests.browser.conftest import Server, no_fault, settled


def start_training(page: Page, server: Server, seconds: str = "12") -> str:
    """Fill the small network's figures into the form and press Train; return the run's id."""
    page.get_by_text("All options").click()
    page.get_by_role("spinbutton", name="seconds").fill(seconds)
    page.get_by_role("spinbutton", name="Units").fill("24")
    page.get_by_role("spinbutton", name="Units").press("Enter")
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile(r"/run\?.*run="))
    return page.url.rpartition("run=")[2]


def badge(page: Page, state: str) -> Locator:
    return page.locator(".stMarkdownBadge").get_by_text(state)


def curve_points(page: Page) -> int:
    """How many points the drawn training line has: its path's length in commands."""
    return int(
        page.evaluate(
            "() => Math.max(0, ...[...document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line')]"
            ".map(path => (path.getAttribute('d') || '').length))"
        )
    )


def test_a_sample_is_trained_watched_stopped_and_writes(page: Page, server: Server) -> None:
    page.goto(server.url)
    settled(page)
    no_fault(page)
    page.goto(f"{server.url}/text-train")
    settled(page)
    expect(page.get_by_text("THE LIGHT AT MARROW POINT")).to_be_visible()
    run_id = start_training(page, server, "600")
    expect(badge(page, "running")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.js-plotly-plot .scatterlayer path.js-line')")
    before = curve_points(page)
    page.wait_for_function(
        "before => Math.max(...[...document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line')]"
        ".map(path => (path.getAttribute('d') || '').length)) > before",
        arg=before,
    )
    page.reload()  # F5 in mid-run
    expect(badge(page, "running")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(badge(page, "stopped")).to_be_visible()
    no_fault(page)
    page.get_by_role("link", name="Write with it").click()
    page.wait_for_url(re.compile(rf"/text-write\?.*run={run_id}"))
    settled(page)
    page.get_by_role("textbox", name="Prompt").fill("The lamp")
    page.get_by_role("spinbutton", name="Characters").fill("120")
    page.get_by_role("spinbutton", name="Characters").press("Enter")
    settled(page)
    page.get_by_role("button", name="Write", exact=True).click()
    expect(page.locator("[title^='p =']").first).to_be_visible()
    settled(page)
    expect(page.locator("[title^='p =']")).to_have_count(120)
    expect(page.get_by_role("button", name="Download .txt")).to_be_visible()
    no_fault(page)


@pytest.mark.exhaustive
def test_an_uploaded_file_is_reported_and_trained(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "diary.txt"
    file.write_bytes(("Heute war es still am Fluss, und die Fähre fuhr nicht.\r\n" * 40).encode("utf-16"))
    page.goto(f"{server.url}/text-train")
    settled(page)
    page.get_by_role("radio", name="Your files").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("Heute war es still").first).to_be_visible()
    settled(page)
    run_id = start_training(page, server, "6")
    expect(badge(page, "finished")).to_be_visible()
    run = next(run for run in list_runs(server.runs) if run.id == run_id)
    assert run.sources()[0].data == file.read_bytes()
    no_fault(page)


@pytest.mark.exhaustive
def test_a_cold_deep_link_lands_on_the_run_after_a_restart_in_mid_run(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/text-train")
    settled(page)
    run_id = start_training(page, server, "25")
    expect(badge(page, "running")).to_be_visible()
    server.stop()
    server.start()
    page.goto(f"{server.url}/run?run={run_id}")
    expect(page.get_by_role("heading", name="lighthouse")).to_be_visible()
    expect(page.get_by_text("Page not found")).to_have_count(0)
    expect(badge(page, "finished")).to_be_visible()
    no_fault(page)


def test_a_run_that_does_not_exist_is_said_in_one_sentence(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/run?run=../../etc")
    settled(page)
    expect(page.get_by_text("There is no run")).to_be_visible()
    no_fault(page)
