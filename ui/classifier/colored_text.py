"""HTML of classified texts and of tokens coloured by score; user text is escaped."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from ui.widgets.palette import BAD, COOL, GOOD, HEAT, NEUTRAL, TRAIN, with_alpha
from ui.widgets.text import escape

if TYPE_CHECKING:
    from core.classifier.inference.classify import Token

SERIF = "Georgia,'Noto Serif CJK SC',serif"
SHOWN = 180  # characters of a text in a list
MOST = 4000  # tokens that get a span of their own


def short(text: str, limit: int = SHOWN) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[:limit].rstrip() + " …"


def highlighted_text(text: str, shares: Mapping[str, float], label: str) -> str:
    """A text with a bar of its true label's probability, green for a correct prediction, red for a wrong one."""
    guess = max(shares, key=lambda name: shares[name])
    colour = GOOD if guess == label else BAD
    return (
        f'<div style="margin:.1rem 0 .7rem"><div style="font-family:{SERIF};line-height:1.45;overflow-wrap:anywhere">'
        f"{escape(short(text))}</div>{bar(label, shares.get(label, 0.0), colour)}</div>"
    )


def bar(name: str, share: float, colour: str = TRAIN) -> str:
    """A name, a bar as long as `share`, and the share in percent."""
    width = max(0.0, min(1.0, share))
    return (
        '<div style="display:grid;grid-template-columns:minmax(0,28%) 1fr minmax(3.2rem,auto);gap:.6rem;'
        'align-items:center;font-size:.85rem;margin:.18rem 0">'
        f'<span style="overflow:hidden;text-overflow:ellipsis;white-space:nowrap" title="{escape(name)}">'
        f"{escape(name)}</span>"
        f'<span style="height:.5rem;border-radius:4px;background:{with_alpha(NEUTRAL, 0.2)};overflow:hidden">'
        f'<span style="display:block;height:100%;width:{100 * width:.1f}%;background:{colour}"></span></span>'
        f'<span style="text-align:right;font-variant-numeric:tabular-nums">{width:.1%}</span></div>'
    )


def read(text: str, tokens: "Sequence[Token]", unknown: str, cut: str) -> str:
    """The text with underlined tokens: unknown ones highlighted, truncated ones faint.

    unknown, cut: tooltips of such tokens.
    """
    spans, at = [], 0
    for token in tokens[:MOST]:
        spans.append(escape(text[at : token.start]))
        style = f"border-bottom:2px solid {with_alpha(TRAIN, 0.55)};margin-right:1.5px"
        title = token.text
        if not token.read:
            style, title = "opacity:.38;text-decoration:line-through", cut
        elif not token.known:
            style, title = (
                f"background:rgba({HEAT},.35);border-bottom:2px dotted rgb({HEAT})",
                f"{token.text}: {unknown}",
            )
        spans.append(f'<span title="{escape(title)}" style="{style}">{escape(text[token.start : token.end])}</span>')
        at = token.end
    rest = text[at : at + 20_000]
    spans.append(f'<span style="opacity:.38">{escape(rest)}</span>')
    return f'<div style="{box()}">{"".join(spans)}</div>'


def ink() -> str:
    """The theme's text colour, for figures."""
    return "#ebe8f3" if st.context.theme.type == "dark" else "#24222d"


def box() -> str:
    return f"white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9;font-family:{SERIF}"


def tinted(text: str, tokens: "Sequence[Token]", values: Sequence[float], scale: float) -> str:
    """The text with token backgrounds by score: cool for evidence for the answer, warm for evidence against it.

    values: one for each token, shown on hover; `scale` is the size that has the full colour.
    """
    spans, at = [], 0
    for token, value in zip(tokens, values, strict=True):
        spans.append(f'<span style="opacity:.4">{escape(text[at : token.start])}</span>')
        alpha = 0.7 * min(1.0, abs(value) / scale) if scale else 0.0
        ground = f"rgba({COOL if value > 0 else HEAT},{alpha:.2f})"
        spans.append(
            f'<span title="{value:+.3f}" style="background:{ground};border-radius:3px;padding:1px 0">'
            f"{escape(text[token.start : token.end])}</span>"
        )
        at = token.end
    spans.append(f'<span style="opacity:.4">{escape(text[at : at + 20_000])}</span>')
    return f'<div style="{box()}">{"".join(spans)}</div>'
