import csv
import gzip
import io
import json

import openpyxl
import pytest

from core.classifier.data.columns import guess_columns
from core.classifier.data.reader import read_table, read_texts
from core.classifier.data.table import MAX_CELL
from core.errors import UserError
from core.sources import Source
from tests.archives import zipped

ROWS = [("good food", "pos"), ("bad food, cold", "neg"), ("fine; really", "pos"), ('a "quoted" word', "neg")]


def table(text, name="reviews.csv", header="auto"):
    data = text if isinstance(text, bytes) else text.encode()
    return read_table(Source(name, data), header)


def csv_text(separator=",", header=("text", "label"), rows=ROWS):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([header, *rows] if header else rows)
    return out.getvalue()


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_and_quotes_are_undone(separator):
    found = table(csv_text(separator))
    assert found.columns == ["text", "label"]
    assert [tuple(row) for row in found.rows] == ROWS
    assert found.numbers == [2, 3, 4, 5]


def test_a_tab_table_without_header_keeps_commas_and_its_first_row():
    found = table("a stirring , funny film\t1\nflat , dull\t0\nrather good , really\t1\n")
    assert found.columns == ["column 1", "column 2"]
    assert found.rows[0] == ["a stirring , funny film", "1"]
    assert found.found["header"] == "no"


def test_quote_marks_inside_unquoted_texts_do_not_swallow_rows():
    lines = [f'" the {n} mutilated film\t{n % 2}' if n % 7 == 0 else f"text {n}\t{n % 2}" for n in range(100)]
    found = table("\n".join(lines))
    assert len(found.rows) == 100
    assert found.found["quoting"] == "no"


def test_a_line_break_inside_quotes_is_part_of_the_text_and_numbers_stay_those_of_the_file():
    found = table('text,label\n"one\ntwo",a\nthree,b\n')
    assert found.rows[0] == ["one\ntwo", "a"]
    assert found.numbers == [2, 4]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_read(end):
    assert len(table(end.join(["text,label", "x y,a", "z,b", ""])).rows) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030"])
def test_chinese_in_every_usual_encoding(encoding):
    text = "内容,标签\n" + "".join(
        f"味道不错，送餐很快，下次再来{n},好\n太慢了，菜都凉了，不好吃{n},差\n" for n in range(30)
    )
    found = table(text.encode(encoding))
    assert found.columns == ["内容", "标签"]
    assert found.rows[0] == ["味道不错，送餐很快，下次再来0", "好"]


def test_western_legacy_encoding():
    text = "text,label\n" + "Très bon café près de l'hôtel,oui\nFaçade dégradée et déçu,non\n" * 20
    assert table(text.encode("cp1252")).rows[0][0] == "Très bon café près de l'hôtel"


def test_mixed_encodings_are_one_sentence_with_the_line():
    lines = [f"好吃的菜{n},好".encode() for n in range(30)]
    lines[17] = "难吃的菜,差".encode("gb18030")
    with pytest.raises(UserError, match=r"mixes encodings.*line 18"):
        table(b"\n".join(lines))


def test_json_lines_and_a_json_list_hold_any_kind_of_value():
    items = [{"text": "a", "y": 1}, {"text": "b", "y": 0.0}, {"y": True, "text": 5}, {"text": None, "y": "x"}]
    for text in ("\n".join(map(json.dumps, items)), json.dumps(items, indent=1)):
        found = table(text, "x.jsonl")
        assert found.columns == ["text", "y"]
        assert found.rows == [["a", "1"], ["b", "0"], ["5", "true"], ["", "x"]]


def test_broken_json_names_its_line():
    with pytest.raises(UserError, match=r"Line 2 of “x.jsonl” is not valid JSON"):
        table('{"text": "a", "y": 1}\n{"text": \n', "x.jsonl")


def test_excel_keeps_numbers_and_booleans_as_they_are_written():
    book = openpyxl.Workbook()
    book.create_sheet("data")
    sheet = book["data"]
    for row in [("comment", "stars"), ("nice", 5), (12.0, 1), (None, 5), ("so so", True)]:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    found = table(out.getvalue(), "book.xlsx")
    assert found.columns == ["comment", "stars"]
    assert found.rows == [["nice", "5"], ["12", "1"], ["", "5"], ["so so", "TRUE"]]
    assert found.found["sheet"] == "“data”"


def test_a_zip_with_a_folder_a_class():
    found = table(zipped({"d/pos/1.txt": "good", "d/neg/1.txt": "bad", "__MACOSX/d/pos/._1.txt": "x"}), "d.zip")
    assert sorted(map(tuple, found.rows)) == [("bad", "neg"), ("good", "pos")]


