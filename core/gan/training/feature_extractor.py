"""The network whose features the Fréchet distance uses: a classifier for labelled data, else an autoencoder."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from core.backend import keras
from core.gan.data.prepare import Images
from core.i18n import _
from core.runs.checkpoint import load_arrays
from core.training.task import ArrayFile
from core.training.weights import shapes

layers = keras.layers
SEEN = 150_000  # training images in all epochs together
MIN_EPOCHS, MAX_EPOCHS = 2, 60
GROUPS = 10  # k-means clusters of unlabelled images
COVERED = 0.25  # a mode counts as covered from this share of its expected frequency on
BATCH = 128


@dataclass(frozen=True)
class Reading:
    """Outputs for N images: features (N, F) float32, and the mode number (N,) of each."""

    features: np.ndarray
    modes: np.ndarray


class FeatureExtractor:
    """Feature extractor of one run, trained once on its training images and saved in its folder as judge.npz.

    With labels it is a small convolutional classifier, and the modes are the classes. Without, it is a small
    autoencoder, and the modes are k-means clusters of its bottleneck features.
    """

    def __init__(self, size: int, names: list[str], labelled: bool, width: int) -> None:
        self.size, self.names, self.labelled, self.width = size, names, labelled, width
        self.accuracy: float | None = None  # of the classifier, on the held-out pictures
        self.expected = np.full(len(names), 1 / len(names))  # share of each mode among training pictures
        self.centres = np.zeros((len(names), width), np.float32)
        self.model = _network(size, len(names), labelled, width)

    @property
    def description(self) -> str:
        """Name of the network type, for reports."""
        return _("a classifier of the classes") if self.labelled else _("an autoencoder, without labels")

    # Reading --------------------------------------------------------------------------------------------------------
    def read(self, pictures: np.ndarray) -> Reading:
        """Compute features and modes of pictures (N, S, S) uint8."""
        features, last = (
            np.concatenate(parts)
            for parts in zip(
                *(self._outputs(pictures[n : n + 1000]) for n in range(0, len(pictures), 1000)), strict=True
            )
        )
        return Reading(features, last.argmax(1) if self.labelled else _nearest(features, self.centres))

    def _outputs(self, pictures: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(part) for part in self._compiled(keras.ops.convert_to_tensor(pictures))]

    def _compiled(self, pictures: Any) -> Any:
        from core.backend import tf

        if not hasattr(self, "_function"):
            self._function = tf.function(lambda x: self.model(x, training=False), reduce_retracing=True)
        return self._function(pictures)

    def shares(self, reading: Reading) -> np.ndarray:
        """Relative frequency of each mode, (K,)."""
        return np.bincount(reading.modes, minlength=len(self.names)) / max(1, len(reading.modes))

    def covered(self, shares: np.ndarray) -> np.ndarray:
        """Whether each mode is generated often enough to count as covered, (K,) bool."""
        return shares >= COVERED * self.expected

    # Training -------------------------------------------------------------------------------------------------------
    @classmethod
    def train(cls, images: Images, seed: int = 0, seen: int = SEEN, width: int | None = None) -> "FeatureExtractor":
        """Train on `images`; seen: training images in all epochs together, width: number of features F."""
        labelled = images.labels is not None
        names = images.classes if labelled else [_("group {n}").format(n=n + 1) for n in range(GROUPS)]
        keras.utils.set_random_seed(seed)
        feature_extractor = cls(images.size, names, labelled, width or (64 if len(images.x) >= 5000 else 32))
        epochs = min(MAX_EPOCHS, max(MIN_EPOCHS, seen // len(images.x)))
        target = images.labels if labelled else images.x.reshape(len(images.x), -1).astype(np.float32) / 255
        model = keras.Model(feature_extractor.model.input, feature_extractor.model.outputs[1])
        steps = epochs * math.ceil(len(images.x) / BATCH)
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(2e-3, steps, alpha=0.02)),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            if labelled
            else keras.losses.BinaryCrossentropy(from_logits=True),
            steps_per_execution=8,
            jit_compile=False,
        )
        model.fit(images.x, target, batch_size=BATCH, epochs=epochs, verbose=0)
        feature_extractor._fit_modes(images, seed)
        return feature_extractor

    def _fit_modes(self, images: Images, seed: int) -> None:
        if not self.labelled:
            from core.scikit import KMeans

            features = self.read(images.x[:20_000]).features
            self.centres = KMeans(len(self.names), n_init=3, random_state=seed).fit(features).cluster_centers_
        elif images.held_labels is not None:
            self.accuracy = float((self.read(images.held_x).modes == images.held_labels).mean())
        modes = images.labels if images.labels is not None else self.read(images.x).modes
        self.expected = np.bincount(modes, minlength=len(self.names)) / len(modes)

    # Keeping --------------------------------------------------------------------------------------------------------
    def contents(self) -> ArrayFile:
        weights = {f"weight/{n:03d}": np.asarray(item) for n, item in enumerate(self.model.get_weights())}
        meta = {
            "size": self.size,
            "names": self.names,
            "labelled": self.labelled,
            "width": self.width,
            "accuracy": self.accuracy,
        }
        return ArrayFile(weights | {"expected": self.expected, "centres": self.centres}, meta)

    @classmethod
    def load(cls, path: Path) -> "FeatureExtractor":
        """Raises OSError or ValueError where the file is missing, damaged or of another shape."""
        arrays, meta = load_arrays(path)
        try:
            size, names, width = int(meta["size"]), [str(n) for n in meta["names"]], int(meta["width"])
            labelled, expected, centres = bool(meta["labelled"]), arrays["expected"], arrays["centres"]
            needed = [shape for _path, shape in shapes(lambda: _network(size, len(names), labelled, width))]
            weights = [arrays[f"weight/{n:03d}"] for n in range(len(needed))]
            if [array.shape for array in weights] != needed:  # before a network of any size is built
                raise ValueError(f"{path.name}: weights of another network")
            if expected.shape != (len(names),) or not np.isclose(expected.sum(), 1) or centres.ndim != 2:
                raise ValueError(f"{path.name}: no shares of its modes")
            feature_extractor = cls(size, names, labelled, width)
            feature_extractor.model.set_weights(weights)
            feature_extractor.expected, feature_extractor.centres = expected, centres
            feature_extractor.accuracy = None if meta["accuracy"] is None else float(meta["accuracy"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name}: {error}") from error
        return feature_extractor

    @classmethod
    def kept(cls, path: Path, images: Images) -> "FeatureExtractor | None":
        """Load the extractor at `path`; None where it is missing, damaged or does not fit `images`."""
        try:
            feature_extractor = cls.load(path)
            if feature_extractor.size == images.size and feature_extractor.labelled == (images.labels is not None):
                return feature_extractor
        except (OSError, ValueError):
            pass
        return None


def _network(size: int, modes: int, labelled: bool, width: int) -> keras.Model:
    """Map images (B, S, S) uint8 to features (B, F) and to class logits or pixel logits."""
    picture = keras.Input((size, size), dtype="uint8")
    x = layers.Rescaling(1 / 255)(layers.Reshape((size, size, 1))(picture))
    x = layers.Conv2D(16, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    x = layers.Flatten()(x)
    if labelled:
        features = layers.Dense(width, activation="relu")(x)
        return keras.Model(picture, [features, layers.Dense(modes)(features)])
    features = layers.Dense(width)(layers.Dense(128, activation="relu")(x))
    return keras.Model(picture, [features, layers.Dense(size**2)(layers.Dense(128, activation="relu")(features))])


def _nearest(features: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((centres**2).sum(1) - 2 * features @ centres.T).argmin(1)
