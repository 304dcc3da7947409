"""Inputs of a lab page, each bound to the address; invalid values in the address are reported and replaced."""

import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import streamlit as st

from core.errors import UserError
from core.i18n import _
from core.lab import checks
from ui.shell.address import address_value, choose, choose_many, resolve_key, unknown_keys
from ui.widgets.text import md

SEEDS = 10_000
MAX_ROWS = 40


class Inputs:
    """The inputs of page `page`. An input called `name` has the query parameter PAGE-NAME."""

    def __init__(self, page: str) -> None:
        self.page = page
        self.known: set[str] = set()
        # Every page has this expander: without its state the page has just been opened.
        self.opened = self.key("keras") not in st.session_state

    def key(self, name: str) -> str:
        return f"{self.page}-{name}"

    # One widget each ------------------------------------------------------------------------------------------------
    def choice(self, name: str, label: str, options: Mapping[str, str], *, default: str = "") -> str:
        """Choose one key of `options` (key → label): segmented control if few and short, else select box."""
        keys = list(options)
        default = default or keys[0]
        raw = self._address_value(name)
        if len(keys) <= 5 and sum(map(len, options.values())) <= 34:
            widget: Callable[..., Any] = partial(st.segmented_control, required=True)
        else:
            widget = partial(st.selectbox, width=230)
        value = choose(widget, label, options, key=self.key(name), default=default)
        value = value if value in options else default  # do not trust the browser
        self._check_value(name, raw, lambda text: bool(resolve_key(text, options)), options[value])
        return value

    def multichoice(self, name: str, label: str, options: Mapping[str, str], default: Sequence[str]) -> list[str]:
        """Choose any keys of `options` (key → label), returned in the order of `options`; may be empty."""
        raw = self._address_value(name)
        widget = partial(st.pills, selection_mode="multi")
        chosen = choose_many(widget, label, options, key=self.key(name), default=default)
        chosen = [one for one in options if one in chosen]
        self._check_value(
            name, raw, lambda text: not unknown_keys(text, options), ", ".join(options[one] for one in chosen) or "–"
        )
        return chosen

    def slider(self, name: str, label: str, low: Any, high: Any, default: Any, step: Any = None, **more: Any) -> Any:
        """A number from `low` to `high`, int or float as they are."""
        return self._number(partial(st.slider, width=160), name, label, low, high, default, step, **more)

    def number(self, name: str, label: str, low: Any, high: Any, default: Any, step: Any = None, **more: Any) -> Any:
        """A typed number from `low` to `high`, int or float as they are."""
        return self._number(partial(st.number_input, width=130), name, label, low, high, default, step, **more)

    def _number(
        self, widget: Any, name: str, label: str, low: Any, high: Any, default: Any, *step: Any, **more: Any
    ) -> Any:
        raw = self._address_value(name)
        value = widget(label, low, high, default, *step, key=self.key(name), bind="query-params", **more)
        value = default if value is None else min(max(value, low), high)
        self._check_value(name, raw, _number_from(low, high), value)
        return value

    def switch(self, name: str, label: str, default: bool = False) -> bool:
        raw = self._address_value(name)
        value = bool(st.toggle(label, default, key=self.key(name), bind="query-params"))
        self._check_value(name, raw, lambda text: text.lower() in ("true", "false"), _("on") if value else _("off"))
        return value

    def text(self, name: str, label: str, default: str, *, limit: int = 200, **more: Any) -> str:
        """A line of text of at most `limit` characters. It may be empty; the page handles that."""
        self._address_value(name)
        value = st.text_input(label, default, max_chars=limit, key=self.key(name), bind="query-params", **more)
        return str(value)[:limit]

    def seed(self, *, restart: bool = True, **back: Any) -> int:
        """The seed, with the buttons “Restart”, which keeps it, and “New seed”. Both reset the step, and the inputs in
        `back` to the given values. restart=False omits the first button."""
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", width="content"):
            seed = int(self.number("seed", _("Seed"), 0, SEEDS - 1, 0, 1, width=110))
            if restart:
                self.restart(**back)
            st.button(_("New seed"), key=self.key("new-seed"), on_click=self._new_seed, args=(seed, back))
        return seed

    def restart(self, **back: Any) -> None:
        """The “Restart” button alone, for a page without randomness."""
        st.button(_("Restart"), key=self.key("restart"), on_click=self._restart, args=(back,))

    def _restart(self, back: Mapping[str, Any]) -> None:
        self.go_to_step(None)
        for name, value in back.items():
            self.set_value(name, value)

    def _new_seed(self, old: int, back: Mapping[str, Any]) -> None:
        self.set_value("seed", (old + random.randrange(1, SEEDS)) % SEEDS)
        self._restart(back)

    def go_to_step(self, step: int | None) -> None:
        """In a callback: set the step; None is the page's initial step."""
        st.session_state[f"{self.key('step')}:now"] = step
        if step is not None:
            st.session_state[f"{self.key('step')}:shown"] = step

    def current_step(self) -> int:
        """In a callback: the current step."""
        return int(st.session_state[f"{self.key('step')}:shown"])

    def set_value(self, name: str, value: Any) -> None:
        """In a callback: set the value of widget `name`."""
        st.session_state[self.key(name)] = value

    def step_slider(self, first: int, last: int, start: int) -> int:
        """The step slider; keeps its value while `last` changes, which a widget bound to the URL would not."""
        key = self.key("step")
        now, slider = f"{key}:now", f"{key}:{first}:{last}"
        raw = st.query_params.get(key) if self.opened else None
        if raw is not None:
            sound = _number_from(first, last)(raw)
            st.session_state[now] = round(float(raw)) if sound else None
            self._record_check(key, raw, sound, start)
        step = st.session_state.get(now)
        step = start if step is None else min(max(step, first), last)
        st.session_state[slider] = step

        def moved() -> None:
            st.session_state[now] = st.session_state[slider]

        label = _("Step (of {last})").format(last=last)
        step = min(max(int(st.slider(label, first, last, key=slider, on_change=moved, width=300)), first), last)
        st.session_state[f"{key}:shown"] = step
        self._write_to_address(key, str(step), str(start))
        self._warn(key, step)
        return step

    def _write_to_address(self, key: str, text: str, default: str) -> None:
        """Write a value without a bound widget to the address; remove it where it is the default."""
        self.known.add(key)
        if text == default:
            if key in st.query_params:
                del st.query_params[key]
        elif st.query_params.get(key) != text:
            st.query_params[key] = text

    # An editable table ----------------------------------------------------------------------------------------------
    def table(
        self,
        name: str,
        label: str,
        default: Any,
        columns: Sequence[str],
        rows: Sequence[str] | None = None,
        *,
        limit: float = 100,
        grow: bool = False,
    ) -> np.ndarray:
        """An editable table (rows, columns), in the address as 1,2;3,4. Reports a cell outside ±limit; then `default`
        is returned."""
        import pandas as pd

        key = self.key(name)
        own = np.asarray(default, float)
        if st.session_state.get(f"{key}:own", encode(own)) != encode(own):  # another seed or size: begin anew
            self.set_table(name, own)
        st.session_state[f"{key}:own"] = encode(own)
        version = st.session_state.setdefault(f"{key}:version", 0)
        editor = f"{key}:{version}"
        if self.opened or editor not in st.session_state:
            raw = st.query_params.get(key) if self.opened else None
            start = raw or st.session_state.get(f"{key}:now") or encode(own)
            try:
                base = decode(start, list(columns), rows, limit, None if grow else len(own))
                st.session_state.pop(f"{key}:said", None)
            except UserError as error:
                base = own
                st.session_state[f"{key}:said"] = str(error)
            st.session_state[f"{key}:base"] = base
        base = st.session_state[f"{key}:base"]
        st.markdown(label)
        frame = pd.DataFrame(
            [[_cell(v) for v in row] for row in base],
            columns=list(columns),
            index=None if rows is None else list(rows)[: len(base)],
            dtype=object,
        )
        edited = st.data_editor(
            frame,
            key=editor,
            num_rows="dynamic" if grow else "fixed",
            hide_index=rows is None,
            column_config={c: st.column_config.TextColumn(c, alignment="right", max_chars=24) for c in columns},
            alt=label,
            height="content" if len(base) <= 10 else "auto",
        )
        said = st.session_state.get(f"{key}:said") if np.array_equal(base, own) else None
        values = own
        try:
            values = cells(edited.to_numpy().tolist(), list(columns), rows, label, limit)
        except UserError as error:
            said = str(error)
        if said:
            st.error(md(said + " " + _("The page goes on with its own numbers.")), icon=":material/error:")
        st.session_state[f"{key}:now"] = encode(values)
        self._write_to_address(key, encode(values), encode(own))
        return values

    def set_table(self, name: str, values: Any) -> None:
        """Set the values of table `name`; call it before the table is drawn, or in a callback."""
        key = self.key(name)
        st.session_state[f"{key}:now"] = encode(np.asarray(values, float))
        st.session_state[f"{key}:version"] = st.session_state.get(f"{key}:version", 0) + 1

    def in_address(self, *names: str) -> bool:
        """Whether the address sets one of these inputs, so that their expander should be open."""
        return any(self.key(name) in st.query_params for name in names)

    # Invalid values in the address ----------------------------------------------------------------------------------
    def _address_value(self, name: str) -> str | None:
        """The address's value of `name`, when this session draws it for the first time; else None."""
        key = self.key(name)
        self.known.add(key)
        seen: set[str] = st.session_state.setdefault("lab:seen", set())
        if key in seen:
            return None
        seen.add(key)
        return address_value(key) if key in st.query_params else None

    def _check_value(self, name: str, raw: str | None, fits: Callable[[str], bool], value: Any) -> None:
        key = self.key(name)
        if raw is not None:
            self._record_check(key, raw, fits(raw), value)
        self._warn(key, value)

    def _record_check(self, key: str, raw: str, sound: bool, value: Any) -> None:
        if not sound:
            st.session_state.setdefault("lab:said", {})[key] = (raw, value)

    def _warn(self, key: str, value: Any) -> None:
        """Show the warning until the value is changed."""
        notes: dict[str, tuple[str, Any]] = st.session_state.setdefault("lab:said", {})
        if key in notes and notes[key][1] != value:
            del notes[key]
        if key in notes:
            st.warning(
                _("The address asks for “{raw}” here, which this page cannot do: it shows {value}.").format(
                    raw=md(notes[key][0][:40]), value=md(str(value))
                ),
                icon=":material/link_off:",
            )


