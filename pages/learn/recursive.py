"""Recursive network on parse trees: change the bracketing and compare the root's output."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.i18n import _
from core.lab import brackets, recursive
from ui.learn import recursive as figures
from ui.learn.live_training import train_cached
from ui.learn.page import Lab

SENTENCE = "((not good) (and bad))"


@st.cache_data(max_entries=100, show_spinner=False)
def every_tree(words: tuple[str, ...], units: int, seed: int) -> list[tuple[str, float, int | None]]:
    """Text, P(good) at the root and meaning of each tree over the words."""
    roots = [recursive.compose(net.weights, other)[-1] for other in brackets.bracketings(words)]
    return [(root.text, root.good, root.meaning) for root in roots]


def show(text: str) -> None:
    lab.set_value("sentence", text)
    lab.go_to_step(None)


def turn(to: str) -> None:
    show(brackets.write(brackets.rotate(tree, path, to)))


lab = Lab(recursive.CONCEPT)
lab.header()
controls, left, right = lab.columns()
below = st.container()

with controls:
    text = lab.text("sentence", _("Sentence with brackets"), SENTENCE, limit=120)
    units = lab.slider("units", _("Units"), 2, 8, 3)
    seed = lab.seed()
with left:
    tree = lab.or_fallback(lambda: brackets.parse(text), lambda: brackets.parse(SENTENCE))
    net = train_cached(
        ("recursive", units, seed),
        lambda progress: recursive.train(units, seed, progress=progress),
        _("Training on 300 sentences…"),
    )
    nodes = recursive.compose(net.weights, tree)
    whole, words = brackets.write(tree), brackets.words(tree)
    trees = every_tree(words, units, seed)

with right:
    at = lab.step_controls(len(nodes) - 1, start=len(nodes) - 1)
    node, path = nodes[at], figures.paths(tree)[at]
    means = {1: _("good"), -1: _("bad"), None: _("nothing by itself")}[node.meaning]
    st.markdown(
        _("`{text}` says **{good:.1%} good**. In the language it means {means}.").format(
            text=node.text, good=node.good, means=means
        )
    )
    st.caption(_("Bracket it otherwise:"))
    with st.container(horizontal=True, gap="small"):
        for to, label in (("right", "((a b) c) → (a (b c))"), ("left", "(a (b c)) → ((a b) c)")):
            child = -1 if isinstance(node.tree, str) else to == "left"
            fixed = child < 0 or isinstance(node.tree[child], str)
            st.button(label, key=lab.key(f"turn-{to}"), on_click=turn, args=(to,), disabled=fixed)
    lab.figure(figures.vectors(nodes, at), "vectors", _("The vectors of the nodes so far"))

with left:
    alt = _("The tree with what each node says")
    lab.figure(figures.tree(nodes, at), "tree", alt, on_click=lab.go_to_step)
    st.caption(
        _("Green says good, red bad. Whole sentences right: {a:.1%} of those trained on, {b:.1%} of new ones, ").format(
            a=net.accuracy, b=net.unseen
        )
        + _("{c:.1%} of deeper ones. Click a node to go to it.").format(c=net.deeper)
    )

with below:
    formula = recursive.formula_with_digits(net.weights, nodes, at)
    lab.worked_formula((r"\footnotesize " if units < 4 else r"\scriptsize ") + formula)
    if len(trees) > 1:
        alt = _("What the root says for every way to set the brackets")
        table: dict[str, Sequence[Any]] = {
            _("tree"): [row[0] for row in trees],
            _("P(good)"): [row[1] for row in trees],
        }
        lab.figure(figures.others(trees, whole), "others", alt, table, on_click=show)
        st.caption(_("Green means good in the language, red bad, grey nothing. Click one to see its tree."))
        lab.ask_question(recursive.question(net.weights, tree, brackets.parse(figures.furthest(trees, whole))))

lab.keras_snippet(lambda: recursive.snippet(net.weights, tree))
lab.footer()
