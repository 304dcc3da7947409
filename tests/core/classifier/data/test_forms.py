"""Tables as people have them: every way of writing one gives the texts and labels that were meant."""

import json

import pytest

from core.classifier.config import ClassifierConfig
from core.classifier.data.columns import guess_columns
from core.classifier.data.prepare import prepare
from core.classifier.data.reader import read_table
from core.classifier.data.rows import read_rows
from core.errors import UserError
from core.sources import Source

TEXTS = [f"{what} number {n}" for n in range(8) for what in ("a good soup", "a cold room", "the boat")]
LABELS = ["neg" if n % 3 == 1 else "pos" for n in range(24)]
PAIRS = list(zip(TEXTS, LABELS, strict=True))


def lines(form: str, pairs=PAIRS, head: str = "text,label\n") -> str:
    return head + "".join(form.format(text=text, label=label) + "\n" for text, label in pairs)


def pairs_of(data: str | bytes, name: str = "t.csv") -> list[tuple[str, str]]:
    """Texts and labels as a run would learn from them."""
    source = Source(name, data if isinstance(data, bytes) else data.encode())
    rows = read_rows([source], ClassifierConfig())
    return list(zip(rows.texts, rows.labels, strict=True))


QUOTED = [(f'He said "{text}", twice', label) for text, label in PAIRS]
COMMAS = [(text + ", and so on, all of it" if n % 4 else text, label) for n, (text, label) in enumerate(PAIRS)]
FEW_COMMAS = [(text + ", really" if n % 9 == 4 else text, label) for n, (text, label) in enumerate(PAIRS)]
CAPITALS = [(text, ("DESC:manner", "HUM:ind")[n % 2]) for n, text in enumerate(TEXTS)]
SINGLE = [(f"{text}, really", label) for text, label in PAIRS]
DIALECTS = {
    "backslash quotes": (lines('"{text}",{label}', [(t.replace('"', '\\"'), y) for t, y in QUOTED]), QUOTED),
    "backslashes only far down": (
        lines('"{text}",{label}', PAIRS * 20) + '"He said \\"no\\" twice",neg\n',
        [*PAIRS * 20, ('He said "no" twice', "neg")],
    ),
    "backslashes that escape nothing": (
        lines('"{text}",{label}', [("C:\\new\\" + t, y) for t, y in PAIRS]), [("C:\\new\\" + t, y) for t, y in PAIRS],
    ),
    "a cell that ends in a backslash": (
        lines('"{text}",{label}', [(t + "\\", y) for t, y in PAIRS]), [(t + "\\", y) for t, y in PAIRS],
    ),
    "commas in the last column": (lines("{label},{text}", COMMAS, "label,text\n"), COMMAS),
    "commas in the first column": (lines("{text},{label}", COMMAS), COMMAS),
    "few commas": (lines("{label},{text}", FEW_COMMAS, "label,text\n"), FEW_COMMAS),
    "commas without a header": (lines("{label},{text}", COMMAS, ""), COMMAS),
    "single quotes": (lines("'{text}','{label}'", SINGLE), SINGLE),
    "semicolons and single quotes": (lines("{label};'{text}'", [(t.replace(",", ";"), y) for t, y in SINGLE], ""),
                                     [(t.replace(",", ";"), y) for t, y in SINGLE]),
    "single quotes doubled": (lines("'{text}','{label}'", [(t.replace("the", "the ''old''"), y) for t, y in SINGLE]),
                              [(t.replace("the", "the 'old'"), y) for t, y in SINGLE]),
    "apostrophes that quote nothing": (lines("{text},{label}", [("'tis " + t, y) for t, y in PAIRS]),
                                       [("'tis " + t, y) for t, y in PAIRS]),
    "a space after the comma": (lines('{label}, "{text}"', SINGLE, "label, text\n"), SINGLE),
    "a trailing comma in rows": (lines("{text},{label},"), PAIRS),
    "a trailing comma in the header": (lines("{text},{label}", head="text,label,\n"), PAIRS),
    "sep=": (lines("{text};{label}", head="sep=;\ntext;label\n"), PAIRS),
    "sep= in quotes": (lines("{text};{label}", head='"sep=;"\r\ntext;label\n'), PAIRS),
    "a title": (lines("{text},{label}", head="Reviews of the year,\n,\ntext,label\n"), PAIRS),
    "a title of one cell": (lines("{text},{label}", head="Reviews\ntext,label\n"), PAIRS),
    "two cells of title": (lines("{text},{label}", head="Reviews,2024\ntext,label\n"), PAIRS),
    "comments": (lines("{text},{label}", head="# exported, by a tool\n# 24 rows\ntext,label\n"), PAIRS),
    "a header that begins like a comment": (lines("{text},{label}", head="#text,label\n"), PAIRS),
    "fastText": (lines("__label__{label} {text}", head=""), PAIRS),
    "fastText with commas": (lines("__label__{label} {text}", SINGLE, ""), SINGLE),
    "a number before": (lines("{label} {text}", [(t, str(n % 2)) for n, (t, _y) in enumerate(SINGLE)], ""),
                        [(t, str(n % 2)) for n, (t, _y) in enumerate(SINGLE)]),
    "capitals before": (lines("{label} {text}", CAPITALS, ""), CAPITALS),
}  # fmt: skip