def test_a_zip_and_a_gzip_around_one_table_are_opened():
    text = csv_text()
    assert len(table(zipped({"inner.csv": text}), "x.zip").rows) == 4
    assert len(table(gzip.compress(text.encode()), "x.csv.gz").rows) == 4


def test_a_bomb_is_not_unpacked_beyond_the_limit(monkeypatch):
    monkeypatch.setattr("core.classifier.data.reader.MAX_BYTES", 5_000_000)
    with pytest.raises(UserError, match=r"has 5\.0 MB, but at most 5 MB"):
        table(gzip.compress(bytes(20_000_000), 1), "bomb.csv.gz")
    with pytest.raises(UserError, match=r"has 20\.0 MB, but at most 5 MB"):
        table(zipped({"bomb.csv": bytes(20_000_000)}), "bomb.zip")


def test_a_file_of_200_megabytes_is_refused_by_its_size():
    with pytest.raises(UserError, match=r"200\.0 MB, but at most 150 MB"):
        table(bytes(200_000_000), "big.csv")


@pytest.mark.parametrize("cut", [b"", b"\x00\x01\x02"])
def test_a_damaged_archive_is_one_sentence(cut):
    with pytest.raises(UserError, match=r"damaged.*pack it anew"):
        table(gzip.compress(csv_text().encode())[:-12] + cut, "x.csv.gz")
    with pytest.raises(UserError, match=r"damaged.*pack it anew"):
        table(zipped({"x.csv": csv_text()})[:-30], "x.zip")


def test_a_quote_that_never_closes_names_its_line():
    rows = "".join(f'"text {n}, with comma",{n % 2}\n' for n in range(50))
    with pytest.raises(UserError, match=r"quote that opens in line 52 of “reviews.csv” never closes"):
        table("text,label\n" + rows + '"this one, is open,1\n' + rows)


def test_a_cell_of_two_megabytes_names_its_line_and_size():
    with pytest.raises(UserError, match=r"line 3 .* 2,000,000 characters"):
        table("text,label\nshort,a\n" + "x" * 2_000_000 + ",b\n")
    assert len(table("text,label\nshort,a\n" + "x" * MAX_CELL + ",b\n").rows) == 2


@pytest.mark.exhaustive
def test_a_million_empty_rows_are_one_sentence():
    with pytest.raises(UserError, match="no row of data"):
        table("text,label\n" + ",\n" * 1_000_000)


def test_column_names_missing_doubled_and_with_spaces():
    found = table("the text,,label,label\na,b,1,2\nc,d,0,2\n", header="yes")
    assert found.columns == ["the text", "column 2", "label", "label (2)"]
    assert found.column("  The  Text ") == ["a", "c"]
    with pytest.raises(UserError, match="no column “Label 9”; its columns are: “the text”, “column 2”"):
        found.column("Label 9")


def test_short_rows_are_filled_and_long_ones_are_told():
    found = table("text,label\na b,1\nc\nd,0,extra\ne f,1\n")
    assert found.rows == [["a b", "1"], ["c", ""], ["d", "0"], ["e f", "1"]]
    assert found.ragged == [4]


def test_text_and_label_are_guessed_by_name_and_by_what_they_hold():
    rows = "".join(f"{n},{n % 3},a long text about thing {n},{'yes' if n % 2 else 'no'}\n" for n in range(60))
    assert guess_columns(table("id,shop,review,label\n" + rows)) == ("review", "label")
    assert guess_columns(table("id,shop,words,liked\n" + rows), label="shop") == ("words", "shop")


def test_without_a_label_column_the_sentence_counts_what_it_saw():
    with pytest.raises(UserError, match=r"No column .* can be the label.*“id” \(50\), “text” \(50\)"):
        guess_columns(table("id,text\n" + "".join(f"{n},text number {n}\n" for n in range(50))))
    with pytest.raises(UserError, match="one column only"):
        guess_columns(table("text\n" + "".join(f"number {n}\n" for n in range(9))))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b" \n \n", "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old Excel file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "not a table of text"),
        (b"PK\x03\x04" + bytes(99), "damaged"),
        (b"x," * 600 + b"\n" + b"y," * 600, "columns: at most 500"),
    ],
)
def test_what_is_no_table_is_one_sentence(data, sentence):
    with pytest.raises(UserError, match=sentence):
        table(data)


@pytest.mark.parametrize("name", ["text", "Sentence", "sentences", "review", "utterance", "文本", "评论内容"])
def test_the_name_above_a_single_column_of_texts_is_no_text(name):
    table = read_texts(Source("column.csv", f"{name}\nThis is good\nThat was bad, really\nFine\n".encode()), [])
    assert table.columns == [name]
    assert [row[0] for row in table.rows] == ["This is good", "That was bad, really", "Fine"]
