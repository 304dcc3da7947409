"""Figures of the recursive network: the tree with each node's output, its vectors, all other trees over the words."""

from collections.abc import Sequence

import plotly.graph_objects as go

from core.i18n import _
from core.lab.brackets import Tree
from core.lab.recursive import Node
from ui.learn import figures as draw
from ui.learn.heatmap import heat
from ui.widgets.palette import BAD, GOOD, NEUTRAL, TRAIN, VALIDATION


def paths(tree: Tree, path: str = "") -> list[str]:
    """The way from the root to each node, in the order in which `compose` computes them."""
    if isinstance(tree, str):
        return [path]
    return [*paths(tree[0], path + "l"), *paths(tree[1], path + "r"), path]


def _places(nodes: Sequence[Node]) -> list[tuple[float, float]]:
    """Coordinates: leaves side by side at the bottom, a parent between its children and above both."""
    places: list[tuple[float, float]] = []
    leaves = 0
    for node in nodes:
        if node.children:
            (x0, y0), (x1, y1) = (places[child] for child in node.children)
            places.append(((x0 + x1) / 2, 1 + max(y0, y1)))
        else:
            places.append((leaves, 0.0))
            leaves += 1
    return places


def tree(nodes: Sequence[Node], at: int) -> go.Figure:
    """Draw all nodes up to `at` with P(good), green for good, red for bad. A click returns the node's number."""
    xy = _places(nodes)
    words, high = sum(not node.children for node in nodes), max(y for _x, y in xy)
    chart = draw.empty_canvas(height=int(130 + 78 * high))
    lines = [(*xy[child], *xy[n]) for n, node in enumerate(nodes) for child in node.children]
    draw.edges(chart, lines)
    draw.edges(chart, [(*xy[child], *xy[at]) for child in nodes[at].children], TRAIN, width=4)
    done = [n <= at for n in range(len(nodes))]
    colours = [
        (GOOD if node.good > 0.5 else BAD) if ready else NEUTRAL for node, ready in zip(nodes, done, strict=True)
    ]
    draw.nodes(
        chart,
        xy,
        [f"{node.good:.0%}" if ready else "?" for node, ready in zip(nodes, done, strict=True)],
        colours,
        size=42 if words < 7 else 34,
        keys=list(range(len(nodes))),
        hover=[node.text for node in nodes],
    )
    draw.highlight(chart, xy[at], "", VALIDATION, 52 if words < 7 else 44)
    leaves = [(place, node) for place, node in zip(xy, nodes, strict=True) if not node.children]
    draw.texts(chart, [(x, y - 0.55) for (x, y), _node in leaves], [str(node.tree) for _place, node in leaves], size=13)
    chart.update_xaxes(range=[-0.6, words - 0.4])
    chart.update_yaxes(range=[-0.85, high + 0.5])
    return chart


def vectors(nodes: Sequence[Node], at: int) -> go.Figure:
    """The vector of each node so far, the root's or the last one on top."""
    rows = list(reversed(nodes[: at + 1]))[:9]
    units = [str(n + 1) for n in range(len(rows[0].vector))]
    names = [node.text if len(node.text) <= 22 else node.text[:21] + "…" for node in rows]
    return heat([node.vector for node in rows], names, units, high=1.2, low=-1.2, names=("", _("unit"), "p"))


def others(trees: Sequence[tuple[str, float, int | None]], shown: str) -> go.Figure:
    """(text, P(good) of the root, meaning) of every tree over the same words, sorted; a click hands over the text."""
    rows = sorted(trees, key=lambda row: row[1])
    colours = {1: GOOD, -1: BAD, None: NEUTRAL}
    chart = draw.canvas(_("every way to set the brackets, sorted"), _("P(good) at the root"), height=260, legend=False)
    names = {1: _("means good"), -1: _("means bad"), None: _("has no meaning in the language")}
    for value, name in names.items():
        chosen = [n for n, row in enumerate(rows) if row[2] == value]
        chart.add_scatter(
            x=chosen,
            y=[rows[n][1] for n in chosen],
            customdata=[rows[n][0] for n in chosen],
            name=name,
            mode="markers",
            marker={"size": 10 if len(rows) < 60 else 6, "color": colours[value]},
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
            hovertemplate="%{customdata}: %{y:.1%}<extra></extra>",
        )
    here = next(n for n, row in enumerate(rows) if row[0] == shown)
    draw.highlight(chart, (here, rows[here][1]), "", VALIDATION, 18)
    chart.update_layout(showlegend=False)
    chart.update_xaxes(showticklabels=False, range=[-0.7, len(rows) - 0.3])
    chart.update_yaxes(tickformat=".0%", range=[-0.06, 1.06])
    return chart


def furthest(trees: Sequence[tuple[str, float, int | None]], shown: str) -> str:
    """The tree whose root output differs most, preferably one with a defined meaning."""
    now = next(row[1] for row in trees if row[0] == shown)
    others = [row for row in trees if row[0] != shown]
    return max(others, key=lambda row: (row[2] is not None, abs(row[1] - now)))[0]
