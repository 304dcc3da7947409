"""The folder for a model hub: a card that is true, and safe whatever a run is called."""

import shutil
import subprocess
import sys

import pytest
import yaml

from core.exports import export
from core.runs.store import DEFAULT_DIR, find

DEMO = {"charlm": "demo-lighthouse", "classifier": "demo-reviews", "gan": "demo-digits"}
EVIL = 'a"]\n---\nlicense: mit\n# <img src=x onerror=alert(1)> [click](javascript:1) `x`'


def head_and_body(card: str):
    _before, head, body = card.split("---\n", 2)
    return yaml.safe_load(head), body


@pytest.mark.parametrize("family", DEMO)
def test_the_card_has_the_figures_of_the_report_and_the_data(family, tmp_path):
    run = find(DEMO[family], DEFAULT_DIR)
    written = export(run, "hub", tmp_path / "folder")
    assert {"README.md", "model.keras", "use.py"} <= set(written.files)
    head, body = head_and_body((tmp_path / "folder" / "README.md").read_text(encoding="utf-8"))
    assert head["library_name"] == "keras"
    assert "license" not in head
    metrics = head["model-index"][0]["results"][0]["metrics"]
    assert len(metrics) >= 2
    for metric in metrics:
        assert any(
            abs(metric["value"] - value) < 1e-5 for value in run.report.values() if isinstance(value, int | float)
        )
    assert run.config["data"]["files"][0]["sha256"] in body
    assert (tmp_path / "folder" / "model.keras").read_bytes() == run.model_path.read_bytes()


def test_no_name_of_a_person_becomes_a_key_a_link_or_html(tmp_path):
    shutil.copytree(find(DEMO["gan"], DEFAULT_DIR).path, tmp_path / "demo-digits")
    run = find("demo-digits", tmp_path)
    run.config["data"]["name"] = run.config["data"]["files"][0]["name"] = EVIL
    run.describe(name=EVIL[:60])
    export(run, "hub", tmp_path / "folder")
    head, body = head_and_body((tmp_path / "folder" / "README.md").read_text(encoding="utf-8"))
    assert set(head) == {"library_name", "pipeline_tag", "tags", "model-index"}
    assert r"\<img src=x" in body
    assert "<img" not in body.replace(r"\<", "")
    assert "[click]" not in body


def test_a_name_with_an_emoji_is_read_back_as_it_is(tmp_path):
    shutil.copytree(find(DEMO["gan"], DEFAULT_DIR).path, tmp_path / "demo-digits")
    run = find("demo-digits", tmp_path)
    run.config["data"]["name"] = "数字 👩\u200d🚀\u2028.npz"
    run.describe(name="novel 😀 文")
    export(run, "hub", tmp_path / "folder")
    head, _body = head_and_body((tmp_path / "folder" / "README.md").read_text(encoding="utf-8"))
    assert head["model-index"][0]["name"] == "novel 😀 文"
    assert head["model-index"][0]["results"][0]["dataset"]["name"] == "数字 👩\u200d🚀 .npz"


@pytest.mark.exhaustive
@pytest.mark.parametrize("family", DEMO)
def test_the_lines_of_the_card_run_beside_its_files(family, tmp_path):
    export(find(DEMO[family], DEFAULT_DIR), "hub", tmp_path / "folder")
    card = (tmp_path / "folder" / "README.md").read_text(encoding="utf-8")
    program = card.split("```python\n")[1].split("\n```")[0]
    words = [sys.executable, "-c", program, *(["a fine lamp"] if family == "classifier" else [])]
    done = subprocess.run(words, cwd=tmp_path / "folder", capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2000:]
