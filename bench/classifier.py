"""The Transformer classifier against PyTorch, stock Keras and linear models.

Speed: each contender runs in its own process and they are measured in turn, for several rounds; the best round of
each counts, so that other load on the machine affects all alike. All read the same batches of SST-2 (or, without
HIDDEN_STATE_DATA, of synthetic texts of the same lengths). Quality: accuracy on the test data, mean of 3 seeds, which
takes about an hour.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.classifier_data import sources
from bench.contender import Burst, serve, take_turns

ROOT = Path(__file__).resolve().parents[1]
Row = dict[str, Any]

BLOCKS, D, HEADS, F, B, LIMIT = 2, 64, 4, 128, 32, 64
TRAINING = "training 2 blocks × 64 wide, 4 heads, batch 32, SST-2's lengths"
PREDICTING = "predicting 10,000 texts of SST-2's lengths"
QUALITY = {
    "sst-2": "SST-2, test accuracy",
    "waimai": "takeaway reviews (zh), test accuracy",
    "imdb": "IMDB, test accuracy",
}
SEEDS = (0, 1, 2)


# The data -------------------------------------------------------------------------------------------------------------
def options(**changes: Any) -> Any:
    from core.classifier.config import ClassifierConfig

    shape: dict[str, Any] = {
        "blocks": BLOCKS,
        "width": D,
        "heads": HEADS,
        "feed_forward": F,
        "batch_size": B,
        "max_tokens": LIMIT,
    }
    return ClassifierConfig(**shape, **{"dropout": 0.1, "weight_decay": 0.01, "distillation": 0.0} | changes)


def batches() -> tuple[Any, np.ndarray, int]:
    """Return the batches, the labels and the vocabulary size, without importing TensorFlow."""
    from core.classifier.data.batches import Batches
    from core.classifier.data.encode import encode
    from core.classifier.data.prepare import prepare
    from core.classifier.data.tokenizer import learn_vocabulary

    config = options()
    data = prepare(sources("sst-2"), config)
    texts, y = data.part("train")
    tokens = [data.tokenizer(text) for text in texts]
    vocabulary, _unknown = learn_vocabulary(tokens, data.tokenizer, config.vocabulary, config.min_count)
    return Batches(encode(tokens, vocabulary, config), B, 0), y, len(vocabulary)


def padded_batch(plan: Any, rows: np.ndarray) -> np.ndarray:
    from core.classifier.data.batches import padded

    return padded([plan.flat[plan.starts[row] : plan.starts[row] + plan.lengths[row]] for row in rows])


# Training -------------------------------------------------------------------------------------------------------------
def train_ours() -> Burst:
    from core.classifier.training.train import make_task
    from core.runs.store import create

    run = create(options(steps=1), sources("sst-2"), name="speed", directory=tempfile.mkdtemp())
    task, step = make_task(run), 0

    def burst(count: int = 200) -> float:
        nonlocal step
        began = time.perf_counter()
        task.train(step, np.ones(count, np.float32))
        step += count
        return count * B / (time.perf_counter() - began)

    burst(20)
    return burst


def train_keras() -> Burst:
    import keras
    import tensorflow as tf

    from core.classifier.training.model import build

    plan, y, V = batches()
    model = build(options(), V, 2)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=0.01, global_clipnorm=1.0), loss)
    step = 0

    def stream() -> Any:
        nonlocal step
        while True:
            rows = plan.rows(step, 1)[0]
            step += 1
            yield padded_batch(plan, rows), y[rows]

    shapes = (tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None,), tf.int32))
    data = tf.data.Dataset.from_generator(stream, output_signature=shapes).prefetch(4)

    def burst(count: int = 100) -> float:
        began = time.perf_counter()
        model.fit(data, steps_per_epoch=count, verbose=0)
        return count * B / (time.perf_counter() - began)

    burst(20)
    return burst


def train_torch() -> Burst:
    import torch

    plan, labels, V = batches()
    model, y = torch_model(V), torch.tensor(labels, dtype=torch.long)
    model.train()
    optimizer, step = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.01), 0

    def burst(count: int = 200) -> float:
        nonlocal step
        began = time.perf_counter()
        for rows in plan.rows(step, count):
            loss = torch.nn.functional.cross_entropy(model(torch.from_numpy(padded_batch(plan, rows))), y[rows])
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        step += count
        return count * B / (time.perf_counter() - began)

    burst(20)
    return burst


def torch_model(V: int) -> Any:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = torch.nn.Embedding(V, D), torch.nn.Embedding(LIMIT + 1, D)
            layer = torch.nn.TransformerEncoderLayer(D, HEADS, F, 0.1, "gelu", batch_first=True)
            self.encoder = torch.nn.TransformerEncoder(layer, BLOCKS, enable_nested_tensor=False)
            self.logits = torch.nn.Linear(D, 2)

        def forward(self, ids: Any) -> Any:
            padding = ids == 0
            x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
            x = self.encoder(x, src_key_padding_mask=padding)
            real = (~padding).unsqueeze(-1)
            return self.logits((x * real).sum(1) / real.sum(1))

    return Model()


# Predicting -----------------------------------------------------------------------------------------------------------
def some_texts() -> list[str]:
    from core.classifier.data.prepare import prepare

    texts = prepare(sources("sst-2"), options()).part("train")[0]
    return (texts * 2)[:10_000]


def predict_ours() -> Burst:
    from core.classifier.inference.classify import load_classifier
    from core.jobs.worker import work
    from core.runs.store import create

    run = create(options(steps=5), sources("sst-2"), name="speed", directory=tempfile.mkdtemp())
    work(run)
    classifier, texts = load_classifier(run), some_texts()

    def burst() -> float:
        began = time.perf_counter()
        classifier.probabilities(texts)
        return len(texts) / (time.perf_counter() - began)

    burst()
    return burst


def predict_torch() -> Burst:
    """Predict the same tokens with PyTorch, in the same batches of similar length."""
    import torch

    from core.classifier.data.batches import by_length, padded
    from core.classifier.data.encode import encode
    from core.classifier.data.prepare import prepare
    from core.classifier.data.tokenizer import learn_vocabulary

    config = options()
    data, texts = prepare(sources("sst-2"), config), some_texts()
    tokens = [data.tokenizer(text) for text in data.part("train")[0]]
    vocabulary, _unknown = learn_vocabulary(tokens, data.tokenizer, config.vocabulary, config.min_count)
    model = torch_model(len(vocabulary)).eval()

    @torch.inference_mode()
    def burst() -> float:
        began = time.perf_counter()
        encoded = encode([data.tokenizer(text) for text in texts], vocabulary, config)
        for places in by_length(encoded):
            torch.softmax(model(torch.from_numpy(padded([encoded[at] for at in places]))), 1).numpy()
        return len(texts) / (time.perf_counter() - began)

    burst()
    return burst


CONTENDERS: dict[tuple[str, str], Callable[[], Burst]] = {
    (TRAINING, "hidden-state"): train_ours,
    (TRAINING, "keras-stock"): train_keras,
    (TRAINING, "pytorch"): train_torch,
    (PREDICTING, "hidden-state"): predict_ours,
    (PREDICTING, "pytorch"): predict_torch,
}


# Turns ---------------------------------------------------------------------------------------------------------------
def compete(work: str, rounds: int) -> list[Row]:
    found = take_turns("bench.classifier", CONTENDERS, work, rounds)
    return [{"work": work, "who": item.who, "value": item.best, "unit": "texts/s"} for item in found]


# Quality --------------------------------------------------------------------------------------------------------------
def quality(name: str, preset_name: str, seeds: tuple[int, ...]) -> list[Row]:
    """Return the mean test accuracy over the seeds of the network and of the best linear baseline by validation."""
    from core.classifier.config import preset
    from core.classifier.data.prepare import sizes
    from core.jobs.worker import work as train
    from core.runs.store import create

    files, work, reports = sources(name), QUALITY[name], []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            config = preset(preset_name, **sizes(files, options())).model_copy(update={"seed": seed})
            run = create(config, files, name=name, directory=folder)
            train(run)
            reports.append(run.report | {"folder_mb": run.size() / 1e6})
            print(json.dumps({"work": work, "seed": seed} | reports[-1], ensure_ascii=False), file=sys.stderr)
    linear = [
        max(
            (item for key, item in report["baselines"].items() if key != "majority"),
            key=lambda one: one["val_accuracy"],
        )
        for report in reports
    ]

    def mean(values: Any) -> float:
        return float(np.mean(list(values)))

    work = f"{work}, preset {preset_name}, mean of {len(seeds)} seed(s)"
    return [
        {"work": work, "who": "hidden-state", "value": 100 * mean(r["test_accuracy"] for r in reports), "unit": "%"},
        {"work": work, "who": "linear-baseline", "value": 100 * mean(b["test_accuracy"] for b in linear), "unit": "%"},
        {"work": f"time, {work}", "who": "hidden-state", "value": mean(r["seconds"] for r in reports), "unit": "s"},
        {
            "work": f"run folder, {work}",
            "who": "hidden-state",
            "value": mean(r["folder_mb"] for r in reports),
            "unit": "MB",
        },
    ]


def run(quick: bool = False, only: str = "") -> list[Row]:
    """Return the rows of the table whose work contains `only`."""
    rows: list[Row] = []
    for work in (TRAINING, PREDICTING):
        if only in work:
            rows += compete(work, rounds=3 if quick else 9)
    if not os.environ.get("HIDDEN_STATE_DATA"):
        print("HIDDEN_STATE_DATA names no folder with the data sets: the quality rows are left out.", file=sys.stderr)
        return rows
    for name in ("sst-2",) if quick and not only else QUALITY:
        if only in QUALITY[name]:
            rows += quality(name, "quick" if quick else "balanced", SEEDS[:1] if quick else SEEDS)
    return rows


if __name__ == "__main__":
    serve(CONTENDERS, *sys.argv[1:3])
