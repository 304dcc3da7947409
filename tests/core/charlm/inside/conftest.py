import numpy as np
import pytest

from core.charlm.config import CharLMConfig
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inside.numpy_network import NumpyNetwork
from core.charlm.training.model import build

LETTERS = Vocabulary(("\ufffd", "\n", " ", *"abcdefghij"))


@pytest.fixture(params=["lstm", "gru", "rnn"])
def cell(request) -> str:
    return request.param


def trained(cell: str = "lstm", seed: int = 1, **options):
    """A small model whose weights are large enough for gates to open and close; (model, config)."""
    config = CharLMConfig(**{"cell": cell, "units": 12, "layers": 2, "embedding": 5, "seed": seed} | options)
    model = build(config, len(LETTERS))
    gain = 1.1 if cell == "rnn" else 2.0  # more would make the simple RNN chaotic, and every comparison with it
    rng = np.random.default_rng(seed)
    model.set_weights([
        array if array.dtype.kind == "u" else (array * gain + rng.normal(0, 0.3, array.shape)).astype(array.dtype)
        for array in model.get_weights()
    ])  # fmt: skip
    return model, config


@pytest.fixture
def model_and_network(cell):
    model, config = trained(cell)
    return model, NumpyNetwork.from_keras(model, config.cell)


@pytest.fixture
def letters() -> Vocabulary:
    return LETTERS
