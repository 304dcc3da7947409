import zipfile

from toy_family import toy_run

from commands.cli import answer, run
from core.runs.bin import binned
from core.runs.store import find, list_runs


def test_a_run_goes_out_and_comes_in_by_two_commands(capsys, toy, tmp_path):
    toy_run(toy, name="night")
    out = tmp_path / "night.zip"
    sent = answer(capsys, "runs", "export", "night", str(out), "--data")
    assert sent["size"] == out.stat().st_size
    assert "data/00000.txt" in zipfile.ZipFile(out).namelist()
    answer(capsys, "runs", "delete", "night")
    assert len(binned()) == 1
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