@pytest.mark.parametrize("case", DIALECTS)
def test_every_dialect_gives_the_texts_that_were_meant(case):
    data, wanted = DIALECTS[case]
    assert pairs_of(data, "t.txt" if "before" in case or "fastText" in case else "t.csv") == wanted


RECORDS = [{"text": text, "label": label} for text, label in PAIRS]
COLUMNS = {"text": TEXTS, "label": LABELS}
JSON = {
    "a list of objects": RECORDS,
    "columns": COLUMNS,
    "columns with an index, as pandas writes": {k: {str(n): v for n, v in enumerate(c)} for k, c in COLUMNS.items()},
    "split, as pandas writes": {
        "columns": ["text", "label"],
        "index": list(range(24)),
        "data": [list(p) for p in PAIRS],
    },
    "rows by index": {str(n): record for n, record in enumerate(RECORDS)},
    "records inside": {"version": 1, "data": RECORDS},
    "records deeper inside": {"meta": {"by": "us"}, "result": {"items": RECORDS}},
    "rows, as a viewer of data sets gives them": {"rows": [{"row_idx": n, "row": r} for n, r in enumerate(RECORDS)]},
    "lists with a header": [["text", "label"], *map(list, PAIRS)],
}


@pytest.mark.parametrize("case", JSON)
@pytest.mark.parametrize("indent", [None, 1], ids=["one line", "many lines"])
def test_every_form_of_json_gives_its_rows(case, indent):
    assert pairs_of(json.dumps(JSON[case], indent=indent), "t.json") == PAIRS


def test_json_with_a_list_for_each_class_and_lines_that_are_lists():
    by_class = {"pos": ["good soup", "kind people", "a view"], "neg": ["cold soup", "a loud road"]}
    assert pairs_of(json.dumps(by_class), "t.json")[3] == ("cold soup", "neg")
    assert pairs_of("\n".join(json.dumps([t, y]) for t, y in PAIRS), "t.jsonl") == PAIRS
    assert pairs_of("\n".join(json.dumps(r, indent=1) for r in RECORDS), "t.jsonl") == PAIRS


def test_json_with_a_list_for_each_part_has_parts():
    parts = {
        "train": [list(p) for p in PAIRS],
        "val": [list(p) for p in PAIRS[:3]],
        "test": [list(p) for p in PAIRS[:6]],
    }
    rows = read_rows([Source("d.json", json.dumps(parts).encode())], ClassifierConfig())
    assert (
        rows.roles.tolist() == [0] * 24 + [1] * 3 + [2] * 6
        or sorted(rows.roles.tolist()) == [0] * 24 + [1] * 3 + [2] * 6
    )


REFERENCES = {
    "url": "https://example.org/{n}/a-long-headline-made-into-an-address-with-many-words",
    "link": "www.example.org/a-long-headline-made-into-an-address-{n}",
    "uuid": "8c8f95ef-04a0-12e8-677f-d139d84a1d3{n:x}",
    "path": "/data/reviews/of-the-year/and-many-more-words/{n}.txt",
    "mail": "somebody.with.a.long.name.{n}@mail.example.org",
    "time": "2024-01-{n:02} 10:00:00.000000000000 +0000",
    "sent": "Mon Nov 30 10:{n:02}:00 +0000 2026 and a",
    "number": "0.1234567890123456789{n}",
}


