"""TensorFlow greets on standard error before its own log level is read; a person waits for one progress line there."""

import os
import sys
import tempfile
from collections.abc import Callable


def import_tensorflow(before_devices: Callable[[], None] | None = None) -> None:
    """Import TensorFlow with its first words kept back; where the import fails they are shown.

    before_devices: sets what TensorFlow takes only until it has looked for its devices, threads for one.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        mine = os.dup(2)
        os.dup2(kept.fileno(), 2)
        failed = True
        try:
            from core.backend import tf

            if before_devices:
                before_devices()
            tf.constant(0)  # the second greeting comes with the first device
            failed = False
        finally:
            os.dup2(mine, 2)
            os.close(mine)
            if failed:
                kept.seek(0)
                sys.stderr.write(kept.read().decode("utf-8", "replace"))
