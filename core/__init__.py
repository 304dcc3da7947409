"""The part of Hidden State that is independent of the user interface; nothing here imports Streamlit."""

import os

# Set before TensorFlow is imported anywhere: its log messages would hide the progress line.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
