import numpy as np
import pytest

from core.charlm.config import CharLMConfig
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.request import Settings
from core.charlm.inference.write import TextWriter
from core.charlm.inside.copying import compare
from core.charlm.inside.film_strip import FilmStrip, assign_snapshot, kept_steps, latest_step
from core.charlm.inside.open_run import open_run, training_text
from core.charlm.training.model import build
from core.errors import UserError
from core.runs.checkpoint import save_arrays
from core.runs.store import create
from core.sources import Source

TEXT = "the cat sat on the mat and looked at the sea.\n" * 60
SETTINGS = Settings(length=80, seed=1)


def weights_of(model):
    return {f"model/{item.path}": np.asarray(item).copy() for item in model.variables if "seed" not in item.path}


def decided(model):
    """The model with weights so large that it has preferences."""
    model.set_weights([array if array.dtype.kind == "u" else array * 4 for array in model.get_weights()])
    return model


@pytest.fixture
def run(tmp_path):
    """A run as training leaves it: a model, and the weights of two steps."""
    config = CharLMConfig(units=8, embedding=4, layers=2, dropout=0.2)
    run = create(config, [Source("a.txt", TEXT.encode())], name="film", directory=tmp_path)
    vocabulary = training_text(run).vocabulary
    run.write_json("vocabulary.json", vocabulary.to_json())
    (run.path / "snapshots").mkdir()
    for seed, step in ((1, 10), (2, 200)):
        model = decided(build(config, len(vocabulary), seed))
        save_arrays(run.path / "snapshots" / f"step-{step:010d}.npz", weights_of(model), {"step": step})
    model.save(run.model_path)
    return run


def test_each_frame_is_what_the_kept_weights_write(run):
    film = FilmStrip(run)
    assert film.steps == [10, 200]
    vocabulary = Vocabulary.from_json(run.read_json("vocabulary.json"))
    texts = {}
    for seed, step in ((1, 10), (2, 200)):
        writer = TextWriter(decided(build(run.options, len(vocabulary), seed)), run.options, vocabulary)
        texts[step] = writer.write("the ", SETTINGS)[0]
    for step in (200, 10, 10, 200):
        assert film.text(step, "the ", SETTINGS) == texts[step]
    assert texts[10] != texts[200]


def test_a_run_without_kept_weights_says_so(run):
    for path in (run.path / "snapshots").iterdir():
        path.unlink()
    with pytest.raises(UserError, match="keeps no weights"):
        FilmStrip(run)
    with pytest.raises(UserError, match="keeps no weights"):
        kept_steps(run)


def test_weights_of_another_network_are_refused_and_nothing_changes(run):
    film = FilmStrip(run)
    other = build(CharLMConfig(units=9, embedding=4, layers=2), len(training_text(run).vocabulary))
    before = film.text(10, "", SETTINGS)
    save_arrays(run.path / "snapshots" / "step-0000000200.npz", weights_of(other), {"step": 200})
    with pytest.raises(UserError, match="do not fit"):
        film.text(200, "", SETTINGS)
    assert film.text(10, "", SETTINGS) == before
    with pytest.raises(UserError, match="step 11"):
        film.text(11, "", SETTINGS)
    with pytest.raises(UserError, match="do not fit"):
        assign_snapshot(other, {}, 3)


def test_the_nearest_step_is_the_last_one_before():
    assert [latest_step([10, 20, 30], step) for step in (5, 10, 29, 99)] == [10, 10, 20, 30]


def test_an_opened_run_writes_reads_and_compares(run):
    opened, text = open_run(run), training_text(run)
    model = decided(build(run.options, len(opened.vocabulary), 2))
    assert opened.writer.write("the ", SETTINGS) == TextWriter(model, run.options, opened.vocabulary).write(
        "the ", SETTINGS
    )
    assert len(opened.read("the cat")) == 7
    found = compare("mmm the cat sat on the mat", text, run.options)
    assert found.longest is not None
    assert found.longest.length == len("the cat sat on the mat")
    assert opened.suggestions().characters("the ", 1.0)


def test_a_run_that_is_gone_or_has_no_model_is_said(run):
    model = run.model_path.read_bytes()
    run.model_path.unlink()
    with pytest.raises(UserError, match="no trained model"):
        open_run(run)
    run.model_path.write_bytes(model[: len(model) // 2])
    with pytest.raises(UserError, match="damaged"):
        open_run(run)
    run.path.rename(run.path.with_name(".gone"))
    with pytest.raises(UserError, match="does not exist any more"):
        open_run(run)
