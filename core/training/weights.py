"""A `.keras` file's weights into a network that our own code has built; the file's own configuration is never run."""

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.i18n import _

MEMBER = "model.weights.h5"
LIMIT = 2_000_000_000  # bytes of weights


def load_weights(model: Any, path: Path) -> None:
    """Put the weights of the `.keras` file into `model`. Raises UserError where they are missing or foreign."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            if archive.getinfo(MEMBER).file_size > LIMIT:
                raise ValueError("too large")
            archive.extract(MEMBER, folder)
            model.load_weights(Path(folder) / MEMBER)
    except FileNotFoundError:
        raise UserError(
            _("There is no trained model in “{folder}” yet: let it train a little.").format(folder=path.parent.name)
        ) from None
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(
            _("The model in “{folder}” does not fit its config.json, or is damaged: {reason}").format(
                folder=path.parent.name, reason=str(error).splitlines()[0][:200] if str(error) else ""
            )
        ) from None
