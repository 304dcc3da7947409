"""Backpropagation by hand: a small multilayer network as a graph of nodes, each with its value and its gradient.

    z⁽ˡ⁾ = W⁽ˡ⁾ a⁽ˡ⁻¹⁾ + b⁽ˡ⁾,   a⁽ˡ⁾ = f(z⁽ˡ⁾),   E = ½ Σ (a⁽ᴸ⁾ − t)²
    ∂E/∂u = Σ over edges u → v of ∂v/∂u (local) · ∂E/∂v (upstream)
    w ← w − η ∂E/∂w,   b ← b − η ∂E/∂b

x = a⁽⁰⁾ the input, t the target. Rumelhart, Hinton and Williams (1986). The graph applies the second line and nothing
else; core.lab.mlp trains the same network in matrices.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import checks
from core.lab.activations import apply
from core.lab.concept import Concept, Link, Question
from core.lab.digits import equals, term, tex
from core.lab.mlp import Network
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="backpropagation",
    title=N_("Backpropagation by hand"),
    summary=N_(
        "Forward, each neuron weighs what comes in and bends it, and at the end stands an error. Backward, each node "
        "takes the gradient that arrives from above, multiplies it with its own slope and hands it down: local times "
        "upstream. What arrives at a weight or bias says how the error would change with it, and so it is moved a "
        "little against that."
    ),
    formula=r"\frac{\partial E}{\partial u} = \sum_{u \to v} \underbrace{\frac{\partial v}{\partial u}}_{\text{local}}"
    r"\underbrace{\frac{\partial E}{\partial v}}_{\text{upstream}} \qquad "
    r"w \leftarrow w - \eta \frac{\partial E}{\partial w} \qquad b \leftarrow b - \eta \frac{\partial E}{\partial b}",
    note=N_("Neural networks: the multilayer perceptron, forward pass, error, backpropagation, bias update"),
    prerequisites=("perceptron",),
    links=(Link("gan", "Dense", N_("The gradients that reach each layer of your own generator.")),),
)

Kind = Literal["input", "target", "weight", "bias", "sum", "output", "error"]
What = Literal["value", "gradient", "update"]


@dataclass(frozen=True)
class Edge:
    """`to` is computed from `source`; local = ∂to/∂source, whose LaTeX with digits is `local_tex`."""

    source: str
    to: str
    local: float
    local_tex: str


@dataclass(frozen=True)
class Node:
    """One number of the network. gradient = ∂E/∂value. layer and row say where it stands, from 0."""

    key: str  # x1, w1-21 (to unit 2 from unit 1), b1-2, z1-2, a1-2, t1, E
    tex: str
    kind: Kind
    layer: int
    row: int
    value: float
    gradient: float


@dataclass(frozen=True)
class Graph:
    """One example's forward and backward pass. `forward`, `backward`: keys in the order of computing."""

    nodes: dict[str, Node]
    edges: tuple[Edge, ...]
    forward: tuple[str, ...]
    backward: tuple[str, ...]
    network: Network

    @cached_property
    def out_edges(self) -> dict[str, tuple[Edge, ...]]:
        return {key: tuple(e for e in self.edges if e.source == key) for key in self.nodes}


