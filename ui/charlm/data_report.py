"""What was found in a text, before any training."""

from typing import Any

import streamlit as st

from core.charlm.config import CharLMConfig
from core.charlm.data import report
from core.charlm.data.report import TextReport
from core.hosting.limits import LIMITS
from core.i18n import _, language, lazy_message
from core.runs import policy
from core.sources import Source
from ui.shell.hosting import is_visitor
from ui.widgets.text import escape, findings_line, short_number

FIELDS = ("encoding", "lowercase", "nfkc", "min_count", "validation")


def examine(sources: tuple[Source, ...], **reading: Any) -> tuple[TextReport, dict[str, int]]:
    """The report and the sizes that a preset wants. Raises UserError for what is no text."""
    return _examined(language(), sources, **reading)


@st.cache_data(max_entries=8, show_spinner=lazy_message("Reading the text …"))
def _examined(language_code: str, sources: tuple[Source, ...], **reading: Any) -> tuple[TextReport, dict[str, int]]:
    limit = LIMITS.baseline_symbols if is_visitor() else report.BASELINE_LIMIT
    return policy.current().read(report.examine, sources, CharLMConfig(**reading), limit)


def show(found: TextReport) -> None:
    """One line of findings, the notes and an excerpt; all else is folded."""
    figures = {
        _("Characters"): short_number(found.characters),
        _("Distinct"): short_number(found.distinct),
        _("For validation"): short_number(found.validation),
    }
    findings_line(figures, found.notes)
    with st.container(border=True, height=230):
        st.html(f'<div style="white-space:pre-wrap;line-height:1.5">{escape(found.preview)} …</div>')
    with st.expander(_("The full report"), icon=":material/lab_profile:"):
        _full(found)


def _full(found: TextReport) -> None:
    with st.grid(min_column_width=130):
        st.metric(_("Characters"), short_number(found.characters))
        st.metric(_("Distinct"), short_number(found.distinct), help=_("Kinds of character in the whole text."))
        st.metric(
            _("For validation"), short_number(found.validation), help=_("The last part of the text, never trained on.")
        )
        st.metric(_("Repeated lines"), f"{found.repeated_lines:.0%}")
        for item in found.baselines:
            name = _("Letter frequencies") if item.order == 1 else _("{n}-gram table").format(n=item.order)
            st.metric(
                name,
                _("{value:.2f} nats").format(value=item.nats),
                help=_("What this reaches on the validation part: the figure to beat."),
            )
    _characters(found)


def _characters(found: TextReport) -> None:
    st.markdown(_("**Most frequent**"))
    _chips(found.most_frequent[:14])
    st.markdown(_("**Least frequent**"))
    _chips(found.least_frequent[:14])
    if found.folded.kinds:
        st.caption(
            _(
                "{kinds} kinds that occur less than {limit} times ({count} characters in all) become one “unknown”."
            ).format(kinds=found.folded.kinds, limit=found.folded.min_count, count=found.folded.count)
        )


def _chips(items: Any) -> None:
    """Characters with their counts; the Unicode name on hover."""
    chips = "".join(
        f'<span title="{escape(item.name)}" style="display:inline-block;margin:2px;padding:1px 8px;border-radius:9px;'
        f'background:rgba(128,124,145,.14)"><code style="background:none">{escape(_visible(item.symbol))}</code> '
        f'<small style="opacity:.7">{item.count:,}</small></span>'
        for item in items
    )
    st.html(chips)


def _visible(symbol: str) -> str:
    return {" ": "␣", "\n": "⏎", "\t": "⇥", "\u3000": "␣"}.get(symbol, symbol)
