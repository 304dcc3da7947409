"""The same task for both networks, the context taken from the hidden layer or from the output."""

import streamlit as st

from core.i18n import _
from core.lab import elman_jordan
from core.lab.elman_jordan import KINDS
from ui.learn import elman_jordan as figures
from ui.learn.figures import format_number
from ui.learn.live_training import Progress, train_cached
from ui.learn.page import Lab

BITS = "011010011101"

lab = Lab(elman_jordan.CONCEPT)
lab.header()
controls, left, right = lab.columns()
below = st.container()

with controls:
    tasks = {"delay": _("Say the bit of some steps ago"), "parity": _("Say whether the ones so far are odd")}
    task = lab.choice("task", _("Both are trained to"), tasks)
    lag = lab.slider("delay", _("Steps ago"), 1, 5, 2) if task == "delay" else 1
    units = lab.slider("units", _("Hidden units"), 1, 12, 3)
    seed = lab.seed()
    text = lab.text("bits", _("Your bits"), BITS, limit=40)
    wipe = lab.switch("wipe", _("Wipe the memory"))
    forget = lab.slider("at", _("before step"), 2, 40, 5) if wipe else None


def train(progress: Progress) -> dict[str, elman_jordan.Trained]:
    first = elman_jordan.train("elman", task, units, lag, seed, progress=lambda share: progress(share / 2))
    second = elman_jordan.train("jordan", task, units, lag, seed, progress=lambda share: progress(0.5 + share / 2))
    return {"elman": first, "jordan": second}


with left:
    x = lab.or_fallback(lambda: elman_jordan.bits(text), lambda: elman_jordan.bits(BITS))
    forget = None if forget is None else min(forget, len(x))
    nets = train_cached(("elman-jordan", task, units, lag, seed), train, _("Training both networks…"))
    runs = {kind: elman_jordan.run(nets[kind], x, forget) for kind in KINDS}

with right:
    at = lab.step_controls(len(x), first=1, start=min(3, len(x)))
    step = {kind: runs[kind][at - 1] for kind in KINDS}
    st.markdown(
        _("Step {t}: the bit is **{x:g}**. Elman says {e}, Jordan says {j}.").format(
            t=at, x=x[at - 1], e=format_number(step["elman"].y), j=format_number(step["jordan"].y)
        )
        + (" " + _("Before it, all context units were set to 0.") if at == forget else "")
    )
    st.markdown(f"**{_('What can be read from the context')}**")
    found = {kind: elman_jordan.probe_memory(nets[kind]) for kind in KINDS}
    alt = _("Share of cases in which a straight line through the context tells an earlier bit, or the parity")
    lab.figure(figures.memory(found), "memory", alt)
    lab.ask_question(elman_jordan.question(nets["elman"], nets["jordan"]))

with left:
    first = lag if task == "delay" else 0
    wanted = elman_jordan.targets(task, x, lag)
    alt = _("The bits, what should come out, and what Elman and Jordan say at each step")
    lab.figure(figures.outputs(x, wanted, runs, at, first), "outputs", alt)
    lab.figure(figures.contexts(runs, at), "contexts", _("The context units of both networks before each step"))
    st.caption(
        _(
            "On fresh strings: Elman {e:.1%} right, Jordan {j:.1%}; guessing gets half. A cross marks a wrong answer."
        ).format(e=nets["elman"].accuracy, j=nets["jordan"].accuracy)
    )

with below:
    kind = lab.choice("net", _("In digits"), figures.NAMES)
    lab.worked_formula(elman_jordan.formula_with_digits(nets[kind], step[kind]), small=units > 4)

lab.keras_snippet(lambda: elman_jordan.snippet(nets[kind], x))
lab.footer()
