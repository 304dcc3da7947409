"""The long-sentence task: train an RNN, an LSTM and a GRU on the page to recall the object of the first clause."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.i18n import N_, _, translated_mapping
from core.lab import long_memory
from core.lab.digits import tex_array
from core.lab.long_memory import GLOSSES, KINDS, THINGS, Trained
from core.lab.long_memory_snippet import snippet
from core.lab.lstm_gru import GateOverride
from ui.learn import figures as draw
from ui.learn.figures import format_number
from ui.learn.heatmap import frame, heat
from ui.learn.live_training import Progress, on_demand
from ui.learn.lstm_gru import BIAS, GATES, holding
from ui.learn.page import Lab
from ui.widgets.figures import line, smooth
from ui.widgets.palette import NEUTRAL, REAL, TRAIN, VALIDATION

FOLDING = (
    "妈妈 教 小明 叠 被子 先 把 边角 拉平 再 把 毛巾 移开 然后 把 两端 对折 接着 把 衣服 移开 再 把 中间 压实 "
    "然后 把 一边 卷起 最后 叠好 了"
)
NETS = translated_mapping({"rnn": N_("Plain RNN"), "lstm": "LSTM", "gru": "GRU"})
COLOURS = {"rnn": NEUTRAL, "lstm": TRAIN, "gru": VALIDATION}


def reach(norms: Mapping[str, np.ndarray], at: int) -> go.Figure:
    """Norm of the final error's gradient at each word of the untrained networks, on a logarithmic axis."""
    chart = draw.canvas(_("word"), _("length of the gradient"), height=300)
    for kind, values in norms.items():
        line(chart, list(range(1, len(values) + 1)), values.tolist(), NETS[kind], COLOURS[kind])
    chart.add_vline(x=5, line={"width": 1, "dash": "dot", "color": REAL})
    chart.add_annotation(x=5, y=1, yref="paper", text=_("what is folded"), showarrow=False, xanchor="left")
    chart.add_vline(x=at, line={"width": 1.5, "dash": "dot", "color": VALIDATION})
    chart.update_yaxes(type="log", exponentformat="power", dtick=1)
    return chart


def learning(nets: Mapping[str, long_memory.Trained]) -> go.Figure:
    """Accuracy of the three networks during training on the same sentences."""
    chart = draw.canvas(_("step of training"), _("right answers"), height=260)
    for kind, net in nets.items():
        line(chart, list(range(len(net.accuracies))), smooth(net.accuracies, 0.9), NETS[kind], COLOURS[kind])
    chart.add_hline(y=0.25, line={"dash": "dash", "width": 1.2, "color": NEUTRAL})
    chart.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return chart


def answers(p: np.ndarray, words: Sequence[str], at: int) -> go.Figure:
    """P(what was folded) after each word, (T, 4), a row a word."""
    rows = [word if GLOSSES[word] == word else f"{word} {GLOSSES[word]}" for word in words]
    chart = heat(p, rows, THINGS, low=0, high=1.25, height=60 + 21 * len(words), clickable=True)
    frame(chart, at - 1, 0, VALIDATION, width=len(THINGS))
    return chart


def train_all(steps: int, units: int, keep: float, seed: int, progress: Progress) -> dict[str, Trained]:
    """The three networks, one after the other; the gated ones take twice as long as the plain one."""
    bounds = {"rnn": (0.0, 0.2), "lstm": (0.2, 0.6), "gru": (0.6, 1.0)}

    def one(kind: str) -> Trained:
        low, high = bounds[kind]
        return long_memory.train(
            kind, steps, units, keep, seed, progress=lambda share: progress(low + share * (high - low))
        )

    return {kind: one(kind) for kind in KINDS}


@st.cache_resource(max_entries=100)
def untrained(kind: str, steps: int, units: int, keep: float, seed: int) -> Trained:
    """The network after its first update, as untrained reference."""
    return long_memory.train(kind, steps, units, keep, seed, updates=1)


