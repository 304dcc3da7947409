import subprocess
import sys

import numpy as np
import pytest

from core.classifier.config import ClassifierConfig
from core.classifier.data.prepare import prepare, sizes
from core.classifier.data.rows import split
from core.errors import UserError
from core.sources import Source
from tests.core.classifier.reviews import chinese, sentences, table

CONFIG = ClassifierConfig()


def found(data, name):
    return next((finding for finding in data.report.findings if finding.id == name), None)


def config(**changes):
    return ClassifierConfig(**changes)


def test_reading_a_table_imports_neither_pandas_nor_tensorflow():
    code = (
        "import sys, core.classifier.data.prepare, core.classifier.config, core.classifier.data.reader, openpyxl;"
        "sys.exit(any(m in sys.modules for m in ('pandas', 'tensorflow', 'keras')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_parts_are_disjoint_complete_and_stratified():
    data = prepare([table(sentences(400))], CONFIG)
    parts = [data.train, data.validation, data.test]
    assert sorted(np.concatenate(parts)) == list(range(400))
    assert [len(part) for part in parts] == [320, 40, 40]
    for part in parts:
        assert np.mean(data.labels[part]) == pytest.approx(0.5)
    assert data.report.counts == {"neg": [160, 20, 20], "pos": [160, 20, 20]}


def test_the_same_seed_draws_the_same_parts_and_another_seed_others():
    source = table(sentences(200))
    one, again, other = (prepare([source], config(seed=seed)).test.tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_texts_that_are_nearly_the_same_never_stand_in_two_parts():
    rows = sentences(150)
    rows += [(f"{text.upper()} !!", label) for text, label in rows] + rows[:30]
    data = prepare([table(rows)], CONFIG)
    place = {text.lower().strip(" !"): set() for text, _label in rows}
    for number, part in enumerate((data.train, data.validation, data.test)):
        for at in part:
            place[data.texts[at].lower().strip(" !")].add(number)
    assert all(len(parts) == 1 for parts in place.values())


def test_labels_are_kept_as_they_were_written_and_numbers_sorted_by_value():
    rows = [(f"text number {n} of many", label) for n in range(20) for label in ("10", "9", "TRUE", "0.5")]
    assert prepare([table(rows)], CONFIG).classes == ["0.5", "9", "10", "TRUE"]


@pytest.mark.parametrize(
    ("extra", "name", "count", "left"),
    [
        ([("  ", "pos")] * 3, "empty", 3, {"drop_empty": 200}),
        (sentences(5) * 2, "duplicates", 10, {"drop_duplicates": 200}),
        ([(text + "!", label) for text, label in sentences(6)], "near_duplicates", 6, {"drop_near_duplicates": 200}),
        ([(text, "pos" if label == "neg" else "neg") for text, label in sentences(4)], "conflicts", 8,
         {"drop_conflicts": 196}),
    ],
)  # fmt: skip
def test_each_finding_counts_its_rows_and_its_remedy_takes_them(extra, name, count, left):
    source = table(sentences(200) + extra)
    ((remedy, rows),) = left.items()
    without = prepare([source], config(**{remedy: False}))
    assert found(without, name).count == count
    assert not found(without, name).applied
    assert without.report.used == 200 + len(extra)
    mended = prepare([source], config(**found(without, name).changes))
    assert found(mended, name).applied
    assert mended.report.used == rows
    assert mended.report.rows == 200 + len(extra)


def test_a_finding_names_the_lines_of_the_file():
    data = prepare([table([*sentences(20), ("", "pos")])], CONFIG)
    assert found(data, "empty").rows == ("22",)


def test_labels_that_differ_in_case_or_spaces_can_be_merged():
    rows = sentences(100) + [(f"more text {n}", " Pos" if n % 2 else "POS") for n in range(20)]
    data = prepare([table(rows)], CONFIG)
    assert data.classes == ["POS", "Pos", "neg", "pos"]
    merged = prepare([table(rows)], config(**found(data, "spelling").changes))
    assert found(merged, "spelling").applied
    assert merged.classes == ["neg", "pos"]
    assert merged.report.counts["pos"] == [56, 7, 7]


def test_leaks_of_an_own_test_part_are_told_and_mended_without_touching_the_test_part():
    rows = sentences(200)
    test = [*rows[:27], *sentences(73, seed=5)]
    sources = [table(rows), table(test, "test.csv", "test")]
    data = prepare(sources, CONFIG)
    leak = found(data, "leaks_test")
    assert leak.kind == "bad"
    assert leak.count == 27
    assert "27.0%" in leak.text
    mended = prepare(sources, config(drop_leaks=True))
    assert len(mended.test) == 100
    inside = {mended.texts[at] for at in mended.test}
    assert not inside & {mended.texts[at] for part in (mended.train, mended.validation) for at in part}
    assert mended.report.used == 300 - 27


def test_own_parts_are_used_as_they_are():
    sources = [
        table(sentences(100)),
        table(sentences(30, 1), "dev.csv", "validation"),
        table(sentences(40, 2), "t.csv", "test"),
    ]
    data = prepare(sources, CONFIG)
    assert [len(data.train), len(data.validation), len(data.test)] == [100, 30, 40]
    assert data.names[100] == "dev.csv:2"


def test_folders_of_text_files_are_classes():
    files = [Source(f"reviews/{label}/{n}.txt", text.encode()) for n, (text, label) in enumerate(sentences(40))]
    data = prepare(files, CONFIG)
    assert data.classes == ["neg", "pos"]
    assert data.report.used == 40


def test_language_and_unit_are_found():
    english, both = prepare([table(sentences(60))], CONFIG), prepare([table(chinese(60))], CONFIG)
    assert (english.report.language, english.report.unit) == ("English", "words")
    assert (both.report.language, both.report.unit) == ("Chinese", "characters")


def test_lengths_say_how_many_tokens_keep_95_percent_whole():
    rows = [(" ".join(f"w{n * k % 997}" for k in range(n)), "ab"[n % 2]) for n in range(1, 101)]
    data = prepare([table(rows)], config(max_tokens=50))
    assert data.report.keeps(0.95) in (95, 96)
    assert found(data, "long").changes == {"max_tokens": 96}


def test_imbalance_proposes_class_weights():
    rows = [(f"some text {n} with words", "rare" if n % 10 == 0 else "common") for n in range(100)]
    assert found(prepare([table(rows)], CONFIG), "imbalance").changes == {"class_weights": True}


def _without_counts(found):
    return {name: value for name, value in found.items() if name not in ("kinds", "longest_tokens")}


def test_the_tokens_that_a_network_is_made_of_are_counted(monkeypatch):
    rows = [("apple apple pear", "a"), ("pear fig", "b")] * 6 + [("rare", "a"), ("twice", "b"), ("twice", "b")]
    found = sizes([table(rows)], CONFIG)
    assert (found["kinds"], found["longest_tokens"]) == ([5, 4, 3, 3, 3], 3)
    monkeypatch.setattr("core.classifier.data.prepare.COUNTED_CHARACTERS", 10)
    assert "kinds" not in sizes([table(rows)], CONFIG)


def test_sizes_for_presets():
    assert _without_counts(sizes([table(sentences(300))], CONFIG)) == {
        "rows": 300,
        "median_tokens": pytest.approx(10, abs=2),
        "classes": 2,
        "characters": False,
    }


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([(text, "pos") for text, _label in sentences(30)], "All rows have the label “pos”"),
        ([*sentences(30), ("one more", "rare")], "class “rare” has 1 row.*drop small"),
        ([(text, "") for text, _label in sentences(30)], "No row has both a text in “text” and a label in “label”"),
    ],
)
def test_labels_that_cannot_be_learned_are_one_sentence(rows, sentence):
    with pytest.raises(UserError, match=sentence):
        prepare([table(rows)], CONFIG)


