"""The main journeys with labelled texts, in a real browser against a real server."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.classifier.training.evaluate import load_evaluation
from core.classifier.training.metrics import confusion
from core.runs.store import list_runs
from core.samples.registry import sample
from tests.browser.conftest import Server, no_fault, settled


def badge(page: Page, state: str) -> Locator:
    return page.locator(".stMarkdownBadge").get_by_text(state)


def train(page: Page) -> str:
    """Press Train; return the run's id once it has finished."""
    settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile(r"/run\?.*run="))
    expect(page.locator(".js-plotly-plot").get_by_text("Majority class").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").get_by_text("logistic regression").first).to_be_visible()
    expect(badge(page, "finished")).to_be_visible()
    expect(page.get_by_text("Test accuracy").first).to_be_visible()
    no_fault(page)
    return page.url.rpartition("run=")[2]


def open_a_cell(page: Page, server: Server, run_id: str) -> None:
    """Click the cell that is not open yet with most texts, and compare what it opens with what the run answered."""
    found = load_evaluation(next(run for run in list_runs(server.runs) if run.id == run_id))
    counts = confusion(found.y, found.predicted, len(found.classes))
    row = column = int(counts.diagonal().argmax())
    label = found.classes[row]
    expect(page.get_by_text("were taken for").first).to_be_visible()
    settled(page)
    plot = page.locator(".js-plotly-plot").first
    plot.scroll_into_view_if_needed()
    place = plot.locator(".annotation").get_by_text(str(counts[row, column]), exact=True).nth(0).bounding_box()
    assert place is not None
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    opened = page.get_by_text(f"{counts[row, column]} texts of “{label}” were found")
    expect(opened).to_be_visible()
    settled(page)
    page.reload()  # the address names the cell
    expect(opened).to_be_visible()
    settled(page)
    no_fault(page)


def journey(page: Page, server: Server, run_id: str) -> None:
    """From a finished run: evaluate, a cell, classify, why."""
    page.get_by_role("link", name="Where it errs: evaluate it").click()
    page.wait_for_url(re.compile(rf"/classify-evaluate\?.*run={run_id}"))
    open_a_cell(page, server, run_id)
    page.goto(f"{server.url}/classify-use?run={run_id}")
    settled(page)
    box = page.get_by_label("A text", exact=True)
    box.fill("真的很好吃 zyxq")  # nothing is pressed: the answer follows the typing
    expect(page.locator("span[title*='unknown to it']").get_by_text("zyxq")).to_be_visible()
    settled(page)
    no_fault(page)
    page.get_by_role("link", name="Why? See what it looked at").click()
    page.wait_for_url(re.compile(r"/classify-why\?.*text="))
    expect(page.get_by_label("A text", exact=True)).to_have_value("真的很好吃 zyxq")
    expect(page.get_by_text("Integrated gradients").first).to_be_visible()
    expect(page.get_by_text("Without the first").or_(page.get_by_text("No method does better"))).to_be_visible()
    expect(page.get_by_text("Attention is not an explanation")).to_be_visible()
    settled(page)
    no_fault(page)


@pytest.mark.exhaustive
def test_the_sample_is_trained_evaluated_used_and_asked_why(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/classify-train")
    settled(page)
    expect(page.get_by_text("1,200 reviews")).to_be_visible()
    run_id = train(page)
    journey(page, server, run_id)


@pytest.mark.exhaustive
def test_a_chinese_upload_does_the_same(page: Page, server: Server, tmp_path: Path) -> None:
    lines = sample("reviews-chinese")[0].data.decode().splitlines()
    file = tmp_path / "评论.csv"
    file.write_bytes("\n".join([*lines, lines[1]]).encode("gb18030"))
    page.goto(f"{server.url}/classify-train")
    settled(page)
    page.get_by_role("radio", name="Your files").click()
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_text("read character by character")).to_be_visible()
    page.get_by_role("button", name="Keep one of each").click()
    expect(page.get_by_text("Mended.")).to_be_visible()
    run_id = train(page)
    run = next(run for run in list_runs(server.runs) if run.id == run_id)
    assert run.sources()[0].data == file.read_bytes()
    assert run.options.drop_duplicates is True  # type: ignore[attr-defined]
    journey(page, server, run_id)


def test_a_file_of_thousands_is_classified_and_comes_back(page: Page, server: Server, tmp_path: Path) -> None:
    run = next(run for run in list_runs(server.runs, family="classifier") if run.usable)
    file = tmp_path / "many.csv"
    rows = [f"{n},{text}" for n, text in enumerate(("味道很好", "太慢了") * 1500)]
    file.write_text("\n".join(["id,text", *rows]), encoding="utf-8")
    page.goto(f"{server.url}/classify-use?run={run.id}&way=file")
    settled(page)
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("button", name="Classify 3,000 rows").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the result").click()
    out = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(out) == 3001
    assert out[0].startswith("id,text,predicted,confidence,")
    no_fault(page)
