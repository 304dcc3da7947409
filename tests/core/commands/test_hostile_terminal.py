"""Untrusted texts on the terminal: escape sequences are shown and never sent."""

import json
import os

import pytest

from core.runs.status import Status
from tests.core.commands.cli import run
from tests.core.toy_family import toy_run

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\u2066\x9b31m\r=cmd|' /C calc'!A1"
ACTIVE = set("\x1b\x07\u202e\u2066\x9b\r")


@pytest.fixture
def nasty(toy) -> None:
    """A run with hostile text in every field, and one with a hostile folder name."""
    made = toy_run(toy, name="night")
    (made.path / "about.json").write_text(json.dumps({"name": EVIL, "note": EVIL, "tags": [EVIL]}))
    Status(state="stopped", message=EVIL, phase=EVIL, unit=EVIL, error=EVIL, best=0.5, best_metric=EVIL).write(
        made.path / "status.json"
    )
    (made.path / "report.json").write_text(json.dumps({EVIL: EVIL, "notes": [EVIL], "machine": {"processor": EVIL}}))
    made.metrics_path.write_text(json.dumps({"step": 1, EVIL: EVIL, "loss": 1.0}) + "\n")
    (toy / f"x{EVIL.replace('/', '')}").mkdir()
    os.rename(toy_run(toy, name="other").path, toy / "o\u202eo")


@pytest.mark.parametrize(
    "words",
    [
        ["runs", "list"],
        ["runs", "show", "night"],
        ["runs", "compare", "night", "night"],
        ["runs", "rename", "night", "--note", EVIL],
        ["runs", "stop", "night"],
        ["runs", "stop", EVIL],
        ["runs", "restore", EVIL],
        ["runs", "import", EVIL],
        ["runs", "export", "night", f"/nowhere/{EVIL}"],
        ["runs", "again", "night", "--set", EVIL],
        ["runs", "resume", "night"],
        ["runs", "delete", "night"],
        ["train", "toy", "--text", EVIL],
        ["train", "toy", "--text", "run:night", "--sweep", EVIL],
        ["train", EVIL],
        [EVIL],
    ],
    ids=lambda words: " ".join(words).encode("ascii", "backslashreplace").decode()[:40],
)
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_no_escape_reaches_the_terminal(capsys, toy, nasty, words, form):
    _code, out, err = run(capsys, *words, *form)
    assert out + err
    assert not ACTIVE & set((out + err).replace("\r\n", ""))
    if words[1:] == ["show", "night"] and not form:
        assert "\\x1b]0;owned" in out, "it is shown as what it is"
