"""A zip read within limits: each fault is told apart, and nothing is read that was not declared."""

import io
import struct
import zipfile

import pytest

from core.file_names import is_junk
from core.zip_reader import Limits, ZipFaultError, ZipReader, blocks

WIDE = Limits(entries=100, total=10_000, directory=10_000)


def zipped(*members: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


WHOLE = zipped(("a.txt", b"one"), ("folder/", b""), ("__MACOSX/._a.txt", b"junk"), ("folder/b.txt", b"two"))


def changed(data: bytes, place: int, form: str, value: int) -> bytes:
    """The zip with a field of its first entry in the table of contents changed."""
    at = data.index(b"PK\x01\x02") + place
    return data[:at] + struct.pack(form, value) + data[at + struct.calcsize(form) :]


def fault(*given, **more) -> tuple[str, str, int]:
    with pytest.raises(ZipFaultError) as caught:
        read_all(*given, **more)
    return caught.value.kind, caught.value.member, caught.value.amount


def read_all(*given, **more) -> dict[str, bytes]:
    with ZipReader(*given, **more) as reader:
        return {entry.filename: reader.read(entry) for entry in reader.entries}


@pytest.mark.parametrize("junk", [False, True])
@pytest.mark.parametrize("disk", [False, True])
def test_files_are_read_without_folders_and_what_systems_add(tmp_path, disk, junk):
    (tmp_path / "a.zip").write_bytes(WHOLE)
    found = read_all(tmp_path / "a.zip" if disk else WHOLE, WIDE, junk=junk)
    assert found == {"a.txt": b"one", "folder/b.txt": b"two"} | ({"__MACOSX/._a.txt": b"junk"} if junk else {})


@pytest.mark.parametrize(
    "data", [b"", b"hello", WHOLE[:80], WHOLE[:-30]], ids=["nothing", "no zip", "its beginning", "without its end"]
)
@pytest.mark.parametrize("directory", [None, 10_000])
def test_damage_is_told(data, directory):
    assert fault(data, Limits(100, 10_000, directory))[0] == "damaged"


def test_limits_hold_before_anything_is_unpacked():
    assert fault(WHOLE, Limits(3, 10_000)) == ("entries", "", 4)
    assert fault(WHOLE, Limits(3, 10_000, 10_000)) == ("entries", "", 4)
    assert fault(WHOLE, Limits(100, 10_000, directory=50))[0] == "entries"
    assert fault(WHOLE, Limits(100, 5)) == ("size", "", 6)
    assert fault(WHOLE, Limits(100, 9), junk=True) == ("size", "", 10)


def test_a_password_and_a_false_length_are_told():
    assert fault(changed(WHOLE, 8, "<H", 1), WIDE)[:2] == ("encrypted", "a.txt")
    assert fault(changed(WHOLE, 24, "<L", 2), WIDE)[:2] in {("damaged", "a.txt"), ("length", "a.txt")}
    assert fault(changed(WHOLE, 24, "<L", 9), WIDE)[:2] in {("damaged", "a.txt"), ("length", "a.txt")}


def test_a_large_entry_comes_in_blocks():
    with ZipReader(zipped(("a", bytes(2_500_000))), Limits(1, 2_500_000)) as reader:
        assert [len(block) for block in blocks(reader.archive, reader.entries[0])] == [1_000_000, 1_000_000, 500_000]


@pytest.mark.parametrize(("name", "junk"), [("a/.DS_Store", True), ("._x", True), ("Thumbs.db", True), (".x", True)])
def test_junk(name, junk):
    assert is_junk(name) is junk


@pytest.mark.parametrize(
    ("name", "encoding"), [("圆圈", "gbk"), ("ねこ", "cp932"), ("Größe", "cp437"), ("café", "utf-8")]
)
def test_names_of_other_systems_are_read_as_they_were_written(name, encoding):
    raw = name.encode(encoding)
    stand_in = "A" * len(raw)
    data = zipped((f"{stand_in}/1.txt", b"one"), ("b/2.txt", b"two"))
    assert read_all(data.replace(stand_in.encode() + b"/", raw + b"/"), WIDE) == {
        f"{name}/1.txt": b"one",
        "b/2.txt": b"two",
    }


def test_hidden_folders_are_left_out():
    assert read_all(zipped((".git/x", b"no"), ("a/.ipynb_checkpoints/1.txt", b"no"), ("a/1.txt", b"yes")), WIDE) == {
        "a/1.txt": b"yes"
    }