@pytest.mark.parametrize("case", [name for name in REFERENCES if name != "sent"])
def test_an_address_or_id_is_never_the_text(case):
    rows = "".join(f"{REFERENCES[case].format(n=n)},a soup {'ab'[n % 2]},{'yn'[n % 2]}\n" for n in range(30))
    assert guess_columns(read_table(Source("t.csv", f"{case},msg,verdict\n{rows}".encode())))[0] == "msg"


def test_a_text_without_spaces_is_still_a_text():
    rows = "".join(f"{n},{'味道不错送餐快' if n % 2 else '太慢了菜都凉了'},{n % 2}\n" for n in range(30))
    assert guess_columns(read_table(Source("t.csv", f"id,words,label\n{rows}".encode()))) == ("words", "label")


def test_whole_numbers_written_with_a_point_are_the_same_label():
    rows = "".join(f"text {n},{['1', '0', '1.0', '0.0'][n % 4]}\n" for n in range(40))
    assert prepare([Source("t.csv", f"text,label\n{rows}".encode())], ClassifierConfig()).classes == ["0", "1"]
    points = rows.replace(",1\n", ",1.0\n").replace(",0\n", ",0.0\n")
    assert set(dict(pairs_of("text,label\n" + points)).values()) == {"0.0", "1.0"}  # as they were written


def test_two_hundred_classes_are_learned_and_201_refused():
    for count in (200, 201):
        rows = "".join(f"do thing {n} {how},intent_{n}\n" for how in ("now", "later", "well") for n in range(count))
        source = Source("t.csv", f"text,label\n{rows}".encode())
        if count == 200:
            assert len(prepare([source], ClassifierConfig()).classes) == 200
        else:
            with pytest.raises(UserError, match="at most 200"):
                prepare([source], ClassifierConfig(text_column="text", label_column="label"))


@pytest.mark.parametrize(
    ("old", "new"), [(b"soup number 3", b"soup\x00number 3"), ("café number 3".encode(), b"caf\xe9 number 3")]
)
def test_a_broken_byte_is_replaced_counted_and_placed(old, new):
    data = lines("{text} café,{label}").replace("soup number 3", "café number 3" if b"caf" in old else "soup number 3")
    found = read_table(Source("t.csv", data.encode().replace(old, new)))
    assert len(found.rows) == 24
    assert "\ufffd" in found.rows[9][0]
    assert [(note.count, note.rows) for note in found.notes] == [(1, ("11",))]


def test_odd_rows_are_told_while_few_and_refused_with_the_line_when_many():
    rows = "".join(f"some words {n},{n % 2}\n" for n in range(100))
    few = read_table(Source("t.csv", f"text,label\n{rows}a b,1,x,y\nc d,0,z\n".encode()))
    assert few.ragged == [102, 103]
    many = "".join(f"a b {n},{n},x{n},{n}\n" for n in range(20))
    with pytest.raises(UserError, match=r"Row 102 of “t.csv” has 4 cells where 2 are expected, and 20 of 120"):
        read_table(Source("t.csv", f"text,label\n{rows}{many}".encode()))


def test_fasttext_lines_with_several_labels_name_the_line():
    with pytest.raises(UserError, match=r"Line 3 of “t\.txt” has several labels"):
        pairs_of("__label__a x\n__label__b y\n__label__a __label__b z\n" * 4, "t.txt")


@pytest.mark.parametrize(
    ("data", "rows", "header"),
    [
        ("text\nsome, words\nmore, words, here\n", 2, "yes"),
        ("text\nsome words\nmore words\n", 2, "yes"),
        ("a1,good soup\na2,bad soup\na3,cold soup\n", 3, "no"),
        ("review,stars\nnice,5\n", 1, "yes"),
        ("Words,Shop\nnice place,a\n", 1, "yes"),
    ],
)
def test_a_header_is_found_or_missing_also_where_a_table_is_judged(data, rows, header):
    found = read_table(Source("t.csv", data.encode()), known=["words", "stars"])
    assert (len(found.rows), found.found["header"]) == (rows, header)
