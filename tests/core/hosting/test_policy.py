"""Runs and jobs know hosting only through the registered policy; a hosted demo without one refuses every change."""

import pytest

from core.bundles import bundle
from core.charlm.config import CharLMConfig
from core.errors import UserError
from core.hosting.policy import HostedPolicy
from core.jobs import launch
from core.runs import policy
from core.runs.store import create, delete, list_runs
from core.sources import Source
from tests.core.hosting.conftest import TEXT, make, visit

REFUSED = "no rules for its visitors"


@pytest.fixture
def unregistered(demo, monkeypatch):
    monkeypatch.setattr(policy, "_registered", None)
    return demo


def test_a_demo_without_a_policy_makes_nothing(unregistered):
    before = {run.id for run in list_runs()}
    with pytest.raises(UserError, match=REFUSED):
        create(CharLMConfig(units=8), [Source("a.txt", TEXT)])
    assert {run.id for run in list_runs()} == before


@pytest.mark.parametrize(
    "change",
    [launch.enqueue, launch.start, launch.stop, delete, lambda run: run.describe(name="mine now")],
    ids=["enqueue", "start", "stop", "delete", "rename"],
)
def test_a_demo_without_a_policy_changes_no_run(unregistered, change):
    run = next(run for run in list_runs() if run.name == "owners")
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(UserError, match=REFUSED):
        change(run)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_demo_without_a_policy_imports_nothing(unregistered, tmp_path):
    with pytest.raises(UserError, match=REFUSED):
        bundle.import_bundle(tmp_path / "any.zip")


def test_at_home_no_policy_is_needed(runs_folder, monkeypatch):
    monkeypatch.setattr(policy, "_registered", None)
    run = make("mine")
    run.describe(name="renamed")
    assert run.name == "renamed"
    assert policy.current().launcher() is None


def test_the_registered_policy_follows_whoever_acts(demo):
    rules = policy.current()
    assert isinstance(rules, HostedPolicy)
    assert not rules.visitor
    with visit("ada"):
        assert rules.visitor
        assert rules.launcher() is not None
        assert rules.runs_folder(demo).parent.name == ".visitors"
