import pytest

from core.families import FAMILIES
from tests.core.toy_family import TOY


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """The toy family is known; its runs live in the folder returned."""
    monkeypatch.setitem(FAMILIES, "toy", TOY)
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"
