"""Half a surrogate pair, a name that is no UTF-8 and a bare carriage return pass every reader and writer."""

import csv
import io
import json
import os

import pytest

from core.classifier.data.reader import read_table
from core.csv_safety import csv_text, escape_formula
from core.runs.run import Run
from core.runs.store import create, find
from core.sources import Source, read_source
from core.well_formed import REPLACEMENT, well_formed
from tests.core.toy_family import ToyOptions, toy_run

HALVES = ["\ud800", "\udfff", "a\udc80b", "\udc00\ud800"]
CELLS = ["a\rb", "\r", "a\r\nb", "a\nb", '"', 'a"b', "a,b", "", " a ", "plain"]


@pytest.mark.parametrize("text", HALVES)
def test_a_lone_half_becomes_a_replacement_character(text):
    assert REPLACEMENT in well_formed(text)
    assert well_formed(text).encode().decode() == well_formed(text)


def test_a_pair_is_joined_and_sound_text_is_left_alone():
    assert well_formed("\ud83d\ude00 字") == "😀 字"
    assert well_formed("plain 字") == "plain 字"


def test_a_cut_off_tweet_in_json_lines_is_a_row_like_any():
    rows = [{"te\ud800xt": f"good \ud800 thing {number}", "label": "a\udfff"} for number in range(3)]
    table = read_table(Source("t.jsonl", "\n".join(map(json.dumps, rows)).encode()))
    assert table.columns == [f"te{REPLACEMENT}xt", "label"]
    assert table.rows[1] == [f"good {REPLACEMENT} thing 1", f"a{REPLACEMENT}"]


@pytest.mark.parametrize("note", HALVES)
def test_a_note_that_is_no_text_is_kept_as_one(toy, note):
    run = toy_run(toy)
    run.describe(note=f"a{note}b")
    assert Run(run.path).note == well_formed(f"a{note}b")
    (run.path / "about.json").read_bytes().decode()


@pytest.mark.skipif(os.name == "nt", reason="its file names are Unicode")
def test_a_file_whose_name_is_no_utf_8_is_an_input_like_any(toy, tmp_path):
    path = tmp_path / os.fsdecode(b"n\xffme.txt")
    path.write_bytes(b"one two")
    run = create(ToyOptions(), [read_source(path, 100)], name="odd")
    assert [source.name for source in find(run.id).sources()] == [f"n{REPLACEMENT}me.txt"]


def test_csv_rows_come_back_as_they_were_written():
    rows = [CELLS, CELLS[::-1]]
    assert list(csv.reader(io.StringIO(csv_text(rows), newline=""))) == rows
    assert csv_text([["a", "b"], ["c", "d"]]) == "a,b\nc,d\n"


def test_no_row_of_a_spreadsheet_begins_inside_a_cell():
    """A spreadsheet takes a bare carriage return outside quotes for the end of a row."""
    assert csv_text([[escape_formula("good \r=1+1"), "a"]]) == '"good \r=1+1",a\n'
