"""The table of screens, from which sidebar, links and tests are built."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import streamlit as st

from core.families import FAMILIES
from core.hosting import owner
from core.i18n import N_, _, translated_mapping
from core.runs.policy import is_demo
from ui.shell.families import Screen, screens_of

ROOT = Path(__file__).resolve().parents[2]
OWNER = "owner"  # the address of the owner's page, which is no screen of the table
CONCEPTS = {
    "perceptron": N_("Perceptron"),
    "backpropagation": N_("Backpropagation by hand"),
    "activations": N_("Activation functions"),
    "losses": N_("Squared loss, cross-entropy"),
    "convolution": N_("Convolution"),
    "rnn": N_("The unrolled RNN"),
    "bidirectional": N_("Bidirectional RNN"),
    "bptt": N_("Vanishing and exploding"),
    "elman-jordan": N_("Elman and Jordan"),
    "recursive": N_("Recursive network"),
    "hopfield": N_("Hopfield network"),
    "lstm-gru": N_("LSTM and GRU"),
    "attention": N_("Self-attention"),
    "gan-game": N_("The GAN game"),
}


@lru_cache(maxsize=1)
def screens() -> list[Screen]:
    studio, learn = N_("Studio"), N_("Learn")
    table = [
        Screen("overview", "home/overview.py", N_("Overview"), "home", studio),
        Screen("runs", "runs/runs.py", N_("Runs"), "stacks", studio),
        Screen("run", "runs/run.py", N_("Run"), "monitoring", studio),
        Screen("compare", "runs/compare.py", N_("Compare"), "compare_arrows", studio),
    ]
    table += [screen for family in FAMILIES for screen in screens_of(family).screens]
    table += [Screen("learn", "learn/index.py", N_("The notes as a map"), "map", learn)]
    table += [Screen(key, f"learn/{key.replace('-', '_')}.py", title, "", learn) for key, title in CONCEPTS.items()]
    return [screen for screen in table if (ROOT / "pages" / screen.file).exists()]


def concepts() -> Mapping[str, str]:
    """Key → short title of the lab pages, without importing their modules."""
    return translated_mapping(CONCEPTS)


def path(key: str) -> str:
    """File path of the screen `key` for st.page_link and st.switch_page."""
    return str(ROOT / "pages" / next(screen.file for screen in screens() if screen.key == key))


def exists(key: str) -> bool:
    return any(screen.key == key for screen in screens())


def link(key: str, label: str, icon: str | None = None, **query: str) -> None:
    """A link to a screen, drawn only where the screen exists."""
    if exists(key):
        st.page_link(path(key), label=label, icon=icon, query_params=_persistent_query() | query or None)


def go(key: str, **query: str) -> None:
    st.switch_page(path(key), query_params=_persistent_query() | query or None)


def _persistent_query() -> dict[str, str]:
    """Query parameters that every link keeps (hosting.keep_in_address), also when opened in a new tab."""
    return dict(st.session_state.get("carried", {}))


def pages() -> dict[str, list[st.Page]]:  # type: ignore[valid-type]
    """Sections and pages for st.navigation."""
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
    if is_demo() and owner.has_token():  # reached by its address alone
        file = ROOT / "pages" / "home" / "owner.py"
        page = st.Page(file, title=_("Owner"), url_path=OWNER, visibility="hidden")
        next(iter(sections.values())).append(page)
    return sections  # type: ignore[return-value]
