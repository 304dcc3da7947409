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
FRAME = (
    '<div style="white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6;'
    "font-family:Georgia,'Noto Serif CJK SC',serif\">{}</div>"
)


def writer_of(run: Run) -> "TextWriter":
    """The cached writer of a run; reloaded when training replaces the model."""
    return _load(*model_key(run))


@st.cache_resource(max_entries=4, show_spinner=lazy_message("Waking the network …"))
def _load(path: str, changed: tuple[int, ...]) -> "TextWriter":
    from core.charlm.inference.write import load_writer

    return load_writer(Run(Path(path)))


def coloured(prompt: str, symbols: Sequence[str], probabilities: Sequence[float]) -> str:
    """HTML of the prompt and the symbols; a lower probability has a warmer background."""
    spans = [f'<span style="opacity:.6">{escape(prompt)}</span>']
    for symbol, probability in zip(symbols[:COLOURED], probabilities, strict=False):
        alpha = 0.55 * max(0.0, 1 - probability) ** 2
        spans.append(
            f'<span title="p = {probability:.3f}" style="background:rgba({HEAT},{alpha:.2f})">{escape(symbol)}</span>'
        )
    spans.append(escape("".join(symbols[COLOURED:])))
    return FRAME.format("".join(spans))


def plain(prompt: str, text: str) -> str:
    return FRAME.format(f'<span style="opacity:.6">{escape(prompt)}</span>{escape(text)}')


def last_sample(run: Run) -> str:
    """The sample of the last saved step, as initial content."""
    steps = run.sample_steps()
    return (run.sample(steps[-1], "text.txt") or b"").decode("utf-8", "replace") if steps else ""


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
