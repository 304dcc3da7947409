"""Explain a classifier's prediction for one text: attributions, deletion test, attention."""

import streamlit as st

from core.i18n import _
from ui.classifier.attribution import show_attention, show_scores, show_test
from ui.classifier.colored_text import bar
from ui.classifier.one_text import keep_in_address, text_to_explain
from ui.classifier.open_run import classifier_of
from ui.runs.picker import pick_run
from ui.shell.address import choose
from ui.shell.hosting import text_limit
from ui.widgets.palette import NEUTRAL, TRAIN
from ui.widgets.text import guard, md

st.title(_("Why"), anchor=False)
st.caption(_("Which words the answer rests on, by three methods, and the test that tells which of them to believe."))
run = pick_run("classifier")
if run is None:
    st.stop()

with guard("why"):
    text = st.text_area(_("A text"), text_to_explain(run), key=f"why-text-{run.id}", height=90, max_chars=text_limit())
    if not text.strip():
        st.info(_("Write a sentence, and press Ctrl and Enter."))
        st.stop()
    keep_in_address(text)
    answer = classifier_of(run).answer(text)
    classes = classifier_of(run).classes
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        label = choose(
            st.selectbox, _("Explain the answer"), {name: name for name in classes}, key="class", default=answer.label
        )
    target = classes.index(label)
    with right:
        share = float(answer.probabilities[target])
        st.html(bar(label, share, TRAIN if label == answer.label else NEUTRAL))
    if label != answer.label:
        st.caption(
            _("It says “{label}”; this explains how far it was from saying otherwise.").format(label=md(answer.label))
        )
    st.subheader(_("What speaks for it"), anchor=False)
    show_scores(run, text, target, label)
    st.subheader(_("The test that decides"), anchor=False)
    st.caption(_("Take out what each method holds for most important, and see whether the answer falls."))
    show_test(run, text, target, label)
    st.subheader(_("Attention by block and head"), anchor=False)
    st.warning(
        _("What is looked at need not be what decides: networks with quite other attention can give the same answer."),
        icon=":material/visibility:",
        title=_("Attention is not an explanation"),
    )
    show_attention(run, text)
