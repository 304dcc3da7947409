"""Cached text writers, and HTML of generated text with probabilities as colour and tooltip."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from core.charlm.data.vocabulary import Vocabulary
from core.charlm.inference.request import Generate, Settings
from core.flags import request_words
from core.i18n import _, lazy_message
from core.runs.run import Run
from ui.shell.cache_keys import model_key
from ui.widgets.palette import HEAT
from ui.widgets.text import escape, md

if TYPE_CHECKING:
    from core.charlm.inference.write import TextWriter

COLOURED = 6000  # maximum coloured characters, to keep the page fast
SHOWN = 20_000  # characters of a kept sample, which has 5,000 by the schema
FRAME = (
    '<div style="white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;'
    "font-family:Georgia,'Noto Serif CJK SC',serif\">{}</div>"
)


PART = 64  # characters from which on a new element begins
FLOW = "written"
_LEVELS = "".join(f".hs-p{level}{{background:rgba({HEAT},{level / 100:.2f})}}" for level in range(56))
STYLE = (
    f"<style>.st-key-{FLOW}{{display:block;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;"
    f"font-family:Georgia,'Noto Serif CJK SC',serif}}.st-key-{FLOW} div{{display:inline}}"
    f".st-key-{FLOW} i{{font-style:normal}}{_LEVELS}</style>"
)


def writer_of(run: Run) -> "TextWriter":
    """The cached writer of a run; reloaded when training replaces the model."""
    return _load(*model_key(run))


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Waking the network …"))
def _load(path: str, changed: tuple[int, ...]) -> "TextWriter":
    from core.charlm.inference.write import load_writer

    return load_writer(Run(Path(path)))


class GrowingText:
    """A text on the page that grows: each part is sent once, so that a long text costs its length and not its square.

    A lower probability has a warmer background. The parts are elements of their own, which STYLE lets flow as one text.
    """

    def __init__(self, prompt: str) -> None:
        self._box, self._count = st.container(key=FLOW, gap=None), 0
        self._box.html(f'{STYLE}<span style="opacity:.6">{escape(prompt)}</span>')
        self._begin_part()

    def _begin_part(self) -> None:
        self._part, self._length = "", 0
        self._place = self._box.empty()

    def add(self, symbols: Sequence[str], probabilities: Sequence[float]) -> None:
        """Append `symbols`, each with its probability at temperature 1."""
        here = max(0, COLOURED - self._count)
        parts = []
        for symbol, probability in zip(symbols[:here], probabilities, strict=False):
            alpha = round(55 * max(0.0, 1 - probability) ** 2)
            parts.append(f'<i class="hs-p{alpha}" title="p = {probability:.3f}">{escape(symbol)}</i>')
        self._part += "".join(parts) + escape("".join(symbols[here:]))
        self._count, self._length = self._count + len(symbols), self._length + len(symbols)
        self._place.html(f"<span>{self._part}</span>")
        if self._length >= PART:
            self._begin_part()


def plain(prompt: str, text: str) -> str:
    return FRAME.format(f'<span style="opacity:.6">{escape(prompt)}</span>{escape(text)}')


def last_sample(run: Run) -> str:
    """The sample of the last saved step, as initial content."""
    steps = run.sample_steps()
    return (run.sample(steps[-1], "text.txt") or b"").decode("utf-8", "replace")[:SHOWN] if steps else ""


def unknown_note(run: Run, prompt: str) -> None:
    """Warn about out-of-vocabulary characters of the prompt."""
    unknown = Vocabulary.from_json(run.read_json("vocabulary.json")).unknown(prompt)
    if unknown:
        shown = " ".join(repr(symbol)[1:-1] for symbol in unknown[:20])
        st.warning(_("The network has never seen these and reads them as “unknown”:") + " " + md(shown))


def write_command(run: Run, prompt: str, settings: Settings) -> str:
    """The command line that writes exactly this text."""
    request = Generate(prompt=prompt, **dict(settings))
    return shlex.join(["python", "-m", "core", "generate", run.id, *request_words(request, Generate.model_fields)])
