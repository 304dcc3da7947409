"""A run from outside whose files are well formed and say what no run says: its page opens all the same."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.run import Run
from tests.pages.conftest import ROOT, faults, open_page

REPORTS = {
    "demo-lighthouse": {"val_loss_nats": 1e6, "peak_memory_mb": "much", "notes": 3},
    "demo-reviews": {"test_accuracy": 0.5, "rows": [1], "baselines": "none", "notes": [["x"]]},
    "demo-digits": {"frechet": [1], "modes": "x", "parameters": "many", "notes": ["n"] * 100},
}


@pytest.mark.parametrize("demo", REPORTS)
def test_a_report_of_other_types_is_said_to_be_damaged_and_the_rest_is_shown(
    app: AppTest, runs_folder: Path, demo: str
) -> None:
    if not (ROOT / "saved_models" / demo).is_dir():
        pytest.skip("the runs that ship are not here")
    run = Run(shutil.copytree(ROOT / "saved_models" / demo, runs_folder / "odd"))
    run.write_json("report.json", REPORTS[demo])
    for step in run.sample_steps():
        (run.samples_path / f"step-{step:08d}" / "histogram.json").write_text('{"names": ["a"], "covered": 3}')
    open_page(app, "runs/run.py", run="odd")
    assert not faults(app)
    assert [item.value for item in app.caption if "final figures cannot be shown" in item.value]
    assert app.get("plotly_chart")
