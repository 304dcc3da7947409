"""HTML of texts whose characters have a background colour, a tooltip and predictions below; text is escaped."""

from collections.abc import Sequence

from ui.widgets.palette import HEAT
from ui.widgets.text import escape
from ui.widgets.tint import tint

SERIF = "Georgia,'Noto Serif CJK SC',serif"
BOX = f"white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.7;font-family:{SERIF}"
STYLE = """<style>
.hs-guess{display:flex;flex-wrap:wrap;row-gap:.55rem;font-family:ui-monospace,Menlo,Consolas,monospace}
.hs-guess>span{display:flex;flex-direction:column;align-items:center;min-width:1.15em;line-height:1.25}
.hs-guess b{font-weight:600;font-size:1.02rem;width:100%;text-align:center;min-height:1.35em}
.hs-guess i{font-style:normal;font-size:.72rem;border-radius:3px;width:100%;text-align:center;min-height:1.25em}
.hs-guess u{text-decoration:none;font-weight:700}
.hs-line{flex-basis:100%;height:0}
</style>"""
VISIBLE = {" ": "␣", "\n": "⏎", "\t": "⇥", "\u3000": "␣"}


def visible(symbol: str) -> str:
    """Replace white space by a visible symbol."""
    return VISIBLE.get(symbol, symbol)


def tinted(symbols: Sequence[str], values: Sequence[float], titles: Sequence[str], mark: int | None = None) -> str:
    """Text with backgrounds by values in [−1, 1]; the character at `mark` is framed."""
    spans = []
    for place, (symbol, value, title) in enumerate(zip(symbols, values, titles, strict=True)):
        frame = ";outline:2px solid currentColor;border-radius:2px" if place == mark else ""
        shown = "⏎\n" if symbol == "\n" and (place == mark or abs(value) > 0.1) else symbol
        spans.append(f'<span title="{escape(title)}" style="background:{tint(value)}{frame}">{escape(shown)}</span>')
    return f'<div style="{BOX}">{"".join(spans)}</div>'


def guessed(
    symbols: Sequence[str],
    values: Sequence[float],
    titles: Sequence[str],
    guesses: Sequence[Sequence[tuple[str, float]]],
) -> str:
    """Each character above its predictions, most probable first; a correct prediction is bold."""
    columns = []
    after = [*symbols[1:], ""]
    for symbol, value, title, row, following in zip(symbols, values, titles, guesses, after, strict=True):
        under = "".join(
            f'<i title="p = {chance:.3f}" style="background:rgba({HEAT},{0.75 * chance:.2f})">'
            f"{_right(escape(visible(guess)), guess == symbol)}</i>"
            for guess, chance in row
        )
        ground = f"background:{tint(value)}"
        columns.append(f'<span title="{escape(title)}"><b style="{ground}">{escape(visible(symbol))}</b>{under}</span>')
        if symbol == "\n" != following:  # blank lines stay on the line that they end
            columns.append('<div class="hs-line"></div>')
    return f'{STYLE}<div class="hs-guess">{"".join(columns)}</div>'


def _right(shown: str, right: bool) -> str:
    return f"<u>{shown}</u>" if right else shown


def excerpt(before: str, middle: str, after: str) -> str:
    """`middle` highlighted between its context."""
    return (
        f'<div style="{BOX}"><span style="opacity:.65">{escape(before)}</span>'
        f'<mark style="background:rgba({HEAT},.4);color:inherit">{escape(middle)}</mark>'
        f'<span style="opacity:.65">{escape(after)}</span></div>'
    )
