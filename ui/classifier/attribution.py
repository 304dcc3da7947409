"""Explain one prediction: token attributions by three methods, the deletion test, and attention maps."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.classifier.data.words import group_words
from core.i18n import N_, _, lazy_message, translated_mapping
from core.runs.run import Run
from ui.classifier.colored_text import tinted
from ui.classifier.open_run import explainer_of
from ui.shell.address import choose
from ui.shell.cache_keys import model_key
from ui.widgets import figures
from ui.widgets.palette import NEUTRAL, RUNS, SEQUENTIAL
from ui.widgets.text import md
from ui.widgets.tint import scale

if TYPE_CHECKING:
    from core.classifier.inference.classify import Token
    from core.classifier.inside.attribution import Attribution, Deletion

NAMES = translated_mapping(
    {
        "integrated_gradients": N_("Integrated gradients"),
        "leave_one_out": N_("Leaving one token out"),
        "attention": N_("Attention"),
        "random": N_("At random"),
    }
)
WORDS = translated_mapping(
    {
        "integrated_gradients": N_(
            "How much each token moved the answer on the way from a text of unknown words to this."
        ),
        "leave_one_out": N_("How far the answer falls when this token alone is taken out."),
        "attention": N_("How much it is looked at: no sign, no class, and no explanation. Shown to be compared."),
    }
)
MANY = 120  # tokens from which the deletion test runs on request only
GRID = 64  # tokens drawn in an attention map


# The tokens -----------------------------------------------------------------------------------------------------------
def show_scores(run: Run, text: str, target: int, label: str) -> None:
    found = _scores(*model_key(run), text, target)
    words = _known_words(run)
    grouped = bool(words) and st.toggle(
        _("Characters read as words"),
        True,
        key="grouped",
        help=_("Scores of characters that make a word are added up."),
    )
    st.html(scale(_("against “{label}”").format(label=label), _("for it"), signed=True))
    columns: dict[str, Sequence[object]] = {}
    for scores in found:
        tokens, values = _grouped(scores, words) if grouped else (scores.tokens, scores.values)
        top = float(np.abs(values).max(initial=0.0))
        with st.container(border=True):
            st.markdown(f"**{NAMES[scores.name]}** :small[:gray[{WORDS[scores.name]}]]")
            st.html(tinted(text, tokens, values.tolist(), top))
            st.caption(_sentence(scores, tokens, values, label))
        columns |= {
            _("token"): [token.text for token in tokens],
            NAMES[scores.name]: [round(float(v), 4) for v in values],
        }
    figures.data_table(columns, key="scores", alt=_("Scores of each token by each method"))


def _sentence(scores: "Attribution", tokens: "Sequence[Token]", values: np.ndarray, label: str) -> str:
    order = np.argsort(-values, kind="stable")
    if scores.name == "attention":
        listed = ", ".join(f"“{md(tokens[at].text)}” ({values[at]:.0%})" for at in order[:3])
        return _("Looked at most: {listed}.").format(listed=listed)
    best = [at for at in order[:3] if values[at] > 0]
    worst = [at for at in order[::-1][:2] if values[at] < 0]
    said = [
        words.format(label=md(label), listed=", ".join(f"“{md(tokens[at].text)}” ({values[at]:+.2f})" for at in places))
        for words, places in ((_("For “{label}”: {listed}."), best), (_("Against it: {listed}."), worst))
        if places
    ]
    if scores.name == "integrated_gradients":
        said.append(_("All together {total:+.2f} log-odds.").format(total=float(scores.values.sum())))
    return " ".join(said) or _("No token speaks for it.")


def _known_words(run: Run) -> list[str]:
    content = run.read_json("words.json")
    words = content.get("words") if isinstance(content, dict) else None
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def _grouped(scores: "Attribution", words: Sequence[str]) -> "tuple[list[Token], np.ndarray]":
    tokens = scores.tokens
    groups = group_words([token.text for token in tokens], [(token.start, token.end) for token in tokens], words)
    merged = [
        replace(tokens[group[0]], text="".join(tokens[at].text for at in group), end=tokens[group[-1]].end)
        for group in groups
    ]
    return merged, np.array([scores.values[group].sum() for group in groups])


@st.cache_resource(max_entries=16, show_spinner=lazy_message("Asking what it looked at …"))
def _scores(path: str, changed: tuple[int, ...], text: str, target: int) -> "list[Attribution]":
    return explainer_of(Run(path)).scores(text, target)


# The test -------------------------------------------------------------------------------------------------------------
def show_test(run: Run, text: str, target: int, label: str) -> None:
    count = len(_scores(*model_key(run), text, target)[0].tokens)
    if count > MANY and not st.button(
        _("Run it on these {n:,} tokens").format(n=count), key=f"test-{target}-{hash(text)}", icon=":material/science:"
    ):
        st.caption(_("The text is long: the test takes some seconds."))
        return
    found = _deletion(*model_key(run), text, target)
    chart = figures.figure(_("tokens taken out"), _("probability of “{label}”").format(label=label), height=330)
    colours = dict(zip(NAMES, (*RUNS[:3], NEUTRAL), strict=True))
    for item in found:
        style = {"dash": "dash"} if item.name == "random" else {}
        name = f"{NAMES[item.name]} · {item.area:.2f}"
        figures.line(chart, list(range(len(item.p))), item.p.tolist(), name, colours[item.name], **style)
    chart.update_yaxes(tickformat=".0%", range=[0, 1.03])
    table: dict[str, Sequence[object]] = {_("tokens taken out"): list(range(len(found[0].p)))}
    table |= {NAMES[item.name]: [round(float(p), 4) for p in item.p] for item in found}
    figures.draw(chart, key="deletion", alt=_("Probability as tokens are taken out, by method"), table=table)
    best = min((item for item in found if item.name != "random"), key=lambda item: item.area)
    chance = next(item for item in found if item.name == "random")
    steps = min(3, len(best.p) - 1)
    words = _(
        "Without the first {n} tokens of “{best}” the probability falls from {a:.0%} to {b:.0%}, without {n} at random "
        "to {c:.0%}. The lower a line, and the mean behind its name, the better the method has found what counts."
    )
    if best.area >= chance.area:
        words = _("No method does better than chance on this text: believe none of them here.")
    st.caption(words.format(n=steps, best=NAMES[best.name], a=best.p[0], b=best.p[steps], c=chance.p[steps]))


@st.cache_resource(max_entries=16, show_spinner=lazy_message("Taking tokens out, one after the other …"))
def _deletion(path: str, changed: tuple[int, ...], text: str, target: int) -> "list[Deletion]":
    from core.classifier.inside.attribution import deletion_test

    return deletion_test(explainer_of(Run(path)), text, target)


# Attention ------------------------------------------------------------------------------------------------------------
def show_attention(run: Run, text: str) -> None:
    weights, names = _attention(*model_key(run), text)
    names = [name or _("(gathers)") for name in names]
    blocks, heads = weights.shape[:2]
    left, right = st.columns(2)
    mean = {"mean": _("mean of all")}
    with left:
        block = choose(
            st.selectbox, _("Block"), mean | {str(n): str(n) for n in range(1, blocks + 1)}, key="block", default="1"
        )
    with right:
        head = choose(st.selectbox, _("Head"), mean | {str(n): str(n) for n in range(1, heads + 1)}, key="head")
    shown = weights.mean(0) if block == "mean" else weights[int(block) - 1]
    shown = (shown.mean(0) if head == "mean" else shown[int(head) - 1])[:GRID, :GRID]
    labels = [f"{place} {name}" for place, name in enumerate(names[:GRID], 1)]
    chart = figures.figure(_("looked at"), _("looking"), height=int(min(820, 150 + 21 * len(labels))))
    chart.add_heatmap(
        z=shown, x=labels, y=labels, colorscale=SEQUENTIAL, zmin=0, showscale=False,
        hovertemplate=_("%{y} takes %{z:.1%} from %{x}") + "<extra></extra>",
    )  # fmt: skip
    chart.update_xaxes(type="category", showgrid=False, side="top", tickangle=-60, dtick=1)
    chart.update_yaxes(type="category", showgrid=False, autorange="reversed", dtick=1)
    chart.update_layout(hovermode="closest")
    table: dict[str, Sequence[object]] = {_("looking"): labels}
    table |= {label: [round(float(v), 4) for v in shown[:, place]] for place, label in enumerate(labels)}
    figures.draw(chart, key="attention", alt=_("Attention of each token to each other"), table=table)
    most = int(shown.mean(0).argmax())
    st.caption(
        _("A row sums to 100 %. “{token}” is looked at most here, {share:.0%} of each row on average.").format(
            token=md(names[most]), share=float(shown.mean(0)[most])
        )
        + (" " + _("Only the first {n} tokens are drawn.").format(n=GRID) if len(names) > GRID else "")
    )


@st.cache_resource(max_entries=8, show_spinner=lazy_message("Asking what it looked at …"))
def _attention(path: str, changed: tuple[int, ...], text: str) -> tuple[np.ndarray, list[str]]:
    """Attention (blocks, heads, T, T) and T names, "" for the gathering token, which has none."""
    explainer = explainer_of(Run(path))
    names = [token.text for token in explainer.read(text)[1]]
    weights = explainer.attention(text)
    return weights, [""] * (weights.shape[-1] - len(names)) + names
