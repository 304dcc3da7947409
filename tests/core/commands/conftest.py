import pytest

from core.families import FAMILIES
from core.training import planning


@pytest.fixture(autouse=True)
def only_the_toy(toy, monkeypatch):
    for key in list(FAMILIES):
        if key != "toy":
            monkeypatch.delitem(FAMILIES, key)
    monkeypatch.setattr(planning, "PROBE_SECONDS", 0.01)


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_text("It was a dark and stormy night.")
    return str(path)
