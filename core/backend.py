"""TensorFlow and Keras, imported only here.

Both import each other in cycles. When two threads of a server start with different modules (`import tensorflow`,
`import keras`), they can deadlock on the import locks of such a cycle: Python detects it and lets one import continue
with a partially initialized module, which then fails. With a single module that imports both, the second thread waits.
"""

import tensorflow as tf  # isort: skip  # first, so that its own log level is read
import keras
from keras import initializers, layers, ops

__all__ = ["initializers", "keras", "layers", "ops", "tf"]
