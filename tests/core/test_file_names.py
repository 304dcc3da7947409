"""Names in folders and zips: what is left out, in which order, and which class and part a path tells."""

import pytest

from core.file_names import is_junk, natural_key, part_of, placed
from core.text_encoding import name_encoding


@pytest.mark.parametrize(
    ("name", "junk"),
    [
        (".git/config", True), ("a/.ipynb_checkpoints/1.txt", True), ("__MACOSX/a/1.txt", True), ("a/Thumbs.db", True),
        ("a/._1.txt", True),
        ("a\\.hidden\\1.txt", True), ("./a/1.txt", False), ("../1.txt", False), ("a.b/c.txt", False),
    ],
)  # fmt: skip
def test_what_is_hidden_or_put_in_unasked(name, junk):
    assert is_junk(name) is junk


def test_numbers_are_sorted_by_value():
    names = ["10.txt", "2.txt", "1b.txt", "1.txt", "a.txt", "a10", "a9", "1.5", "٣"]
    assert sorted(names, key=natural_key) == ["1.5", "1.txt", "1b.txt", "2.txt", "٣", "10.txt", "a9", "a10", "a.txt"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("train.csv", "train"), ("x/reviews_test.jsonl", "test"), ("dev-1.tsv", "validation"), ("latest.csv", ""),
        ("train-test.csv", ""), ("contest.csv", ""), ("Validation", "validation"),
        ("sample_submission.csv", ""), ("", ""),
    ],
)  # fmt: skip
def test_the_part_that_a_file_names(name, part):
    assert part_of(name) == part


def found(*names):
    inside, beside = placed(names)
    return [(item.label, item.part) for item in inside], beside


@pytest.mark.parametrize(
    ("names", "places", "beside"),
    [
        (["pos/1", "neg/1"], [("pos", ""), ("neg", "")], []),
        (["d/e/pos/1", "d/e/neg/1"], [("pos", ""), ("neg", "")], []),
        (["a/x/1", "b/x/1"], [("a/x", ""), ("b/x", "")], []),
        (["d/README.md", "d/pos/1", "d/neg/1"], [("pos", ""), ("neg", "")], ["d/README.md"]),
        (["d/train/a/1", "d/train/b/1", "d/test/a/2"], [("a", "train"), ("b", "train"), ("a", "test")], []),
        (["train/a/1", "train/b/1", "train/unsup/1", "train/urls.txt", "test/a/2"],
         [("a", "train"), ("b", "train"), ("a", "test")], ["train/unsup/1", "train/urls.txt"]),
        (["train/a/1", "train/b/1", "docs/a/2"], [("a", "train"), ("b", "train")], ["docs/a/2"]),
        (["train/1", "bus/1", "car/1"], [("train", ""), ("bus", ""), ("car", "")], []),
        (["train/1", "test/1"], [("", "train"), ("", "test")], []),
        (["test/1", "prod/1"], [("test", ""), ("prod", "")], []),
        (["a\\x\\1", "a\\y\\1"], [("x", ""), ("y", "")], []),
        (["1", "2"], [("", ""), ("", "")], []),
        ([], [], []),
    ],
)  # fmt: skip
def test_classes_are_paths_below_what_all_share_and_parts_are_folders(names, places, beside):
    assert found(*names) == (places, beside)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["圆圈/1.png", "方块/2.png"], "gb18030"), (["好评/a", "差评/b"], "gb18030"), (["猫/1", "犬/2"], "cp932"),
        (["ねこ/1"], "cp932"), (["テスト/ソ.png"], "cp932"), (["Größe/1.txt", "Käfer/2"], "cp437"),
        (["été/1"], "cp437"),
        (["café/é.txt", "表/1"], "utf-8"), ([], "utf-8"),
    ],
)  # fmt: skip
def test_names_in_a_zip_are_read_in_the_encoding_they_were_written_in(names, encoding):
    assert name_encoding([name.encode(encoding) for name in names]) == encoding
