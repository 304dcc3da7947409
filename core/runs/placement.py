"""Where a run is to train: on which devices of a machine, and with how much of a cluster. Recorded beside its options.

It is no option of the network: the same run may begin on one machine and go on on another.
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
    """`devices`: "" for what TensorFlow takes by itself, "all", or names as in "gpu:0,gpu:1". `cpus` and `gpus` are
    what a cluster keeps free for the run; a machine alone does not count them. Raises UserError for nonsense."""

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
        """What is recorded for `run`; the default where nothing sound is."""
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
        """HIDDEN_STATE_CPUS and HIDDEN_STATE_GPUS say what the screens ask of a cluster."""
        asked = {name: os.environ.get(f"HIDDEN_STATE_{name.upper()}", "") for name in ("cpus", "gpus")}
        given = {name: int(text) for name, text in asked.items() if text.isdecimal() and len(text) < 5}
        return cls("", **given)

    def as_file(self) -> dict[str, bytes]:
        """The same for a run that is still to be made: store.create() puts it beside config.json."""
        return {FILE: json_bytes(asdict(self))}

    def record(self, run: Run, **more: Any) -> None:
        """Raises UserError where the folder refuses."""
        try:
            run.write_json(FILE, asdict(self) | more)
        except OSError as error:
            raise UserError(
                _("The run “{run}” cannot be written to: {reason}.").format(run=run.id, reason=error.strerror or error)
            ) from None
