"""Final metrics of a generator, shared by the end of training and by `evaluate`."""

from typing import Any

import numpy as np

from core.gan.training import frechet
from core.gan.training.feature_extractor import FeatureExtractor
from core.gan.training.memorization import measure_memorization

REPORTED = 10_000  # pictures of either kind that the report compares
CURVE = 200  # points of a sorted list of distances that are kept


def final_figures(
    generated: np.ndarray, feature_extractor: FeatureExtractor, training: np.ndarray, held_out: np.ndarray, seed: int
) -> dict[str, Any]:
    """Metrics of report.json for `generated` (N, S, S) uint8, against training and held-out images."""
    rng = np.random.default_rng(seed)
    some = training[np.sort(rng.permutation(len(training))[: len(generated)])]
    reading = feature_extractor.read(generated)
    shares = feature_extractor.shares(reading)
    measured = frechet.measure(
        reading.features, feature_extractor.read(held_out).features, feature_extractor.read(some).features, seed
    )
    kept = measure_memorization(generated, training, held_out, seed)
    return {
        "frechet_classifier_distance": measured.value,
        "frechet": measured.as_dict() | {"features": feature_extractor.description},
        "modes_covered": int(feature_extractor.covered(shares).sum()),
        "modes": len(feature_extractor.names),
        "shares": dict(zip(feature_extractor.names, shares.tolist(), strict=True)),
        "judge_accuracy": feature_extractor.accuracy,
        "memory": {
            "towards_training": kept.towards_training,
            "repeated": kept.repeated,
            "line": kept.line,
            "distances": _curve(kept.samples.distance),
            "held_out_distances": _curve(kept.held_out.distance),
        },
    }


def _curve(values: np.ndarray) -> list[float]:
    """At most CURVE evenly spaced order statistics."""
    places = np.linspace(0, len(values) - 1, min(CURVE, len(values))).round().astype(int)
    return np.sort(values)[places].round(3).tolist()
