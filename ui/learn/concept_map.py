"""The concepts as a graph of prerequisites, with visited ones marked."""

from collections.abc import Collection, Mapping

import plotly.graph_objects as go

from core.i18n import _
from core.lab.concept import MODULES, Concept
from ui.learn import figures as draw

OPENED, WAITING = "#24865b", "#6a5ad6"  # dark enough for white digits


def places(concepts: Mapping[str, Concept]) -> dict[str, tuple[float, float]]:
    """Coordinates of each concept: below all its prerequisites, in one row per depth; x from 0 to 1."""
    depth: dict[str, int] = {}
    for key, concept in concepts.items():  # the notes' order: what is needed comes first
        depth[key] = 1 + max((depth[before] for before in concept.prerequisites if before in depth), default=-1)
    found: dict[str, tuple[float, float]] = {}
    for level in range(max(depth.values()) + 1):
        row = [key for key in concepts if depth[key] == level]

        def pull(key: str) -> float:
            above = [found[before][0] for before in concepts[key].prerequisites if before in found]
            return sum(above) / len(above) if above else 0.5

        row.sort(key=pull)
        for n, key in enumerate(row):
            found[key] = ((n + 0.5) / len(row), -float(level))
    return found


def concept_map(concepts: Mapping[str, Concept], titles: Mapping[str, str], opened: Collection[str]) -> go.Figure:
    """Draw the graph; a click on a concept returns its key."""
    where = places(concepts)
    levels = 1 - min(y for _x, y in where.values())
    chart = draw.empty_canvas(height=round(104 * levels))
    chart.update_xaxes(range=[-0.02, 1.02])
    chart.update_yaxes(range=[-levels + 0.25, 0.4])
    for key in concepts:
        for before in _nearest(concepts, key):
            draw.arrow(chart, where[before], where[key], gap=21, width=1.2)
    numbers = {key: str(n) for n, key in enumerate(MODULES, 1)}
    draw.nodes(
        chart,
        list(where.values()),
        [numbers[key] for key in where],
        [OPENED if key in opened else WAITING for key in where],
        size=34,
        keys=list(where),
        hover=[f"{titles[key]} · {_('opened') if key in opened else _('not opened yet')}" for key in where],
    )
    below = [(x, y - 0.2) for x, y in where.values()]
    words = [titles[key].replace(" ", "<br>", 1) for key in where]
    draw.texts(chart, below, words, size=11, position="bottom center")
    return chart


def _nearest(concepts: Mapping[str, Concept], key: str) -> list[str]:
    """Direct prerequisites of `key`: those that no other of its prerequisites implies."""
    direct = [before for before in concepts[key].prerequisites if before in concepts]
    return [one for one in direct if not any(one in _all_before(concepts, other) for other in direct)]


def _all_before(concepts: Mapping[str, Concept], key: str) -> set[str]:
    direct = {before for before in concepts[key].prerequisites if before in concepts}
    return direct.union(*(_all_before(concepts, before) for before in direct))
