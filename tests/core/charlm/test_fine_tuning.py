"""A finished character model goes on with another text: old numbers and weights stay, new ones follow."""

import json
import shutil

import numpy as np
import pytest

from core.bundles.bundle import export, import_bundle
from core.bundles.program import write_script
from core.charlm.config import CharLMConfig
from core.charlm.data.earlier import Earlier
from core.charlm.data.prepare import prepare
from core.charlm.data.vocabulary import MAX_SYMBOLS, Vocabulary
from core.errors import UserError
from core.families import FAMILIES
from core.inputs import load_sources
from core.jobs.repeat_command import command
from core.jobs.rerun import create_rerun
from core.jobs.worker import work
from core.runs.checkpoint import load_arrays
from core.runs.keras_file import layer_arrays
from core.runs.run import START, Run
from core.runs.store import create, find
from core.sources import EARLIER, Source
from core.training import loop
from tests.core.charlm.test_program import python
from tests.core.commands.cli import answer, run

OLD = "The lamp is lit, the ships come home, the sea is grey and green.\n" * 40
NEW = "Größer rollt das Meer; 海の上を鳥が飛ぶ。 The lamp is lit.\n" * 40
SMALL = {"units": 8, "embedding": 4, "window": 10, "batch_size": 4, "steps": 12, "epochs": None}
FLAGS = ("--steps", "12", "--window", "10", "--batch-size", "4")


def finished(folder, **options):
    """A finished run on the old text."""
    made = create(CharLMConfig(**SMALL | options), [Source("old.txt", OLD.encode())], name="old", directory=folder)
    assert work(made).state == "finished"
    return made


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("old")).path


@pytest.fixture
def old(trained, runs_folder):
    return Run(shutil.copytree(trained, runs_folder / "old"))


@pytest.fixture
def new_text(tmp_path):
    path = tmp_path / "new.txt"
    path.write_text(NEW, "utf-8")
    return str(path)


def assert_same_weights(one, two):
    for layer, arrays in layer_arrays(one.model_path).items():
        for left, right in zip(arrays, layer_arrays(two.model_path)[layer], strict=True):
            np.testing.assert_array_equal(left, right)


def onward(capsys, new_text, *options):
    """A run that goes on from the old one, and what the command line says of it."""
    made = answer(capsys, "train", "charlm", "--text", new_text, "--from", "old", "--name", "new", *FLAGS, *options)
    return find("new"), made


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"cell": "rnn", "embedding": 0},
        pytest.param({"cell": "gru", "layers": 2, "embedding": 0}, marks=pytest.mark.exhaustive),
    ],
    ids=["lstm", "rnn", "gru"],
)
def test_old_weights_are_kept_and_new_ones_begin_as_the_initializers_say(capsys, runs_folder, new_text, shape):
    old = finished(runs_folder, **shape)
    new, after = onward(capsys, new_text)
    kept, grown = (tuple(item.read_json("vocabulary.json")["symbols"]) for item in (old, new))
    V, W = len(kept), len(grown)
    assert grown[:V] == kept
    assert set("öß海M;") <= set(grown[V:])
    weights = load_arrays(new.path / START)[0]
    kernel, bias = layer_arrays(old.model_path)["logits"]
    np.testing.assert_array_equal(weights["model/logits/kernel"][:, :V], kernel)
    np.testing.assert_array_equal(weights["model/logits/bias"], [*bias, *np.zeros(W - V)])
    limit = np.sqrt(6 / (8 + W))
    assert 0.8 * limit < np.abs(weights["model/logits/kernel"][:, V:]).max() <= limit
    cells = {"rnn": "simple_rnn_cell", "gru": "gru_cell"}
    input_kernel = f"{shape.get('cell')}_1/{cells.get(str(shape.get('cell')))}/kernel"
    table = weights[f"model/{input_kernel if shape else 'embedding/embeddings'}"]
    limit = np.sqrt(6 / (table.shape[1] + W)) if shape else 0.05
    assert len(table) == W
    assert 0.7 * limit < np.abs(table[V:]).max() <= limit
    assert after["val_loss_nats"] > 0
    # The start is the old network but for the share that the new symbols' outputs take.
    more = after["earlier_val_loss_nats_before"] - old.report["val_loss_nats"]
    assert 0 < more < np.log(W / V) + 1
    rows = [row for row in new.metrics() if "val_loss" in row]
    assert all("earlier_val_loss" in row for row in rows)
    assert after["earlier_val_loss_nats"] == pytest.approx(
        next(row["earlier_val_loss"] for row in rows if row["step"] == after["best_step"]), abs=1e-5
    )
    assert new.config["origin"] == {"run": "old", "changed": []}


