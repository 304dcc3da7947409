"""The common layout of all lab pages: summary, formula, controls and figure, step controls, the formula with numbers, a
question, the same computation in Keras, and a link to the user's own run."""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.errors import UserError
from core.families import FAMILIES
from core.i18n import _
from core.lab.concept import MODULES, Concept, Question
from core.lab.snippet import Snippet
from core.runs.store import list_runs
from ui.learn.inputs import Inputs
from ui.shell import navigation
from ui.shell.families import screens_of
from ui.widgets import figures
from ui.widgets.text import md

PICTURE = {"displayModeBar": False, "responsive": True, "scrollZoom": False}


class Lab(Inputs):
    """One page of the lab. Call in this order: header, columns, inputs, step_controls, figure, worked_formula,
    ask_question, keras_snippet, footer."""

    def __init__(self, concept: Concept) -> None:
        super().__init__(concept.key)
        self.concept = concept
        self.narrow = False  # whether formulas are drawn in half the page width
        opened: list[str] = st.session_state.setdefault("lab:opened", [])
        if concept.key not in opened:
            opened.append(concept.key)

    def header(self) -> None:
        """Draw title, summary, source, prerequisites and formula."""
        concept = self.concept
        st.title(md(concept.title), anchor=False)
        st.markdown(md(concept.summary))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f":material/menu_book: {md(concept.note)}", width="content")
            if concept.prerequisites:
                st.caption(_("First:"), width="content")
                for key in concept.prerequisites:
                    navigation.link(key, navigation.concepts()[key], ":material/arrow_back:")
        self._notice = st.container()
        self.worked_formula(concept.formula)

    def columns(self, widths: tuple[int, int] | None = (1, 1)) -> tuple[Any, Any, Any]:
        """Create three containers: controls (on top), figure, and steps with numbers beside it.

        widths: shares of the last two; None puts the third below the figure. On a phone there is one column.
        """
        controls = self.control_row()
        self.narrow = widths is not None
        if widths is None:
            return controls, st.container(), st.container()
        left, right = st.columns(widths, gap="medium")
        return controls, left.container(), right.container()

    def control_row(self) -> Any:
        """Create a row for controls of the figure below it."""
        return st.container(border=True, horizontal=True, vertical_alignment="bottom", gap="small")

    def or_fallback(self, make: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """Return make(); where it raises UserError, show the error and return otherwise()."""
        try:
            return make()
        except UserError as error:
            st.error(md(str(error) + " " + _("The page goes on with its own numbers.")), icon=":material/error:")
            return otherwise()

    def step_controls(
        self, last: int, *, first: int = 0, start: int | None = None, marks: Sequence[int] = (), mark: str = ""
    ) -> int:
        """Draw slider and buttons; return the current step from `first` to `last`. Button `mark` jumps to the next of
        `marks`."""
        start = first if start is None else start
        if last <= first:
            self.known.add(self.key("step"))
            return first
        row = st.container(horizontal=True, gap="small", vertical_alignment="bottom")
        buttons = row.container(horizontal=True, gap="small", width="content")
        with row:
            step = self.step_slider(first, last, start)
        with buttons:  # drawn only now: what the address says is known
            self._step_button("start", _("Start"), lambda now: first, step == first)
            self._step_button("back", _("Back"), lambda now: max(now - 1, first), step == first)
            self._step_button("next", _("Next"), lambda now: min(now + 1, last), step == last, type="primary")
            self._step_button("end", _("End"), lambda now: last, step == last)
            if marks:
                ahead = [other for other in marks if other > step]
                self._step_button("mark", mark, lambda now: next((m for m in ahead if m > now), now), not ahead)
        return step

    def _step_button(self, name: str, label: str, to: Callable[[int], int], disabled: bool, **more: Any) -> None:
        """A button that sets the step to `to`(current step), computed when pressed: presses can precede the rerun."""

        def pressed() -> None:
            self.go_to_step(to(self.current_step()))

        st.button(label, key=self.key(f"go-{name}"), on_click=pressed, disabled=disabled, **more)

    def figure(
        self,
        chart: go.Figure,
        name: str,
        alt: str,
        table: figures.Table | None = None,
        *,
        on_click: Callable[[Any], None] | None = None,
    ) -> None:
        """Draw `chart` with its data table in an expander. on_click receives the customdata of a clicked point."""
        key = self.key(f"picture-{name}")
        if on_click:  # reset, so that the same point can be clicked again
            clicks = st.session_state.setdefault(f"{key}:clicks", 0)
            key = f"{key}-{clicks}"
        select: Any = "ignore"
        if on_click:

            def select() -> None:
                points = st.session_state[key].selection.points
                if points and "customdata" in points[0]:
                    st.session_state[f"{self.key(f'picture-{name}')}:clicks"] += 1
                    on_click(points[0]["customdata"])

        st.plotly_chart(chart, key=key, config=PICTURE, alt=alt, on_select=select, selection_mode="points")
        if table is not None:
            figures.data_table(table, key=f"{key}-table", alt=alt)

    def worked_formula(self, *formulas: str, small: bool = False) -> None:
        """Draw formulas with the page's current numbers; `small` for long ones beside a figure."""
        for formula in formulas:
            parts = split(formula)
            if small:
                parts = [rf"{_size(part, self.narrow)} {part}" for part in parts]
            if len(parts) == 1:
                st.latex(parts[0])
                continue
            with st.container(
                horizontal=True, horizontal_alignment="center", vertical_alignment="center", gap="medium"
            ):
                for part in parts:
                    st.latex(part, width="content")

    def ask_question(self, question: Question, *, plain: bool = False) -> None:
        """Draw a multiple-choice question about the current numbers; show answer and explanation after a choice.

        plain: escape Markdown, for questions that quote user input.
        """
        if plain:
            options = tuple(md(option) for option in question.options)
            question = Question(md(question.prompt), options, question.answer_index, md(question.why))
        print_ = sha256(repr((question.prompt, question.options, question.why)).encode()).hexdigest()[:12]
        with st.container(border=True):
            st.markdown(f"**{_('Predict, then look')}**")
            answer = st.radio(
                question.prompt,
                range(len(question.options)),
                format_func=lambda index: question.options[index],
                index=None,
                horizontal=True,
                key=self.key(f"predict-{print_}"),
            )
            if answer is None:
                st.caption(_("Choose first: then the answer is shown, with its reason."))
            elif answer == question.answer_index:
                st.success(f"{_('Yes.')} {question.why}", icon=":material/check_circle:")
            else:
                right = question.options[question.answer_index]
                st.warning(
                    f"{_('No: the answer is “{answer}”.').format(answer=right)} {question.why}",
                    icon=":material/lightbulb:",
                )

    def keras_snippet(self, make: Callable[[], Snippet], name: str = "keras", title: str = "") -> None:
        """Draw a Keras program that prints exactly the shown numbers, with its output. A second one on a page needs its
        own `name` and `title`."""
        label = title or _("The same in Keras")
        with st.expander(label, icon=":material/code:", key=self.key(name), on_change="rerun") as shown:
            if shown.open:
                snippet = make()
                code, prints = st.columns([3, 2], gap="medium")
                alone = _("Copy and run it: it needs NumPy and Keras only.")
                at_home = _("Copy it and run it in the project's folder, whose core it uses.")
                code.caption(at_home if "core." in snippet.code else alone)
                code.code(snippet.code, language="python", height=_height(snippet.code))
                prints.caption(_("It prints exactly the numbers of this page."))
                prints.code(snippet.prints, language=None, height=_height(snippet.prints), wrap_lines=True)

    def footer(self) -> None:
        """Draw links to the user's own run and the neighbouring pages, and warnings about unused query parameters."""
        for link in self.concept.links:
            self._own_run(link.family, link.text)
        order = list(MODULES)
        place = order.index(self.page)
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            navigation.link("learn", _("The notes as a map"), ":material/map:")
            if place + 1 < len(order):
                after = order[place + 1]
                navigation.link(
                    after, _("Next: {title}").format(title=navigation.concepts()[after]), ":material/arrow_forward:"
                )
        strange = [key for key in st.query_params if key not in self.known and key.startswith(f"{self.page}-")]
        if strange:
            self._notice.warning(
                _("The address says something about {names} that this page, as it is set, has no use for.").format(
                    names=", ".join(f"“{md(key[:40])}”" for key in strange[:5])
                ),
                icon=":material/link_off:",
            )

    def _own_run(self, family: str, text: str) -> None:
        if family not in FAMILIES:
            return
        inside = screens_of(family).inside
        runs = [run for run in list_runs(family=family) if run.usable]
        own = next((run for run in runs if not run.id.startswith("demo-")), None)
        run = own or next(iter(runs), None)
        with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{_('In your own network')}** · {md(text)}", width="stretch")
            if run is None:
                navigation.link(f"{FAMILIES[family].section}-train", _("Train one first"), FAMILIES[family].icon)
                return
            screen = inside if navigation.exists(inside) else "run"
            name = run.name if own else _("{run}, which comes trained").format(run=run.name)
            navigation.link(screen, md(name), FAMILIES[family].icon, run=run.id)


def _height(text: str) -> Any:
    return 420 if text.count("\n") > 20 else "content"


def _size(formula: str, narrow: bool) -> str:
    """LaTeX size command, smaller for longer lines."""
    lines = (re.sub(r"\\[a-z]+|[{}^_&]", "", line) for line in formula.split(r"\\"))
    return r"\footnotesize" if max(map(len, lines)) < (56 if narrow else 105) else r"\scriptsize"


def split(formula: str) -> list[str]:
    """Split a formula at its top-level wide spaces (outside braces and environments), to stack it on a phone."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"\\begin|\\end|\\left(?!arrow|right)|\\right(?!arrow)|\\qquad|\\[{}]|[{}]", formula):
        sign = found.group()
        depth += {"\\begin": 1, "\\left": 1, "{": 1, "\\end": -1, "\\right": -1, "}": -1}.get(sign, 0)
        if sign == "\\qquad" and depth == 0:
            parts.append(formula[start : found.start()].strip())
            start = found.end()
    return [part for part in (*parts, formula[start:].strip()) if part]
