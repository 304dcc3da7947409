"""Train a forward and a bidirectional network to fill the gap in a sentence, and compare them."""

from typing import Any

import streamlit as st

from core.i18n import N_, _, translated_mapping
from core.lab import gap
from ui.learn import figures as draw
from ui.learn.page import Lab
from ui.widgets import figures
from ui.widgets.palette import TRAIN, VALIDATION

NAMES = translated_mapping({"one-way": N_("reads from the left"), "both-ways": N_("reads from both ends")})
COLOURS = {"one-way": VALIDATION, "both-ways": TRAIN}


def fill_the_gap(lab: Lab, seed: int) -> None:
    """Draw the view: choose a sentence, train both models, show their predictions for the gap."""
    with lab.control_row():
        language = lab.choice("language", _("Language"), {"en": "English", "zh": "中文"})
        frame = gap.FRAMES[language]
        parts = {
            "day": (_("Day"), frame.days),
            "subject": (_("Subject"), frame.subjects),
            "time": (_("Time of day"), frame.times),
            "ending": (_("After the gap"), (*frame.subject_endings, *frame.time_endings)),
        }
        chosen = [
            lab.choice(f"{name}-{language}", label, {word: word for word in words})
            for name, (label, words) in parts.items()
        ]
    sentence = gap.sentence(language, *chosen)
    st.markdown(f"#### {frame.joiner.join(sentence.words)}")
    trained: dict[tuple[str, int], Any] = st.session_state.setdefault("lab:readers", {})
    if (language, seed) not in trained:
        if not st.button(_("Train both readers"), type="primary", icon=":material/school:", key=lab.key("train")):
            st.caption(_("Two Keras networks learn to fill this gap; some seconds."))
            return
        trained.clear()  # one pair a session is enough to hold
        trained[language, seed] = _train(language, seed)
        st.rerun()  # the button has done its work
    readers = trained[language, seed]
    left, right = st.columns(2, gap="medium")
    curve = draw.canvas(_("pass"), _("right in sentences never seen"), height=290)
    bars = draw.canvas(_("what each puts into the gap"), _("probability"), height=290)
    for kind, (reader, epochs) in readers.items():
        share = [epoch.held_out_accuracy for epoch in epochs]
        figures.line(curve, [epoch.number for epoch in epochs], share, NAMES[kind], COLOURS[kind], width=3)
        best = reader.fill(sentence.words)[:4]
        draw.bars(bars, [word for word, _share in best], [value for _word, value in best], NAMES[kind], COLOURS[kind])
    figures.baseline(curve, 0.5, _("who stops at the gap is right half the time at best"))
    curve.update_yaxes(range=[0, 1.05])
    bars.update_yaxes(range=[0, 1.05])
    with left:
        lab.figure(curve, "curve", _("Share of unseen sentences filled rightly after each pass, for both readers"))
    with right:
        lab.figure(bars, "fill", _("The likeliest words for the gap, by both readers"))
    st.caption(_("What belongs there: {answer}.").format(answer=sentence.answer))


def _train(language: str, seed: int) -> dict[str, Any]:
    readers: dict[str, Any] = {}
    bar = st.progress(0.0, _("Getting TensorFlow ready…"))
    for place, kind in enumerate(gap.KINDS):
        reader = gap.GapModel(language, kind, seed)
        epochs = []
        for epoch in reader.train():
            epochs.append(epoch)
            share = (place + epoch.number / epoch.of) / len(gap.KINDS)
            bar.progress(share, f"{NAMES[kind]}: {epoch.held_out_accuracy:.0%}")
        readers[kind] = (reader, epochs)
    bar.empty()
    return readers
