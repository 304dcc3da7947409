"""Trains the tiny encoder–decoders that the attention page ships with, in Keras' own layers.

    python -m core.lab.encoder_decoder_training reverse add --output core/lab/data

writes reverse.npz and add.npz (float16, one array a weight) and prints the share of unseen sources that come out right,
about two minutes each on two cores. The same seed draws the same strings; the last digits depend on the machine.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from core.lab.encoder_decoder import DATA, END, FEATURES, HEADS, START, TASKS, Task, decode, indices
from core.lab.encoder_decoder_keras import build

BATCH = 256
STEPS = {"reverse": 1500, "add": 6000}


def sources(task: Task, seed: int = 0) -> tuple[list[str], list[str]]:
    """Sources to train on and unseen ones: 15 % of all sums, or 1,000 words of 4 to 8 letters."""
    rng = np.random.default_rng(seed)
    if task.key == "add":
        held = rng.random((100, 100)) < 0.15
        every = [(a, b) for a in range(100) for b in range(100)]
        return [f"{a}+{b}" for a, b in every if not held[a, b]], [f"{a}+{b}" for a, b in every if held[a, b]]

    def words(count: int, shortest: int) -> list[str]:
        lengths = rng.integers(shortest, task.source_length + 1, size=count).tolist()
        letters = rng.integers(3, len(task.symbols), size=(count, task.source_length)).tolist()
        return ["".join(task.symbols[i] for i in row[:n]) for row, n in zip(letters, lengths, strict=True)]

    known = words(60_000, 1)
    return known, sorted(set(words(1000, 4)) - set(known))


def arrays(task: Task, some: Iterable[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Source indices (B, S), targets to read (B, T) and to write (B, T)."""
    texts = [(source, START + task.answer(source) + END) for source in some]
    full = np.array([indices(task, target, task.target_length + 1) for _source, target in texts])
    return np.array([indices(task, source, task.source_length) for source, _target in texts]), full[:, :-1], full[:, 1:]


def train(task: Task, steps: int, seed: int) -> Any:
    """Adam with warm-up and a cosine, on teacher-forced targets; padding counts nothing."""
    from core.backend import keras

    def loss(wanted: Any, logits: Any) -> Any:
        counts = keras.ops.cast(wanted > 0, "float32")
        each = keras.losses.sparse_categorical_crossentropy(wanted, logits, from_logits=True)
        return keras.ops.sum(each * counts) / keras.ops.sum(counts)

    keras.utils.set_random_seed(seed)
    model = build(len(task.symbols), task.source_length, task.target_length, FEATURES, HEADS, "float32")
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps - 100, warmup_target=5e-3, warmup_steps=100)
    learner = keras.Model(model.inputs, model.outputs[0])
    learner.compile(keras.optimizers.Adam(rate, clipnorm=1.0), loss)
    source, read, write = arrays(task, sources(task, seed)[0])
    drawn = np.random.default_rng(seed).integers(len(source), size=steps * BATCH)
    learner.fit([source[drawn], read[drawn]], write[drawn], batch_size=BATCH, verbose=2)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", choices=tuple(TASKS))
    parser.add_argument("--steps", type=int, help="training steps, instead of the task's own number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=DATA)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for key in options.tasks:
        model = train(TASKS[key], options.steps or STEPS[key], options.seed)
        weights = {layer.name: [w.astype(np.float16) for w in layer.get_weights()] for layer in model.layers}
        named = {f"{name}.{i}": w for name, ws in weights.items() for i, w in enumerate(ws)}
        np.savez_compressed(options.output / f"{key}.npz", **named)  # type: ignore[arg-type]
        stored = {name: [w.astype(np.float64) for w in ws] for name, ws in weights.items() if ws}
        unseen = sources(TASKS[key], options.seed)[1][::3]
        share = np.mean([decode(key, source, weights=stored).right for source in unseen])
        print(
            f"{key}: {share:.1%} of {len(unseen)} unseen sources right, {sum(w.size for w in named.values())} weights"
        )


if __name__ == "__main__":
    main()
