"""The table of export formats and its verb."""

import zipfile

import pytest

from core.bundles.bundle import import_bundle
from core.errors import UserError
from core.exports import FORMATS, export, formats_of
from core.families import FAMILIES
from core.runs.store import DEFAULT_DIR, find
from tests.core.commands.cli import run

DEMO = {"charlm": "demo-lighthouse", "classifier": "demo-reviews", "gan": "demo-digits"}


def command(capsys, *words):
    return run(capsys, "export", *words, "--runs-dir", str(DEFAULT_DIR))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_zip_and_a_program(family):
    assert {"zip", "program"} <= set(formats_of(family)) <= set(FORMATS)


def test_the_verb_writes_the_same_zip_as_its_alias(capsys, tmp_path):
    code, out, _err = command(capsys, DEMO["gan"], "--as", "zip", "-o", str(tmp_path / "a.zip"))
    assert code == 0
    assert str(tmp_path / "a.zip") in out
    run(capsys, "runs", "export", DEMO["gan"], str(tmp_path / "b.zip"), "--runs-dir", str(DEFAULT_DIR))
    with zipfile.ZipFile(tmp_path / "a.zip") as one, zipfile.ZipFile(tmp_path / "b.zip") as other:
        assert one.namelist() == other.namelist()
        assert {item.CRC for item in one.infolist() if item.filename != "bundle.json"} == {
            item.CRC for item in other.infolist() if item.filename != "bundle.json"
        }


def test_without_a_path_it_is_named_after_the_run(tmp_path, monkeypatch, runs_folder):
    monkeypatch.chdir(tmp_path)
    written = export(find(DEMO["gan"], DEFAULT_DIR), "zip")
    assert written.path.name == "demo-digits.zip"
    assert written.size == written.path.stat().st_size
    assert import_bundle(written.path).family == "gan"
    written = export(find(DEMO["gan"], DEFAULT_DIR), "program")
    assert "train.py" in written.files
    assert (tmp_path / "demo-digits-program" / "train.py").is_file()


def test_what_is_in_the_way_is_said_and_stays(tmp_path):
    run = find(DEMO["gan"], DEFAULT_DIR)
    (tmp_path / "mine.txt").write_text("mine")
    for name, path in (("zip", tmp_path), ("program", tmp_path), ("program", tmp_path / "mine.txt")):
        with pytest.raises(UserError, match="folder"):
            export(run, name, path)
    assert [item.name for item in tmp_path.iterdir()] == ["mine.txt"]
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_an_unknown_format_names_those_there_are(capsys):
    with pytest.raises(UserError, match="choose from zip, program"):
        export(find(DEMO["gan"], DEFAULT_DIR), "pdf")
    assert command(capsys, DEMO["gan"], "--as", "pdf")[0] == 2
