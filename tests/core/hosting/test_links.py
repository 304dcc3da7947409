"""Teacher links and classes: a written link is read back unchanged; invalid parts are reported and ignored."""

import time
from typing import Any
from urllib.parse import parse_qsl

import pytest

from core.errors import UserError
from core.families import FAMILIES
from core.hosting import classes, links
from core.hosting.limits import LIMITS
from core.hosting.visitors import CurrentUser, act_as
from core.runs.store import list_runs
from core.schema import merged
from tests.core.hosting.conftest import make, visit

SIZES = {
    "charlm": {"characters": 51_000, "vocabulary": 70},
    "classifier": {"rows": 1200, "median_tokens": 20, "classes": 2},
    "gan": {"images": 1600, "classes": 10},
}
CHANGES: dict[str, dict[str, Any]] = {
    "charlm": {"units": 48, "dropout": 0.25, "lowercase": True, "sample_prompt": "The lamp, & “more”", "steps": 300},
    "classifier": {"heads": 2, "drop_empty": False, "seconds": 45.5},
    "gan": {"generator": "64-128", "loss": "hinge", "epochs": 2.5},
}


def query(family: str, **given: str) -> tuple[links.LinkSettings, list[str]]:
    return links.read(FAMILIES[family], given)


@pytest.mark.parametrize("key", FAMILIES)
def test_a_link_says_only_what_differs_and_is_read_as_it_was_meant(key):
    family = FAMILIES[key]
    preset = family.config.preset("quick", **SIZES[key])
    budget = dict.fromkeys(("seconds", "steps", "epochs")) | {"seed": 7}
    wanted = merged(preset, budget | CHANGES[key])
    sample = next(name for name in links.keys(family)[f"{key}-sample"])
    text = links.write(family, sample, "quick", preset, wanted, ("preset", "data"), "ab" * 10)
    found = dict(parse_qsl(text, keep_blank_values=True))
    named = set(found) & set(family.options.model_fields)
    assert named <= {*CHANGES[key], "seed"}
    assert (found["hide"], found["class"], found[f"{key}-sample"]) == ("data,preset", "ab" * 10, sample)
    setup, faults = links.read(family, found)
    assert faults == []
    assert setup.hide == ("data", "preset")
    assert merged(preset, setup.options) == wanted


def test_data_of_ones_own_does_not_travel():
    family = FAMILIES["charlm"]
    preset = family.config.preset("quick", **SIZES["charlm"])
    found = dict(parse_qsl(links.write(family, "", "quick", preset, preset, ())))
    assert found == {"charlm-way": "upload", "charlm-preset": "quick", "seed": "0", "language": "en"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("units", "many", "“units” cannot be 'many'"),
        ("units", "-1", "“units” cannot be"),
        ("dropout", "nan", "“dropout” cannot be"),
        ("seed", "9" * 30, "“seed” cannot be"),
        ("lowercase", "perhaps", "“lowercase” cannot be"),
        ("cell", "<b>", "“cell” cannot be"),
        ("neurons", "3", "knows no “neurons”"),
        ("text_column", "3", "knows no “text_column”"),
        ("hide", "data", "only be hidden where the link names a sample"),
        ("hide", "options,everything", "“everything” cannot be hidden"),
        ("charlm-sample", "reviews", "no “reviews” for “charlm-sample”"),
        ("charlm-preset", "fastest", "no “fastest”"),
        ("x" * 5000, "y" * 5000, "knows no “xxx"),
    ],
)
def test_nonsense_is_named_and_the_rest_of_the_link_counts(name, value, said):
    setup, faults = query("charlm", **{name: value, "layers": "2"})
    assert len(faults) == 1
    assert said in faults[0]
    assert len(faults[0]) < 250
    assert setup.options == {"layers": 2}


def test_of_two_budgets_one_counts():
    setup, faults = query("charlm", seconds="60", epochs="3")
    assert faults == ["A run has one budget, so “seconds” counts."]
    assert setup.options == {"epochs": None, "steps": None, "seconds": 60.0}


def test_what_others_read_from_the_address_is_no_fault_here():
    assert query("charlm", **{"class": "x", "visitor": "y"}) == (links.LinkSettings(), [])


# Classes -------------------------------------------------------------------------------------------------------------
def test_a_class_sees_the_runs_made_under_its_address_from_all_visitors_and_no_others(demo):
    tuesday, friday = classes.create(demo, "Tuesday"), classes.create(demo, "Friday")
    with visit("ada", tuesday.token):
        hers = make("one")
    with visit("bo", tuesday.token):
        his = make("one")
    with visit("cy", friday.token):
        make("one")
    with visit("cy"):
        make("alone")
    assert [run.path for run in classes.members(demo, tuesday)] == [hers.path, his.path]
    assert hers.id != his.id, "side by side they can be told apart"
    with visit("bo"), pytest.raises(UserError, match="belongs to the demo"):
        hers.describe(name="mine now")


@pytest.mark.parametrize("wrong", ["", "x", "0" * 20, "../../config", "A" * 20, "0" * 5000])
def test_a_class_that_nobody_made_is_named(demo, wrong):
    classes.create(demo, "Tuesday")
    with pytest.raises(UserError, match="names a class that does not exist"):
        classes.find(demo, wrong)


def test_a_class_needs_a_name_and_there_is_an_end_to_them(demo, monkeypatch):
    with pytest.raises(UserError, match="at least one visible"):
        classes.create(demo, " \u202e ")
    monkeypatch.setattr(classes, "LIMITS", type(LIMITS)(classes=2))
    made = [classes.create(demo, f"{number}") for number in range(2)]
    with pytest.raises(UserError, match="2 classes already"):
        classes.create(demo, "one more")
    classes.remove_expired(demo, time.time() + LIMITS.class_seconds - 5)
    assert [classes.find(demo, item.token).name for item in made] == ["0", "1"]
    classes.remove_expired(demo, time.time() + LIMITS.class_seconds + 5)
    with pytest.raises(UserError):
        classes.find(demo, made[0].token)


def test_at_home_classes_work_too(runs_folder):
    group = classes.create(runs_folder, "Tuesday")
    with act_as(CurrentUser(group=group.token)):
        run = make("one")
    assert [item.path for item in classes.members(runs_folder, group)] == [run.path]
    assert [item.id for item in list_runs()] == ["one"]
