"""Where a run trains: the devices of a machine, and the resources of a cluster. Stored in launch.json.

It is not part of the options, since the same run may start on one machine and continue on another.
"""

import os
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.runs.files import json_bytes
from core.runs.run import Run

FILE = "launch.json"
CPUS_LIMIT, GPUS_LIMIT = 1024, 64
_NAMES = re.compile(r"(cpu|gpu):\d{1,4}(,(cpu|gpu):\d{1,4})*")


@dataclass(frozen=True)
class Placement:
    """Devices and cluster resources of a run.

    devices: "" for TensorFlow's default, "all", or names such as "gpu:0,gpu:1". cpus, gpus: resources that a cluster
    reserves for the run; without a cluster they are ignored. Raises UserError for invalid values.
    """

    devices: str = ""
    cpus: int = 1
    gpus: int = 0

    def __post_init__(self) -> None:
        if self.devices not in ("", "all") and not _NAMES.fullmatch(self.devices):
            raise UserError(
                _("“{text}” names no devices: write --devices all, or names such as gpu:0,gpu:1.").format(
                    text=self.devices[:80]
                )
            )
        if not (1 <= self.cpus <= CPUS_LIMIT and 0 <= self.gpus <= GPUS_LIMIT):
            raise UserError(
                _("A run takes 1 to {cpus:,} processor cores and 0 to {gpus} GPUs of a cluster.").format(
                    cpus=CPUS_LIMIT, gpus=GPUS_LIMIT
                )
            )

    @classmethod
    def of(cls, run: Run) -> "Placement":
        """Return the placement recorded for `run`, or the default where none or an invalid one is recorded."""
        content = run.read_object(FILE)
        kinds: dict[str, type] = {"devices": str, "cpus": int, "gpus": int}
        default = cls.default()
        try:
            return replace(
                default, **{key: content[key] for key, kind in kinds.items() if type(content.get(key)) is kind}
            )
        except UserError:
            return default

    @classmethod
    def default(cls) -> "Placement":
        """Return the placement for new runs, with `cpus` and `gpus` from HIDDEN_STATE_CPUS and HIDDEN_STATE_GPUS."""
        asked = {name: os.environ.get(f"HIDDEN_STATE_{name.upper()}", "") for name in ("cpus", "gpus")}
        given = {name: int(text) for name, text in asked.items() if text.isdecimal() and len(text) < 5}
        return cls("", **given)

    def as_file(self) -> dict[str, bytes]:
        """Return the file for a run that is not created yet, as the `files` argument of store.create()."""
        return {FILE: json_bytes(asdict(self))}

    def record(self, run: Run, **more: Any) -> None:
        """Write the placement to the run's folder. Raises UserError where that is not writable."""
        try:
            run.write_json(FILE, asdict(self) | more)
        except OSError as error:
            raise UserError(
                _("The run “{run}” cannot be written to: {reason}.").format(run=run.id, reason=error.strerror or error)
            ) from None
