"""Data-parallel training on one or several devices, with the operations that a family's training step needs.

Several devices use TensorFlow's MirroredStrategy: each holds a copy of all variables and processes its rows of the
batch; gradients are summed over the devices, and each applies the same sum, so the copies stay equal. Random numbers
are drawn for the whole batch and then split, so a step on n devices equals the step on one, up to the order of sums. On
one device every method returns its argument.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import Any

import numpy as np

from core.backend import keras, tf
from core.errors import UserError
from core.i18n import _
from core.runs.placement import Placement
from core.runs.run import Run


def available() -> dict[str, list[str]]:
    """Return TensorFlow's names of this machine's devices, as in {"GPU": ["GPU:0"], "CPU": ["CPU:0"]}."""
    kinds = ("GPU", "CPU")
    return {kind: [device.name.removeprefix("/device:") for device in _logical(kind)] for kind in kinds}


def _logical(kind: str) -> Sequence[Any]:
    return tf.config.list_logical_devices(kind)


def resolve(devices: str) -> list[str]:
    """Return the device names for Placement.devices, [] for "". "all" means all GPUs, or the CPU where there is none.

    Raises UserError for a device that does not exist, or for GPUs and CPU together.
    """
    if not devices:
        return []
    here = available()
    if devices == "all":
        return here["GPU"] or here["CPU"]
    names = list(dict.fromkeys(devices.upper().split(",")))
    missing = next((name for name in names if name not in here[name[:3]]), None)
    if missing:
        raise UserError(
            _("There is no device “{name}” on this machine, which has {known}: choose others with --devices.").format(
                name=missing.lower(), known=", ".join([*here["GPU"], *here["CPU"]]).lower()
            )
        )
    if len({name[:3] for name in names}) > 1:
        raise UserError(_("A processor and a GPU cannot share a batch: name devices of one kind with --devices."))
    return names


def device_scope(run: Run) -> AbstractContextManager[Any]:
    """Return a context in which operations run on the device of `run`, if exactly one is set."""
    names = resolve(Placement.of(run).devices)
    return tf.device(names[0]) if len(names) == 1 else nullcontext()


def shard_sizes(rows: int, parts: int) -> list[int]:
    """How many of `rows` each of at most `parts` parts has, none of which is empty; they differ by at most one row."""
    return [len(part) for part in np.array_split(np.arange(rows), min(parts, rows))]


class Devices:
    """The devices that share batches of `batch` rows; at most `batch` devices are used."""

    def __init__(self, names: Sequence[str], batch: int) -> None:
        self.names = list(names)[:batch] or [""]
        self.rows = shard_sizes(batch, len(self.names))
        self._strategy = _mirrored_strategy(tuple(self.names)) if len(self.names) > 1 else None

    @classmethod
    def of(cls, run: Run, batch: int) -> "Devices":
        """Return the devices set for `run`. Raises UserError for a device that does not exist."""
        return cls(resolve(Placement.of(run).devices), batch)

    @property
    def several(self) -> bool:
        return self._strategy is not None

    def notes(self) -> list[str]:
        """Return sentences for the report about the devices."""
        if not self.several:
            return []
        text = _("{count} devices share each batch: {names}.")
        return [text.format(count=len(self.names), names=", ".join(self.names).lower())]

    def scope(self) -> AbstractContextManager[Any]:
        """Return a context whose new variables have a copy on each device; needed for all that a step assigns to."""
        return self._strategy.scope() if self._strategy else nullcontext()

    @tf.autograph.experimental.do_not_convert
    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """Call step(*arguments) on each device; return its result, tensors that must be equal on all devices.

        The members below need TensorFlow's replica context: call them only inside `step`, and not inside a loop, branch
        or tf.function within it.
        """
        if self._strategy is None:
            return step(*arguments)
        local = self._strategy.experimental_local_results
        return tf.nest.map_structure(lambda value: local(value)[0], self._strategy.run(step, arguments))

    @property
    def replica_index(self) -> int:
        """The index of the current device, from 0."""
        return int(tf.get_static_value(_replica_context().replica_id_in_sync_group)) if self.several else 0

    def local_shard(self, whole: Any) -> Any:
        """Return this device's rows of a tensor whose first axis is the batch, (B, …) → (rows, …)."""
        return tf.split(whole, self.rows)[self.replica_index] if self.several else whole

    def split_dropout(self, model: keras.Model) -> None:
        """Let the Dropout layers of `model` draw the whole batch's mask on each device, which then takes its rows.

        Left to themselves, they would draw the same mask on each device.
        """
        for layer in model._flatten_layers() if self.several else []:
            if isinstance(layer, keras.layers.Dropout):
                layer.call = partial(self._dropout, layer.call)

    def _dropout(self, drop: Callable[..., Any], inputs: Any, training: bool = False) -> Any:
        """Dropout of this device's rows, once or several times one after another: (n · rows, …)."""
        if not training:
            return inputs
        rest = tf.shape(inputs)[1:]
        times = (inputs.shape[0] or 0) // self.rows[self.replica_index] or 1
        mask = drop(tf.ones(tf.concat([[times * sum(self.rows)], rest], 0), inputs.dtype), training=True)
        each = tf.split(mask, times)
        return inputs * tf.concat([self.local_shard(part) for part in each], 0)

    def all_reduce(self, values: Any) -> Any:
        """Return the sum over the devices of each tensor in `values`."""
        if not self.several:
            return values
        dense = tf.nest.map_structure(tf.convert_to_tensor, values)  # an embedding's gradient is sparse
        return _replica_context().all_reduce(tf.distribute.ReduceOp.SUM, dense)

    def scale_loss(self, value: Any) -> Any:
        """Scale a mean over this device's rows so that the sum over the devices is the mean over the whole batch.

        Differentiate the scaled loss: where devices share batch statistics, each device's loss depends on all rows.
        """
        return value * (self.rows[self.replica_index] / sum(self.rows)) if self.several else value

    def mean(self, value: Any) -> Any:
        """Return the mean over the whole batch, given the mean over this device's rows."""
        return self.all_reduce(self.scale_loss(value))

    def all_gather(self, local: Any) -> Any:
        """Return the rows of all devices, (rows, …) → (B, …)."""
        return _replica_context().all_gather(local, 0) if self.several else local


@cache
def _mirrored_strategy(names: tuple[str, ...]) -> tf.distribute.MirroredStrategy:
    """Return the only strategy for these devices in this process; two would use the same collective keys."""
    return tf.distribute.MirroredStrategy(names)


def _replica_context() -> Any:
    return tf.distribute.get_replica_context()
