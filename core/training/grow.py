"""Weights for a network that goes on with more inputs or outputs than the finished one whose weights it takes."""

from collections.abc import Mapping, Sequence

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.checkpoint import Arrays
from core.runs.keras_file import ForeignFileError, layer_arrays
from core.runs.run import Run


def grow(old: np.ndarray, size: int, axis: int, dice: np.random.Generator, limit: float | None = None) -> np.ndarray:
    """Return `old` with `size` rows along `axis`: its own, then new ones as an initializer begins them.

    limit: new values are uniform in [−limit, limit]; None stands for GlorotUniform, √(6 / (fan in + fan out)) (Glorot
    and Bengio 2010), and a vector's new values, a bias, are 0.
    """
    shape = [*old.shape]
    shape[axis] = size - old.shape[axis]
    if limit is None:
        limit = 0.0 if old.ndim == 1 else float(np.sqrt(6 / (old.shape[1 - axis] + size)))
    return np.concatenate([old, dice.uniform(-limit, limit, shape).astype(np.float32)], axis)


def named(run: Run, names: Mapping[str, Sequence[str]]) -> Arrays:
    """Return the best weights of `run` by variable name; names: those of each layer's weights, by the layer's name.

    Raises UserError where there is no whole model, or one with other layers.
    """
    run.check_usable()
    try:
        layers = layer_arrays(run.model_path)
    except (ForeignFileError, OSError, KeyError):
        raise unfit(run) from None
    found = {
        f"model/{layer}/{name}": array
        for layer, own in names.items()
        for name, array in zip(own, layers.get(layer, ()), strict=False)
    }
    if len(found) != sum(map(len, names.values())):
        raise unfit(run)
    return found


def unfit(run: Run) -> UserError:
    return UserError(_("The model of “{run}” is damaged, or does not match its options.").format(run=run.id))
