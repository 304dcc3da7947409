"""The release and the commit, and that they stand wherever something is written for others."""

import ast
import subprocess
import tomllib
from pathlib import Path

import pytest

from core import version
from core.bundles.program import use_script
from core.commands.main import main
from core.runs.run import Run
from core.training.program_source import assemble
from tests.core.commands.cli import run

ROOT = Path(__file__).resolve().parents[2]
DEMOS = sorted((ROOT / "saved_models").glob("demo-*"))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder in the project's place; what is known of the real one is forgotten for the test."""
    monkeypatch.setattr(version, "ROOT", tmp_path)
    version.commit.cache_clear()
    yield tmp_path
    version.commit.cache_clear()


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_pyproject_says_the_same_release():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == version.VERSION


def test_a_checkout_has_a_commit_and_says_when_files_differ_from_it(project):
    git(project, "init", "-q")
    assert version.commit() == "", "nothing was committed yet"
    (project / "file").write_text("a")
    git(project, "add", "file")
    git(project, "commit", "-q", "-m", "one")
    git(project, "tag", "-a", "v9", "-m", "a tag is not the commit")
    version.commit.cache_clear()
    assert version.commit() == git(project, "rev-parse", "--short=12", "HEAD")
    assert version.label() == f"Hidden State {version.VERSION} ({version.commit()})"
    (project / "file").write_text("b")
    version.commit.cache_clear()
    assert version.commit() == git(project, "rev-parse", "--short=12", "HEAD") + "-dirty"


def test_a_copy_without_git_has_no_commit_even_within_another_repository(project, monkeypatch):
    git(project, "init", "-q")
    git(project, "commit", "-q", "--allow-empty", "-m", "another project")
    (project / "copy").mkdir()
    monkeypatch.setattr(version, "ROOT", project / "copy")
    assert version.commit() == ""
    assert version.release() == {"hidden-state": version.VERSION}
    assert version.label() == f"Hidden State {version.VERSION}"


def test_where_git_is_absent_there_is_no_commit_and_no_fault(project, monkeypatch):
    (project / ".git").mkdir()
    monkeypatch.setenv("PATH", str(project))
    assert version.commit() == ""


def test_versions_name_what_a_figure_depends_on():
    found = version.versions(("streamlit", "no-such-package"))
    assert found.items() >= version.release().items()
    assert {"python", "keras", "numpy", "streamlit"} <= set(found)
    assert "no-such-package" not in found


def test_the_command_line_says_it(capsys):
    code, out, err = run(capsys, "--version")
    assert (code, out, err) == (0, version.label() + "\n", "")


def test_no_other_command_asks_git(monkeypatch, runs_folder):
    monkeypatch.setattr(version.subprocess, "run", lambda *_given, **_named: pytest.fail("git was asked"))
    version.commit.cache_clear()
    assert main(["runs", "list"]) == 0


@pytest.mark.parametrize("demo", DEMOS, ids=lambda path: path.name)
def test_an_exported_program_says_what_wrote_it(demo):
    for program in (use_script(Run(demo)), assemble(Run(demo), "Trains a network.", {}, []).decode()):
        assert f"# Written by {version.label()}\n" in program
        assert ast.get_docstring(ast.parse(program))


def test_there_are_demo_runs_to_look_at():
    assert len(DEMOS) == 3
