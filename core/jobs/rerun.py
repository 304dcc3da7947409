"""Training again: the same data, some options changed; or a branch, which also begins from weights kept at a step."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.errors import UserError
from core.i18n import _
from core.runs import policy
from core.runs.folders import root_of
from core.runs.run import SNAPSHOTS, START, Run
from core.runs.store import create
from core.schema import merged, one_budget


class Change(NamedTuple):
    option: str
    before: Any
    now: Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """The options in which two runs differ, in the schema's order; one that a run does not know is None there."""
    return [
        Change(name, before.get(name), now.get(name))
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def create_rerun(
    run: Run, changes: Mapping[str, Any], name: str = "", branch_from: int | None = None, **more_config: Any
) -> Run:
    """A new run on the data of `run` with `changes` to its options, which are recorded in its config.json.

    branch_from: begin from the weights that `run` kept at this step; a run that branched itself hands its beginning
    on. Raises UserError where the changes do not fit, or no weights were kept then.
    """
    options = merged(run.options, one_budget(changes))
    changed = differences(run.options.model_dump(mode="json"), options.model_dump(mode="json"))
    origin: dict[str, Any] = {"run": run.id, "changed": [change.option for change in changed]}
    files, start = {}, run.path / START
    if branch_from is not None:
        start = run.path / SNAPSHOTS / f"step-{branch_from:010d}.npz"
        origin["step"] = branch_from
    if branch_from is not None or start.exists():
        from core.runs.checkpoint import load_arrays  # brings numpy, which --help does without

        try:
            load_arrays(start)
            files[START] = start.read_bytes()
        except (OSError, ValueError):
            raise UserError(
                _("The run “{run}” keeps no sound weights to begin from at that step.").format(run=run.id)
            ) from None
    return create(
        options,
        run.sources(),
        name=name
        or (_("{name}, from step {step}") if branch_from is not None else _("{name}, again")).format(
            name=run.name, step=branch_from
        ),
        preset=str(run.config.get("preset", "")),
        label=str(run.config["data"].get("name", "")),
        directory=policy.current().runs_folder(root_of(run.path.parent)),
        files=files,
        more_config={"origin": origin} | more_config,
    )
