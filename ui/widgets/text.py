"""Escaping of user text, display of errors, and formatting of numbers."""

import html
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import streamlit as st

from core.errors import UserError
from core.faults import studio_log
from core.i18n import _

log = studio_log()


def md(text: str) -> str:
    """Escape `text` for Markdown: for titles, labels and captions."""
    flat = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", flat)


def escape(text: str) -> str:
    """Escape `text` for st.html."""
    return html.escape(str(text), quote=True)


@contextmanager
def guard(where: str = "") -> Iterator[None]:
    """Show a UserError in place; log any other exception and show a generic message without traceback."""
    try:
        yield
    except UserError as error:
        st.error(md(str(error)), icon=":material/error:")
    except Exception:
        log.exception("A screen failed: %s", where)
        st.error(
            _("Something in the program failed here; nothing of your data is lost. The server's log says what."),
            icon=":material/bug_report:",
        )


def findings_line(figures: Mapping[str, str], notes: Sequence[str] = ()) -> None:
    """Show names and figures as one line, and each note under it."""
    st.markdown(" · ".join(f"{md(name)} **{md(value)}**" for name, value in figures.items()))
    for note in notes:
        st.caption(f":material/info: {md(note)}")


def short_number(number: float | None) -> str:
    """Format a number as `1,234`, `56.7 k` or `8.9 M`."""
    if number is None:
        return "–"
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(number) >= limit:
            return f"{number / {' G': 1e9, ' M': 1e6, ' k': 1e3}[unit]:.3g}{unit}"
    return f"{number:,.0f}"


def byte_size(count: int) -> str:
    """Format bytes as `12 kB`, `3.4 MB` or `5.6 GB` (powers of ten)."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def time_ago(moment: float) -> str:
    """Format a Unix time as `just now`, `5 min ago` or `3 days ago`."""
    seconds = max(0.0, time.time() - moment)
    for length, one in ((86400.0, _("{n} days ago")), (3600.0, _("{n} h ago")), (60.0, _("{n} min ago"))):
        if seconds >= length:
            return one.format(n=int(seconds // length))
    return _("just now")


def metric_name(key: str) -> str:
    """Display name of a metric's key in metrics.jsonl; an unknown key is returned escaped."""
    words = {
        "loss": _("training loss"),
        "val_loss": _("validation loss"),
        "val_accuracy": _("validation accuracy"),
        "accuracy": _("training accuracy"),
        "grad_norm": _("gradient norm"),
        "frechet_classifier_distance": _("Fréchet distance"),
        "g_loss": _("generator's loss"),
        "d_loss": _("discriminator's loss"),
    }
    return words.get(key) or md(key)
