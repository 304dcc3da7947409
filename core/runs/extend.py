"""Extend a run's training beyond its plan; plan.json records each extension."""

import time
from collections.abc import Mapping

from core.errors import UserError
from core.i18n import _
from core.runs.files import is_number
from core.runs.run import Run

STEPS_LIMIT = 100_000_000


def extensions(run: Run) -> list[int]:
    """Return the number of steps that each extension added to the plan of `run`."""
    plan = run.read_json("plan.json")
    listed = plan.get("extensions") if isinstance(plan, dict) else None
    steps = [item.get("steps") for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return [amount for amount in steps if isinstance(amount, int)]


def planned_steps(run: Run) -> int | None:
    """Return the steps that the plan of `run` had before any extension; None where there is no plan yet."""
    plan = run.read_object("plan.json")
    listed = plan.get("extensions")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    steps = first.get("planned", first.get("after", plan.get("total_steps")))
    return steps if isinstance(steps, int) and steps > 0 else None


def extend(run: Run, more: Mapping[str, float]) -> int:
    """Extend `run` by {"steps": n}, {"epochs": x} or {"seconds": t}; return its new total number of steps.

    From its current step on, the learning rate follows the schedule for the new total. A run that stopped early
    continues from the step at which it stopped. Raises UserError where there is no plan yet or the amount is invalid.
    """
    plan = run.read_json("plan.json")
    if not isinstance(plan, dict) or not is_number(plan.get("total_steps")):
        raise UserError(_("The run “{run}” has not begun yet: there is nothing to extend.").format(run=run.id))
    if len(more) != 1 or not all(is_number(value) and value > 0 for value in more.values()):
        raise UserError(_("Say how much longer in one of steps, epochs or seconds, as a number above 0."))
    status, (unit, amount) = run.status, *more.items()
    if unit == "steps":
        steps = round(amount)
    elif unit == "epochs" and is_number(plan.get("steps_per_epoch")):
        steps = round(amount * plan["steps_per_epoch"])
    elif unit == "seconds" and status.step and status.seconds:
        steps = round(amount * status.step / status.seconds)
    else:
        raise UserError(
            _("The run “{run}” cannot be extended in {unit}: say it in steps.").format(run=run.id, unit=unit)
        )
    end = status.step if status.state == "finished" else int(plan["total_steps"])  # early stopping too
    total = end + max(1, steps)
    if total > STEPS_LIMIT:
        raise UserError(_("A run has at most {limit:,} steps.").format(limit=STEPS_LIMIT))
    before = plan.get("extensions")
    entry = {"planned": int(plan["total_steps"]), "after": end, "steps": total - end, "at": time.time()}
    extensions = [*(before if isinstance(before, list) else []), entry]
    run.write_json("plan.json", plan | {"total_steps": total, "extensions": extensions})
    return total
