"""Whatever lies in a run folder or comes in as a file: a result or one sentence, nothing else."""

import io
import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutate import mutate, mutate_json, mutate_zip

from core.commands.runs import summary
from core.errors import UserError
from core.families import FAMILIES
from core.runs.bin import restore
from core.runs.bundle import export, import_bundle
from core.runs.checkpoint import load_newest, save_checkpoint
from core.runs.compare import curves, metrics_csv, table, table_csv
from core.runs.extend import extend
from core.runs.keras_file import ForeignFileError, check_config, check_file
from core.runs.metrics import read_metrics
from core.runs.names import clean_name, clean_tags, printable, slug
from core.runs.run import Run
from core.runs.status import STATES, Status
from core.runs.store import find, list_runs
from core.schema import parse_options

DAMAGED = ["config.json", "status.json", "about.json", "plan.json", "report.json", "metrics.jsonl"]
DAMAGED += ["baselines.json", "facts.json"]
SEEDS = st.integers(0, 2**62)
DEMO = sorted((Path(__file__).parents[2] / "saved_models").glob("demo-*/model.keras"))
pytestmark = pytest.mark.skipif(not DEMO, reason="no demo run is here to start from")
TEXTS = st.text(max_size=80)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS, lambda x: st.lists(x) | st.dictionaries(TEXTS, x)
)


@pytest.fixture(scope="module")
def whole() -> Run:
    return Run(DEMO[0].parent)


@pytest.fixture(scope="module")
def folder():
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def bundle(whole, folder) -> bytes:
    out = io.BytesIO()
    light = Run(shutil.copytree(whole.path, folder / "light", ignore=shutil.ignore_patterns("snapshots", "samples")))
    (light.path / "metrics.jsonl").write_bytes(whole.metrics_path.read_bytes()[:2000])
    export(light, out)
    return out.getvalue()


def said(ask: Any) -> str:
    """What a reader complained about, or "" where it was content; any other error is a finding."""
    try:
        ask()
    except UserError as error:
        return str(error) or "an error without a sentence\n"
    return ""


def looked_at(run: Run) -> None:
    """Everything that a table, a page or a command asks of a run before it is used."""
    assert run.name
    assert run.status.state
    assert isinstance(summary(run)["state"], str)
    json.dumps(summary(run), allow_nan=False)
    assert all(isinstance(tag, str) for tag in run.tags)
    assert isinstance(run.note, str)
    assert isinstance(run.report, dict)
    run.sample_steps()
    table_csv(table([run]))
    metrics_csv([run])
    curves([run], "loss")
    with suppress(UserError):
        FAMILIES[run.family].room("verdict").verdicts(run, run.metrics())
    for ask in (lambda: run.options, run.sources, lambda: extend(run, {"steps": 5})):
        assert "\n" not in said(ask)


@pytest.mark.parametrize("name", DAMAGED)
@given(seed=SEEDS)
def test_a_run_one_of_whose_files_is_damaged_is_listed_and_looked_at(whole, folder, name, seed):
    parent = folder / "damaged"
    path = parent / "run"
    shutil.rmtree(parent, ignore_errors=True)
    path.mkdir(parents=True)
    for other in whole.path.iterdir():
        if other.is_file() and other.name != "model.keras":
            shutil.copy(other, path)
    change = mutate_json if seed % 3 and name.endswith(".json") else mutate
    (path / name).write_bytes(change((whole.path / name).read_bytes(), seed))
    [run] = list_runs(parent)
    looked_at(run)


@given(value=VALUES)
def test_any_json_is_a_status_or_none(value):
    status = Status.parse(value)
    assert status is None or status.state in STATES


@given(state=st.sampled_from(STATES), values=st.dictionaries(st.sampled_from(list(vars(Status()))), VALUES))
def test_any_values_in_a_status_leave_it_sound(state, values):
    status = Status.parse(values | {"state": state})
    for name, default in vars(Status()).items():
        value = getattr(status, name)
        assert value is None or isinstance(value, str | int | float)
        assert not isinstance(default, str) or isinstance(value, str)
        assert not isinstance(value, float) or abs(value) < 1e16


@given(values=st.dictionaries(st.sampled_from(list(FAMILIES["charlm"].options.model_fields)), VALUES))
def test_any_options_are_accepted_or_named(whole, values):
    complaint = said(lambda: parse_options(type(whole.options), whole.options.model_dump() | values))
    assert not complaint or "Option" in complaint


@given(content=st.binary(max_size=2000))
def test_any_bytes_are_metrics_of_some_rows_or_none(folder, content):
    path = folder / "metrics.jsonl"
    path.write_bytes(content)
    assert all(isinstance(row["step"], int) for row in read_metrics(path))


@given(seed=SEEDS)
def test_a_damaged_checkpoint_is_passed_over(folder, seed):
    place = folder / "checkpoint"
    shutil.rmtree(place, ignore_errors=True)
    path = save_checkpoint(place, 5, {"model/w": np.arange(20.0), "x": np.zeros((2, 3), np.int32)}, {"best": 0.5})
    path.write_bytes(mutate(path.read_bytes(), seed))
    found = load_newest(place)
    assert found is None or isinstance(found[1]["step"], int)


@given(seed=SEEDS, inside=st.booleans())
def test_a_damaged_bundle_is_a_run_or_a_sentence_and_leaves_nothing_else(folder, bundle, seed, inside):
    runs, path = folder / "runs", folder / "x.zip"
    shutil.rmtree(runs, ignore_errors=True)
    path.write_bytes(mutate_zip(bundle, seed) if inside else mutate(bundle, seed))
    complaint = said(lambda: looked_at(import_bundle(path, runs)))
    assert "\n" not in complaint
    assert bool(os.listdir(runs)) == (not complaint)


@given(seed=SEEDS, inside=st.booleans())
def test_a_damaged_model_file_is_plain_or_foreign(folder, seed, inside):
    whole = DEMO[0].read_bytes()
    path = folder / "model.keras"
    path.write_bytes(mutate_zip(whole, seed) if inside else mutate(whole, seed))
    with suppress(ForeignFileError, OSError):
        check_file(path)


@given(value=VALUES)
def test_any_json_is_no_configuration_of_a_model(value):
    with pytest.raises(ForeignFileError):
        check_config(json.dumps(value).encode())


@given(text=st.text(max_size=300))
def test_any_text_of_an_address_finds_a_run_here_or_none(whole, text):
    with suppress(UserError):
        assert find(text, whole.path.parent).path.parent == whole.path.parent
    with pytest.raises(UserError):
        restore(text, whole.path.parent)


@given(text=st.text(max_size=300) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Co", "Zl", "Lo", "So"])))
def test_any_name_becomes_a_folder_and_a_line(text):
    made = slug(text)
    assert 0 < len(made) <= 70
    assert made.isascii()
    assert made == os.path.basename(made)
    assert not made.startswith((".", "-"))
    assert clean_name(clean_name(text)) == clean_name(text)
    assert "\x1b" not in clean_name(text) + printable(text)
    assert clean_tags([text]) == clean_tags(clean_tags([text]))
    printable(text).encode("utf-8")
