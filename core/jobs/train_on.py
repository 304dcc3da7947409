"""Create a run that goes on from a finished one with other data: a branch whose network may grow."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import UserError
from core.families import Family
from core.i18n import _
from core.runs.files import json_bytes
from core.runs.run import START, Run
from core.runs.store import create, find_of
from core.schema import Options, merged
from core.sources import EARLIER, Source


def kept_options(run: Run, values: Mapping[str, Any], family: Family) -> dict[str, Any]:
    """Return `values` with the options that a run that goes on from `run` keeps.

    Raises UserError where `values` set one of them to another value.
    """
    kept = {name: getattr(run.options, name) for name in family.fine_tuning.KEPT}
    for name in kept:
        if name in values and (asked := getattr(merged(run.options, {name: values[name]}), name)) != kept[name]:
            text = _("A run that goes on from “{run}” keeps its {option} of {kept}: {asked} does not match.")
            raise UserError(text.format(run=run.id, option=name, kept=kept[name], asked=asked))
    return dict(values) | kept


def earlier_source(run: Run, family: Family) -> Source:
    """Return what a run that goes on from `run` keeps of it. Raises UserError where there is no model."""
    run.check_usable()
    return Source("earlier.json", json_bytes(family.fine_tuning.earlier(run)), EARLIER)


def source_run(family: Family, run_id: str) -> Run:
    """Return the finished run to go on from. Raises UserError where it is of another family or still trains."""
    run = find_of(family.key, run_id)
    if run.active:
        raise UserError(_("The run “{run}” is still active: stop it first.").format(run=run.id))
    return run


def create_onward(run: Run, options: Options, sources: Sequence[Source], *, family: Family, **about: Any) -> Run:
    """Create a run on `sources` (with earlier_source() among them) that begins from the best weights of `run`.

    about: name, preset and label, as create() takes them. config.json records `run` as "origin".
    """
    from core.runs.checkpoint import arrays_bytes  # imports numpy, which would slow down --help

    weights = family.fine_tuning.start(run, sources, options)
    files = {START: arrays_bytes(weights, {"run": run.id})}
    return create(options, sources, files=files, more_config={"origin": {"run": run.id, "changed": []}}, **about)
