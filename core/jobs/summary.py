"""The row of a run in a table of runs."""

from typing import Any

from core.jobs.ray_cluster import watch_if_on_cluster
from core.runs.run import Run


def summary(run: Run) -> dict[str, Any]:
    """Return the row of `run` in a table; a damaged run has the state "broken".

    A run on a Ray cluster is watched from now on, so that its status changes when the cluster loses it.
    """
    status = run.status
    watch_if_on_cluster(run, status)
    if status.state == "broken":
        return {"run": run.id, "name": run.name, "family": "", "state": "broken", "error": status.error}
    return {
        "run": run.id,
        "name": run.name,
        "family": run.family,
        "state": status.state,
        "step": status.step,
        "total": status.total,
        "best_metric": status.best_metric,
        "best": status.best,
        "best_step": status.best_step,
        "seconds": round(status.seconds, 1),
        "created": run.created,
        "size": run.size(),
        **({"note": run.note} if run.note else {}),
        **({"tags": run.tags} if run.tags else {}),
        **({"error": status.error} if status.error else {}),
    }
