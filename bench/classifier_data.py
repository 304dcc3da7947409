"""The data sets that the classifier is measured on: real ones, or synthetic texts of the same lengths."""

import csv
import io
import os
from pathlib import Path
from typing import Any

import numpy as np


def sources(name: str) -> list[Any]:
    """Return the parts of a real data set, or synthetic data without HIDDEN_STATE_DATA."""
    from core.sources import Source

    folder = os.environ.get("HIDDEN_STATE_DATA")
    if not folder:
        return [synthetic()]
    parts = {
        "sst-2": {"sst2_train.tsv": "train", "sst2_dev.tsv": "validation", "sst2_test.tsv": "test"},
        "waimai": {"waimai_10k.csv": "train"},
        "imdb": {"imdb_train.csv.gz": "train", "imdb_test.csv.gz": "test"},
    }
    return [Source(file, (Path(folder) / file).read_bytes(), role) for file, role in parts[name].items()]


def synthetic() -> Any:
    """Return 7,000 rows of random words, with the vocabulary size and the sentence lengths of SST-2."""
    from core.sources import Source

    rng = np.random.default_rng(0)
    lengths = np.clip(rng.lognormal(2.85, 0.5, 7000), 2, 52).astype(int)
    words = [f"w{number}" for number in np.minimum(rng.zipf(1.3, lengths.sum()), 14_000)]
    out, at = io.StringIO(), 0
    writer = csv.writer(out)
    writer.writerow(["text", "label"])
    for number, length in enumerate(lengths):
        writer.writerow([" ".join([f"n{number}", *words[at : at + length]]), "ab"[number % 2]])
        at += length
    return Source("made-up.csv", out.getvalue().encode())
