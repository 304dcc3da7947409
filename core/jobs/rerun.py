"""Create a run that repeats another one with changed options, or branches from a snapshot of its weights."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.errors import UserError
from core.i18n import _
from core.runs import policy
from core.runs.files import json_bytes
from core.runs.folders import root_of
from core.runs.run import SNAPSHOTS, START, Run
from core.runs.store import create
from core.schema import BUDGETS, Options, merged, one_budget


class Change(NamedTuple):
    option: str
    before: Any
    now: Any


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[Change]:
    """Return the options in which two runs differ, in the schema's order; None stands for an option that one lacks."""
    return [
        Change(name, before.get(name), now.get(name))
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]


def choices_to_repeat(run: Run, options: Options) -> dict[str, bytes]:
    """Return the files that let a run of `options` on the data of `run` compute as `run` did; {} for other options.

    A family may choose what its options leave open by measuring the machine, such as the precision of products and the
    parts of a batch; it records that under "numerics" in facts.json and keeps to it where it stands there already.
    """
    numerics = run.facts.get("numerics")
    try:
        changed = differences(run.options.model_dump(), options.model_dump())
    except UserError:
        return {}
    if numerics is None or any(change.option not in BUDGETS for change in changed):
        return {}
    return {"facts.json": json_bytes({"numerics": numerics})}


def create_rerun(
    run: Run, changes: Mapping[str, Any], name: str = "", branch_from: int | None = None, **more_config: Any
) -> Run:
    """Create a run on the data of `run` with `changes` to its options; config.json records them as "origin".

    branch_from: start from the weight snapshot of this step. Without it, a run that is itself a branch passes its own
    start weights on. Raises UserError where the changes are invalid or there is no snapshot of that step.
    """
    options = merged(run.options, one_budget(changes))
    changed = differences(run.options.model_dump(mode="json"), options.model_dump(mode="json"))
    origin: dict[str, Any] = {"run": run.id, "changed": [change.option for change in changed]}
    files, start = choices_to_repeat(run, options), run.path / START
    if branch_from is not None:
        start = run.path / SNAPSHOTS / f"step-{branch_from:010d}.npz"
        origin["step"] = branch_from
    if branch_from is not None or start.exists():
        from core.runs.checkpoint import load_arrays  # imports numpy, which would slow down --help

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
