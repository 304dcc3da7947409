"""Assemble a run as one HTML file that works offline; each family gives its parts in core/<family>/exports/page.py."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.i18n import LANGUAGES, translate

Precision = Literal["float16", "int8"]
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """The parts of a page.

    network: JSON values. texts: messages by key, shown in either language. arrays: weights by name. script: JavaScript
    that defines `start(network, arrays, view)`. body: static markup of the controls, without any text of a person.
    facts: by language the sections below it, each a heading and its lines.
    """

    title: str
    network: dict[str, Any]
    texts: dict[str, str]
    arrays: dict[str, np.ndarray]
    script: str
    body: str
    facts: dict[str, list[tuple[str, list[str]]]] = field(default_factory=dict)


def html(page: Page, precision: Precision = "float16") -> str:
    """Return the page. Its policy (CSP) allows only the script and the style inside, and no network call."""
    script = (HERE / "page.js").read_text("utf-8") + page.script + "\nopenPage(start);\n"
    style = (HERE / "page.css").read_text("utf-8")
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none'; "
        "form-action 'none'"
    )
    texts = {
        code: {
            "texts": {key: translate(text, code) for key, text in page.texts.items()},
            "facts": page.facts.get(code, []),
        }
        for code in LANGUAGES
    }
    arrays = {name: packed(array, precision) for name, array in page.arrays.items()}
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(page.title)}</title><style>{style}</style></head>
<body><main><header><h1>{escape(page.title)}</h1><button id="language" type="button"></button></header>
{page.body}<div id="facts"></div></main>
<script type="application/json" id="network">{_json(page.network | {"languages": texts})}</script>
<script type="application/json" id="arrays">{_json(arrays)}</script>
<script>{script}</script></body></html>
"""


def packed(array: np.ndarray, precision: Precision) -> dict[str, Any]:
    """Return `array` for the page: shape, type, base64 of little-endian numbers, for int8 a scale a column.

    Only arrays of two or more axes become int8; a float16 that would overflow is limited to the largest.
    """
    shape = list(array.shape)
    if precision == "int8" and array.ndim > 1:
        scale = np.abs(array).max(axis=tuple(range(array.ndim - 1))) / 127
        scale = np.where(scale > 0, scale, 1).astype("<f4")
        return {
            "shape": shape,
            "type": "int8",
            "data": _base64(np.rint(array / scale).astype("i1")),
            "scale": _base64(scale),
        }
    largest = float(np.finfo(np.float16).max)
    return {"shape": shape, "type": "float16", "data": _base64(np.clip(array, -largest, largest).astype("<f2"))}


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _json(value: Any) -> str:
    """JSON in which nothing can end the script element that holds it."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False).replace("<", "\\u003c")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")
