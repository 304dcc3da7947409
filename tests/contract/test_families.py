"""Every family meets the contract that the screens, the command line and the loop rely on."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from core.errors import UserError
from core.families import FAMILIES, family
from core.flags import add_options, given_options
from core.runs.store import create
from core.samples.registry import SAMPLES, sample
from core.schema import Cost, Level, parse_options
from core.sources import Source

ROOT = Path(__file__).resolve().parents[2]
GROUPS_AT_MOST = 8


@pytest.fixture(params=FAMILIES)
def row(request):
    return FAMILIES[request.param]


@pytest.fixture
def sources(row):
    name = next(name for name, item in SAMPLES.items() if item.family == row.key)
    return sample(name)


def test_the_key_of_a_row_is_its_folder_and_its_options_know_it(row):
    assert FAMILIES[row.key] is row
    assert row.options.family == row.key
    assert (ROOT / "core" / row.key / "__init__.py").exists()


def test_no_two_families_share_a_flag_a_section_or_a_verb():
    for name in ("title", "section", "data_flag", "verb", "icon"):
        values = [getattr(item, name) for item in FAMILIES.values()]
        assert len(set(values)) == len(values), name


def test_an_unknown_family_is_a_sentence_with_the_known_ones():
    for strange in ("nope", None, ["charlm"]):
        with pytest.raises(UserError, match="charlm"):
            family(strange)


def test_every_option_has_what_form_and_flag_are_made_of(row):
    groups = set()
    for name, field in row.options.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict), name
        assert extra["level"] in get_args(Level), name
        assert field.description, name
        assert field.description.endswith((".", "?", "!")), name
        assert not field.is_required(), f"{name} has a default"
        groups.add(extra["group"])
    assert len(groups) <= GROUPS_AT_MOST


def test_the_defaults_and_every_preset_are_valid_and_survive_json(row, sources):
    sizes = row.data.sizes(sources, row.options())
    assert {"quick", "balanced", "best"} <= set(row.config.PRESETS)
    for options in [row.options(), *(row.config.preset(name, **sizes) for name in row.config.PRESETS)]:
        assert type(options) is row.options
        again = parse_options(row.options, json.loads(json.dumps(options.model_dump(mode="json"))))
        assert again == options
        assert any(getattr(options, name) is not None for name in ("seconds", "steps", "epochs"))


def test_an_unknown_preset_is_refused_in_a_sentence(row, sources):
    sizes = row.data.sizes(sources, row.options())
    with pytest.raises(UserError, match="huge"):
        row.config.preset("huge", **sizes)


def test_the_cost_grows_with_the_network(row, sources):
    sizes = row.data.sizes(sources, row.options())
    presets = [row.config.preset(name, **sizes) for name in ("quick", "best")]
    quick, best = (row.config.cost(options, **sizes) for options in presets)
    assert isinstance(quick, Cost)
    assert 0 < quick.parameters <= best.parameters
    assert quick.per_step > 0 < quick.per_epoch


def test_every_option_is_a_flag_whose_value_reaches_the_schema(row):
    parser = argparse.ArgumentParser()
    add_options(parser, row.options)
    default = row.options()
    for name, field in row.options.model_fields.items():
        value = getattr(default, name)
        flag = "--" + name.replace("_", "-")
        if field.annotation is bool:
            assert given_options(parser.parse_args(["--no-" + flag[2:]]), row.options) == {name: False}
            continue
        typed = "none" if value is None else ",".join(map(str, value)) if isinstance(value, tuple | list) else value
        values = given_options(parser.parse_args([f"{flag}={typed}"]), row.options)
        assert getattr(parse_options(row.options, default.model_dump() | values), name) == value


def test_out_of_bounds_is_a_sentence_that_names_the_option(row):
    for name, field in row.options.model_fields.items():
        bounds = [bound for item in field.metadata for bound in [getattr(item, "ge", getattr(item, "gt", None))]]
        for low in bounds:
            if low is not None:
                with pytest.raises(UserError, match=name):
                    parse_options(row.options, {name: low - 1})


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x89PNG\r\n\x1a\n" + bytes(50), b"%PDF-1.7 x", b"PK\x03\x04" + bytes(50)]
)
def test_data_of_another_kind_is_a_sentence_not_a_fault(row, data):
    said = ""
    try:
        row.data.sizes([Source("file.bin", data)], row.options())
    except UserError as error:
        said = str(error)
    assert not said or (len(said) < 500 and said[-1] in ".?!")


def test_its_embedded_sample_becomes_a_run(row, sources, runs_folder):
    sizes = row.data.sizes(sources, row.options())
    run = create(row.config.preset("quick", **sizes), sources, label="sample")
    assert run.family == row.key
    assert run.sources() == sources


def test_forms_data_and_commands_need_neither_tensorflow_nor_a_screen():
    code = (
        "import sys\nfrom core.families import FAMILIES\n"
        "for row in FAMILIES.values():\n"
        "    row.config, row.commands, row.data, row.verdict, row.program\n"
        "print(sorted({'tensorflow', 'keras', 'pandas', 'streamlit', 'plotly', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