def graph(network: Network, x: Any, t: Any) -> Graph:
    """Forward and backward pass of one example. x (sizes[0],), t (sizes[-1],), within ±100. Raises UserError."""
    xs = checks.array(x, _("The input"), (network.sizes[0],), limit=100)
    ts = checks.array(t, _("The target"), (network.sizes[-1],), limit=100)
    table: list[tuple[str, str, Kind, int, int, float]] = []  # everything of a Node but its gradient
    edges: list[Edge] = []
    for i, value in enumerate(xs):
        table.append((f"x{i + 1}", f"x_{i + 1}", "input", 0, i, float(value)))
    below, a = [row[0] for row in table], xs
    for layer, (W, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        inputs, a, up = a, np.empty(len(b)), f"^{{({layer})}}"
        for j in range(len(b)):
            here = f"{layer}-{j + 1}"
            for i, source in enumerate(below):
                weight = f"w{here}{i + 1}"
                table.append((weight, rf"w{up}_{{{j + 1}{i + 1}}}", "weight", layer, j, float(W[j, i])))
                edges.append(Edge(weight, f"z{here}", float(inputs[i]), term(inputs[i])))
                edges.append(Edge(source, f"z{here}", float(W[j, i]), term(W[j, i])))
            edges.append(Edge(f"b{here}", f"z{here}", 1.0, "1"))
            z = float(W[j] @ inputs + b[j])
            a[j], slope, slope_tex = _activate(network.activation, z)
            edges.append(Edge(f"z{here}", f"a{here}", slope, slope_tex))
            table.append((f"b{here}", rf"b{up}_{j + 1}", "bias", layer, j, float(b[j])))
            table.append((f"z{here}", rf"z{up}_{j + 1}", "sum", layer, j, z))
            table.append((f"a{here}", rf"a{up}_{j + 1}", "output", layer, j, float(a[j])))
        below = [f"a{layer}-{j + 1}" for j in range(len(b))]
    for i, (value, target, source) in enumerate(zip(a, ts, below, strict=True)):
        table.append((f"t{i + 1}", f"t_{i + 1}", "target", layer + 1, i, float(target)))
        edges.append(Edge(source, "E", float(value - target), f"({tex(value)} - {term(target)})"))
        edges.append(Edge(f"t{i + 1}", "E", float(target - value), f"({tex(target)} - {term(value)})"))
    table.append(("E", "E", "error", layer + 1, 0, float(0.5 * np.sum((a - ts) ** 2))))

    upstream = {"E": 1.0}
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        leaving.setdefault(edge.source, []).append(edge)
    for key, *_rest in reversed(table):  # a node's successors stand after it
        if key != "E":
            upstream[key] = sum(edge.local * upstream[edge.to] for edge in leaving[key])
    nodes = {row[0]: Node(*row, gradient=upstream[row[0]]) for row in table}
    computed = tuple(key for key, node in nodes.items() if node.kind in ("sum", "output", "error"))
    backward = tuple(key for key in reversed(nodes) if nodes[key].kind not in ("input", "target"))
    return Graph(nodes, tuple(edges), computed, backward, network)


def _activate(activation: str, z: float) -> tuple[float, float, str]:
    """f(z), f′(z) and the digits of f′(z)."""
    a, slope = (float(v) for v in apply(activation, z))
    digits = {
        "sigmoid": rf"{term(a)} \cdot (1 - {term(a)})",
        "tanh": rf"(1 - {term(a)}^2)",
        "relu": f"{slope:g}",
    }
    return a, slope, digits[activation]


def gradients(graph: Graph) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """∂E/∂W (out, in) and ∂E/∂b (out,) of each layer, read from the graph's nodes."""
    found = {key: node.gradient for key, node in graph.nodes.items()}
    dW, db = [], []
    for layer, W in enumerate(graph.network.weights, 1):
        units, inputs = (range(1, n + 1) for n in W.shape)
        dW.append(np.array([[found[f"w{layer}-{j}{i}"] for i in inputs] for j in units]))
        db.append(np.array([found[f"b{layer}-{j}"] for j in units]))
    return tuple(dW), tuple(db)


def updated(graph: Graph, eta: float) -> Network:
    """The network after w ← w − η ∂E/∂w and b ← b − η ∂E/∂b. eta 0.001 to 10. Raises UserError."""
    eta = checks.number(eta, _("The learning rate"), 0.001, 10)
    net, (dW, db) = graph.network, gradients(graph)
    return Network(
        tuple(W - eta * d for W, d in zip(net.weights, dW, strict=True)),
        tuple(b - eta * d for b, d in zip(net.biases, db, strict=True)),
        net.activation,
    )


def formula_with_digits(graph: Graph, key: str, what: What, eta: float = 0.5) -> str:
    """How the value, the gradient or the update of node `key` comes about; results rounded to 3 decimals.

    Raises UserError for an unknown node, and for the update of a node that is neither weight nor bias.
    """
    checks.one_of(key, _("The node"), tuple(graph.nodes))
    node = graph.nodes[key]
    if what == "value":
        return f"{node.tex} {_value_digits(graph, node)}"
    d = rf"\frac{{\partial E}}{{\partial {node.tex}}}"
    if what == "gradient":
        if key == "E":
            return f"{d} = 1"
        edges = graph.out_edges[key]
        symbols = " + ".join(
            rf"\frac{{\partial {graph.nodes[e.to].tex}}}{{\partial {node.tex}}}"
            rf"\frac{{\partial E}}{{\partial {graph.nodes[e.to].tex}}}"
            for e in edges
        )
        digits = " + ".join(rf"{e.local_tex} \cdot {term(graph.nodes[e.to].gradient)}" for e in edges)
        return f"{d} = {symbols} = {digits} {equals(node.gradient)}"
    if node.kind not in ("weight", "bias"):
        raise UserError(_("{node} is not updated: choose a weight or a bias.").format(node=key))
    new = node.value - eta * node.gradient
    return (
        rf"{node.tex} \leftarrow {node.tex} - \eta {d} = {tex(node.value)} - {term(eta)} \cdot {term(node.gradient)} "
        f"{equals(new)}"
    )


def _value_digits(graph: Graph, node: Node) -> str:
    nodes = graph.nodes
    inputs = [e.source for e in graph.edges if e.to == node.key]
    if node.kind == "sum":
        pairs = [
            rf"{term(nodes[w].value)} \cdot {term(nodes[x].value)}"
            for w, x in zip(inputs[:-1:2], inputs[1:-1:2], strict=True)
        ]
        return f"= {' + '.join(pairs)} + {term(nodes[inputs[-1]].value)} {equals(node.value)}"
    if node.kind == "output":
        name = {"sigmoid": r"\sigma", "tanh": r"\tanh", "relu": r"\mathrm{ReLU}"}[graph.network.activation]
        return f"= {name}({tex(nodes[inputs[0]].value)}) {equals(node.value)}"
    if node.kind == "error":
        squares = [
            f"({tex(nodes[a].value)} - {term(nodes[t].value)})^2"
            for a, t in zip(inputs[::2], inputs[1::2], strict=True)
        ]
        return rf"= \tfrac12 ({' + '.join(squares)}) {equals(node.value)}"
    return equals(node.value)


def question(graph: Graph) -> Question:
    """Which of up to four weights moves most in the next update, or does none?"""
    weights = sorted((n for n in graph.nodes.values() if n.kind == "weight"), key=lambda n: -abs(n.gradient))
    top = weights[0]
    still = abs(top.gradient) < 1e-12
    rest = weights[1:] if still else [n for n in weights[1:] if abs(n.gradient) < 0.98 * abs(top.gradient)]
    chosen = {top.key, *(n.key for n in rest[:: max(1, len(rest) // 3)][:3])}
    options = [n for n in graph.nodes.values() if n.key in chosen]
    return Question(
        _("Which weight will the next update move most?"),
        (*(f"${n.tex}$" for n in options), _("None of them moves.")),
        len(options) if still else options.index(top),
        _("The gradients: {list}.").format(list=", ".join(f"${n.tex}$: {tex(n.gradient)}" for n in options)),
    )


def snippet(graph: Graph, eta: float) -> Snippet:
    """The same network in Keras: error, every gradient by GradientTape, every weight after one step of SGD."""
    net = graph.network
    values = [p for W, b in zip(net.weights, net.biases, strict=True) for p in (W.T, b)]
    x = [n.value for n in graph.nodes.values() if n.kind == "input"]
    t = [n.value for n in graph.nodes.values() if n.kind == "target"]
    layers = "\n".join(
        f'    keras.layers.Dense({n}, activation="{net.activation}", dtype="float64"),' for n in net.sizes[1:]
    )
    arrays = "\n".join(f"    np.array({literal(v)})," for v in values)
    code = f"""\
import keras
import numpy as np
import tensorflow as tf

{SHOW}
model = keras.Sequential([
    keras.Input(({net.sizes[0]},), dtype="float64"),
{layers}
])
model.set_weights([  # Keras keeps a layer's weights as (inputs, units)
{arrays}
])
x, t = np.array([{literal(x)}]), np.array([{literal(t)}])
with tf.GradientTape() as tape:
    E = 0.5 * tf.reduce_sum((model(x) - t) ** 2)
gradients = tape.gradient(E, model.trainable_variables)
print("E", show(E))
for gradient in gradients:
    print("gradient", show(gradient))
for variable, gradient in zip(model.trainable_variables, gradients):
    variable.assign_sub(np.float64({eta}) * gradient)
    print("after the update", show(variable))
"""
    lines: list[tuple[Any, ...]] = [("E", graph.nodes["E"].value)]
    for W, b in zip(*gradients(graph), strict=True):
        lines += [("gradient", W.T), ("gradient", b)]
    new = updated(graph, eta)
    for W, b in zip(new.weights, new.biases, strict=True):
        lines += [("after the update", W.T), ("after the update", b)]
    return Snippet(code, printed(*lines))
