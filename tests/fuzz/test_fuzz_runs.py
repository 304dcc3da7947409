"""Whatever lies in a run folder: it is listed and looked at, or named in one sentence."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundles.program import total_steps, use_script
from core.families import FAMILIES
from core.jobs.progress import describe
from core.jobs.queue import queue_position, queued_runs
from core.jobs.repeat_command import command
from core.jobs.summary import summary
from core.runs.checkpoint import load_newest, save_checkpoint
from core.runs.compare import curves, metrics_csv, seed_groups, table, table_csv
from core.runs.extend import extend
from core.runs.metrics import read_metrics
from core.runs.names import clean_name, clean_tags, slug
from core.runs.run import Run
from core.runs.status import STATES, Status
from core.runs.store import list_runs
from core.schema import from_text, parse_options
from core.terminal import printable
from tests.fuzz.mutate import SEEDS, mutate, mutate_json, said

FILES = ["config.json", "status.json", "about.json", "plan.json", "report.json", "metrics.jsonl"]
FILES += ["baselines.json", "facts.json", "labels.json", "vocabulary.json"]
LINES = 24  # of metrics.jsonl; more of them are more of the same
DEMOS = [path.parent for path in sorted((Path(__file__).parents[2] / "saved_models").glob("demo-*/model.keras"))]
pytestmark = pytest.mark.skipif(not DEMOS, reason="no demo run is here to start from")
TEXTS = st.text(max_size=80)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS, lambda x: st.lists(x) | st.dictionaries(TEXTS, x)
)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


class Whole(NamedTuple):
    """A light copy of a demo run, in a folder of its own, and the content of its whole files."""

    run: Run
    files: dict[str, bytes]

    def __repr__(self) -> str:
        return repr(self.run)


@pytest.fixture(scope="module")
def wholes(folder: Path) -> list[Whole]:
    found = []
    for demo in DEMOS:
        run = Run(folder / demo.name / "run")
        ignored = shutil.ignore_patterns("data", "snapshots", "judge.npz", "*.keras")
        shutil.copytree(demo, run.path, ignore=ignored)
        run.model_path.write_bytes(b"")
        lines = run.metrics_path.read_bytes().splitlines(keepends=True)
        run.metrics_path.write_bytes(b"".join(lines[:: max(1, len(lines) // LINES)]))
        found.append(Whole(run, {name: (run.path / name).read_bytes() for name in FILES if (run.path / name).exists()}))
    return found


def looked_at(run: Run) -> None:
    """Everything that a table, a page or a command asks of a run before its network is built."""
    assert run.name
    assert isinstance(run.status.state, str)
    describe(run.status)
    json.dumps(summary(run), allow_nan=False)
    assert all(isinstance(tag, str) for tag in run.tags)
    assert isinstance(run.note, str)
    assert isinstance(run.report, dict)
    assert all(isinstance(item["value"], float) for item in run.baselines)
    run.sample_steps()
    queued_runs(run.path.parent)
    queue_position(run)
    table_csv(table([run]))
    metrics_csv([run])
    curves([run], "loss")
    seed_groups([run])
    asks: list[Callable[[], Any]] = [
        lambda: FAMILIES[run.family].verdict.verdicts(run, run.metrics()) if run.family in FAMILIES else 0,
        lambda: run.options,
        lambda: command(run),
        lambda: total_steps(run, 1.0),
        lambda: use_script(run),
        lambda: extend(run, {"epochs": 5}),
        run.sources,
    ]
    for ask in asks:
        assert "\n" not in said(ask)


@pytest.mark.parametrize("name", FILES)
@given(seed=SEEDS)
def test_a_run_one_of_whose_files_is_damaged_is_listed_and_looked_at(wholes, name, seed):
    having = [item for item in wholes if name in item.files]
    run, whole = having[seed % len(having)]
    for other, content in whole.items():
        (run.path / other).write_bytes(content)
    change = mutate_json if seed % 5 and name.endswith(".json") else mutate
    (run.path / name).write_bytes(change(whole[name], seed))
    [listed] = list_runs(run.path.parent)
    looked_at(listed)


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


@pytest.mark.parametrize("key", FAMILIES)
@given(data=st.data())
def test_any_options_are_accepted_or_named(key, data):
    model = FAMILIES[key].options
    names = st.sampled_from(list(model.model_fields)) | TEXTS
    values = data.draw(st.dictionaries(names, VALUES, max_size=3))
    complaint = said(lambda: parse_options(model, model().model_dump() | values))
    assert not complaint or complaint.startswith("Option “")
    for name in set(values) & set(model.model_fields):
        complaint = said(
            partial(lambda name: parse_options(model, {name: from_text(model, name, str(values[name]))}), name)
        )
        assert not complaint or complaint.startswith("Option “")


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
