import zipfile

from core.runs.store import find, list_runs
from core.runs.trash import list_trash
from tests.core.commands.cli import answer, run
from tests.core.toy_family import toy_run


def test_a_run_goes_out_and_comes_in_by_two_commands(capsys, toy, tmp_path):
    toy_run(toy, name="night")
    out = tmp_path / "night.zip"
    sent = answer(capsys, "runs", "export", "night", str(out), "--data")
    assert sent["size"] == out.stat().st_size
    assert "data/00000.txt" in zipfile.ZipFile(out).namelist()
    answer(capsys, "runs", "delete", "night")
    assert len(list_trash()) == 1
    assert answer(capsys, "runs", "import", str(out))["run"] == "night"
    assert find("night").sources()[0].data == b"one two"


def test_a_strangers_file_is_exit_2_and_one_sentence(capsys, toy, tmp_path):
    (tmp_path / "x\x1b.zip").write_bytes(b"PK")
    code, out, err = run(capsys, "runs", "import", str(tmp_path / "x\x1b.zip"))
    assert code == 2
    assert out == ""
    assert "is not taken as a run" in err
    assert "\x1b" not in err
    assert list_runs() == []


def test_runs_are_compared_in_a_table_and_as_csv(capsys, toy, tmp_path):
    for name, width in (("a", 3), ("b", 5)):
        answer(capsys, "runs", "resume", toy_run(toy, name=name, width=width).id)
    found = answer(capsys, "runs", "compare", "a", "b", "--csv", str(tmp_path / "x.csv"))["runs"]
    assert [(row["run"], row["options"]) for row in found] == [("a", {"width": 3}), ("b", {"width": 5})]
    assert (tmp_path / "x.csv").read_text().splitlines()[0].startswith("run,name,step,epoch,seconds,loss")
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 41
    code, out, _err = run(capsys, "runs", "compare", "a", "b")
    assert code == 0
    assert "width 5" in out
    code, _out, err = run(capsys, "runs", "compare", "a", "--csv", str(tmp_path / "no" / "x.csv"))
    assert code == 2
    assert "cannot be written" in err


def test_a_run_is_written_down_as_a_program_into_a_new_folder_only(capsys, toy, tmp_path):
    toy_run(toy, name="night")
    assert answer(capsys, "runs", "script", "night", str(tmp_path / "alone"))["files"] == ["train.py", "numbers.txt"]
    assert (tmp_path / "alone" / "train.py").read_text() == "print('toy')\n"
    code, _out, err = run(capsys, "runs", "script", "night", str(tmp_path / "alone"))
    assert code == 2
    assert "not empty" in err
