"""State of the GAN page: the data drawn, the moves stored in the address, and the state after each move."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import streamlit as st

from core.i18n import _
from core.lab import gan_game
from core.lab.gan_balance import View, evaluate_state
from core.lab.gan_game import SHAPES, Game, State
from ui.learn.heatmap import drawings
from ui.learn.live_training import result_cache
from ui.learn.page import Lab

Stand = tuple[State, View]
Move = tuple[str, int]  # "D", "G" or "B" for both in turn, and how often
MOST_MOVES, MOST_STEPS = 100, 6000
HEIGHTS = [0, 0, 1, 3, 4, 3, 1, 0, 0, 0, 1, 2, 4, 2, 1, 0]
TALL = 6
HEART = np.array([[c == "#" for c in row] for row in (
    "............", "..##....##..", ".####..####.", ".##.####.##.", ".#...##...#.", ".#........#.",
    ".##......##.", "..##....##..", "...##..##...", "....####....", ".....##.....", "............",
)], float)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """All settings of a game apart from the moves, as a hashable cache key."""

    points: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...] | None
    units: int
    seed: int
    loss: str
    rate_d: float
    rate_g: float

    def game(self) -> Game:
        return Game(self.points, self.weights, 0.15, self.units, self.seed, self.loss, self.rate_d, self.rate_g)


def drawn_bars(lab: Lab) -> tuple[np.ndarray, np.ndarray]:
    """A histogram that is drawn by clicks or typed, as points and weights."""
    grid, typed = st.columns(2, gap="medium")
    with typed:
        heights = lab.table("bars", _("Heights of the bars"), [HEIGHTS], [str(n + 1) for n in range(len(HEIGHTS))])[0]

    def clicked(place: list[int]) -> None:
        new = heights.copy()
        new[place[1]] = 0 if heights[place[1]] == TALL - place[0] else TALL - place[0]
        lab.set_table("bars", [new])

    with grid:
        picture = np.arange(TALL, 0, -1)[:, None] <= heights
        chart = drawings([picture], [""], height=170, clickable=[0])
        lab.figure(chart, "bars", _("The bars that you draw"), on_click=clicked)
        st.caption(_("Click: the bar ends there. Click its top again: it goes."))
    points, weights = lab.or_fallback(lambda: gan_game.bars(heights), lambda: gan_game.bars(HEIGHTS))
    return points, weights


def drawn_cells(lab: Lab) -> np.ndarray:
    """A picture of 12 × 12 cells that is drawn by clicks or typed, as points."""
    grid, typed = st.columns(2, gap="medium")
    with typed:
        cells = lab.table("cells", _("Your picture"), HEART, [str(n + 1) for n in range(len(HEART))], limit=1)

    def clicked(place: list[int]) -> None:
        new = cells.copy()
        new[place[0], place[1]] = float(new[place[0], place[1]] <= 0.5)
        lab.set_table("cells", new)

    with grid:
        lab.figure(drawings([cells], [""], height=360, clickable=[0]), "cells", _("Your picture"), on_click=clicked)
        st.caption(_("Click its cells, or type 0 and 1."))
    points: np.ndarray = lab.or_fallback(lambda: gan_game.cells(cells), lambda: gan_game.cells(HEART))
    return points


def shapes(dimension: int) -> dict[str, str]:
    """Key → label of the data to choose from."""
    names = {
        "two bumps": _("two bumps"),
        "one bump": _("one bump"),
        "three bumps": _("three bumps"),
        "ring": _("ring"),
        "four corners": _("four corners"),
        "blob": _("blob"),
        "line": _("line"),
    }
    return {key: name for key, name in names.items() if SHAPES[key].shape[1] == dimension} | {"own": _("own")}


class Moves:
    """The moves, in the address as D10,G1,B50x20: player, steps, repetitions."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.key = lab, lab.key("moves")
        raw = st.query_params.get(self.key) if lab.opened else None
        if raw is not None:
            found = self._read(raw)
            lab._record_check(self.key, raw, found is not None, "")
            st.session_state[self.key] = found or ()
        self.made: tuple[Move, ...] = st.session_state.setdefault(self.key, ())
        lab._warn(self.key, self._text())
        lab._write_to_address(self.key, self._text(), "")

    @staticmethod
    def _read(raw: str) -> tuple[Move, ...] | None:
        moves: list[Move] = []
        for part in raw[:2000].split(","):
            steps, _times, times = part[1:].partition("x")
            if part[:1] not in ("D", "G", "B") or not all(n.isdecimal() and len(n) < 5 for n in (steps, times or "1")):
                return None
            if int(times or 1) > MOST_MOVES:
                return None
            moves += [(part[0], int(steps))] * int(times or 1)
        sound = 0 < len(moves) <= MOST_MOVES and 0 < sum(n for _who, n in moves) <= MOST_STEPS
        return tuple(moves) if sound and all(n for _who, n in moves) else None

    def _text(self) -> str:
        groups: list[tuple[Move, int]] = []
        for move in self.made:
            same = groups and groups[-1][0] == move
            groups[-1:] = [(move, groups[-1][1] + 1)] if same else [*groups[-1:], (move, 1)]
        return ",".join(f"{who}{n}" + (f"x{times}" if times > 1 else "") for (who, n), times in groups)

    def room(self, at: int, steps: int, times: int = 1) -> bool:
        """Whether this many steps are still allowed after move `at`."""
        played = sum(n for _who, n in st.session_state[self.key][:at])
        return at + times <= MOST_MOVES and played + steps * times <= MOST_STEPS

    def play(self, who: str, steps: int, times: int = 1) -> None:
        """From a callback: play on from the move in view; what came after it is given up. A second press may come
        before the first is drawn, so the moves are those of now."""
        made = st.session_state[self.key]
        at = min(st.session_state.get(f"{self.lab.key('step')}:shown", 0), len(made))
        if self.room(at, steps, times):
            st.session_state[self.key] = (*made[:at], *[(who, steps)] * times)
            self.lab.go_to_step(at + times)


def stands(rules: Rules, moves: tuple[Move, ...]) -> list[Stand]:
    """States before the first move and after each; known states come from the cache."""
    found: list[Stand] = []
    kept, bar = result_cache(), None
    missing = sum(n for k, (_who, n) in enumerate(moves, 1) if kept.get((rules, moves[:k])) is None)
    done = 0
    for k in range(len(moves) + 1):
        stand = cast(Stand | None, kept.get((rules, moves[:k])))
        if stand is None:
            state = _moved(found[-1][0], *moves[k - 1]) if k else gan_game.start(rules.game())
            stand = (state, evaluate_state(state))
            kept.put((rules, moves[:k]), stand)
            done += moves[k - 1][1] if k else 0
            if missing > 60:
                bar = bar or st.progress(0.0, text=_("Playing…"))
                bar.progress(min(1.0, done / missing), text=_("Playing…"))
        found.append(stand)
    if bar is not None:
        bar.empty()
    return found


def _moved(state: State, who: str, steps: int) -> State:
    if who == "B":
        return gan_game.play(state, steps, keep=1)[-1]
    return gan_game.step_d(state, steps) if who == "D" else gan_game.step_g(state, steps)