def test_without_new_symbols_the_start_is_the_old_network(capsys, old, tmp_path):
    (tmp_path / "same.txt").write_text(OLD[::-1])
    _new, after = onward(capsys, str(tmp_path / "same.txt"))
    assert after["earlier_val_loss_nats_before"] == pytest.approx(old.report["val_loss_nats"], abs=1e-6)


def test_it_is_repeated_taken_along_and_exported_as_any_branch(capsys, old, new_text, tmp_path):
    new, made = onward(capsys, new_text)
    shutil.rmtree(old.path)
    assert command(new) == "python -m core runs again new"
    again = find(answer(capsys, *command(new).split()[3:])["run"])
    assert_same_weights(new, again)
    assert again.report["earlier_val_loss_nats"] == made["earlier_val_loss_nats"]
    export(new, tmp_path / "new.zip", data=True)
    taken = import_bundle(tmp_path / "new.zip")
    assert prepare(taken.sources(), taken.options).vocabulary == prepare(new.sources(), new.options).vocabulary
    assert (taken.path / START).read_bytes() == (new.path / START).read_bytes()
    plain = load_sources(["run:new"], FAMILIES["charlm"])[0]
    assert [item.role for item in plain] == ["train"]


def test_stopped_and_continued_it_ends_at_the_same_weights(capsys, old, new_text, monkeypatch):
    monkeypatch.setattr(loop, "STATUS_SECONDS", 0.0)
    new, _made = onward(capsys, new_text)
    again = create_rerun(new, {})
    status = work(again, lambda status: again.request_stop() if status.step >= 5 else None)
    assert status.state == "stopped"
    assert 5 <= status.step < 12
    again.clear_stop()
    assert work(again).state == "finished"
    assert_same_weights(new, again)


def test_the_exported_program_begins_from_the_same_weights(capsys, old, new_text, tmp_path):
    new, _made = onward(capsys, new_text, "--learning-rate", "1e-12")
    write_script(new, tmp_path / "alone")
    said = python(tmp_path / "alone", "train.py", "2")
    first = next(row["val_loss"] for row in new.metrics() if "val_loss" in row)
    assert float(said.rsplit("best ", 1)[1]) == pytest.approx(first, abs=1e-3)


def test_a_run_whose_data_is_gone_goes_on_and_says_what_is_not_measured(capsys, old, new_text):
    next((old.path / "data").iterdir()).unlink()
    _new, made = onward(capsys, new_text)
    assert "earlier_val_loss_nats" not in made
    assert any("is not measured" in note for note in made["notes"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "old", "--units", "9"), "keeps its units of 8: 9 does not match"),
        (("--from", "old", "--cell", "gru"), "keeps its cell of lstm"),
        (("--from", "old", "--seeds", "0,1"), "leave out --sweep and --seeds"),
        (("--from", "nobody"), "There is no run"),
        (("--from", "digits"), "of the family gan"),
        (("--from", "untrained"), "no trained model"),
        (("--from", "damaged"), "damaged"),
    ],
)
def test_what_does_not_match_is_said_before_there_is_a_run(capsys, old, runs_folder, new_text, words, said):
    for name in ("digits", "untrained", "damaged"):
        shutil.copytree(old.path, runs_folder / name)
    config = json.loads((runs_folder / "digits" / "config.json").read_text())
    (runs_folder / "digits" / "config.json").write_text(json.dumps(config | {"family": "gan", "options": {}}))
    (runs_folder / "untrained" / "model.keras").unlink()
    (runs_folder / "damaged" / "model.keras").write_bytes(b"PK")
    before = sorted(runs_folder.iterdir())
    code, _out, errors = run(capsys, "train", "charlm", "--text", new_text, *words)
    assert code == 2
    assert said in errors
    assert sorted(runs_folder.iterdir()) == before


def test_a_vocabulary_beyond_the_limit_and_a_damaged_one_are_refused():
    kept = Earlier("old", Vocabulary(("\ufffd", *map(chr, range(0x4E00, 0x4E00 + MAX_SYMBOLS)))), None)
    with pytest.raises(UserError, match="20,001 characters, more than 20,000"):
        kept.extended(Vocabulary(("\ufffd", "a")), [])
    for data in (b"", b"[" * 100_000, b"{}", b'{"version": 1, "symbols": ["a", "a"]}'):
        with pytest.raises(UserError):
            Earlier.of([Source("earlier.json", data, EARLIER)])


def test_only_a_family_that_goes_on_from_a_run_has_the_flag(capsys):
    for family in FAMILIES.values():
        code, out, _errors = run(capsys, "train", family.key, "--help")
        assert code == 0
        assert ("--from RUN" in out) == family.fine_tunes
