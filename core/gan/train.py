"""The GAN's side of the training loop: what a step, an evaluation and a sample are."""

import json
import math
from typing import Any

import numpy as np
import tensorflow as tf

from core.errors import UserError
from core.gan import draw, frechet
from core.gan.config import GANConfig
from core.gan.data import Images, prepare
from core.gan.game import Game
from core.gan.judge import Judge, Reading
from core.gan.memory import memory, towards
from core.gan.model import to_pixels
from core.i18n import _
from core.runs.run import Run
from core.training.task import Best, Sizes

SHOWN = 64  # pictures of a sample's grid
MEASURED, REPORTED = 2000, 10_000  # generated pictures of an evaluation and of the report
WATCHED = 500  # generated pictures whose nearness to the training pictures is watched during training
DEAD = 1e-6  # spread of D's scores below which it tells no two pictures apart
AT_ONCE = 500


def make_task(run: Run) -> "GANTask":
    """Read the run's pictures, train or find its judge, build both networks. Raises UserError for bad data."""
    options = run.options
    assert isinstance(options, GANConfig)
    images = prepare(run.sources(), options)
    conditional = options.conditional and images.labels is not None
    facts = {"classes": images.classes if conditional else [], "names": images.classes, "size": images.size}
    known = run.read_json("labels.json")
    if known is not None and known != facts:
        raise UserError(
            _("The pictures of the run “{run}” have other classes than before: start a new run.").format(run=run.id)
        )
    run.write_json("labels.json", facts)
    judge = Judge.of(run.path / "judge.npz", images, options.seed)
    return GANTask(run, options, images, judge, conditional)