def _number_from(low: float, high: float) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            return low <= float(text) <= high
        except ValueError:
            return False

    return fits


def _cell(value: float) -> str:
    return f"{value:.12g}"


def encode(values: np.ndarray) -> str:
    """Encode (rows, columns) as `1,2;3,4`."""
    return ";".join(",".join(_cell(v) for v in row) for row in np.atleast_2d(values))


def decode(
    text: str, columns: Sequence[str], names: Sequence[str] | None, limit: float, height: int | None
) -> np.ndarray:
    """Decode `encode`'s text; height None: any number of rows. Raises UserError for a wrong size or cell."""
    table, label = [row.split(",") for row in text[:10_000].split(";")], _("The table in the address")
    if any(len(row) != len(table[0]) for row in table):
        raise UserError(_("The address holds a table with rows of unequal length."))
    checks.size((len(table), len(table[0])), label, (height, len(columns)))
    return cells(table, columns, names, label, limit)


def cells(
    rows: Sequence[Sequence[Any]], columns: Sequence[str], names: Sequence[str] | None, label: str, limit: float
) -> np.ndarray:
    """Typed cells as numbers. Raises UserError that names the first wrong cell by row and column."""
    if not 1 <= len(rows) <= MAX_ROWS:
        raise UserError(_("{table} has {n} rows: keep 1 to {most}.").format(table=label, n=len(rows), most=MAX_ROWS))
    result = np.empty((len(rows), len(columns)))
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            where = _("{table}, row {row}, column {column}").format(
                table=label, row=names[i] if names else i + 1, column=columns[j]
            )
            if cell is None or cell != cell or not str(cell).strip():
                raise UserError(_("{where} is empty: enter a number.").format(where=where))
            result[i, j] = checks.number(str(cell).strip(), where, -limit, limit)
    return result
