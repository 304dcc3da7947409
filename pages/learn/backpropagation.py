"""A small network as a graph: step forward for the values, back for the gradients, update, train."""

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import backprop, mlp
from core.lab.perceptron import GATES
from ui.learn import figures as draw
from ui.learn.backpropagation import network as drawing
from ui.learn.page import Lab
from ui.widgets import figures
from ui.widgets.palette import TRAIN

PASSES = 1000
lab = Lab(backprop.CONCEPT)
lab.header()
controls, picture, below = lab.columns(None)

with controls:
    gate = lab.choice("task", _("Task"), {"XOR": "XOR", "AND": "AND", "OR": "OR"})
    shown = lab.choice("example", _("Example"), {"01": "0 1", "00": "0 0", "10": "1 0", "11": "1 1"})
    shape = lab.choice("layers", _("Layers"), {"2-2-1": "2-2-1", "2-1": "2-1", "2-3-1": "2-3-1", "2-2-2-1": "2-2-2-1"})
    bend = lab.choice("bend", _("Activation"), {"sigmoid": "σ", "tanh": "tanh", "relu": "ReLU"})
    eta = lab.slider("eta", _("Learning rate η"), 0.05, 5.0, 0.5, 0.05)
    seed = lab.seed()
    training = lab.switch("train", _("Train it"))
    passes = lab.slider("passes", _("After passes"), 0, PASSES, 0, PASSES // 40) if training else 0

with st.expander(_("Edit the weights"), icon=":material/edit:"):
    weights, biases = [], []
    drawn = mlp.network(tuple(map(int, shape.split("-"))), bend, seed)
    for layer, (W, b) in enumerate(zip(drawn.weights, drawn.biases, strict=True), 1):
        names = [f"w{i + 1}" for i in range(W.shape[1])] + ["b"]
        units = [_("unit {n}").format(n=i + 1) for i in range(len(b))]
        label = _("Layer {n}").format(n=layer)
        table = lab.table(f"layer{layer}", label, np.column_stack([W, b]), names, units)
        weights.append(table[:, :-1])
        biases.append(table[:, -1])
start = mlp.checked(weights, biases, bend)
points, labels = GATES[gate]


@st.cache_data(max_entries=50, show_spinner=_("Training…"))
def trained(weights: list[np.ndarray], biases: list[np.ndarray], bend: str, gate: str, eta: float) -> mlp.Training:
    points, labels = GATES[gate]
    return mlp.train(mlp.checked(weights, biases, bend), points, np.reshape(labels, (-1, 1)), eta, PASSES)


learned = trained(weights, biases, bend, gate, eta) if training else None
net = learned.networks[learned.passes.index(passes)] if learned else start
x = [float(sign) for sign in shown]
target = [labels[points.index((x[0], x[1]))]]
graph = backprop.graph(net, x, target)
moved = [node.key for node in graph.nodes.values() if node.kind in ("weight", "bias")]
steps: list[tuple[backprop.What, str]] = [("value", key) for key in graph.forward]
steps += [("gradient", key) for key in graph.backward]
steps += [("update", key) for key in moved]


def clicked(key: str) -> None:
    """Go to the last step that speaks of this node."""
    lab.go_to_step(max((i for i, step in enumerate(steps) if step[1] == key), default=None))


with picture:
    at = lab.step_controls(
        len(steps) - 1, marks=[len(graph.forward), len(graph.forward) + len(graph.backward)], mark=_("Next phase")
    )
    what, key = steps[at]
    done = {phase: {k for w, k in steps[: at + 1] if w == phase} for phase in ("value", "gradient")}
    alt = _("The network at step {n}: values in the nodes, gradients under them").format(n=at)
    chart = drawing(graph, done["value"], done["gradient"], key, what)
    known = [node for node in graph.nodes.values() if node.key in done["gradient"]]
    numbers: figures.Table = {
        _("node"): [node.key for node in known],
        _("value"): [node.value for node in known],
        _("gradient"): [node.gradient for node in known],
    }
    lab.figure(chart, "graph", alt, numbers if known else None, on_click=clicked)
    st.caption(_("Under a node or weight stands its gradient, in orange, once it is known. Click a node to go to it."))

with below:
    lab.worked_formula(backprop.formula_with_digits(graph, key, what, eta))
    if what == "update":
        after = backprop.graph(backprop.updated(graph, eta), x, target).nodes["E"].value
        words = _(
            "When every weight and bias has moved so, this example's error is {after:.4f} instead of {before:.4f}."
        )
        st.info(words.format(after=after, before=graph.nodes["E"].value), icon=":material/trending_down:")
    lab.ask_question(backprop.question(graph))
    if learned:
        left, right = st.columns(2, gap="medium")
        curve = draw.canvas(_("passes over the four examples"), _("mean error E"), height=300)
        figures.line(curve, range(PASSES + 1), learned.errors.tolist(), _("error"), TRAIN)
        figures.cursor(curve, passes)
        with left:
            lab.figure(curve, "errors", _("The mean error after each pass"))
        answers = mlp.outputs(net, points)[:, 0]
        rows = {"x₁": [p[0] for p in points], "x₂": [p[1] for p in points], "t": list(labels), "a": answers.round(3)}
        right.markdown(_("What the network says after {n} passes").format(n=passes))
        right.dataframe(rows, hide_index=True, alt=_("Inputs, targets and outputs"))

lab.keras_snippet(lambda: backprop.snippet(graph, eta))
lab.footer()
