"""Checks whether a visitor of a hosted demo may create or start a run; each raises UserError where not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.families import Family, family
from core.hosting.limits import LIMITS
from core.hosting.owner import check_pause
from core.hosting.refusals import counted
from core.hosting.visitors import current_user
from core.i18n import _
from core.jobs.queue import queued_runs
from core.runs import policy
from core.runs.folders import VISITORS, root_of, run_folders
from core.runs.run import Run
from core.schema import Cost, Options
from core.sources import Source

LINES_PER_ROW = 10


def limit_budget(options: Options) -> Options:
    """Return `options` with a budget in seconds lowered to a visitor's limit, so that every preset can be tried."""
    if current_user().visitor is None or options.seconds is None or options.seconds <= LIMITS.seconds:
        return options
    return options.model_copy(update={"seconds": float(LIMITS.seconds)})


@counted("data")
def check_data(size: int) -> None:
    """Raise UserError where a visitor's data exceeds the limit in bytes; the owner has none."""
    if current_user().visitor is not None and size > LIMITS.data_bytes:
        raise UserError(
            _("This hosted demo takes {limit:,} bytes of data, and yours has {size:,}: bring a part of it.").format(
                limit=LIMITS.data_bytes, size=size
            )
        )


@counted("rows")
def check_rows(rows: int) -> None:
    """Raise UserError where a visitor's file has more rows than are classified at once."""
    if current_user().visitor is not None and rows > LIMITS.rows:
        raise UserError(
            _("This hosted demo classifies {limit:,} rows at once, not {rows:,}: bring a part of them.").format(
                limit=LIMITS.rows, rows=rows
            )
        )


def check_lines(data: bytes) -> None:
    """Raise UserError where a visitor's file has so many lines that it need not be read: a cell may hold some."""
    lines = data.count(b"\n")
    if lines > LINES_PER_ROW * LIMITS.rows:
        check_rows(lines)


@counted("network")
def check_network(row: Family, options: Options, sizes: Mapping[str, Any]) -> None:
    """Raise UserError where a visitor's network is too large, or its training too long."""
    if current_user().visitor is None:
        return
    if options.seconds is not None and options.seconds > LIMITS.seconds:
        raise UserError(
            _("This hosted demo trains for {limit:,} seconds at most, not {seconds:,g}: lower the budget.").format(
                limit=LIMITS.seconds, seconds=options.seconds
            )
        )
    check_cost(row.config.cost(options, **sizes))


def check_cost(cost: Cost) -> None:
    """Raise UserError where a network exceeds the limits of a visitor."""
    if cost.parameters > LIMITS.parameters:
        raise UserError(
            _(
                "This hosted demo trains networks of {limit:,} parameters at most, and this one has {count:,}: "
                "choose a smaller one."
            ).format(limit=LIMITS.parameters, count=cost.parameters)
        )
    if cost.memory_mb > LIMITS.memory_mb:
        raise UserError(
            _(
                "Training this network needs about {need:,.0f} MB of memory, and this hosted demo has {limit:,}: "
                "choose smaller batches or a smaller network."
            ).format(limit=LIMITS.memory_mb, need=cost.memory_mb)
        )


def check_new(options: Options, sources: Sequence[Source], runs_folder: Path) -> None:
    """Raise UserError where a visitor may not create this run in `runs_folder`, or not start it now.

    The sizes are taken from the data itself, since a client could report others.
    """
    if current_user().visitor is None:
        return
    check_start(runs_folder)
    check_data(sum(len(source.data) for source in sources))
    row = family(options.family)
    check_network(row, options, policy.current().read(row.data.sizes, sources, options))


@counted("import")
def check_import() -> None:
    """Raise UserError where a visitor wants to import a run, whose network could be of any size."""
    if current_user().visitor is not None:
        raise UserError(_("This hosted demo takes no runs in: train one here, or bring it to a studio of your own."))


@counted("disk")
def _check_disk(runs_folder: Path) -> None:
    """Raise UserError where the visitor's runs, or those of all visitors, exceed their limit on disk space."""
    if (used := _bytes(runs_folder)) > LIMITS.visitor_bytes:
        raise UserError(
            _("Your runs take {used:,.0f} MB of {limit:,.0f}: delete one and empty the bin.").format(
                used=used / 1e6, limit=LIMITS.visitor_bytes / 1e6
            )
        )
    if _bytes(root_of(runs_folder) / VISITORS) > LIMITS.all_bytes:
        raise UserError(_("This hosted demo's disk is full: runs are removed after a day, so try again later."))


def _bytes(folder: Path) -> int:
    return Run(folder).size()


@counted("line")
def check_start(runs_folder: Path) -> None:
    """Raise UserError where a visitor has too many active runs, or too many visitors are queued."""
    if current_user().visitor is None:
        return
    root = root_of(runs_folder)
    counted("paused")(check_pause)(root)
    _check_disk(runs_folder)
    active = sum(Run(path).active for path in run_folders(root) if path.parent == runs_folder)
    if active >= LIMITS.active:
        raise UserError(
            _("{count} of your runs wait or train already, which is all that one visitor may have: stop one.").format(
                count=active
            )
        )
    queue = {run.path.parent for run in queued_runs(root)}
    if len(queue) >= LIMITS.queued_visitors and runs_folder not in queue:
        raise UserError(
            _("{count} visitors wait for their turn already: try again in a few minutes; your set-up stays.").format(
                count=len(queue)
            )
        )
