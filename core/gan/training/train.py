"""The GAN's implementation of core.training.task.Task: steps, evaluation, samples, report."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from core.backend import tf
from core.errors import UserError
from core.gan.config import GANConfig, cost
from core.gan.data.prepare import Images, prepare
from core.gan.inference import image_files
from core.gan.training import frechet
from core.gan.training.feature_extractor import FeatureExtractor
from core.gan.training.memorization import share_nearer_to_training
from core.gan.training.metrics import REPORTED, final_figures
from core.gan.training.model import to_pixels
from core.gan.training.step import GANSteps
from core.i18n import _
from core.runs import policy
from core.runs.run import Run
from core.training.devices import Devices
from core.training.task import BaselineFigure, Best, Files, Report, Sizes
from core.training.weights import load_weights

SHOWN = 64  # images of a sample grid
MEASURED = 2000  # generated images of an evaluation
WATCHED = 500  # generated images for the memorisation and mode statistics during training
DEAD = 1e-6  # standard deviation of D's scores below which its output counts as constant
AT_ONCE = 500


def before_devices() -> None:
    """TensorFlow's own number of threads is the fastest here."""


def make_task(run: Run) -> "GANTask":
    """Read the images, load or train the feature extractor, build both networks. Raises UserError for bad data."""
    options = run.options
    assert isinstance(options, GANConfig)
    images = prepare(run.sources(), options)
    policy.current().check_build(run.path, cost(options, images=len(images.x), classes=len(images.classes)))
    conditional_classes = images.classes if options.conditional else []
    labels = {"classes": conditional_classes, "names": images.classes, "size": images.size}
    if (run.read_json("labels.json") or labels) != labels:
        raise UserError(
            _("The pictures of “{run}” have other classes than when it began: start a new run.").format(run=run.id)
        )
    kept = FeatureExtractor.kept(run.path / "judge.npz", images)
    feature_extractor = kept or FeatureExtractor.train(images, options.seed)
    files: Files = {"labels.json": labels} | ({} if kept else {"judge.npz": feature_extractor.contents()})
    return GANTask(run, options, images, feature_extractor, files)


