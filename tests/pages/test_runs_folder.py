"""A folder of runs that is none."""

from tests.pages.conftest import faults, open_page


def test_a_file_in_place_of_the_runs_folder_is_said_on_every_page(app, runs_folder, monkeypatch):
    file = runs_folder / "notes.txt"
    file.write_text("no folder")
    monkeypatch.setenv("HIDDEN_STATE_RUNS", str(file))
    open_page(app, "runs/runs.py")
    assert faults(app) == []
    assert any("cannot be read from" in error.value and "Not a directory" in error.value for error in app.error)
    assert not any("no runs yet" in item.value for item in app.markdown)
