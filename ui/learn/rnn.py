"""Draw a recurrent network unrolled in time, with all its numbers or as boxes."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.i18n import _
from core.lab.rnn import Step, What
from core.lab.wirings import Tick
from ui.learn import figures as draw
from ui.widgets.palette import NEUTRAL, VALIDATION

# Dark enough for white digits.
INPUT, STATE, OUTPUT, WAITING = "#6b6878", "#6a5ad6", "#24865b", "#a5a2b0"
CELLS = {"rnn": "#6a5ad6", "encoder": "#2f76bd", "decoder": "#8f4fc0"}
COLUMN, ROW, LIFT = 2.6, 0.8, 1.25  # from step to step, from number to number, from x to s and from s to y


def order(steps: Sequence[Step]) -> list[tuple[What, int, int]]:
    """Every number in the order of computing: (what, step from 0, unit from 0)."""
    found: list[tuple[What, int, int]] = []
    for t, step in enumerate(steps):
        found += [("state", t, unit) for unit in range(len(step.s))]
        found += [("output", t, unit) for unit in range(len(step.y))]
    return found


def numbers(steps: Sequence[Step], at: int) -> go.Figure:
    """Inputs below, states in the middle, outputs above; what step `at` has not reached is still a question mark. A
    click on a number hands over its place in `order`."""
    todo = order(steps)
    D, H, O = len(steps[0].x), len(steps[0].s), len(steps[0].y)
    height = {"input": -ROW * (H - 1) / 2 - LIFT, "state": 0.0, "output": ROW * (H - 1) / 2 + LIFT}
    tall = height["output"] - height["input"] + ROW * (D + O) / 2 + 1.1
    chart = draw.empty_canvas(height=round(tall * 68))
    chart.update_xaxes(range=[-1.15, COLUMN * (len(steps) - 1) + 0.75])
    chart.update_yaxes(range=[height["input"] - ROW * D / 2 - 0.35, height["output"] + ROW * O / 2 + 0.45])
    many = len(steps) > 8
    size, font = (42, 12) if len(steps) <= 4 else (26, 9) if many else (34, 10)

    def place(what: str, t: int, unit: int) -> tuple[float, float]:
        count = {"input": D, "state": H, "output": O}[what]
        base = height[what] + {"input": -ROW * (D - 1) / 2, "output": ROW * (O - 1) / 2}.get(what, 0.0)
        return COLUMN * t, base + ROW * ((count - 1) / 2 - unit)

    what, t, unit = todo[at]
    target = place(what, t, unit)
    if what == "state":
        sources = [place("input", t, i) for i in range(D)] + [place("state", t - 1, i) for i in range(H) if t]
    else:
        sources = [place("state", t, i) for i in range(H)]
    for n in range(len(steps)):
        x, s, y = COLUMN * n, ROW * (H - 1) / 2, height["output"]
        draw.arrow(chart, (x, height["input"]), (x, -s))
        draw.arrow(chart, (x, s), (x, y))
        if n:
            draw.arrow(chart, (x - COLUMN, 0), (x, 0))
        if not many:
            names = ["U", "V"] + ["W"] * bool(n)
            spots = [(x + 0.2, -s - LIFT / 2), (x + 0.2, s + LIFT / 2), (x - COLUMN / 2, 0.17)]
            draw.texts(chart, spots[: len(names)], [f"<i>{name}</i>" for name in names], NEUTRAL, 13)
    draw.edges(chart, [(*source, *target) for source in sources], VALIDATION, width=3)

    inputs = [(n, i) for n in range(len(steps)) for i in range(D)]
    draw.nodes(
        chart,
        [place("input", n, i) for n, i in inputs],
        [draw.format_number(steps[n].x[i]) for n, i in inputs],
        INPUT,
        size=size,
        font=font,
    )
    draw.nodes(
        chart,
        [place(*number) for number in todo],
        [draw.format_number(_value(steps, number)) if n <= at else "?" for n, number in enumerate(todo)],
        [WAITING if n > at else STATE if number[0] == "state" else OUTPUT for n, number in enumerate(todo)],
        size=size,
        font=font,
        keys=list(range(len(todo))),
        hover=[f"{number[0]} {number[1] + 1}, {number[2] + 1}" for number in todo],
    )
    draw.highlight(chart, target, "", VALIDATION, size + 12)
    rows = [(-0.75, height["input"]), (-0.75, 0), (-0.75, height["output"])]
    draw.texts(chart, rows, ["<i>x</i>", "<i>s</i>", "<i>y</i>"], NEUTRAL, 15)
    return chart


def _value(steps: Sequence[Step], number: tuple[str, int, int]) -> float:
    what, t, unit = number
    return float((steps[t].s if what == "state" else steps[t].y)[unit])


def wiring(ticks: Sequence[Tick]) -> go.Figure:
    """Cells in a row; arrows show where inputs come in, states go on and outputs are taken."""
    chart = draw.empty_canvas(height=250)
    chart.update_xaxes(range=[-0.6, max(len(ticks), 4) - 0.4])
    chart.update_yaxes(range=[-1.5, 1.5])
    size, font = (44, 12) if len(ticks) <= 7 else (30, 10)
    for n, tick in enumerate(ticks):
        if n:
            same = tick.cell == ticks[n - 1].cell
            draw.arrow(chart, (n - 1, 0), (n, 0), NEUTRAL if same else VALIDATION, width=2, gap=size // 2 + 2)
        if tick.reads is not None:
            draw.arrow(chart, (n, -1.1), (n, 0), gap=size // 2 + 2)
        if tick.writes is not None:
            draw.arrow(chart, (n, 0), (n, 1.1), gap=size // 2 + 2)
    boxes: dict[str, Any] = {"size": size, "font": font, "symbol": "square"}
    reads = [(n, tick.reads) for n, tick in enumerate(ticks) if tick.reads is not None]
    writes = [(n, tick.writes) for n, tick in enumerate(ticks) if tick.writes is not None]
    draw.nodes(chart, [(n, -1.1) for n, _t in reads], [f"x{_low(t + 1)}" for _n, t in reads], INPUT, **boxes)
    cells = [f"s{_low(n + 1)}" for n in range(len(ticks))]
    draw.nodes(
        chart,
        [(n, 0) for n in range(len(ticks))],
        cells,
        [CELLS[tick.cell] for tick in ticks],
        hover=[_("{cell}, step {n}").format(cell=tick.cell, n=n + 1) for n, tick in enumerate(ticks)],
        **boxes,
    )
    draw.nodes(chart, [(n, 1.1) for n, _t in writes], [f"y{_low(t + 1)}" for _n, t in writes], OUTPUT, **boxes)
    return chart


def _low(number: int) -> str:
    return "".join("₀₁₂₃₄₅₆₇₈₉"[int(digit)] for digit in str(number))
