"""A person's text as text, errors in place, numbers as people read them."""

import html
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import UserError
from core.faults import studio_log
from core.i18n import _

log = studio_log()


def md(text: str) -> str:
    """`text` such that Markdown shows it letter by letter: for titles, labels and captions."""
    flat = " ".join(str(text).split())
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])", r"\\\1", flat)


def escape(text: str) -> str:
    """`text` for st.html."""
    return html.escape(str(text), quote=True)


@contextmanager
def guard(where: str = "") -> Iterator[None]:
    """Show a UserError in place; log every other fault and say so without its traceback."""
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


def short_number(number: float | None) -> str:
    """`1,234`, `56.7 k`, `8.9 M`"""
    if number is None:
        return "–"
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e4, " k")):
        if abs(number) >= limit:
            return f"{number / {' G': 1e9, ' M': 1e6, ' k': 1e3}[unit]:.3g}{unit}"
    return f"{number:,.0f}"


def byte_size(count: int) -> str:
    """Bytes as `12 kB` or `3.4 MB` (powers of ten)."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"


def time_ago(moment: float) -> str:
    """A time since 1970 as `just now`, `5 min ago`, `3 days ago`."""
    seconds = max(0.0, time.time() - moment)
    for length, one in ((86400.0, _("{n} days ago")), (3600.0, _("{n} h ago")), (60.0, _("{n} min ago"))):
        if seconds >= length:
            return one.format(n=int(seconds // length))
    return _("just now")


def metric_name(key: str) -> str:
    """A metric's key in metrics.jsonl, in words; one that is unknown here stays as it is, harmless to show."""
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
