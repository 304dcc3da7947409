"""Export the figures and samples of a run as TensorBoard event files.

The records are TensorFlow's own `Event` messages, for which TensorBoard need not be installed. `tf.summary.write` would
give each of them the time of the export instead of the time of the training.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.backend import tf
from core.bundles.program import write_folder
from core.runs.files import is_number
from core.runs.run import Run

FILE = "events.out.tfevents.{created:.0f}.hidden-state"
VALIDATION = "val_"  # figures of the validation part are a curve of the same chart as their namesakes
TEXT_LIMIT = 20_000  # characters of a sample
PICTURE = ".png"
PLUGINS = {"scalars": 1, "text": 2, "images": 3}  # DATA_CLASS_SCALAR, _TENSOR, _BLOB_SEQUENCE


def write(run: Run, folder: Path) -> list[str]:
    """Write `train/` and `validation/` event files into a new folder; return their names.

    A figure of metrics.jsonl becomes a scalar of its step, at the time when it was recorded; `val_loss` is the tag
    `loss` of `validation`. A sample's texts and pictures are text and image summaries under `samples/`. Raises
    UserError where the folder cannot be written.
    """
    began = run.status.started_at or run.created
    parts: dict[str, list[Any]] = {"train": [], "validation": []}
    times: dict[int, float] = {}
    for row in run.metrics():
        step, when = row["step"], began + float(row.get("seconds") or 0)
        times[step] = when
        for key, value in row.items():
            if key in ("step", "seconds") or not is_number(value):
                continue
            part, tag = ("validation", key.removeprefix(VALIDATION)) if key.startswith(VALIDATION) else ("train", key)
            parts[part].append(_scalar(tag, float(value), step, when))
    for step in run.sample_steps():
        when = max((at for known, at in times.items() if known <= step), default=began)
        parts["train"] += _samples(run, step, when)
    name = FILE.format(created=began)
    return write_folder(folder, {f"{part}/{name}": _records(events) for part, events in parts.items() if events})


def _samples(run: Run, step: int, when: float) -> Iterator[Any]:
    for name in run.sample_files(step):
        content = run.sample(step, name)
        if content is None:
            continue
        stem, suffix = Path(name).stem, Path(name).suffix
        if suffix == PICTURE:
            yield _image(f"samples/{stem}", content, step, when)
        elif suffix in (".txt", ".json"):
            yield _text(
                f"samples/{stem}", content[: 4 * TEXT_LIMIT].decode("utf-8", "replace")[:TEXT_LIMIT], step, when
            )


def _event(tag: str, plugin: str, tensor: Any, step: int, when: float) -> Any:
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name=plugin),
        data_class=PLUGINS[plugin],
    )
    value = tf.compat.v1.Summary.Value(tag=tag, tensor=tensor, metadata=metadata)
    return tf.compat.v1.Event(wall_time=when, step=step, summary=tf.compat.v1.Summary(value=[value]))


def _scalar(tag: str, value: float, step: int, when: float) -> Any:
    return _event(tag, "scalars", tf.make_tensor_proto(value, tf.float32), step, when)


def _text(tag: str, text: str, step: int, when: float) -> Any:
    """As a block of code, since TensorBoard reads texts as Markdown and these are a network's or a stranger's."""
    lines = "\n".join(f"    {line}" for line in text.splitlines())
    return _event(tag, "text", tf.make_tensor_proto([lines.encode()], tf.string), step, when)


def _image(tag: str, png: bytes, step: int, when: float) -> Any:
    width, height = (str(int.from_bytes(png[at : at + 4], "big")).encode() for at in (16, 20))
    return _event(tag, "images", tf.make_tensor_proto([width, height, png], tf.string), step, when)


def _records(events: list[Any]) -> bytes:
    head = tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events"
        with tf.io.TFRecordWriter(str(path)) as writer:
            for event in (head, *sorted(events, key=lambda event: event.step)):
                writer.write(event.SerializeToString())
        return path.read_bytes()
