"""Import TensorFlow without the messages that it prints to standard error despite its log level."""

import os
import sys
import tempfile
from collections.abc import Callable


def import_tensorflow(before_devices: Callable[[], None] | None = None) -> None:
    """Import TensorFlow and discard what it prints; print it after all where the import fails.

    before_devices: called after the import and before TensorFlow initializes its devices, for settings such as threads
    that cannot be changed later.
    """
    if "tensorflow" in sys.modules:
        return
    sys.stderr.flush()
    with tempfile.TemporaryFile() as captured:
        original_stderr = os.dup(2)
        os.dup2(captured.fileno(), 2)
        failed = True
        try:
            from core.backend import tf

            if before_devices:
                before_devices()
            tf.constant(0)  # initializes the devices, which prints more messages
            failed = False
        finally:
            os.dup2(original_stderr, 2)
            os.close(original_stderr)
            if failed:
                captured.seek(0)
                sys.stderr.write(captured.read().decode("utf-8", "replace"))
