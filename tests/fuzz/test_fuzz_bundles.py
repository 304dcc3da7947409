"""Whatever comes in as a run of somebody else: a run, or one sentence and nothing left behind."""

import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundles.bundle import export, import_bundle
from core.runs.keras_file import ForeignFileError, check_config, check_file
from core.runs.run import Run
from tests.fuzz.mutate import SEEDS, mutate, mutate_zip, said
from tests.fuzz.test_fuzz_runs import DEMOS, VALUES, looked_at

pytestmark = pytest.mark.skipif(not DEMOS, reason="no demo run is here to start from")
HEAVY = shutil.ignore_patterns("snapshots", "step-*", "judge.npz")


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def bundles(folder: Path) -> list[bytes]:
    """One of each family, with its data but without what makes it heavy."""
    found = []
    for demo in DEMOS:
        out, light = io.BytesIO(), Run(shutil.copytree(demo, folder / "light" / demo.name, ignore=HEAVY))
        light.metrics_path.write_bytes((demo / "metrics.jsonl").read_bytes()[:2000])
        shutil.copytree(next((demo / "samples").glob("step-*")), light.samples_path / "step-00000000")
        export(light, out, data=True)
        found.append(out.getvalue())
    return found


@given(seed=SEEDS, inside=st.booleans())
def test_a_damaged_bundle_is_a_run_or_a_sentence_and_leaves_nothing_else(folder, bundles, seed, inside):
    runs, path = folder / "runs", folder / "x.zip"
    shutil.rmtree(runs, ignore_errors=True)
    whole = bundles[seed % len(bundles)]
    path.write_bytes(mutate_zip(whole, seed, listed=True) if inside else mutate(whole, seed, limit=3_000_000))
    complaint = said(lambda: looked_at(import_bundle(path, runs)))
    assert "\n" not in complaint
    assert bool(os.listdir(runs)) == (not complaint)


@given(seed=SEEDS, inside=st.booleans())
def test_a_damaged_model_file_is_plain_or_foreign(folder, seed, inside):
    whole = (DEMOS[seed % len(DEMOS)] / "model.keras").read_bytes()
    path = folder / "model.keras"
    path.write_bytes(mutate_zip(whole, seed) if inside else mutate(whole, seed, limit=3_000_000))
    with suppress(ForeignFileError, OSError):
        check_file(path)


@given(value=VALUES)
def test_any_json_is_no_configuration_of_a_model(value):
    with pytest.raises(ForeignFileError):
        check_config(json.dumps(value).encode())
