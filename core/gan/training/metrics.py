"""The figures of a generator: the same ones at the end of training and when it is measured again on other pictures."""

from typing import Any

import numpy as np

from core.gan.training import frechet
from core.gan.training.feature_extractor import FeatureExtractor
from core.gan.training.memorization import memory

REPORTED = 10_000  # pictures of either kind that the report compares
CURVE = 200  # points of a sorted list of distances that are kept


def final_figures(
    generated: np.ndarray, judge: FeatureExtractor, training: np.ndarray, held_out: np.ndarray, seed: int
) -> dict[str, Any]:
    """What report.json says of `generated` (N, S, S) uint8, against pictures that were and were not trained on."""
    rng = np.random.default_rng(seed)
    some = training[np.sort(rng.permutation(len(training))[: len(generated)])]
    reading = judge.read(generated)
    shares = judge.shares(reading)
    measured = frechet.measure(reading.features, judge.read(held_out).features, judge.read(some).features, seed)
    kept = memory(generated, training, held_out, seed)
    return {
        "frechet_classifier_distance": measured.value,
        "frechet": measured.as_dict() | {"features": judge.reads},
        "modes_covered": int(judge.covered(shares).sum()),
        "modes": len(judge.names),
        "shares": dict(zip(judge.names, shares.tolist(), strict=True)),
        "judge_accuracy": judge.accuracy,
        "memory": {
            "towards_training": kept.towards_training,
            "repeated": kept.repeated,
            "line": kept.line,
            "distances": _curve(kept.samples.distance),
            "held_out_distances": _curve(kept.held_out.distance),
        },
    }


def _curve(values: np.ndarray) -> list[float]:
    """At most CURVE of the sorted values, evenly spread."""
    places = np.linspace(0, len(values) - 1, min(CURVE, len(values))).round().astype(int)
    return np.sort(values)[places].round(3).tolist()
