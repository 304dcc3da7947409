"""Manners of the command line: the wrong run, the end of a help, completion in a shell, a workbook, a quiet screen."""

import io
import os
import shlex
import subprocess
import sys

import pytest
from openpyxl import load_workbook

from core.classifier.inference.workbook import MAX_CELL, write_workbook
from core.commands.examples import EXAMPLES, commands_of
from core.commands.main import parser
from core.errors import UserError
from core.runs.store import DEFAULT_DIR, list_runs
from tests.core.commands.cli import run

DEMO = {"charlm": "demo-lighthouse", "classifier": "demo-reviews", "gan": "demo-digits"}
USES = {
    "charlm": ("generate", "--length", "5"),
    "classifier": ("classify", "good"),
    "gan": ("sample", "--count", "1", "--output"),
}


def used(key, run_id, tmp_path):
    command, *rest = USES[key]
    return [command, run_id, *rest, *([str(tmp_path / "x.png")] if command == "sample" else [])]


@pytest.mark.parametrize(("key", "other"), [(key, other) for key in DEMO for other in DEMO if key != other])
def test_a_run_of_another_family_is_refused_in_a_sentence(key, other, capsys, tmp_path):
    code, out, err = run(capsys, *used(key, DEMO[other], tmp_path), "--runs-dir", str(DEFAULT_DIR))
    assert (code, out) == (2, "")
    assert f"family {other}" in err
    assert err.count("\n") == 1


def test_the_help_of_every_command_ends_with_two_examples_that_it_takes(capsys):
    root = parser()
    found = {words: sub for words, sub in commands_of(root) if words != "work"}
    assert set(found) == set(EXAMPLES)
    for words, sub in found.items():
        shown = sub.format_help().rstrip().splitlines()
        for line in shown[-2:]:
            assert line.strip().startswith(f"python -m core {words}")
            root.parse_args(shlex.split(line)[3:])
        assert shown[-3] == "examples:"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("python -m core gen", {"generate "}),
        ("python -m core train charlm --prese", {"--preset "}),
        ("python -m core generate demo-l", {"demo-lighthouse "}),
        ("python -m core train gan --images sample:", {"sample:digits "}),
    ],
)
def test_a_shell_that_asks_is_told_how_the_line_goes_on(line, expected, tmp_path):
    answer = tmp_path / "answer"
    asked = {"_ARGCOMPLETE": "3", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_IFS": "\n"}
    # In a process of its own: argcomplete takes over file descriptors and ends the process without unwinding.
    subprocess.run(
        [sys.executable, "-m", "core"],
        env=os.environ | asked | {"_ARGCOMPLETE_STDOUT_FILENAME": str(answer), "HIDDEN_STATE_RUNS": str(DEFAULT_DIR)},
        cwd=DEFAULT_DIR.parent,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    assert expected <= set(answer.read_text().split("\n"))


def test_a_judged_table_becomes_a_workbook_of_texts_and_numbers():
    out = io.BytesIO()
    blocks = [
        "\ufefftext,predicted,confidence,p(a)\r\n",
        '"two\nlines",a,0.7500,0.7500\r\n',
        "=1\x01,,0.5000,0.5000\r\n",
    ]
    write_workbook((block.encode() for block in blocks), out, numbers=2)
    rows = [[cell.value for cell in row] for row in load_workbook(out).active]
    assert rows[0] == ["text", "predicted", "confidence", "p(a)"]
    assert rows[1] == ["two\nlines", "a", 0.75, 0.75]
    assert rows[2][2:] == [0.5, 0.5]


def test_what_a_workbook_cannot_hold_is_refused():
    with pytest.raises(UserError, match="Row 2"):
        write_workbook([f"a,b\n{'x' * (MAX_CELL + 1)},1\n".encode()], io.BytesIO(), numbers=1)


def test_a_table_is_judged_into_a_workbook(capsys, tmp_path):
    (tmp_path / "in.csv").write_text("n,text\n1,very good indeed\n2,=bad\n")
    words = ["classify", "demo-reviews", "--csv", str(tmp_path / "in.csv"), "--runs-dir", str(DEFAULT_DIR), "--output"]
    assert run(capsys, *words, str(tmp_path / "out.xlsx"))[0] == 0
    rows = list(load_workbook(tmp_path / "out.xlsx").active.values)
    assert len(rows) == 3
    assert all(isinstance(value, float) for value in rows[1][3:])
    code, _out, err = run(capsys, *words, str(tmp_path / "out.xls"))
    assert code == 2
    assert "should end in .csv or .xlsx" in err


def test_data_that_cannot_be_trained_on_leaves_no_run(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(tmp_path / "runs"))
    (tmp_path / "short.txt").write_text("too short")
    code, _out, err = run(capsys, "train", "charlm", "--text", str(tmp_path / "short.txt"))
    assert code == 2
    assert "at least" in err
    assert run(capsys, "train", "charlm", "--text", "")[0] == 2
    assert list_runs() == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("key", DEMO)
def test_nothing_of_tensorflow_stands_on_standard_error(key, tmp_path):
    words = [*used(key, DEMO[key], tmp_path), "--runs-dir", str(DEFAULT_DIR)]
    done = subprocess.run([sys.executable, "-m", "core", *words], capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
