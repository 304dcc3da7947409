"""Compare dense GANs: images per second, measured in turn, and Fréchet distance after the same training time on MNIST.

The quality rows take 3 seeds × 3 recipes × SECONDS (45 minutes in all) and need HIDDEN_STATE_DATA; --quick takes 20 s
a recipe and one seed. Every recipe runs in this project's compiled loop, the fastest of those measured, so that only
the recipes are compared and not their training loops.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bench.contender import Burst, serve, take_turns

Row = dict[str, Any]
BATCH, ROUNDS, TURN = 64, 5, 2.0
NOTES, COPIED_SIZES = "training speed, the notes' sizes", "training speed, 128-256-512-1024"
SECONDS, SEEDS, COMPARED = 300.0, (0, 1, 2), 10_000
# The dense GAN that most tutorials copy: binary cross-entropy, batch norm in G, Adam 2e-4 with β₁ 0.5.
COPIED: dict[str, Any] = {
    "latent": 100, "generator": "128-256-512-1024", "discriminator": "512-256", "activation": "leaky_relu",
    "norm": "batch", "loss": "non-saturating", "penalty": "off", "learning_rate": 2e-4, "beta_1": 0.5, "beta_2": 0.999,
    "ema": 0, "conditional": False, "warmup": 0, "schedule": "constant", "instance_noise": 0, "dropout": 0,
}  # fmt: skip


def run(quick: bool = False, only: str = "") -> list[Row]:
    """Return all rows whose work contains `only`."""
    found: list[Row] = []
    for work in (NOTES, COPIED_SIZES):
        if only in work:
            found += speed(work, rounds=2 if quick else ROUNDS)
    if only in "quality on MNIST":
        found += quality(20.0 if quick else SECONDS, SEEDS[:1] if quick else SEEDS)
    return found


# Speed --------------------------------------------------------------------------------------------------------------
def speed(work: str, rounds: int) -> list[Row]:
    """Return the median images per second of every contender, each measured for TURN seconds in every round."""
    found = take_turns("bench.gan", CONTENDERS, work, rounds + 1)
    # The first round compiles and warms up.
    return [
        {"work": work, "who": item.who, "value": statistics.median(item.speeds[1:]), "unit": "images/s"}
        for item in found
    ]


def torch_burst(recipe: str) -> Burst:
    from bench.gan_torch import torch_loop

    return partial(torch_loop(recipe, BATCH), TURN)


def recipe_options(recipe: str, **changes: Any) -> Any:
    from core.gan.config import GANConfig, preset

    base = GANConfig(**COPIED) if recipe == "copied" else preset(recipe, 60_000, 10)
    return base.model_copy(update={"batch_size": BATCH if recipe != "balanced" else base.batch_size} | changes)


def ours(recipe: str) -> Callable[[float], float]:
    from core.gan.training.step import BLOCK, GANSteps

    pictures = np.random.default_rng(0).integers(0, 256, (60_000, 28, 28)).astype(np.uint8)
    gan_steps = GANSteps(recipe_options(recipe), pictures, None, 0)
    factors, step = np.full(BLOCK, 1e-3, np.float32), 0

    def train(seconds: float) -> float:
        nonlocal step
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            gan_steps.train(step, factors, 10**9)
            step, done = step + BLOCK, done + BLOCK
        return done * BATCH / (time.perf_counter() - began)

    return train


def notes_loop() -> Callable[[float], float]:
    """Return the source notes' loop: predict, then train_on_batch for real, for generated, and through a frozen D."""
    import keras

    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((100,)), layers.Dense(128, activation="relu"), layers.Dense(784, activation="sigmoid")]
    )
    discriminator = keras.Sequential(
        [keras.Input((784,)), layers.Dense(128, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )
    discriminator.compile("adam", "binary_crossentropy")
    discriminator.trainable = False
    both = keras.Sequential([generator, discriminator])
    both.compile("adam", "binary_crossentropy")
    pictures = np.random.default_rng(0).random((60_000, 784), np.float32)
    one, zero, rng = np.ones((BATCH, 1)), np.zeros((BATCH, 1)), np.random.default_rng(1)

    def train(seconds: float) -> float:
        began, done = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            noise = rng.normal(size=(BATCH, 100))
            made = generator.predict(noise, verbose=0)
            discriminator.train_on_batch(pictures[rng.integers(0, len(pictures), BATCH)], one)
            discriminator.train_on_batch(made, zero)
            both.train_on_batch(noise, one)
            done += 1
        return done * BATCH / (time.perf_counter() - began)

    return train


CONTENDERS: dict[tuple[str, str], Callable[[], Burst]] = {
    (NOTES, "hidden-state"): lambda: partial(ours("notes"), TURN),
    (NOTES, "notes"): lambda: partial(notes_loop(), TURN),
    (NOTES, "pytorch"): lambda: torch_burst("notes"),
    (COPIED_SIZES, "hidden-state"): lambda: partial(ours("copied"), TURN),
    (COPIED_SIZES, "pytorch"): lambda: torch_burst("copied"),
}


# Quality ------------------------------------------------------------------------------------------------------------
def quality(seconds: float = SECONDS, seeds: Sequence[int] = SEEDS) -> list[Row]:
    """Return the distances after `seconds` of training: 10,000 generated images against MNIST's 10,000 test images."""
    folder = os.environ.get("HIDDEN_STATE_DATA")
    if not folder:
        print("HIDDEN_STATE_DATA names no folder with mnist.npz: the quality rows are left out.", file=sys.stderr)
        return []
    from core.gan.config import GANConfig
    from core.gan.data.prepare import prepare
    from core.gan.training import frechet
    from core.gan.training.feature_extractor import FeatureExtractor
    from core.sources import read_source

    images = prepare([read_source(Path(folder) / "mnist.npz", 10**9)], GANConfig())
    extractor = FeatureExtractor.train(images, seed=0, seen=600_000, width=128)
    held = frechet.moments(extractor.read(images.held_x).features)
    floor = frechet.distance(frechet.moments(extractor.read(images.x[:COMPARED]).features), held)
    work = f"quality on MNIST after {seconds:.0f} s"
    rows: list[Row] = [
        {"work": f"{work}, floor", "who": "real pictures", "value": floor, "unit": "distance"},
        {"work": f"{work}, judge", "who": "judge", "value": 100 * (extractor.accuracy or 0), "unit": "% right"},
    ]
    for who, recipe in (("hidden-state", "balanced"), ("notes", "notes"), ("copied", "copied")):
        distances, least, most = [], [], []
        for seed in seeds:
            reading = extractor.read(trained(recipe_options(recipe, seed=seed), images, seconds))
            distances.append(frechet.distance(frechet.moments(reading.features), held))
            shares = extractor.shares(reading)
            least.append(100 * float(shares.min()))
            most.append(100 * float(shares.max()))
            print(
                f"{who}, seed {seed}: {distances[-1]:.2f}, digits {least[-1]:.1f} to {most[-1]:.1f} %", file=sys.stderr
            )
        rows += [
            {
                "work": f"{work}, mean of {len(seeds)}",
                "who": who,
                "value": statistics.mean(distances),
                "unit": "distance",
            },
            {"work": f"{work}, rarest digit", "who": who, "value": min(least), "unit": "%"},
            {"work": f"{work}, commonest digit", "who": who, "value": max(most), "unit": "%"},
        ]
    return rows


def trained(options: Any, images: Any, seconds: float) -> np.ndarray:
    """Train for `seconds`, not counting compilation; return COMPARED generated images, (N, S, S) uint8."""
    from core.gan.inference.draw import ImageSampler
    from core.gan.training.step import BLOCK, GANSteps
    from core.training.schedule import factors

    conditional_classes = len(images.classes) if options.conditional else 0
    gan_steps = GANSteps(options, images.x, images.labels if conditional_classes else None, conditional_classes)
    start = {name: np.asarray(item).copy() for name, item in gan_steps.variables().items()}
    gan_steps.train(0, np.zeros(BLOCK, np.float32), 10**9)
    probe = time.perf_counter()
    for step in range(4):
        gan_steps.train(step * BLOCK, np.full(BLOCK, 1e-3, np.float32), 10**9)
    total = max(BLOCK, int(seconds / ((time.perf_counter() - probe) / (4 * BLOCK))))
    for name, item in gan_steps.variables().items():
        item.assign(start[name])
    for step in range(0, total, BLOCK):
        count = min(BLOCK, total - step)
        gan_steps.train(step, factors(step, count, total, options.warmup, options.schedule), total)
    sampler = ImageSampler(options, images.classes if conditional_classes else [], gan_steps.average)
    return sampler.pictures(COMPARED, seed=12_345)


if __name__ == "__main__":
    serve(CONTENDERS, *sys.argv[1:3])
