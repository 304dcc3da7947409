"""A parameter sweep: one run for each combination of option values and seeds, all queued together."""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import UserError
from core.i18n import _
from core.runs.names import slug
from core.runs.run import Run
from core.runs.store import create, delete
from core.schema import Options, from_text, merged, name_of, one_budget
from core.sources import Source

LIMIT = 100


def combinations(values: Mapping[str, Sequence[Any]], seeds: Sequence[Any] = ()) -> list[dict[str, str]]:
    """Return all combinations of option values, as texts, seeds varying fastest.

    Raises UserError where there is none or there are more than LIMIT.
    """
    axes = {name: list(dict.fromkeys(map(str, items))) for name, items in values.items()}
    if seeds:
        axes["seed"] = list(dict.fromkeys(map(str, seeds)))
    if not axes or not all(axes.values()):
        raise UserError(_("A sweep needs at least one option with at least one value, or some seeds."))
    count = 1
    for items in axes.values():
        count *= len(items)
    if count > LIMIT:
        raise UserError(
            _("This sweep would be {count:,} runs, but at most {limit} are made at once.").format(
                count=count, limit=LIMIT
            )
        )
    return [dict(zip(axes, chosen, strict=True)) for chosen in itertools.product(*axes.values())]


def sweep(
    options: Options,
    values: Mapping[str, Sequence[Any]],
    seeds: Sequence[Any],
    sources: Sequence[Source],
    *,
    name: str = "",
    **create_arguments: Any,
) -> list[Run]:
    """Create a run for each combination, with `options` for everything else; start none (see launch.start_each()).

    "sweep" in config.json names the sweep and the options that vary. Raises UserError before any run is created where a
    combination is invalid, and deletes those already created where the disk cannot be written.
    """
    chosen = combinations({name_of(type(options), key): items for key, items in values.items()}, seeds)
    for unknown in set(chosen[0]) - set(type(options).model_fields):
        raise UserError(_("There is no option “{name}” to sweep over.").format(name=unknown))
    typed = [{key: from_text(type(options), key, text) for key, text in changes.items()} for changes in chosen]
    variants = [merged(options, one_budget(changes)) for changes in typed]
    name = name or str(create_arguments.get("label") or options.family)
    mark = {"id": f"{slug(name)}-{time.time_ns()}", "options": list(chosen[0])}
    runs: list[Run] = []
    try:
        for changes, variant in zip(chosen, variants, strict=True):
            words = ", ".join(f"{key} {value}" for key, value in changes.items())
            runs.append(
                create(variant, sources, name=f"{name} · {words}", more_config={"sweep": mark}, **create_arguments)
            )
    except UserError:
        for run in runs:
            delete(run)
        raise
    return runs
