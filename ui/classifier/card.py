"""The classifier's card on the Overview: classifies a sentence while it is typed."""

import streamlit as st

from core.i18n import _
from core.runs.run import Run
from ui.classifier.colored_text import bar
from ui.classifier.open_run import classifier_of
from ui.classifier.run_view import final_probes
from ui.shell import navigation
from ui.widgets.palette import NEUTRAL, TRAIN
from ui.widgets.text import guard, md

SHOWN = 4  # classes


def card(run: Run) -> None:
    st.caption(_("It has read “{name}” and names the class of your sentence.").format(name=md(run.name)))
    st.fragment(lambda: _classify_form(run))()
    st.space("stretch")  # align the bottom of the three cards
    navigation.link("classify-use", _("More room to classify"), ":material/arrow_forward:", run=run.id)


def _classify_form(run: Run) -> None:
    shipped = {row["text"]: row["shares"] for row in final_probes(run)}
    text = st.text_input(_("A sentence"), next(iter(shipped), ""), key="card-sentence", max_chars=300, live=True)
    with guard("card classifier"), st.container(height=190, border=False):
        # The predictions saved at the end of training need no TensorFlow.
        shares = shipped.get(text) or _probabilities(run, text)
        if not shares:
            st.caption(_("Type a sentence."))
            return
        label = max(shares, key=lambda name: shares[name])
        st.markdown(f"### {md(label)}")
        ranked = sorted(shares.items(), key=lambda item: -item[1])[:SHOWN]
        st.html("".join(bar(name, share, TRAIN if name == label else NEUTRAL) for name, share in ranked))


def _probabilities(run: Run, text: str) -> dict[str, float]:
    if not text.strip():
        return {}
    classifier = classifier_of(run)
    return dict(zip(classifier.classes, map(float, classifier.probabilities([text])[0]), strict=True))
