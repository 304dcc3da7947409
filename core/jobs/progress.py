"""Show the progress of a run on a terminal or in a log file."""

import time
from typing import TextIO

from core.durations import duration
from core.i18n import _
from core.runs.status import Status
from core.terminal import printable


class ProgressLine:
    """Rewrite one line on a terminal (at most every 0.2 s), or append a line to a file (at most every 5 s)."""

    def __init__(self, out: TextIO) -> None:
        self._out, self._live, self._last, self._width = out, out.isatty(), 0.0, 0

    def show(self, status: Status) -> None:
        now = time.monotonic()
        if now - self._last < (0.2 if self._live else 5.0) and status.state in ("running", "queued"):
            return
        self._last = now
        text = printable(describe(status))
        self._out.write(f"\r{text.ljust(self._width)}" if self._live else f"{text}\n")
        self._out.flush()
        self._width = len(text)

    def close(self) -> None:
        if self._live:
            self._out.write("\n")


def describe(status: Status) -> str:
    """Return one line such as `step 1,200 of 5,000 · loss 1.812 · best 1.790 · 25,300 chars/s · 2 min 10 s left`."""
    parts = [status.phase or status.message or status.state]
    if status.total:
        parts = [_("step {step:,} of {total:,}").format(step=status.step, total=status.total)]
        parts += [status.phase] if status.phase else []
    if status.loss is not None:
        parts.append(_("loss {loss:.4f}").format(loss=status.loss))
    if status.best is not None:
        parts.append(_("best {metric} {best:.4f}").format(metric=status.best_metric, best=status.best))
    if status.throughput:
        parts.append(f"{status.throughput:,.0f} {status.unit}/s")
    if status.eta:
        parts.append(_("{time} left").format(time=duration(status.eta)))
    elif status.state in ("finished", "stopped", "failed"):
        parts.append(status.state)
    return " · ".join(parts)
