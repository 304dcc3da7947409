"""Load a `.keras` file's weights into a network built by our own code; the file's configuration is never used."""

import tempfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.errors import UserError
from core.i18n import _
from core.runs.keras_file import FILE_LIMIT, ForeignFileError, open_checked_weights, read_weights

OVERHEAD = 4_000_000  # bytes allowed for names and attributes in addition to the arrays


def load_weights(model: Any, path: Path) -> None:
    """Load the weights of the `.keras` file into `model`; all names, shapes and types must be equal.

    Keras never reads the untrusted file: the weights of `model` are saved, the arrays of `path` are copied into that
    new file, and Keras loads it. Raises UserError where the weights are missing, damaged or of another network.
    """
    folder_name = Path(path).parent.name
    try:
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "own.weights.h5"
            model.save_weights(own)
            limit = min(FILE_LIMIT, own.stat().st_size + OVERHEAD)
            with open_checked_weights(read_weights(Path(path), limit)) as given, h5py.File(own, "r+") as target:
                _copy(given, target)
            model.load_weights(own)
    except FileNotFoundError:
        raise UserError(
            _("There is no trained model in “{folder}” yet: let it train a little.").format(folder=folder_name)
        ) from None
    except (ForeignFileError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(
            _("The model in “{folder}” cannot be used: {reason}.").format(folder=folder_name, reason=reason[:200])
        ) from None


def _copy(given: h5py.File, target: h5py.File) -> None:
    """Copy every array of `given` into `target`. Raises ForeignFileError where names, shapes or types differ."""
    names, others = _datasets(target), _datasets(given)
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
    for name, item in names.items():
        item[...] = np.asarray(others[name])


def _datasets(file: h5py.File) -> dict[str, h5py.Dataset]:
    found: dict[str, h5py.Dataset] = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found
