"""Evaluate a finished run again, on its held-out images or on other images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.errors import UserError
from core.gan.config import MIN_IMAGES, GANConfig
from core.gan.data.prepare import prepare
from core.gan.inference.draw import load_sampler
from core.gan.training.feature_extractor import FeatureExtractor
from core.gan.training.metrics import REPORTED, final_figures
from core.i18n import _
from core.runs.run import Run
from core.sources import Source


def evaluate(run: Run, sources: Sequence[Source] = (), seed: int = 0) -> dict[str, Any]:
    """Compute the metrics of report.json on new noise of `seed`, with the run's own feature extractor.

    The reference images are those of `sources`, or the run's held-out part. Raises UserError.
    """
    sampler, options = load_sampler(run), run.options
    assert isinstance(options, GANConfig)
    images = prepare(run.sources(), options)
    held = images.held_x
    if sources:
        others = prepare(sources, options)
        held = np.concatenate([others.x, others.held_x])
    try:
        feature_extractor = FeatureExtractor.load(run.path / "judge.npz")
    except (OSError, ValueError):
        raise UserError(_("The run “{run}” has lost its judge: train it again.").format(run=run.id)) from None
    count = min(REPORTED, max(MIN_IMAGES, len(held)))
    shares = None
    if sampler.classes:
        kinds = np.random.default_rng(seed).choice(len(feature_extractor.expected), count, p=feature_extractor.expected)
        shares = np.eye(len(feature_extractor.expected), dtype=np.float32)[kinds]
    generated = sampler.draw(sampler.noise(count, seed), shares)
    return final_figures(generated, feature_extractor, images.x, held, seed)
