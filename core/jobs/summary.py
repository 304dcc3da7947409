"""What a table of runs shows of one run."""

from typing import Any

from core.jobs.ray_cluster import watch_if_on_cluster
from core.runs.run import Run


def summary(run: Run) -> dict[str, Any]:
    """What a table of runs shows of one run; a damaged one says so. A cluster's is looked after from now on."""
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
