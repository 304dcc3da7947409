"""Draw the network of the backpropagation page, with every value and gradient computed so far."""

from collections.abc import Collection

import plotly.graph_objects as go

from core.i18n import _
from core.lab.backprop import Graph, Node
from ui.learn import figures as draw
from ui.widgets.palette import GOOD, NEUTRAL, TRAIN, VALIDATION

# Dark enough for white digits.
COLOURS = {"input": "#6b6878", "target": "#6b6878", "sum": "#6a5ad6", "output": "#24865b", "error": "#c2445c"}
WAITING = "#a5a2b0"
NAMES = {"sum": "z", "output": "a", "input": "x", "target": "t", "error": "E"}
PITCH = 3.3  # from one layer's z to the next one's
PAIR = 1.15  # from z to a
ROW = 1.5


def place(graph: Graph, node: Node) -> tuple[float, float]:
    """Where a node stands: a unit is the pair z → a; a weight lies on its edge, a bias under its z."""
    sizes = graph.network.sizes
    end = PITCH * (len(sizes) - 1) - 0.9 + 2 * PAIR + 0.1
    if node.kind == "input":
        return 0.0, _row(node.row, sizes[0])
    if node.kind == "target":
        return end, _row(node.row, sizes[-1]) - 0.9
    if node.kind == "error":
        return end, 0.0
    x = PITCH * node.layer - 0.9
    y = _row(node.row, sizes[node.layer])
    if node.kind == "sum":
        return x, y
    if node.kind == "output":
        return x + PAIR, y
    if node.kind == "bias":
        return x, y - 0.68
    source = int(node.key[-1]) - 1
    from_x = 0.0 if node.layer == 1 else x - PITCH + PAIR
    from_y = _row(source, sizes[node.layer - 1])
    share = 0.34 if (source + node.row) % 2 else 0.6  # neighbours must not lie on one another
    return from_x + share * (x - from_x), from_y + share * (y - from_y)


def _row(row: int, count: int) -> float:
    return ((count - 1) / 2 - row) * ROW


def network(graph: Graph, values: Collection[str], gradients: Collection[str], key: str, what: str) -> go.Figure:
    """`values`, `gradients`: the nodes that have theirs already. `key`, `what`: the node in view and which of its
    numbers."""
    where = {node.key: place(graph, node) for node in graph.nodes.values()}
    reach = (max(graph.network.sizes) - 1) / 2 * ROW
    chart = draw.empty_canvas(height=round(95 * (2 * reach + 1.9)))
    chart.update_xaxes(range=[-0.5, where["E"][0] + 0.5])
    chart.update_yaxes(range=[-reach - 1.2, reach + 0.7])
    drawn = [edge for edge in graph.edges if graph.nodes[edge.source].kind not in ("weight", "bias")]
    draw.edges(chart, [(*where[edge.source], *where[edge.to]) for edge in drawn], NEUTRAL, width=1)
    view = graph.nodes[key]
    involved = [edge for edge in graph.edges if (edge.to if what == "value" else edge.source) == key]
    if view.kind in ("weight", "bias"):
        involved = []
    colour = TRAIN if what == "value" else VALIDATION
    draw.edges(chart, [(*where[edge.source], *where[edge.to]) for edge in involved], colour, width=4)

    units = [node for node in graph.nodes.values() if node.kind not in ("weight", "bias")]
    known = [node.key in values or node.kind in ("input", "target") for node in units]
    draw.nodes(
        chart,
        [where[node.key] for node in units],
        [draw.format_number(node.value) if ready else "?" for node, ready in zip(units, known, strict=True)],
        [COLOURS[node.kind] if ready else WAITING for node, ready in zip(units, known, strict=True)],
        keys=[node.key for node in units],
        hover=[_hover(node) for node in units],
    )
    names = [f"<i>{NAMES[node.kind]}</i>{_index(node)}" for node in units]
    draw.texts(chart, [(where[n.key][0], where[n.key][1] + 0.38) for n in units], names, NEUTRAL, 11)
    weights = [node for node in graph.nodes.values() if node.kind in ("weight", "bias")]
    draw.nodes(
        chart,
        [where[node.key] for node in weights],
        [draw.format_number(node.value, 2) for node in weights],
        "#55525f",
        size=29,
        symbol="square",
        keys=[node.key for node in weights],
        hover=[_hover(node) for node in weights],
        font=11,
    )
    slopes = [node for node in graph.nodes.values() if node.key in gradients]
    below = [(where[n.key][0], where[n.key][1] - (0.36 if n.kind not in ("weight", "bias") else 0.3)) for n in slopes]
    draw.texts(chart, below, [draw.format_number(node.gradient) for node in slopes], VALIDATION, 11)
    small = view.kind in ("weight", "bias")
    draw.highlight(chart, where[key], "", GOOD if what == "update" else colour, 40 if small else 56)
    return chart


def _index(node: Node) -> str:
    return "" if node.kind == "error" else "₁₂₃₄"[node.row]


def _hover(node: Node) -> str:
    return _("{name}: value {value:.4g}, gradient {gradient:.4g}").format(
        name=node.key, value=node.value, gradient=node.gradient
    )