class GANTask:
    """Meets core.training.task.Task. A step is `d_steps` turns of the discriminator and one of the generator."""

    loss_key = "g_loss"
    best = Best("frechet_classifier_distance", "min")

    def __init__(self, run: Run, options: GANConfig, images: Images, judge: Judge, conditional: bool) -> None:
        self.run, self.options, self.images, self.judge = run, options, images, judge
        self.classes = len(images.classes) if conditional else 0
        self.game = Game(options, images.x, images.labels if conditional else None, self.classes)
        each = options.batch_size * options.d_steps
        self.sizes = Sizes(len(images.x) / each, each, "images", spike=math.inf, notes=list(images.notes))
        if options.conditional and not conditional:
            self.sizes.notes.append(_("The pictures have no classes, so the networks are not told any."))
        if judge.accuracy is not None:
            self.sizes.notes.append(
                _("The judge names {share:.1%} of the held-out pictures rightly.").format(share=judge.accuracy)
            )
        self._total = 1
        self._held = judge.read(images.held_x).features
        self._draw = tf.function(lambda x: self.game.average(x, training=False), autograph=False)
        self._noise = np.random.default_rng([options.seed, 1]).standard_normal((REPORTED, options.latent), np.float32)

    # Training -------------------------------------------------------------------------------------------------------
    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        """Means of game.FIGURES; the loss is NaN, which sends the loop back, also where the discriminator is dead."""
        figures = self.game.train(step, factors, self._total)
        if figures.pop("spread") < DEAD:
            self.sizes.notes.append(
                _("At step {step:,} the discriminator gave every picture the same score.").format(step=step)
            )
            figures["g_loss"] = math.nan
        if self.options.penalty == "off":
            del figures["penalty"]
        return figures

    def restarted(self, step: int) -> None:
        plan = self.run.read_json("plan.json")
        self._total = max(1, int(plan["total_steps"])) if isinstance(plan, dict) else 1

    def variables(self) -> dict[str, Any]:
        return self.game.variables()

    # Looking --------------------------------------------------------------------------------------------------------
    def pictures(self, count: int, classes: np.ndarray | None = None) -> np.ndarray:
        """(count, S, S) uint8, always from the same noise; without `classes` (count,) as often as in training."""
        made = []
        for start in range(0, count, AT_ONCE):
            noise = self._noise[start : min(count, start + AT_ONCE)]
            if self.classes:
                wanted = self._classes(count) if classes is None else classes
                shares = np.eye(self.classes, dtype=np.float32)[wanted[start : start + AT_ONCE]]
                values = self._draw([noise, shares])
            else:
                values = self._draw(noise)
            made.append(to_pixels(values.numpy(), self.options.output))
        return np.concatenate(made)

    def _classes(self, count: int) -> np.ndarray:
        """(count,) classes in their real shares, spread evenly."""
        edges = np.cumsum(self.judge.expected)
        places = np.random.default_rng(0).permutation(count)
        return np.searchsorted(edges / edges[-1], (places + 0.5) / count).astype(np.int32)

    def _read(self, count: int) -> tuple[np.ndarray, Reading]:
        pictures = self.pictures(count)
        return pictures, self.judge.read(pictures)

    def evaluate(self, step: int) -> dict[str, float]:
        pictures, reading = self._read(min(MEASURED, max(len(self.images.x), len(self.images.held_x))))
        shares = self.judge.shares(reading)
        return {
            "frechet_classifier_distance": frechet.between(reading.features, self._held),
            "modes_covered": float(self.judge.covered(shares).sum()),
            "largest_share": float(shares.max()),
            "towards_training": towards(pictures[:WATCHED], self.images.x, self.images.held_x[:MEASURED]),
        }

    def sample(self, step: int) -> dict[str, bytes]:
        """From the same noise each time: the grid, its pictures as arrays, and how often each mode is drawn."""
        columns = self.classes if 2 <= self.classes <= 16 else 8
        count = columns * max(1, SHOWN // columns)
        pictures = self.pictures(count, np.arange(count) % self.classes if self.classes else None)
        shares = self.judge.shares(self._read(WATCHED)[1])
        histogram = {
            "names": self.judge.names,
            "shares": shares.tolist(),
            "expected": self.judge.expected.tolist(),
            "covered": self.judge.covered(shares).tolist(),
        }
        return {
            "grid.png": draw.png(draw.grid(pictures, columns), 2),
            "pictures.npz": draw.npz(pictures=pictures, columns=np.array(columns)),
            "histogram.json": json.dumps(histogram).encode(),
        }

    # Keeping --------------------------------------------------------------------------------------------------------
    def save_model(self, path: str) -> None:
        self.game.average.save(path)

    def load_model(self, path: str) -> None:
        self.game.average.load_weights(path)

    def report(self) -> dict[str, Any]:
        count = min(REPORTED, max(len(self.images.x), len(self.images.held_x)))
        pictures, reading = self._read(count)
        some = np.random.default_rng(0).permutation(len(self.images.x))[:count]
        real = self.judge.read(self.images.x[some]).features
        measured = frechet.measure(reading.features, self._held, real, self.options.seed)
        shares = self.judge.shares(reading)
        kept = memory(pictures, self.images.x, self.images.held_x)
        return {
            "frechet_classifier_distance": measured.value,
            "frechet": measured.as_dict() | {"features": self.judge.reads},
            "modes_covered": int(self.judge.covered(shares).sum()),
            "modes": len(self.judge.names),
            "shares": dict(zip(self.judge.names, shares.tolist(), strict=True)),
            "judge_accuracy": self.judge.accuracy,
            "memory": {
                "towards_training": kept.towards_training,
                "repeated": kept.repeated,
                "line": kept.line,
                "distances": np.sort(kept.samples.distance)[:: max(1, len(kept.samples.distance) // 200)].tolist(),
                "held_out_distances": np.sort(kept.held_out.distance)[
                    :: max(1, len(kept.held_out.distance) // 200)
                ].tolist(),
            },
            "parameters": self.game.generator.count_params() + self.game.discriminator.count_params(),
            "generator_parameters": self.game.generator.count_params(),
            "training_pictures": len(self.images.x),
            "held_out_pictures": len(self.images.held_x),
            "rejected_pictures": self.images.rejected_count,
        }
