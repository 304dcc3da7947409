"""A bundle says what wrote it, and one of a newer format is refused by a sentence that says so."""

import json
from pathlib import Path

import pytest

from core.bundles.bundle import export, import_bundle
from core.classifier.config import ClassifierConfig
from core.errors import UserError
from core.runs.run import Run
from core.runs.store import create
from core.sources import EARLIER, Source
from core.version import VERSION, release
from tests.core.bundles import hostile

DEMO = Path(__file__).resolve().parents[3] / "saved_models" / "demo-reviews"


@pytest.fixture
def packed(tmp_path) -> Path:
    path = tmp_path / "reviews.zip"
    export(Run(DEMO), path)
    return path


def changed(path: Path, member: str, more: dict[str, bytes] | None = None, **values: object) -> Path:
    """The bundle with `values` written into one of its JSON files, and with `more` files in it."""
    members = hostile.parts(path)
    content = json.loads(members[member]) | values
    return hostile.write(path, members | {member: json.dumps(content).encode()} | (more or {}))


def sentence(path: Path) -> str:
    with pytest.raises(UserError) as error:
        import_bundle(path)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_bundle_says_what_wrote_it(packed):
    assert json.loads(hostile.parts(packed)["bundle.json"])["written_by"] == release()


def test_a_bundle_from_before_that_is_imported(packed, runs_folder):
    members = hostile.parts(packed)
    manifest = json.loads(members["bundle.json"])
    del manifest["written_by"]
    hostile.write(packed, members | {"bundle.json": json.dumps(manifest).encode()})
    assert import_bundle(packed).usable


def test_a_newer_format_is_named_with_what_to_do_whatever_else_it_holds(packed, runs_folder):
    new = {"adapters/first.bin": b"x"}
    said = sentence(changed(packed, "bundle.json", new, version=2, written_by={"hidden-state": "3.1.0"}))
    assert said == (
        f"“reviews.zip” is of format 2, from a newer Hidden State (3.1.0); this one, {VERSION}, reads format 1: "
        "update it, then import the file again."
    )
    assert list(runs_folder.glob("*")) == []


def test_newer_options_are_named_in_the_same_way(packed, runs_folder):
    said = sentence(changed(packed, "config.json", schema=2))
    assert "is of format 2, from a newer Hidden State (version unknown)" in said


@pytest.mark.parametrize("by", [None, 7, ["x"], {"hidden-state": 9}, {"hidden-state": "\x1b[31m" + "x" * 10_000}])
def test_what_a_stranger_writes_there_is_bounded_text(packed, runs_folder, by):
    said = sentence(changed(packed, "bundle.json", version=10**30, written_by=by))
    assert "is of format ?, from a newer Hidden State" in said
    assert "\x1b" not in said
    assert len(said) < 400


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "2", None, [2], {}])
def test_a_format_that_never_was_is_no_newer_one(packed, runs_folder, version):
    said = sentence(changed(packed, "bundle.json", version=version))
    assert "is not taken as a run: it is of format" in said


def test_what_is_kept_of_an_earlier_run_is_taken_in_only_for_a_family_that_reads_it(runs_folder, tmp_path):
    given = [Source("a.csv", b"text,label\nyes,a\nno,b\n"), Source("earlier.json", b"{}", EARLIER)]
    export(create(ClassifierConfig(), given), tmp_path / "run.zip", data=True)
    with pytest.raises(UserError, match="goes on from no other run"):
        import_bundle(tmp_path / "run.zip")
