"""Cached generators and their images as PNG and GIF for the page."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.gan.inference import image_files
from core.i18n import lazy_message
from core.runs.run import Run
from ui.shell.cache_keys import model_key

if TYPE_CHECKING:
    from core.gan.inference.draw import ImageSampler

SCALE = 3  # screen pixels per image pixel


def sampler_of(run: Run) -> "ImageSampler":
    """The cached sampler of a run; reloaded when training replaces the model."""
    return _load(*model_key(run))


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Waking the network …"))
def _load(path: str, changed: tuple[int, ...]) -> "ImageSampler":
    from core.gan.inference.draw import load_sampler

    return load_sampler(Run(Path(path)))


def pictures_of(run: Run, count: int, seed: int) -> np.ndarray:
    """Images (count, S, S) uint8, determined by the seed."""
    return sampler_of(run).pictures(count, seed)


def sheet(pictures: np.ndarray, columns: int | None = None) -> bytes:
    """An enlarged PNG of the images in a grid."""
    return image_files.png(image_files.grid(pictures, columns), SCALE)


def animation(frames: np.ndarray, columns: int | None = None) -> bytes:
    """An animated GIF; frames are (F, N, S, S)."""
    return image_files.animation([image_files.grid(frame, columns) for frame in frames], "GIF", 80, SCALE)
