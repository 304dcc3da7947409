"""One schema a family for using a trained run: page, command line and service say the same of every field."""

import argparse
import shutil
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core.bounds import bounds_of, extra, help_of, kinds
from core.commands.main import main, parser
from core.families import FAMILIES
from core.flags import flag_of, request_words
from core.runs.run import Run
from core.runs.store import DEFAULT_DIR
from core.serve.app import Service
from tests.pages.conftest import app, faults, open_page  # noqa: F401  # app is a fixture

DEMOS = {"charlm": "demo-lighthouse", "classifier": "demo-reviews", "gan": "demo-digits"}
PAGES = {"charlm": "charlm/write.py", "classifier": "classifier/use.py", "gan": "gan/draw.py"}
VERBS = {"charlm": ("generate", "/generate"), "classifier": ("classify", "/classify"), "gan": ("sample", "/sample")}


@pytest.fixture(params=FAMILIES, scope="module")
def key(request):
    return request.param


@pytest.fixture(scope="module")
def client(key):
    with TestClient(Service(Run(DEFAULT_DIR / DEMOS[key])).application()) as opened:
        yield opened


def fields(key):
    return FAMILIES[key].request.model_fields


def numbers(key):
    """The fields that are numbers, and those of them that may be None."""
    return {
        name: field for name, field in fields(key).items() if {int, float} & kinds(field) and str not in kinds(field)
    }


def flags(key):
    verbs = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    actions = verbs.choices[VERBS[key][0]]._actions
    return {action.dest.removeprefix("request_"): action for action in actions if action.dest.startswith("request_")}


def outside(field):
    """Values just beyond the bounds."""
    bounds, step = bounds_of(field), 1 if int in kinds(field) else 0.5
    assert bounds.low is not None
    assert bounds.high is not None
    return [bounds.low if bounds.low_open else bounds.low - step, bounds.high + step]


def test_every_field_has_a_sentence_of_help_and_every_number_both_bounds(key):
    assert all(field.description and field.description.endswith(".") for field in fields(key).values())
    assert all(outside(field) for field in numbers(key).values())


def test_a_flag_says_its_default_its_bounds_and_what_switches_it_off(key):
    found = flags(key)
    assert set(numbers(key)) <= set(found)
    for name, field in fields(key).items():
        if field.is_required():  # a list of texts, which the command line takes without a flag
            assert name not in found
            continue
        action = found[name]
        assert action.option_strings[0] == flag_of(name, field)
        text = action.help.replace("%%", "%")
        assert text.startswith(help_of(field))
        if name in numbers(key):
            default = "none" if field.default is None else field.default
            assert f"(default: {default}; {bounds_of(field)})" in text
            assert extra(field).get("off") is None or f"{extra(field)['off']} means off." in text


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_words_of_a_command_line_are_read_again_as_the_same_request(key, end):
    wanted = {name: getattr(bounds_of(field), end) for name, field in numbers(key).items()}
    wanted |= {name: bounds_of(field).high for name, field in numbers(key).items() if bounds_of(field).low_open}
    given = {"texts": ["a"]} if "texts" in fields(key) else {}
    asked = FAMILIES[key].request(**given, **wanted)
    arguments = parser().parse_args([VERBS[key][0], "some-run", *request_words(asked)])
    typed = {name: getattr(arguments, f"request_{name}") for name in wanted}
    read = {name: value for name, value in typed.items() if value is not None}
    assert FAMILIES[key].request(**given, **read) == asked


def test_openapi_has_the_schemas_defaults_and_bounds(client, key):
    paths = client.get("/openapi.json").json()["paths"]
    described = paths[VERBS[key][1]]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(described["properties"]) == set(fields(key))
    for name, field in numbers(key).items():
        entry, bounds = described["properties"][name], bounds_of(field)
        assert entry["default"] == field.default
        assert entry["description"] == help_of(field)
        assert not {"group", "level", "control", "off"} & set(entry)
        number = entry["anyOf"][0] if "anyOf" in entry else entry
        assert number["exclusiveMinimum" if bounds.low_open else "minimum"] == bounds.low
        assert number["exclusiveMaximum" if bounds.high_open else "maximum"] == bounds.high


def test_command_line_and_service_refuse_a_value_with_the_same_sentence(client, key, capsys):
    verb, path = VERBS[key]
    given = {"texts": ["a"]} if "texts" in fields(key) else {}
    for name, field in numbers(key).items():
        for value in [*outside(field), "many"]:
            answer = client.post(path, json=given | {name: value})
            code = main([verb, DEMOS[key], *given.get("texts", []), f"{flag_of(name, field)}={value}"])
            said = capsys.readouterr().err.strip()
            assert (answer.status_code, code) == (422, 2), (name, value)
            assert answer.json()["error"] == said
            assert said.startswith(f"Option “{name}” cannot be ")
            assert str(bounds_of(field)) in said


def test_json_has_numbers_for_numbers(client, key):
    given = {"texts": ["a"]} if "texts" in fields(key) else {}
    for name, field in numbers(key).items():
        answer = client.post(VERBS[key][1], json=given | {name: str(bounds_of(field).high)})
        assert answer.status_code == 422
        assert answer.json()["error"].startswith(f"Option “{name}” cannot be '{bounds_of(field).high}': choose ")


def test_the_pages_widgets_have_the_schemas_defaults_bounds_and_help(app: AppTest, runs_folder: Path, key):  # noqa: F811
    shutil.copytree(DEFAULT_DIR / DEMOS[key], runs_folder / DEMOS[key])
    open_page(app, PAGES[key], run=DEMOS[key])
    assert not faults(app)
    shown = {widget.key: widget for kind in (app.slider, app.number_input) for widget in kind}
    asked = {name: shown[name.replace("_", "")] for name in numbers(key) if name.replace("_", "") in shown}
    assert len(asked) >= {"charlm": 5, "classifier": 1, "gan": 3}[key]
    for name, widget in asked.items():
        field, control = fields(key)[name], extra(fields(key)[name]).get("control")
        bounds, slider = bounds_of(field), bool(control and control.slider)
        assert (widget in list(app.slider)) == slider
        low = bounds.low if control is None or control.low is None else control.low
        high = bounds.high if control is None or control.high is None else control.high
        assert bounds.low <= low < high <= bounds.high, "a page asks for nothing that the schema refuses"
        assert (widget.min, widget.max) == (low, high)
        assert widget.value == (high if field.default is None else field.default)
        assert widget.help.replace("\\", "").startswith(help_of(field))
