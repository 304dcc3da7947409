"""Command-line flags for where a run trains."""

import argparse
from dataclasses import replace

from core.i18n import _
from core.jobs.ray_cluster import configured
from core.runs.placement import Placement


def add_placement(parser: argparse.ArgumentParser) -> None:
    """Add the flags that placement() reads."""
    group = parser.add_argument_group(_("where it trains"))
    group.add_argument("--devices", metavar="all|NAMES", help=_("share each batch, as in all or gpu:0,gpu:1"))
    group.add_argument(
        "--launcher",
        choices=("process", "ray"),
        help=_("ray: on the cluster at RAY_ADDRESS (default where that is set)"),
    )
    group.add_argument(
        "--cpus", type=int, metavar="N", help=_("processor cores of a cluster for each run (default: 1)")
    )
    group.add_argument("--gpus", type=int, metavar="N", help=_("GPUs of a cluster for each run (default: 0)"))


def placement(arguments: argparse.Namespace, before: Placement) -> Placement:
    """Return `before` updated with the given flags. Raises UserError for a missing device or where Ray is missing."""
    given = {name: getattr(arguments, name) for name in ("devices", "cpus", "gpus")}
    chosen = replace(before, **{name: value for name, value in given.items() if value is not None})
    if configured() is None and given["devices"]:
        from core.tensorflow_import import import_tensorflow

        import_tensorflow()
        from core.training.devices import resolve

        resolve(chosen.devices)
    return chosen