class GANTask:
    """Meets core.training.task.Task. A step is `d_steps` turns of the discriminator and one of the generator."""

    loss_key = "g_loss"
    best = Best("frechet_classifier_distance", "min")

    def __init__(
        self, run: Run, options: GANConfig, images: Images, feature_extractor: FeatureExtractor, files: Files
    ) -> None:
        self.options, self.images, self.feature_extractor, self.files = options, images, feature_extractor, files
        self.classes = len(images.classes) if options.conditional else 0
        devices = Devices.of(run, options.batch_size)
        self.steps = GANSteps(options, images.x, images.labels if self.classes else None, self.classes, devices)
        each = options.batch_size * options.d_steps
        self.sizes = Sizes(len(images.x) / each, each, "images", math.inf, evaluations=0.5, notes=self._notes())
        self._total = 1
        self._held = feature_extractor.read(images.held_x).features
        self._draw = tf.function(
            lambda x: self.steps.average(x, training=False), autograph=False, reduce_retracing=True
        )
        self._noise = np.random.default_rng([options.seed, 1]).standard_normal((REPORTED, options.latent), np.float32)
        self.facts = self._facts()

    def _notes(self) -> list[str]:
        notes = [*self.options.cautions(), *self.images.notes, *self.steps.devices.notes()]
        if self.options.conditional and not self.images.classes:
            notes.append(_("The pictures have no classes, so the networks are not told any."))
        if self.feature_extractor.accuracy is not None:
            notes.append(
                _("The judge names {share:.1%} of the held-out pictures rightly.").format(
                    share=self.feature_extractor.accuracy
                )
            )
        return notes

    def _facts(self) -> dict[str, Any]:
        images = self.images
        sizes = {"images": len(images.x), "classes": len(images.classes)}
        counts = {"held_out": len(images.held_x), "rejected": images.rejected_count, "duplicates": images.duplicates}
        return {
            "sizes": sizes,
            "parameters": self._parameters,
            "modes": self.feature_extractor.names,
            "counts": counts,
        }

    def baselines(self) -> list[BaselineFigure]:
        some = np.random.default_rng(0).permutation(len(self.images.x))[:MEASURED]
        floor = frechet.frechet_distance(self.feature_extractor.read(self.images.x[some]).features, self._held)
        return [BaselineFigure("floor", _("real against real"), self.best.metric, floor)]

    @property
    def _parameters(self) -> int:
        return self.steps.generator.count_params() + self.steps.discriminator.count_params()

    # Training -------------------------------------------------------------------------------------------------------
    def train(self, step: int, factors: np.ndarray) -> dict[str, float]:
        """Means of game.FIGURES; the loss is NaN, which sends the loop back, also where the discriminator is dead."""
        figures = self.steps.train(step, factors, self._total)
        if figures.pop("spread") < DEAD:
            self.sizes.notes.append(
                _("At step {step:,} the discriminator gave every picture the same score.").format(step=step)
            )
            figures["g_loss"] = math.nan
        if self.options.penalty == "off":
            del figures["penalty"]
        return figures

    def on_restore(self, step: int, total_steps: int) -> None:
        self._total = total_steps
        if step == 0:
            self.steps.start_from_average()

    def variables(self) -> dict[str, Any]:
        return self.steps.variables()

    # Looking --------------------------------------------------------------------------------------------------------
    def pictures(self, count: int, classes: np.ndarray | None = None) -> np.ndarray:
        """Generate (count, S, S) uint8 from fixed noise; classes (count,), by training frequency where None."""
        classes = self._classes(count) if classes is None else classes
        made = []
        for start in range(0, count, AT_ONCE):
            noise = self._noise[start : min(count, start + AT_ONCE)]
            if self.classes:
                shares = np.eye(self.classes, dtype=np.float32)[classes[start : start + AT_ONCE]]
            values = self._draw([noise, shares] if self.classes else noise)
            made.append(to_pixels(values.numpy(), self.options.output))
        return np.concatenate(made)

    def _classes(self, count: int) -> np.ndarray:
        """Class labels (count,) with the training frequencies, in a fixed random order."""
        edges = np.cumsum(self.feature_extractor.expected)
        places = np.random.default_rng(0).permutation(count)
        return np.searchsorted(edges / edges[-1], (places + 0.5) / count).astype(np.int32)

    def evaluate(self, step: int) -> dict[str, float]:
        pictures = self.pictures(MEASURED)
        reading = self.feature_extractor.read(pictures)
        shares = self.feature_extractor.shares(reading)
        return {
            "frechet_classifier_distance": frechet.frechet_distance(reading.features, self._held),
            "modes_covered": float(self.feature_extractor.covered(shares).sum()),
            "largest_share": float(shares.max()),
            "towards_training": share_nearer_to_training(
                pictures[:WATCHED], self.images.x, self.images.held_x[:MEASURED]
            ),
        }

    def sample(self, step: int) -> dict[str, bytes]:
        """Sample files from fixed noise: grid.png, pictures.npz and histogram.json, the frequency of each mode."""
        columns = self.classes if 2 <= self.classes <= 16 else 8
        count = columns * (SHOWN // columns)
        pictures = self.pictures(count, np.arange(count) % self.classes if self.classes else None)
        shares = self.feature_extractor.shares(self.feature_extractor.read(self.pictures(WATCHED)))
        histogram = {
            "names": self.feature_extractor.names,
            "shares": shares.tolist(),
            "expected": self.feature_extractor.expected.tolist(),
            "covered": self.feature_extractor.covered(shares).tolist(),
        }
        return {
            "grid.png": image_files.png(image_files.grid(pictures, columns), 2),
            "pictures.npz": image_files.npz(pictures=pictures, columns=np.array(columns)),
            "histogram.json": json.dumps(histogram).encode(),
        }

    # Keeping --------------------------------------------------------------------------------------------------------
    def save_model(self, path: str) -> None:
        self.steps.average.save(path)

    def load_model(self, path: str) -> None:
        load_weights(self.steps.average, Path(path))

    def report(self) -> Report:
        images = self.images
        count = min(REPORTED, max(MEASURED, len(images.x)))
        figures = final_figures(
            self.pictures(count), self.feature_extractor, images.x, images.held_x, self.options.seed
        )
        counts = {
            "parameters": self._parameters,
            "generator_parameters": self.steps.generator.count_params(),
            "training_pictures": len(images.x),
            "held_out_pictures": len(images.held_x),
            "rejected_pictures": images.rejected_count,
        }
        return Report(figures | counts)
