"""Training again: the same data, some options changed."""

from typing import Any

from core.i18n import _
from core.runs.run import Run
from core.runs.store import create
from core.schema import parse_options


def again(run: Run, changes: dict[str, Any], name: str = "") -> Run:
    """A new run on the data of `run` with `changes` to its options. Raises UserError where they do not fit."""
    options = parse_options(type(run.options), run.options.model_dump() | changes)
    return create(
        options,
        run.sources(),
        name=name or _("{name}, again").format(name=run.name),
        preset=str(run.config.get("preset", "")),
        label=str(run.config["data"].get("name", "")),
        directory=run.path.parent,
    )
