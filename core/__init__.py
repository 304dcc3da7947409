"""Everything in Hidden State that is true without a screen."""

import os

# Before TensorFlow is imported anywhere: its greetings would hide the one line that a person waits for.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
