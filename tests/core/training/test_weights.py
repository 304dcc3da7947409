"""Weights are loaded as validated arrays only; nothing else in a file has any effect."""

import time
import tracemalloc
from pathlib import Path

import keras
import numpy as np
import pytest

from core.errors import UserError
from core.runs.keras_file import ForeignFileError, check_config, check_file
from core.training.weights import load_weights
from tests.core.bundles import hostile
from tests.selection import sampled


def build() -> keras.Model:
    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(10, 4, name="embedding")(ids)
    x = keras.layers.LSTM(3, return_sequences=True, name="lstm_1")(x)
    x = keras.layers.Dropout(0.2)(x)
    x = keras.layers.MultiHeadAttention(2, 4, name="attention")(x, x)
    x = keras.layers.BatchNormalization()(x + 1.0)
    return keras.Model(ids, keras.layers.Dense(10, activation="gelu", name="logits")(x))


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[keras.Model, bytes]:
    model = build()
    for variable in model.variables:
        if variable.dtype == "float32":
            variable.assign(np.random.default_rng(len(variable.path)).normal(size=variable.shape))
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return model, path.read_bytes()


@pytest.fixture
def file(trained, tmp_path) -> Path:
    path = tmp_path / "model.keras"
    path.write_bytes(trained[1])
    return path


def untouched(model: keras.Model, before: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))


def test_the_weights_are_those_of_the_file(trained, file):
    model = build()
    load_weights(model, file)
    assert untouched(model, trained[0].get_weights())
    check_file(file)


def test_a_file_that_is_not_there_says_that_training_is_needed(tmp_path):
    with pytest.raises(UserError, match="let it train"):
        load_weights(build(), tmp_path / "model.keras")


@pytest.mark.parametrize("attack", sampled(hostile.CONFIGS, sorted(set(hostile.CONFIGS) - hostile.LARGE)))
def test_a_configuration_that_names_more_than_stock_layers_is_refused(file, attack, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    hostile.changed_config(file, hostile.CONFIGS[attack])
    refused(file)


@pytest.mark.parametrize(
    "attack", sampled(hostile.NO_PLAIN_ARRAYS, sorted(set(hostile.NO_PLAIN_ARRAYS) - hostile.LARGE))
)
def test_weights_that_are_no_plain_arrays_are_refused(file, attack):
    hostile.changed_weights(file, hostile.WEIGHTS[attack])
    refused(file)


@pytest.mark.parametrize("attack", sorted(hostile.FITS_ELSEWHERE))
def test_weights_of_another_network_are_refused_and_said_to_be(file, attack):
    hostile.changed_weights(file, hostile.WEIGHTS[attack])
    check_file(file)
    model = build()
    before = model.get_weights()
    with pytest.raises(UserError, match=r"arrays are not those|is needed"):
        load_weights(model, file)
    assert untouched(model, before)


@pytest.mark.parametrize("attack", hostile.archives(dict.fromkeys(("config.json", "model.weights.h5"), b"x")))
def test_an_archive_that_is_not_what_it_says_is_refused(file, attack):
    file.write_bytes(hostile.archives(hostile.parts(file))[attack])
    refused(file)


def refused(file: Path) -> None:
    """Assert that check and loader reject it quickly, with little memory and one sentence, without any change."""
    model = build()
    before = model.get_weights()
    tracemalloc.start()
    began = time.monotonic()
    try:
        with pytest.raises((ForeignFileError, OSError)):
            check_file(file)
        with pytest.raises(UserError, match="cannot be used") as error:
            load_weights(model, file)
        assert time.monotonic() - began < 100
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
    assert len(str(error.value)) < 400
    assert untouched(model, before)
    assert not (Path.cwd() / hostile.MARK).exists()
    assert not (file.parent / hostile.MARK).exists()
    assert not (file.parent.parent / hostile.MARK).exists()


def test_any_flipped_byte_is_refused_or_harmless(trained, file):
    rng = np.random.default_rng(0)
    whole, shapes = trained[1], [array.shape for array in trained[0].get_weights()]
    model = build()
    for place in rng.integers(0, len(whole), 30):
        broken = bytearray(whole)
        broken[place] ^= int(rng.integers(1, 256))
        file.write_bytes(broken)
        try:
            load_weights(model, file)
        except UserError:
            continue
        assert [array.shape for array in model.get_weights()] == shapes


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{", b"[" * 10_000, b'{"class_name": "Functional", "module": "os"}']
)
def test_a_configuration_that_is_none_is_refused(content):
    with pytest.raises(ForeignFileError):
        check_config(content)
