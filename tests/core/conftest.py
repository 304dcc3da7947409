import pytest

from core.families import FAMILIES
from tests.core.toy_family import TOY


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """Register the toy family; return the folder of its runs."""
    monkeypatch.setitem(FAMILIES, "toy", TOY)
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"
