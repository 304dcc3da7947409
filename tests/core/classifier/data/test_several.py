"""Several tables or texts in one: sheets, members of a zip, folders; which are learned from, which are parts."""

import gzip
import io

import openpyxl
import pytest

from core.classifier.config import ClassifierConfig
from core.classifier.data import reader
from core.classifier.data.prepare import prepare
from core.classifier.data.rows import read_rows
from core.errors import UserError
from core.sources import Source
from tests.archives import zipped

GOOD, BAD = "the lamp works well, number {}", "cold soup and rude people, number {}"
PAIRS = [((BAD if n % 2 else GOOD).format(n), "neg" if n % 2 else "pos") for n in range(40)]


def table(pairs=PAIRS, head="text,label\n"):
    return (head + "".join(f'"{text}",{label}\n' for text, label in pairs)).encode()


def workbook(**sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(*sources, **options):
    return read_rows(list(sources), ClassifierConfig(**options))


def counts(rows):
    return [int((rows.roles == place).sum()) for place in range(3)]


KAGGLE = {"train.csv": table(), "test.csv": b"id,text\n1,hello\n", "sample_submission.csv": b"id,label\n1,pos\n"}
SHEET = [("text", "label"), *PAIRS]


def test_of_several_tables_the_labelled_one_is_taken_and_the_others_are_named():
    for sources in ([Source("k.zip", zipped(KAGGLE))], [Source(*item) for item in KAGGLE.items()]):
        rows = read(*sources)
        assert counts(rows) == [40, 0, 0]
        assert rows.found["table"] == "“train.csv”"
        assert "“test.csv”, “sample_submission.csv”" in str(rows.notes[-1])


def test_a_sheet_of_notes_is_passed_over_and_a_sheet_can_be_chosen():
    book = Source("b.xlsx", workbook(Note=[["Collected by us"], ["see the second sheet"]], Data=SHEET, Few=SHEET[:9]))
    assert counts(read(book)) == [48, 0, 0]  # sheets of the same columns belong together
    assert read(book).found["sheet"] == "“Data”"
    assert counts(read(book, sheet="few")) == [8, 0, 0]
    with pytest.raises(UserError, match=r"no table “nope”; there are: “Note”, “Data”, “Few”"):
        read(book, sheet="nope")


def test_a_title_above_the_header_of_a_sheet_is_left_out():
    rows = read(Source("b.xlsx", workbook(Data=[["Reviews of the year", None], *SHEET])))
    assert counts(rows) == [40, 0, 0]
    assert rows.notes[0].count == 1


@pytest.mark.parametrize("form", ["zip", "sheets", "files", "folders"])
def test_tables_called_train_dev_and_test_are_parts(form):
    parts = {"test": PAIRS[:6], "train": PAIRS, "dev": PAIRS[:4]}
    if form == "sheets":
        sources = [Source("b.xlsx", workbook(**{name: [SHEET[0], *pairs] for name, pairs in parts.items()}))]
    elif form == "zip":
        sources = [Source("d.zip", zipped({f"d/{name}.csv": table(pairs) for name, pairs in parts.items()}))]
    elif form == "files":
        sources = [Source(f"{name}.csv", table(pairs)) for name, pairs in parts.items()]
    else:
        sources = [
            Source(f"d/{part}/{label}/{n}.txt", text.encode())
            for part, pairs in parts.items()
            for n, (text, label) in enumerate(pairs)
        ]
    rows = read(*sources)
    assert counts(rows) == [40, 4, 6]
    assert set(rows.labels) == {"pos", "neg"}


def test_a_part_that_is_given_goes_before_one_that_a_folder_holds():
    rows = read(
        Source("d.zip", zipped({"train.csv": table(), "test.csv": table(PAIRS[:6])})),
        Source("t.csv", table(PAIRS[:8]), "test"),
    )
    assert counts(rows) == [40, 0, 8]


def test_a_file_a_class_has_a_text_a_line():
    files = {label: "\n".join(text for text, one in PAIRS if one == label) for label in ("pos", "neg")}
    for prefix in ("", "reviews/"):
        rows = read(*(Source(f"{prefix}{label}.txt", text.encode()) for label, text in files.items()))
        assert sorted(zip(rows.texts, rows.labels, strict=True)) == sorted(PAIRS)
    assert counts(read(Source("z.zip", zipped({f"{label}.txt": text for label, text in files.items()})))) == [40, 0, 0]


def test_fasttext_files_in_a_folder_are_tables_and_parts():
    text = "\n".join(f"__label__{label} {text}" for text, label in PAIRS).encode()
    assert counts(read(Source("d/train.txt", text), Source("d/test.txt", text))) == [40, 0, 40]


FOLDERS: dict[str, str | bytes] = {f"{label}/{n}": text for n, (text, label) in enumerate(PAIRS)}
BESIDE: dict[str, tuple[dict[str, str | bytes], str]] = {
    "a readme": ({"README.md": "about"}, "beside the classes"),
    "an empty file": ({"pos/empty": ""}, "Empty files"),
    "a picture": ({"pos/x.png": b"\x89PNG\r\n\x1a\n" + bytes(90)}, "Empty files"),
    "hidden": (
        {".git/config": "x", "pos/.ipynb_checkpoints/1": "x", "__MACOSX/pos/._1": "x", "pos/Thumbs.db": "x"},
        "",
    ),
}


@pytest.mark.parametrize("case", BESIDE)
@pytest.mark.parametrize("root", ["", "a/b/"])
def test_texts_without_an_ending_and_what_lies_beside_them(case, root):
    more, note = BESIDE[case]
    files = {root + name: content for name, content in (FOLDERS | more).items()}
    rows = read(Source("d.zip", zipped(files)))
    assert sorted(zip(rows.texts, rows.labels, strict=True)) == sorted(PAIRS)
    assert [note in str(item) for item in rows.notes] == ([True] if note else [])


def test_classes_are_paths_below_what_all_share():
    files = {f"d/{'ab'[n % 2]}/x/{n}.txt": text for n, (text, _label) in enumerate(PAIRS)}
    assert set(read(Source("d.zip", zipped(files))).labels) == {"a/x", "b/x"}


def test_a_damaged_table_among_others_is_left_out_with_a_note():
    rows = read(Source("d.zip", zipped({"train.csv": table(), "old.xlsx": b"PK\x03\x04nothing"})))
    assert counts(rows) == [40, 0, 0]
    assert "“old.xlsx”" in str(rows.notes[0])


def test_what_was_left_out_is_in_the_report():
    report = prepare([Source("k.zip", zipped(KAGGLE))], ClassifierConfig()).report
    assert any("Tables left aside: 2" in finding.text for finding in report.findings)


def test_the_tables_of_a_zip_count_together(monkeypatch):
    monkeypatch.setattr("core.classifier.data.table.MAX_ROWS", 100)
    with pytest.raises(UserError, match="more than 100 rows"):
        read(Source("d.zip", zipped({f"{n}.csv": table() for n in range(4)})))
    monkeypatch.setattr(reader, "MAX_TABLES", 3)
    with pytest.raises(UserError, match="holds 4 tables, but at most 3"):
        read(Source("d.zip", zipped({f"{n}.csv": table() for n in range(4)})))


@pytest.mark.exhaustive
def test_archives_in_an_archive_count_together(monkeypatch):
    monkeypatch.setattr(reader, "MAX_BYTES", 1_000_000)
    bomb = gzip.compress(b"text,label\n" + b"\n" * 900_000)
    with pytest.raises(UserError, match="at most 2 MB"):
        read(Source("d.zip", zipped({f"{n}.csv.gz": bomb for n in range(30)})))


def test_an_open_document_is_a_sentence():
    with pytest.raises(UserError, match=r"OpenDocument.*\.xlsx or CSV"):
        read(Source("t.ods", zipped({"mimetype": "x", "content.xml": "<x/>"})))
