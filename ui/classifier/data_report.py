"""The report on a table of labelled texts before training, with a button for each remedy."""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from core.classifier.config import ClassifierConfig
from core.classifier.data import report as table_report
from core.classifier.data.cleaning import Finding
from core.classifier.data.prepare import Report
from core.classifier.data.table import shown_column
from core.i18n import N_, _, language, lazy_message, translated_mapping
from core.runs import policy
from core.sources import Source
from ui.shell.teacher_links import key_suffix
from ui.widgets import figures
from ui.widgets.palette import REAL, TRAIN, VALIDATION, with_alpha
from ui.widgets.text import findings_line, md, short_number

FIELDS = (
    *(
        "header",
        "sheet",
        "drop_empty",
        "drop_duplicates",
        "drop_near_duplicates",
        "drop_conflicts",
        "drop_leaks",
        "drop_small",
    ),
    *("merge_labels", "class_weights", "validation", "test", "tokens", "lowercase", "truncation"),
)
ICONS = {"info": ":material/info:", "warning": ":material/warning:", "bad": ":material/error:"}
REMEDIES = translated_mapping(
    {
        "empty": N_("Leave them out"),
        "spelling": N_("Take them for one"),
        "conflicts": N_("Leave them out"),
        "duplicates": N_("Keep one of each"),
        "near_duplicates": N_("Keep one of each"),
        "leaks_test": N_("Take them out of training"),
        "leaks_validation": N_("Take them out of training"),
        "small": N_("Leave these classes out"),
        "imbalance": N_("Let rare classes count more"),
        "long": N_("Read longer texts"),
    }
)
CLASSES_SHOWN = 40


class Found(NamedTuple):
    report: Report
    sizes: dict[str, int]


def key_of(sources: Sequence[Source], given: dict[str, Any]) -> str:
    """Prefix of widget keys, so that widgets are reset for other data or other options `given` by a link."""
    checked = [zlib.crc32(item.data).to_bytes(4, "big") for item in sources] + [key_suffix(given).encode()]
    return f"table-{zlib.crc32(b''.join(checked)):08x}"


def choose_columns(sources: list[Source], key: str, header: str, sheet: str) -> dict[str, Any]:
    """Two select boxes with the guess chosen; {} where the table has no columns to choose from, as a folder a class."""
    columns, text, label, why = _columns(language(), tuple(sources), header, sheet)
    left, right = st.columns(2)
    chosen = {}
    for place, name, words, guess in (
        (left, "text_column", _("Column of the texts"), text),
        (right, "label_column", _("Column of the labels"), label),
    ):
        index = columns.index(guess) if guess else None
        chosen[name] = place.selectbox(
            words, columns, index, key=f"{key}.{name}", format_func=shown_column, placeholder=_("Choose one")
        )
    if not all(chosen.values()):
        st.info(md(why) if why else _("Say which column holds the texts and which the labels."))
        st.stop()
    return chosen


@st.cache_data(max_entries=8, show_spinner=lazy_message("Reading the table …"))
def _columns(
    language_code: str, sources: tuple[Source, ...], header: str, sheet: str
) -> tuple[list[str], str, str, str]:
    """All columns, the guessed text and label column, and the translated reason where there is no guess."""
    return policy.current().read(table_report.columns, sources, header, sheet)


def examine(sources: tuple[Source, ...], chosen: str, **reading: Any) -> Found:
    """The report and the sizes that a preset wants. Raises UserError for what cannot be learned from.

    chosen: the preset, which decides how long texts are read where `reading` does not.
    """
    return _examined(language(), sources, chosen, **reading)


@st.cache_data(max_entries=12, show_spinner=lazy_message("Looking through the texts …"))
def _examined(language_code: str, sources: tuple[Source, ...], chosen: str, **reading: Any) -> Found:
    config = ClassifierConfig(**reading)
    return Found(*policy.current().read(table_report.examine, sources, chosen, config, list(reading)))


# Showing it -----------------------------------------------------------------------------------------------------------
def show(report: Report, key: str) -> None:
    """One line of findings, each with its remedy, and the first rows; all else is folded."""
    line = {
        _("Rows"): short_number(report.rows),
        _("Classes"): str(len(report.counts)),
        _("95 % have at most"): _("{n} tokens").format(n=report.keeps(0.95)),
    }
    findings_line(line)
    units = {"words": _("read word by word"), "characters": _("read character by character")}
    found = ", ".join(f"{_(name)}: {_(value)}" for name, value in report.found.items())
    st.caption(f"{md(report.language)} · {units[report.unit]} · {md(found)}")
    for finding in report.findings:
        _finding(finding, key)
    rows = [{_("label"): label, _("text"): text} for text, label in report.preview]
    st.dataframe(rows, hide_index=True, height=210, alt=_("The first rows, as they were read"))
    with st.expander(_("The full report"), icon=":material/lab_profile:"):
        _full(report)


