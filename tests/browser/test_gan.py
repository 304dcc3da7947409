"""The journeys with pictures, in a real browser."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from core.runs.store import list_runs
from tests.browser.conftest import Server, no_fault, settled


def small_networks(page: Page, steps: str) -> None:
    """The smallest networks and a budget in steps, so that the journey and not the training takes the time."""
    page.get_by_text("All options").click()
    page.get_by_role("radio", name="steps").click()
    page.get_by_role("spinbutton", name=re.compile("^steps$", re.I)).fill(steps)
    page.get_by_role("spinbutton", name=re.compile("^steps$", re.I)).press("Enter")
    settled(page)
    for name in ("Generator", "Discriminator"):
        field = page.get_by_role("textbox", name=name, exact=True)
        field.fill("32")
        field.press("Enter")
        settled(page)


def train(page: Page, server: Server) -> str:
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url(re.compile(r"/run\?.*run="))
    return page.url.rpartition("run=")[2]


def badge(page: Page, state: str) -> Locator:
    return page.locator(".stMarkdownBadge").get_by_text(state)


def shapes(folder: Path) -> Path:
    """A zip of 96 drawn pictures in two sub-folders, black on white."""
    rng, buffer = np.random.default_rng(0), io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(96):
            picture = np.full((28, 28), 255, np.uint8)
            for row in range(4, 24):  # a stroke that wavers, so that no two are the same
                at = 12 + int(rng.integers(-3, 4))
                picture[row, at : at + 4] = int(rng.integers(0, 60))
            picture = picture if number % 2 else picture.T
            png = io.BytesIO()
            Image.fromarray(picture).save(png, "PNG")
            archive.writestr(f"{'upright' if number % 2 else 'lying'}/{number}.png", png.getvalue())
    path = folder / "strokes.zip"
    path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.exhaustive
def test_digits_are_trained_the_slider_moves_and_the_drawings_are_downloaded(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/gan-train")
    settled(page)
    expect(page.get_by_role("img", name="Pictures before and after")).to_be_visible()
    small_networks(page, "400")
    run_id = train(page, server)
    expect(badge(page, "finished")).to_be_visible(timeout=180_000)
    run = next(run for run in list_runs(server.runs) if run.id == run_id)
    first, last = run.sample_steps()[0], run.sample_steps()[-1]
    assert run.sample(first, "grid.png") != run.sample(last, "grid.png")
    expect(page.get_by_text(f"Step {last:,}, always from the same noise.")).to_be_visible()
    slider = page.get_by_role("slider", name="Moment")
    slider.focus()
    slider.press("Home")
    expect(page.get_by_text(f"Step {first:,}, always from the same noise.")).to_be_visible()
    no_fault(page)
    page.get_by_role("link", name="Draw with it").click()
    page.wait_for_url(re.compile(r"/gan-draw"))
    expect(page.get_by_role("img", name="64 drawn pictures")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG").click()
    with Image.open(download.value.path()) as picture:
        assert picture.width > 8 * 28
    no_fault(page)


@pytest.mark.exhaustive
def test_an_uploaded_zip_gives_its_kinds_and_trains(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(f"{server.url}/gan-train")
    settled(page)
    page.get_by_role("radio", name="Your files").click()
    page.locator("input[type=file]").set_input_files(shapes(tmp_path))
    expect(page.get_by_role("img", name="Pictures before and after")).to_be_visible()
    settled(page)
    small_networks(page, "60")
    run_id = train(page, server)
    expect(badge(page, "finished")).to_be_visible(timeout=180_000)
    run = next(run for run in list_runs(server.runs) if run.id == run_id)
    assert sorted(run.read_json("labels.json")["names"]) == ["lying", "upright"]
    no_fault(page)


@pytest.mark.exhaustive
def test_the_noise_can_be_walked_about_in(page: Page, server: Server) -> None:
    run = next(run for run in list_runs(server.runs, family="gan") if run.usable)
    page.goto(f"{server.url}/gan-inside?run={run.id}")
    settled(page)
    for view in ("Directions", "Walk", "A − B + C", "Find a picture", "Does it copy?", "Film of the training"):
        page.get_by_role("radio", name=view).click()
        settled(page)
        expect(page.get_by_test_id("stImage").first.or_(page.get_by_test_id("stAlert").first)).to_be_visible()
        no_fault(page)
