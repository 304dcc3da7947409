"""One device, or several that share each batch: what a family's step asks where it differs between the two.

Several are TensorFlow's MirroredStrategy. Each holds a copy of all variables and takes its rows of the batch; gradients
are added up over the devices, and each moves its own copy by the same sum, so the copies stay equal. Random numbers are
drawn for the whole batch and then shared out: apart from Keras' own dropout, which draws the same mask on each, a step
on n devices is the step on one, up to the order of sums. On one device every method hands back what it was given.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import numpy as np

from core.backend import tf
from core.errors import UserError
from core.i18n import _
from core.runs.placement import Placement
from core.runs.run import Run


def available() -> dict[str, list[str]]:
    """TensorFlow's names of the devices of this machine, as in {"GPU": ["GPU:0"], "CPU": ["CPU:0"]}."""
    kinds = ("GPU", "CPU")
    return {kind: [device.name.removeprefix("/device:") for device in _logical(kind)] for kind in kinds}


def _logical(kind: str) -> Sequence[Any]:
    return tf.config.list_logical_devices(kind)


def resolve(devices: str) -> list[str]:
    """Names for Placement.devices, [] for "". All are the GPUs, or the processor where there is none.

    Raises UserError for a device that is not there, or for different kinds together.
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
    """Within it everything of `run` happens on the one device that was named for it, if it was just one."""
    names = resolve(Placement.of(run).devices)
    return tf.device(names[0]) if len(names) == 1 else nullcontext()


class Devices:
    """The devices that share batches of `batch` rows; of more devices than rows, only so many are used."""

    def __init__(self, names: Sequence[str], batch: int) -> None:
        self.names = list(names)[:batch] or [""]
        self.rows = [len(part) for part in np.array_split(np.arange(batch), len(self.names))]
        self._strategy = _mirrored_strategy(tuple(self.names)) if len(self.names) > 1 else None

    @classmethod
    def of(cls, run: Run, batch: int) -> "Devices":
        """What was asked for `run`. Raises UserError for a device that is not there."""
        return cls(resolve(Placement.of(run).devices), batch)

    @property
    def several(self) -> bool:
        return self._strategy is not None

    def notes(self, dropout: float = 0.0) -> list[str]:
        """For the person: what a batch was shared by. dropout: that of Keras' own layers."""
        if not self.several:
            return []
        text = _("{count} devices share each batch: {names}.")
        notes = [text.format(count=len(self.names), names=", ".join(self.names).lower())]
        if dropout:
            notes.append(_("Dropout draws the same mask on each, so the curve is not quite that of one device."))
        return notes

    def scope(self) -> AbstractContextManager[Any]:
        """Variables that are made within it have a copy on each device. All that a step assigns to must be."""
        return self._strategy.scope() if self._strategy else nullcontext()

    @tf.autograph.experimental.do_not_convert
    def run(self, step: Callable[..., Any], *arguments: Any) -> Any:
        """step(*arguments) on each device; its answer, tensors that must be equal on all.

        What is below may only be called from within `step`, and in no loop, branch or tf.function of its own.
        """
        if self._strategy is None:
            return step(*arguments)
        local = self._strategy.experimental_local_results
        return tf.nest.map_structure(lambda value: local(value)[0], self._strategy.run(step, arguments))

    @property
    def replica_index(self) -> int:
        """Which of the devices this one is."""
        return int(tf.get_static_value(_replica_context().replica_id_in_sync_group)) if self.several else 0

    def local_shard(self, whole: Any) -> Any:
        """This device's rows of a tensor that begins with the batch."""
        return tf.split(whole, self.rows)[self.replica_index] if self.several else whole

    def all_reduce(self, values: Any) -> Any:
        """The sum over the devices of each tensor in `values`."""
        if not self.several:
            return values
        dense = tf.nest.map_structure(tf.convert_to_tensor, values)  # the gradient of a look-up is sparse
        return _replica_context().all_reduce(tf.distribute.ReduceOp.SUM, dense)

    def scale_loss(self, value: Any) -> Any:
        """A mean over this device's rows → its share in the mean over the whole batch, which is the total of these.

        Of a loss it is the share that is to be differentiated: where devices share statistics, each one's loss depends
        on the rows of all.
        """
        return value * (self.rows[self.replica_index] / sum(self.rows)) if self.several else value

    def mean(self, value: Any) -> Any:
        """A mean over this device's rows → the mean over the whole batch."""
        return self.all_reduce(self.scale_loss(value))

    def all_gather(self, mine: Any) -> Any:
        """The whole batch of what each device has of it, rows first."""
        return _replica_context().all_gather(mine, 0) if self.several else mine


@cache
def _mirrored_strategy(names: tuple[str, ...]) -> tf.distribute.MirroredStrategy:
    """One for each set of devices in a process: two would number their messages to one another alike."""
    return tf.distribute.MirroredStrategy(names)


def _replica_context() -> Any:
    return tf.distribute.get_replica_context()
