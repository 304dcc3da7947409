"""The character model against stock Keras, PyTorch and the notes' recipe.

Each contender runs in its own process with its default number of threads. They are measured in turn, for several
rounds, and the best round of each counts, so that other load on the machine affects all alike. PyTorch is included if
it can be imported, or with the interpreter that BENCH_TORCH_PYTHON names.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.contender import Burst, serve, take_turns

ROOT = Path(__file__).resolve().parents[1]
V, B, T, U, LAYERS = 65, 64, 100, 256, 2
TRAINING = "training 2×256, batch 64×100"
WRITING = "writing one text, 1×256"
LEARNING = "tinyshakespeare, preset quick"


# Training ----------------------------------------------------------------------------------------------------------
def train_ours(precision: str) -> Burst:
    import tensorflow as tf

    from core.charlm.config import CharLMConfig
    from core.charlm.training import precision as machine
    from core.charlm.training.model import build
    from core.charlm.training.step import Steps

    machine.use_single_threaded_ops()
    config = CharLMConfig(units=U, layers=LAYERS, embedding=64, batch_size=B, window=T)
    ids = np.random.default_rng(0).integers(0, V, 200_000).astype(np.int32)
    steps = Steps(build(config, V), config, ids, precision, machine.shard_count(B))

    def burst(count: int = 10) -> float:
        began = time.perf_counter()
        steps(tf.constant(0, tf.int64), tf.ones(count))[0].numpy()
        return count * B * T / (time.perf_counter() - began)

    burst(1)
    return burst


def train_keras() -> Burst:
    import keras

    ids = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(V, 64)(ids)
    for _layer in range(LAYERS):
        x = keras.layers.LSTM(U, return_sequences=True)(x)
    model = keras.Model(ids, keras.layers.Dense(V)(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(1e-3, global_clipnorm=1.0), loss)
    data = np.random.default_rng(0).integers(0, V, (8 * B, T + 1))

    def burst() -> float:
        began = time.perf_counter()
        model.fit(data[:, :-1], data[:, 1:], batch_size=B, verbose=0)
        return data.shape[0] * T / (time.perf_counter() - began)

    burst()
    return burst


def train_torch(bfloat16: bool) -> Burst:
    import torch

    model = _torch_model(LAYERS)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    data = torch.randint(0, V, (B, T + 1))

    def burst(count: int = 8) -> float:
        began = time.perf_counter()
        for _step in range(count):
            with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
                logits, _state = model(data[:, :-1])
                loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), data[:, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
        return count * B * T / (time.perf_counter() - began)

    burst(2)
    return burst


def _torch_model(layers: int) -> Any:
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(V, 64)
            self.lstm = torch.nn.LSTM(64, U, layers, batch_first=True)
            self.output = torch.nn.Linear(U, V)

        def forward(self, ids: Any, state: Any = None) -> Any:
            hidden, state = self.lstm(self.embedding(ids), state)
            return self.output(hidden), state

    return Model()


# Writing -----------------------------------------------------------------------------------------------------------
def write_ours() -> Burst:
    from core.charlm.config import CharLMConfig
    from core.charlm.data.vocabulary import UNKNOWN, Vocabulary
    from core.charlm.inference.request import Settings
    from core.charlm.inference.write import TextWriter
    from core.charlm.training.model import build

    config = CharLMConfig(units=U, layers=1)
    vocabulary = Vocabulary((UNKNOWN, "\n", *(chr(0x100 + number) for number in range(V - 2))))
    writer = TextWriter(build(config, V), config, vocabulary)

    def burst(length: int = 20_000) -> float:
        began = time.perf_counter()
        writer.write("", Settings(length=length))
        return length / (time.perf_counter() - began)

    burst(1_000)
    return burst


def write_torch() -> Burst:
    import torch

    model = _torch_model(1)

    @torch.inference_mode()
    def burst(length: int = 4_000) -> float:
        ids, state = torch.zeros((1, 1), dtype=torch.long), None
        began = time.perf_counter()
        for _character in range(length):
            logits, state = model(ids, state)
            ids = torch.multinomial(torch.softmax(logits[:, -1] / 0.8, -1), 1)
        return length / (time.perf_counter() - began)

    burst(200)
    return burst


def write_notes() -> Burst:
    import keras

    window = 100
    model = keras.Sequential([keras.Input((window, V)), keras.layers.LSTM(U), keras.layers.Dense(V, "softmax")])
    rng = np.random.default_rng(0)

    def burst(length: int = 30) -> float:
        read = np.eye(V, dtype=np.float32)[rng.integers(0, V, window)]
        began = time.perf_counter()
        for _character in range(length):
            chosen = int(model.predict(read[None], verbose=0)[0].argmax())
            read = np.concatenate([read[1:], np.eye(V, dtype=np.float32)[chosen][None]])
        return length / (time.perf_counter() - began)

    burst(2)
    return burst


CONTENDERS: dict[tuple[str, str], Callable[[], Burst]] = {
    (TRAINING, "hidden-state"): lambda: train_ours("bfloat16"),
    (TRAINING, "hidden-state float32"): lambda: train_ours("float32"),
    (TRAINING, "keras-stock"): train_keras,
    (TRAINING, "pytorch"): lambda: train_torch(False),
    (TRAINING, "pytorch bfloat16"): lambda: train_torch(True),
    (WRITING, "hidden-state"): write_ours,
    (WRITING, "pytorch"): write_torch,
    (WRITING, "notes"): write_notes,
}


# Rows ----------------------------------------------------------------------------------------------------------------
def run(quick: bool = False, only: str = "") -> list[dict[str, Any]]:
    """Return the rows of the table whose work contains `only`."""
    rows: list[dict[str, Any]] = []
    for work in (TRAINING, WRITING):
        if only in work:
            rows += compete(work, rounds=3 if quick else 9)
    data = os.environ.get("HIDDEN_STATE_DATA")
    if only in LEARNING and data:
        rows += learn(Path(data) / "tinyshakespeare.txt", 20 if quick else 100)
    return rows


def compete(work: str, rounds: int) -> list[dict[str, Any]]:
    found = take_turns("bench.charlm", CONTENDERS, work, rounds)
    rows = [{"work": work, "who": item.who, "value": item.best, "unit": "chars/s"} for item in found]
    return [*rows, {"work": f"memory, {work}", "who": found[0].who, "value": found[0].memory_mb, "unit": "MB"}]


def learn(path: Path, seconds: int) -> list[dict[str, Any]]:
    """Return the figures of preset quick on Tiny Shakespeare after `seconds` in total."""
    work = f"{LEARNING}, {seconds} s"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "core", "train", "charlm", "--text", str(path), "--preset", "quick"]
        command += ["--seconds", str(seconds), "--runs-dir", folder, "--json"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout.splitlines()[-1])
    figures = {
        "windows of 64": ("val_loss_nats", "nats"),
        "windows of 256": ("val_loss_nats_256", "nats"),
        "one carried stream": ("val_loss_nats_streaming", "nats"),
        "memory": ("peak_memory_mb", "MB"),
    }
    return [
        {"work": f"{work}, {name}", "who": "hidden-state", "value": report[key], "unit": unit}
        for name, (key, unit) in figures.items()
    ]


if __name__ == "__main__":
    serve(CONTENDERS, *sys.argv[1:3])