def _full(report: Report) -> None:
    parts = [sum(counts[place] for counts in report.counts.values()) for place in range(3)]
    with st.grid(min_column_width=130):
        st.metric(_("Rows"), short_number(report.rows))
        st.metric(_("For training"), short_number(parts[0]))
        st.metric(
            _("To choose by"), short_number(parts[1]), help=_("The validation part: it chooses the best weights.")
        )
        st.metric(_("For the test"), short_number(parts[2]), help=_("Looked at once, at the end."))
        st.metric(_("Classes"), str(len(report.counts)))
        st.metric(_("95 % have at most"), _("{n} tokens").format(n=report.keeps(0.95)))
    _balance(report)
    _lengths(report)


def _finding(item: Finding, key: str) -> None:
    words, remedy = st.columns([3, 1], vertical_alignment="center")
    with words:
        where = ""
        if item.rows:
            listed = ", ".join(item.rows[:6]) + (" …" if item.count > 6 else "")
            where = f" :small[:gray[{md(_('Rows {listed}').format(listed=listed))}]]"
        done = _("Mended.") + " " if item.applied else ""
        st.markdown(f"{':material/check_circle:' if item.applied else ICONS[item.kind]} {md(done + item.text)}{where}")
    with remedy:
        if item.changes and item.id in REMEDIES:
            st.button(
                _("Undo") if item.applied else REMEDIES[item.id],
                key=f"{key}-remedy-{item.id}",
                icon=":material/undo:" if item.applied else ":material/healing:",
                on_click=_switch,
                args=(key, item),
            )


def _switch(key: str, item: Finding) -> None:
    """Set the switches of a remedy; options without a switch above are stored in set_aside_options()."""
    for name, value in item.changes.items():
        if name in FIELDS:
            st.session_state[f"{key}.{name}"] = (not value) if item.applied else value
        else:
            set_aside_options = st.session_state.setdefault(f"{key}-aside", {})
            if item.applied:
                set_aside_options.pop(name, None)
            else:
                set_aside_options[name] = value


def set_aside_options(key: str) -> dict[str, Any]:
    """Options of applied remedies that have no switch among the reading options."""
    return dict(st.session_state.get(f"{key}-aside", {}))


def _balance(report: Report) -> None:
    labels = list(report.counts)[:CLASSES_SHOWN]
    chart = figures.figure(_("rows"), "", height=max(190, min(460, 70 + 24 * len(labels))))
    parts = ((_("training"), TRAIN), (_("validation"), VALIDATION), (_("test"), REAL))
    for place, (name, colour) in enumerate(parts):
        counts = [report.counts[label][place] for label in labels]
        chart.add_bar(y=labels, x=counts, name=name, orientation="h", marker_color=with_alpha(colour, 0.75))
    chart.update_layout(barmode="stack", hovermode="y unified", legend_traceorder="normal")
    chart.update_yaxes(type="category", autorange="reversed")
    table: dict[str, Sequence[Any]] = {_("class"): list(report.counts)}
    for place, (name, _colour) in enumerate(parts):
        table[name] = [counts[place] for counts in report.counts.values()]
    figures.draw(chart, key="balance", alt=_("Rows of each class in each part"), table=table)
    st.caption(_("How many rows each class has; the parts are drawn so that each has its share."))


def _lengths(report: Report) -> None:
    shares, tokens = list(report.lengths), list(report.lengths.values())
    chart = figures.figure(_("tokens"), _("texts kept whole"), height=max(190, min(460, 70 + 24 * len(report.counts))))
    figures.line(chart, [0, *tokens], [0.0, *shares], _("texts"), TRAIN, mode="lines+markers")
    chart.update_yaxes(tickformat=".0%", range=[0, 1.05])
    chart.update_layout(showlegend=False)
    figures.draw(
        chart,
        key="lengths",
        alt=_("Share of the texts that are not longer than so many tokens"),
        table={_("share of the texts"): [f"{share:.0%}" for share in shares], _("tokens at most"): tokens},
    )
    st.caption(
        _("{n} tokens keep 95 % of the texts whole; the longest has {most:,}.").format(
            n=report.keeps(0.95), most=report.keeps(1.0)
        )
    )
