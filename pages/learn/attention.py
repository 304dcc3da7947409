"""Self-attention in the notes' six steps with numbers; then cross-attention of a trained encoder–decoder."""

import streamlit as st

from core.i18n import _
from core.lab import attention, encoder_decoder
from core.lab.encoder_decoder import TASKS
from ui.learn import attention as figures
from ui.learn.bounded_slider import bounded
from ui.learn.figures import format_number
from ui.learn.page import Lab

SENTENCE = "the cat drinks milk"

lab = Lab(attention.CONCEPT)
lab.header()
view = lab.choice("view", _("Look at"), {"steps": _("The six steps"), "both": _("Encoder and decoder")})
controls, left, right = lab.columns()
below = st.container()

if view == "steps":
    with controls:
        text = lab.text("sentence", _("Your sentence"), SENTENCE, limit=200)
        features = int(lab.choice("features", _("Features D"), {"4": "4", "8": "8", "16": "16"}))
        heads = int(lab.choice("heads", _("Heads"), {"2": "2", "1": "1", "4": "4"}))
        masks = {"none": _("none"), "causal": _("causal"), "padding": _("padding")}
        masking = lab.choice("mask", _("Mask"), masks)
        padding = lab.slider("padding", _("Signs of padding"), 0, 4, 2) if masking == "padding" else 0
        positions = lab.switch("positions", _("Positions"), True)
        seed = lab.seed()
    with left:
        words = lab.or_fallback(lambda: attention.read(text, padding), lambda: attention.read(SENTENCE, padding))
        seen = attention.encode(words, attention.weights_for(words, features, heads, seed), masking, positions)
    with right:
        step = lab.step_controls(attention.STEPS, first=1, start=2)
        name, sentence = figures.STEPS[step]
        st.markdown(f"**{step} · {name}.** {sentence}")
        with st.container(horizontal=True, gap="small"):
            i = bounded(lab, "word", _("Word"), 1, len(words), 1, 1)
            j = bounded(lab, "at", _("looks at"), 1, len(words), 2, 1) if step == 2 else 1
            head = bounded(lab, "head", _("Head"), 1, heads, 1, 1) if step == 2 and heads > 1 else 1
        i, j, head = min(i, len(words)) - 1, min(j, len(words)) - 1, head - 1
        lab.ask_question(attention.question(seen, i, head), plain=True)

    def clicked(place: list[int]) -> None:
        lab.set_value("word", place[0] + 1)
        if step == 2:
            lab.set_value("at", place[1] + 1)

    with left:
        alt = _("The words' rows after step {n}, {name}").format(n=step, name=name)
        lab.figure(figures.six_steps(seen, step, i, j, head), "steps", alt, on_click=clicked)
        st.caption(_("Click a cell to see its word in digits."))
    with below:
        formula = attention.formula_with_digits(seen, step, i, j, head)
        lab.worked_formula((r"\footnotesize " if features == 4 and step != 2 else r"\scriptsize ") + formula)
    lab.keras_snippet(lambda: attention.snippet(seen))
else:
    with controls:
        task = lab.choice("task", _("It was trained to"), {"reverse": _("reverse words"), "add": _("add numbers")})
        text = lab.text(f"source-{task}", _("Source"), TASKS[task].example, limit=20)
        shown = lab.choice("show", _("In the picture"), {"mean": _("mean of the heads"), "1": "1", "2": "2"})
        looks = figures.ForcedAttention(lab)
        st.button(_("Let it look itself"), key=lab.key("clear"), on_click=looks.clear, disabled=not looks.chosen)
    with left:
        source = lab.or_fallback(lambda: TASKS[task].read(text), lambda: TASKS[task].example)
        forced = looks.within(len(source))
        decoded = encoder_decoder.decode(task, source, forced)
        result = f"`{source}` → `{decoded.text or ' '}`"
        if decoded.right:
            st.success(result, icon=":material/check:")
        else:
            st.warning(f"{result} · " + _("right would be `{answer}`").format(answer=TASKS[task].answer(source)))
    with right:
        at = lab.step_controls(len(decoded.steps), first=1)
        now = decoded.steps[at - 1]
        sign = _("the end sign") if now.symbol == encoder_decoder.END else f"`{now.symbol}`"
        begun = _("It has written `{written}`.").format(written=now.written) if now.written else _("It begins.")
        p = format_number(float(now.probabilities.max()))
        st.markdown(begun + " " + _("Now it writes {sign}, with P = {p}.").format(sign=sign, p=p))
        places = {-1: _("where it wants")} | {n: f"{n + 1}: {sign}" for n, sign in enumerate(source)}
        key = lab.key("force")
        st.session_state[key] = forced.get(at, -1)

        def force() -> None:
            place = st.session_state[key]
            looks.turn(at, None if place == -1 else place)

        st.selectbox(_("Make it look at"), places, format_func=lambda n: places[n], key=key, on_change=force)
        lab.figure(figures.choices(decoded, at), "choices", _("The likeliest signs at this step"))
        if at not in forced:
            lab.ask_question(encoder_decoder.question(decoded, at, int(now.own.mean(axis=0)[: len(source)].argmin())))
    with left:
        one = None if shown == "mean" else int(shown) - 1
        chart = figures.crossed(decoded, at, one, forced)
        alt = _("How much of each place of the source is taken for each written sign")
        lab.figure(chart, "crossed", alt, on_click=lambda place: looks.turn(place[0] + 1, place[1]))
        st.caption(_("Click a cell: at that step it must look there. Click it again: it looks where it wants."))
    with below:
        lab.worked_formula(encoder_decoder.formula_with_digits(decoded, at, one or 0), small=True)
        if forced:
            st.caption(_("The program below runs without what you forced: Keras has no such override."))
    lab.keras_snippet(lambda: encoder_decoder.snippet(decoded))
lab.footer()
