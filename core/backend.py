"""TensorFlow and Keras, imported here and nowhere else.

Inside, both import each other in circles. Two threads of a server, say the one that warms it up and a visitor's, that
come in by different doors (`import tensorflow`, `import keras`) meet in such a circle: Python sees the deadlock, breaks
one of the two imports, and what is half imported fails from then on. By one door the second waits for the first.
"""

import tensorflow as tf  # isort: skip  # first, so that its own log level is read
import keras
from keras import initializers, layers, ops

__all__ = ["initializers", "keras", "layers", "ops", "tf"]
