"""The screens: one table, from which the sidebar, links and tests are made."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.i18n import _

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Screen:
    """`key` is the URL path; `file` lies in a sub-folder of pages/ (a file directly in pages/ would switch Streamlit
    to its old page mechanism)."""

    key: str
    file: str
    title: str
    icon: str
    section: str


@lru_cache(maxsize=1)
def screens() -> list[Screen]:
    studio, text, classify, draw, learn = _("Studio"), _("Write"), _("Classify"), _("Draw"), _("Learn")
    table = [
        Screen("overview", "start/overview.py", _("Overview"), "home", studio),
        Screen("runs", "runs/runs.py", _("Runs"), "stacks", studio),
        Screen("run", "runs/run.py", _("Run"), "monitoring", studio),
        Screen("compare", "runs/compare.py", _("Compare"), "compare_arrows", studio),
        Screen("text-train", "text/train.py", _("Train on text"), "school", text),
        Screen("text-write", "text/write.py", _("Write"), "edit_note", text),
        Screen("text-together", "text/together.py", _("Write together"), "edit_square", text),
        Screen("text-inside", "text/inside.py", _("Look inside"), "visibility", text),
        Screen("classify-train", "classify/train.py", _("Train on a table"), "school", classify),
        Screen("classify-use", "classify/use.py", _("Classify"), "label", classify),
        Screen("classify-evaluate", "classify/evaluate.py", _("Evaluate"), "fact_check", classify),
        Screen("classify-why", "classify/why.py", _("Why"), "visibility", classify),
        Screen("gan-train", "gan/train.py", _("Train on pictures"), "school", draw),
        Screen("gan-draw", "gan/draw.py", _("Draw"), "grid_view", draw),
        Screen("gan-inside", "gan/inside.py", _("Look inside"), "visibility", draw),
        Screen("learn", "learn/index.py", _("The notes as a map"), "map", learn),
    ]
    table += [Screen(key, f"learn/{key.replace('-', '_')}.py", title, "", learn) for key, title in concepts().items()]
    return [screen for screen in table if (ROOT / "pages" / screen.file).exists()]


def concepts() -> dict[str, str]:
    """Key → short title of the lab's pages, without importing their arithmetic."""
    return {
        "perceptron": _("Perceptron"),
        "backpropagation": _("Backpropagation by hand"),
        "activations": _("Activation functions"),
        "losses": _("Squared loss, cross-entropy"),
        "convolution": _("Convolution"),
        "rnn": _("The unrolled RNN"),
        "bidirectional": _("Bidirectional RNN"),
        "bptt": _("Vanishing and exploding"),
        "elman-jordan": _("Elman and Jordan"),
        "recursive": _("Recursive network"),
        "hopfield": _("Hopfield network"),
        "lstm-gru": _("LSTM and GRU"),
        "attention": _("Self-attention"),
        "gan-game": _("The GAN game"),
    }


def path(key: str) -> str:
    """What st.page_link and st.switch_page want for the screen `key`."""
    return str(ROOT / "pages" / next(screen.file for screen in screens() if screen.key == key))


def link(key: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to a screen, drawn only where the screen exists."""
    if any(screen.key == key for screen in screens()):
        st.page_link(path(key), label=label, icon=icon, query_params=_carried() | query or None)


def go(key: str, **query: str) -> None:
    st.switch_page(path(key), query_params=_carried() | query or None)


def _carried() -> dict[str, str]:
    """What stands in the address of every page (ui/hosting.py), so that a link opened in a new tab has it too."""
    return dict(st.session_state.get("carried", {}))


def pages() -> dict[str, list[st.Page]]:  # type: ignore[valid-type]
    """The sidebar's sections for st.navigation."""
    sections: dict[str, list[object]] = {}
    for screen in screens():
        page = st.Page(
            ROOT / "pages" / screen.file,
            title=screen.title,
            icon=f":material/{screen.icon}:" if screen.icon else None,
            url_path=screen.key,
            default=screen.key == "overview",
        )
        sections.setdefault(screen.section, []).append(page)
    return sections  # type: ignore[return-value]
