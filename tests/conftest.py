"""What all tests share: quiet TensorFlow, one thread each, runs in a folder of the test's own."""

import os

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")
os.environ["HIDDEN_STATE_COLD"] = "1"
os.environ.pop("HIDDEN_STATE_DEMO", None)

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.families import FAMILIES
from core.hosting import policy

policy.register()

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def families_in_order() -> Iterator[None]:
    """Restore the table of families: an entry that monkeypatch deletes comes back as the last one."""
    before = dict(FAMILIES)
    yield
    FAMILIES.clear()
    FAMILIES.update(before)


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for runs, which core and screens use for the time of the test."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; without HIDDEN_STATE_DATA the test that wants it is skipped."""
    folder = os.environ.get("HIDDEN_STATE_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("HIDDEN_STATE_DATA names no folder with the real data sets")
    return Path(folder)
