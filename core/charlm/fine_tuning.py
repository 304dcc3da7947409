"""A character model goes on with another text: its vocabulary grows, and so do the weights that belong to a symbol."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.charlm.config import CharLMConfig
from core.charlm.data.earlier import Earlier
from core.charlm.data.prepare import prepare
from core.charlm.data.vocabulary import Vocabulary
from core.errors import UserError
from core.runs import policy
from core.runs.checkpoint import Arrays
from core.runs.run import Run
from core.sources import Source
from core.training.grow import grow, named, unfit

KEPT = ("cell", "layers", "units", "embedding", "lowercase", "nfkc")
CELLS = {"lstm": "lstm_cell", "gru": "gru_cell", "rnn": "simple_rnn_cell"}
RANGE = 0.05  # of keras.initializers.RandomUniform, which begins an embedding


def earlier(run: Run) -> dict[str, Any]:
    """The vocabulary of `run`, and the validation part of its text where its data is still there."""
    vocabulary = Vocabulary.from_json(run.read_json("vocabulary.json"))
    try:
        ids = policy.current().read(prepare, run.sources(), run.options, run_folder=run.path).split()[1]
        validation = vocabulary.decode(ids)
    except (UserError, IndexError):
        validation = None
    return vocabulary.to_json() | {"run": run.name, "validation": validation}


def start(run: Run, sources: Sequence[Source], options: CharLMConfig) -> Arrays:
    """The weights of `run` by variable name; those of new symbols are drawn as the layers' initializers do."""
    vocabulary = policy.current().read(prepare, sources, options).vocabulary
    kept = Earlier.of(sources)
    before, V = len(kept.vocabulary) if kept else 0, len(vocabulary)
    names = {
        f"{options.cell}_{number}": [f"{CELLS[options.cell]}/{name}" for name in ("kernel", "recurrent_kernel", "bias")]
        for number in range(1, options.layers + 1)
    }
    names |= {"logits": ["kernel", "bias"]} | ({"embedding": ["embeddings"]} if options.embedding else {})
    found = named(run, names)
    dice = np.random.default_rng(options.seed)
    table = "embedding/embeddings" if options.embedding else f"{options.cell}_1/{CELLS[options.cell]}/kernel"
    for name, axis in ((table, 0), ("logits/kernel", 1), ("logits/bias", 0)):
        old = found[f"model/{name}"]
        if old.shape[axis] != before:
            raise unfit(run)
        limit = RANGE if options.embedding and name == table else None
        found[f"model/{name}"] = grow(old, V, axis, dice, limit)
    return found
