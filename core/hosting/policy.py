"""The policy of a hosted demo: what its visitors may do. core.runs and core.jobs call it through core.runs.policy."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from core.hosting import admission, visitors
from core.hosting.limits import LIMITS
from core.hosting.visitor_scheduler import ensure_scheduler
from core.jobs.launch import ChildProcess, Launcher
from core.runs import policy
from core.runs.folders import root_of
from core.runs.run import Run
from core.schema import Cost, Options
from core.sources import Source

T = TypeVar("T")


class QueuedByServer:
    """Launcher for visitors: a queued run is only a folder until the server's scheduler starts its process."""

    def start(self, run: Run) -> None:
        ensure_scheduler(root_of(run.path.parent), ChildProcess(LIMITS.niceness).start)


class HostedPolicy(policy.Policy):
    """Apply the current user's rights: the owner may do everything, a visitor what core.hosting.limits allows."""

    turn_seconds = float(LIMITS.turn_seconds)

    @property
    def visitor(self) -> bool:  # type: ignore[override]
        return visitors.current_user().visitor is not None

    @property
    def group(self) -> str:  # type: ignore[override]
        return visitors.current_user().group

    def runs_folder(self, root: Path) -> Path:
        return visitors.runs_folder(root)

    def check_change(self, run_folder: Path) -> None:
        visitors.check_change(run_folder)

    def check_new(self, options: Options, sources: Sequence[Source], runs_folder: Path) -> None:
        admission.check_new(options, sources, runs_folder)

    def check_build(self, run_folder: Path, cost: Cost) -> None:
        if visitors.is_visitors(run_folder):  # whose training is a process of the owner
            admission.check_cost(cost)

    def check_start(self, runs_folder: Path) -> None:
        admission.check_start(runs_folder)

    def check_import(self) -> None:
        admission.check_import()

    def read(self, function: Callable[..., T], *arguments: Any, run_folder: Path | None = None) -> T:
        if not self.visitor or (run_folder is not None and not visitors.is_visitors(run_folder)):
            return function(*arguments)
        from core.hosting.reader import shared_reader  # numpy comes with it, which --help does without

        return shared_reader().call(function, *arguments, visitor=visitors.current_user().visitor or "")

    def launcher(self) -> Launcher | None:
        return QueuedByServer() if self.visitor else None


def register() -> None:
    """Register this policy with core.runs.policy; called once at the start of a program."""
    policy.register(HostedPolicy())