def test_five_thousand_labels_are_one_sentence():
    rows = [(f"text {n}", f"label {n % 5000}") for n in range(10_000)]
    with pytest.raises(UserError, match=r"“label” has 5,000 different labels, but at most 200"):
        prepare([table(rows)], config(text_column="text", label_column="label"))


def test_a_small_class_can_be_left_out():
    rows = [*sentences(30), ("one more", "rare"), ("two more", "rare")]
    data = prepare([table(rows)], config(drop_small=True))
    assert data.classes == ["neg", "pos"]
    assert data.report.used == 30


def test_an_unknown_label_in_an_own_test_part_is_one_sentence():
    with pytest.raises(UserError, match="test part has the label “maybe”, which no training row has"):
        prepare([table(sentences(40)), table([("x y", "maybe")] * 3, "t.csv", "test")], CONFIG)


def test_text_cells_that_are_numbers_are_texts():
    rows = [(str(n * 1.5), "odd" if n % 2 else "even") for n in range(40)]
    assert prepare([table(rows)], config(text_column="text")).report.used == 40


def test_split_never_empties_the_training_part_of_a_small_class():
    labels = np.array([0] * 50 + [1] * 3)
    train, validation, test = split(labels, np.arange(53), np.zeros(53, np.int8), 0.5, 0.4, 0)
    assert [int((labels[part] == 1).sum()) for part in (train, validation, test)] == [1, 1, 1]


def test_real_reviews_with_two_labels_are_found(real_data):
    data = prepare([Source("waimai.csv", (real_data / "waimai_10k.csv").read_bytes())], CONFIG)
    assert (data.report.text_column, data.report.label_column) == ("review", "label")
    assert found(data, "conflicts").count == 14
    assert data.report.language == "Chinese"
