"""A process with two logical processor devices: `python share_a_batch.py RUN … --moved RUN …`.

Train each run, one after another; then continue a copy of each moved one from its middle on both devices. Logical
devices can only be set before TensorFlow is first used, so this is a process of its own.
"""

import argparse
import shutil
from pathlib import Path

import tensorflow as tf

from core.jobs.worker import work
from core.runs.checkpoint import checkpoints
from core.runs.placement import Placement
from core.runs.run import Run

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--moved", nargs="*", type=Path, default=[])
    given = parser.parse_args()
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    for path in given.runs:
        work(Run(path))
    for path in given.moved:
        moved = Run(shutil.copytree(path, path.with_name(f"{path.name}-moved")))
        checkpoints(moved.checkpoint_path)[0].unlink()
        Placement("cpu:0,cpu:1").record(moved)
        work(moved)