def _sentence(lab: Lab, steps: int) -> np.ndarray:
    """The sentence that the trained network reads: the notes', the person's own, or one drawn by lot."""

    def another() -> None:
        x, _folded = long_memory.sentences(1, steps, np.random.default_rng())
        lab.set_value("folding", " ".join(long_memory.words(x[0])))

    text = lab.text("folding", _("The sentence"), FOLDING, limit=400)
    st.button(_("Another sentence"), key=lab.key("another"), on_click=another)
    x: np.ndarray = lab.or_fallback(lambda: long_memory.sentence(text), lambda: long_memory.sentence(FOLDING))
    return x


def folding(lab: Lab, controls: Any, left: Any, right: Any) -> None:
    """Draw the whole view into the page's containers."""
    with controls:
        steps = lab.slider("steps", _("Folding steps"), 1, 12, 6)
        units = lab.slider("size", _("Units"), 4, 24, 12)
        keep = lab.slider("open", _("Keeping gate's bias"), -3.0, 5.0, 3.0, 0.5, help=_(BIAS))
        seed = lab.seed()
        x = _sentence(lab, steps)
        kind = lab.choice("net", _("Network in view"), NETS, default="lstm")
        overrides = holding(lab, GATES[kind], len(x)) if kind in GATES else []
    words = long_memory.words(x)
    with left:
        what = ("folding", steps, units, keep, seed)
        nets = on_demand(
            lab, "train", _("Train all three"), what, lambda progress: train_all(steps, units, keep, seed, progress)
        )
    net = nets[kind] if nets else untrained(kind, steps, units, keep, seed)
    p = long_memory.answer(net, x, overrides)[0]
    with right:
        at = lab.step_controls(len(words), first=1, start=min(5, len(words)))
        best = int(p[at - 1].argmax())
        st.markdown(
            _("Word {t} is **{word}** ({gloss}). If asked now, it would say {thing}, with P = {p}.").format(
                t=at,
                word=words[at - 1],
                gloss=GLOSSES[words[at - 1]],
                thing=THINGS[best],
                p=format_number(p[at - 1, best]),
            )
        )
        state, weights = rf"h_{{{at}}}", tex_array(p[at - 1][None].round(3))
        lab.worked_formula(rf"\small \operatorname{{softmax}}({state} V + c) = {weights}")
        norms = {one: long_memory.gradient_reach(one, steps, units, keep, seed) for one in KINDS}
        lab.figure(reach(norms, at), "reach", _("What of the error reaches each word of the untrained networks"))
        st.caption(_("Before training: what of the error at the end reaches each word of such a sentence."))
        if nets and kind != "rnn":
            gate = "f" if kind == "lstm" else "z"
            lab.ask_question(long_memory.question(net, x, GateOverride(gate, 0.0, min(10, len(x)))))
    with left:
        alt = _("What the network would answer after each word")
        table: dict[str, Sequence[Any]] = {_("word"): words} | {
            thing: p[:, n].tolist() for n, thing in enumerate(THINGS)
        }
        lab.figure(answers(p, words, at), "answers", alt, table, on_click=lambda place: lab.go_to_step(place[0] + 1))
        if not nets:
            st.caption(_("Not trained yet: these answers are guesses."))
        else:
            lab.figure(learning(nets), "learning", _("The share of right answers while the three networks learn"))
            shares = ", ".join(f"{NETS[one]} {nets[one].accuracy:.0%}" for one in KINDS)
            st.caption(_("Right on 500 fresh sentences: {shares}; guessing gets 25%.").format(shares=shares))
        if nets and overrides:
            now = long_memory.accuracy_with(net, overrides)
            st.info(_("With that gate held, {share:.0%} of 500 fresh sentences are right.").format(share=now))
    lab.keras_snippet(lambda: snippet(net, x, overrides))
