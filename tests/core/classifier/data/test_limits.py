"""Small files that would unpack to gigabytes: each is refused by its counts before they are allocated."""

import gzip
import io
import json
import tracemalloc
import zipfile

import pytest

from core.classifier.data import csv_format, formats, json_format, reader, table
from core.classifier.data.reader import read_table
from core.errors import UserError
from core.sources import Source

ROW = b"good tea,pos\nbad tea,neg\n"


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


def nested(depth: int) -> bytes:
    data = b"text,label\n" + ROW * 20
    for _level in range(depth):
        data = zipped("a.csv", data)
    return data


def refused(name: str, data: bytes) -> str:
    with pytest.raises(UserError) as error:
        read_table(Source(name, data))
    return str(error.value)


@pytest.fixture
def few_cells(monkeypatch):
    monkeypatch.setattr(table, "MAX_CELLS", 10_000)


HEADER = ",".join(["text", "label", *(f"c{number}" for number in range(98))]).encode() + b"\n"
WIDE = {
    "short rows under a wide header": ("w.csv", HEADER + b"a,b\n" * 200),
    "wide rows": ("w.csv", HEADER + b",".join([b"a"] * 100) + b"\n" + HEADER * 200),
    "keys of one row": (
        "k.jsonl",
        json.dumps({f"c{number}": "" for number in range(100)}).encode() + b"\n" + b'{"c0": "a"}\n' * 200,
    ),
}


@pytest.mark.parametrize("case", WIDE)
def test_rows_times_columns_are_bounded_before_they_are_filled_up(case, few_cells):
    assert "more than 10,000 cells" in refused(*WIDE[case])


def test_a_table_at_the_bound_is_read(few_cells):
    assert len(read_table(Source("t.csv", HEADER + b"a,b\n" * 100)).rows) == 100


@pytest.mark.exhaustive
def test_rows_are_counted_while_they_are_read(monkeypatch):
    monkeypatch.setattr(table, "MAX_ROWS", 1000)
    data = gzip.compress(b"text,label\n" + ROW * 200_000)
    tracemalloc.start()
    assert "more than 1,000 rows" in refused("r.csv.gz", data)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000, "the rest of its 5 MB is never parsed"


@pytest.mark.parametrize("text", ["[" * 30, "[" + "{}," * 29 + "{}]", '{"a": [' + "[]," * 29 + "[]]}"])
def test_the_values_of_json_are_counted_before_they_are_built(monkeypatch, text):
    monkeypatch.setattr(json_format, "MAX_CONTAINERS", 20)
    assert "more values than a table" in refused("j.json", text.encode())


def test_deep_json_is_a_sentence():
    assert "not valid JSON" in refused("j.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    assert refused("j.json", b'{"a":' * 50 + b"1" + b"}" * 50)


def test_wide_rows_of_json_are_counted(few_cells):
    rows = [["text", "label"], *(["a"] * 400 for _row in range(30))]
    assert "more than 10,000 cells" in refused("j.json", json.dumps(rows).encode())


@pytest.mark.parametrize("depth", [1, 2])
def test_a_table_in_an_archive_is_read(depth):
    assert len(read_table(Source("n.zip", nested(depth))).rows) == 40


@pytest.mark.parametrize("depth", [3, 300])
def test_archives_within_archives_are_refused(depth):
    assert "archives within archives" in refused("n.zip", nested(depth))


def test_empty_rows_of_all_sheets_count(monkeypatch):
    from openpyxl import Workbook

    monkeypatch.setattr(table, "MAX_ROWS", 500)
    book = Workbook()
    for number in range(3):
        sheet = book.create_sheet(f"s{number}")
        sheet.cell(300, 1, " ")
    out = io.BytesIO()
    book.save(out)
    assert "more than 500 rows" in refused("s.xlsx", out.getvalue())


def test_the_markup_of_a_sheet_is_counted_before_it_is_built(monkeypatch):
    from openpyxl import Workbook

    monkeypatch.setattr(formats, "MAX_TAGS", 2000)
    book = Workbook()
    for number in range(400):
        book.active.append([f"text {number}", "a"])
    out = io.BytesIO()
    book.save(out)
    assert "more markup than a table" in refused("m.xlsx", out.getvalue())


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb\r\n", "a\rb\r", "\n\n", "a\r\r\nb", "", "a\x0bb\u2028c\n"])
def test_lines_are_those_of_a_file_read_without_translation(text):
    assert list(csv_format._Lines(text)) == list(io.StringIO(text, newline=""))


def test_the_bounds_leave_room_for_real_tables():
    assert table.MAX_CELLS >= 2 * table.MAX_ROWS
    assert reader.MAX_DEPTH >= 1
