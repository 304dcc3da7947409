"""Load a `.keras` file's weights into a network built by our own code; the file's configuration is never used."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.keras_file import ForeignFileError, check_numbers, datasets, open_weights


def build_with_weights(build: Callable[[], Any], path: Path) -> Any:
    """Return the network that `build` makes, with the weights of the `.keras` file.

    Its shapes are compared with those of the file before anything is allocated, since options and file may come from
    outside. Raises UserError where the weights are missing, damaged or of another network.
    """
    with _explained(path), open_weights(path) as given:
        if sorted(shape for _path, shape in shapes(build)) != sorted(item.shape for item in datasets(given).values()):
            raise ForeignFileError(_("its arrays are not those of the network that config.json describes"))
        model = build()
        _load(model, given)
        return model


def shapes(build: Callable[[], Any]) -> list[tuple[str, tuple[int, ...]]]:
    """Return path and shape of each weight of the network that `build` makes, without allocating any.

    Keras makes variables without values in a stateless scope, and remembers them in its thread to give them values
    later; a thread of its own forgets them.
    """
    from core.backend import keras

    def without_values() -> list[tuple[str, tuple[int, ...]]]:
        with keras.StatelessScope(initialize_variables=False):
            return [(item.path, tuple(item.shape)) for item in build().weights]

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(without_values).result()


def load_weights(model: Any, path: Path) -> None:
    """Load the weights of the `.keras` file into `model`; all names, shapes and types must be equal.

    Keras never reads the untrusted file: the weights of `model` are saved, the arrays of `path` are copied into that
    new file, and Keras loads it. Raises UserError where the weights are missing, damaged or of another network.
    """
    with _explained(path), open_weights(path) as given:
        _load(model, given)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    folder_name = path.parent.name
    try:
        yield
    except FileNotFoundError:
        raise UserError(
            _("There is no trained model in “{folder}” yet: let it train a little.").format(folder=folder_name)
        ) from None
    except (ForeignFileError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(
            _("The model in “{folder}” cannot be used: {reason}.").format(folder=folder_name, reason=reason[:200])
        ) from None


def _load(model: Any, given: h5py.File) -> None:
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "own.weights.h5"
        model.save_weights(own)
        with h5py.File(own, "r+") as target:
            _copy(given, target)
        model.load_weights(own)


def _copy(given: h5py.File, target: h5py.File) -> None:
    """Copy every array of `given` into `target`.

    Raises ForeignFileError where names, shapes or types differ, or a weight is no number.
    """
    names, others = datasets(target), datasets(given)
    if set(names) != set(others):
        raise ForeignFileError(_("its arrays are not those of the network that config.json describes"))
    for name, item in names.items():
        other = others[name]
        if other.shape != item.shape or other.dtype != item.dtype:
            raise ForeignFileError(
                _("the array {name} is {given}, but {wanted} is needed").format(
                    name=name[:80], given=f"{other.dtype}{other.shape}", wanted=f"{item.dtype}{item.shape}"
                )
            )
        check_numbers(name, other)
    for name, item in names.items():
        item[...] = np.asarray(others[name])
