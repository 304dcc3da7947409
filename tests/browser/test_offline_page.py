"""The offline page of a character model in Chromium: its arithmetic, its reading of texts, and a visit to it."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.charlm.data.prepare import clean
from core.charlm.data.vocabulary import Vocabulary
from core.charlm.exports import page as parts
from core.charlm.inside.numpy_network import NumpyNetwork, Weights
from core.exports import export
from core.offline import page as offline
from core.runs.store import DEFAULT_DIR, find
from tests.selection import sampled

U, SYMBOLS = 8, ["\ufffd", "\n", "a", "é", "</script><script>document.title='x'</script>", "你", "👩‍👩‍👧"]
PIECES = [
    "a",
    "é",
    "é",
    "你",
    "好",
    "👩\u200d👩\u200d👧",
    "👍🏽",
    "🇨🇳",
    "🇩🇪",
    "́",
    "\u200d",
    "क्षि",
    "한",
    "가",
    "x",
    "ﷺ",
    "İ",
    "\x07",
    "\ufeff",
    "ำ",
]
PIECES += [" ", "\n", "\r\n", "\u2028", "\x85", "\x0c", "\ud83d"]


def opened(browser: Browser, file: Path) -> Page:
    tab = browser.new_context().new_page()
    tab.goto(file.as_uri())
    return tab


@pytest.mark.parametrize("embedding", sampled([5, 0]))
@pytest.mark.parametrize("cell", sampled(["lstm", "gru", "rnn"]))
def test_probabilities_are_those_of_the_network(browser, tmp_path, cell, embedding):
    source, V = np.random.default_rng(0), len(SYMBOLS)
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[cell]

    def draw(*shape):
        return source.normal(0, 0.4, shape).astype(np.float32)

    bias = (2, gates * U) if cell == "gru" else (gates * U,)
    layers = tuple(Weights(draw(D, gates * U), draw(U, gates * U), draw(*bias)) for D in (embedding or V, U))
    table = draw(V, embedding) if embedding else np.eye(V, dtype=np.float32)
    network = NumpyNetwork(cell, table, layers, draw(U, V), draw(V))
    arrays = {"output": network.output, "output_bias": network.output_bias} | ({"table": table} if embedding else {})
    arrays |= {f"{name}{n}": value for n, item in enumerate(layers) for name, value in item._asdict().items()}
    about = {"symbols": SYMBOLS, "cell": cell, "layers": 2, "units": U, "lowercase": False, "nfkc": False}
    script, body = ((parts.HERE / f"page.{kind}").read_text("utf-8") for kind in ("js", "html"))
    page = offline.Page("<b>night</b>", about, parts.TEXTS, arrays, script, body)
    (tmp_path / "network.html").write_text(offline.html(page), "utf-8")
    ids = source.integers(0, V, 20)
    want = np.exp(network.log_probs(network.read(ids[None]).top))[0]
    tab = opened(browser, tmp_path / "network.html")
    found = tab.evaluate(
        "(ids) => { let state = page.net.zero(); return ids.map((id) => { const next = page.net.step(id, state);"
        " state = next.state; return Array.from(softmax(next.logits)); }); }",
        ids.tolist(),
    )
    assert tab.title() == "<b>night</b>"
    assert np.abs(np.array(found) - want).max() < 1e-3


@pytest.mark.exhaustive
@pytest.mark.parametrize(("lowercase", "nfkc"), [(False, False), (True, False), (False, True), (True, True)])
def test_500_texts_become_the_same_symbols_in_the_page_and_in_python(browser, lowercase, nfkc):
    known = {"a", "e", "é", "e\u0301", "你", "👩‍👩‍👧", "👍🏽", "👍", "🇨🇳", "क्षि", "한", " ", "\n", "i", "\u0301"}
    vocabulary = Vocabulary(("\ufffd", *sorted(known)))
    drawn = random.Random(1)
    texts = ["".join(drawn.choices(PIECES, k=drawn.randint(1, 40))) for _ in range(500)]
    tab = browser.new_context().new_page()
    tab.add_script_tag(
        content="".join((folder / "page.js").read_text("utf-8") for folder in (offline.HERE, parts.HERE))
    )
    found = tab.evaluate(
        "([symbols, options, texts]) => { const encode = makeEncode(symbols);"
        " return texts.map((units) => encode(clean(String.fromCharCode(...units), options))); }",
        [
            list(vocabulary.symbols),
            {"lowercase": lowercase, "nfkc": nfkc},
            [np.frombuffer(text.encode("utf-16-le", "surrogatepass"), "<u2").tolist() for text in texts],
        ],
    )
    for text, ids in zip(texts, found, strict=True):
        want = vocabulary.encode(clean(text, lowercase=lowercase, nfkc=nfkc)[0]).tolist()
        assert ids == want, json.dumps(text)


@pytest.mark.exhaustive
def test_it_writes_is_stopped_and_speaks_two_languages_without_a_request(browser, tmp_path):
    run = find("demo-lighthouse", DEFAULT_DIR)
    written = export(run, "page", tmp_path / "page.html")
    assert written.size < 2_500_000
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="en-GB", color_scheme="dark")
    tab = context.new_page()
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(written.path.as_uri())
    status, text = tab.get_by_role("status"), tab.locator("#written")
    expect(status).to_have_text("Written.")
    first = text.inner_text()
    assert len(first) > 200
    tab.get_by_role("textbox", name="Prompt").fill("The keeper")
    tab.get_by_role("spinbutton", name="Characters").fill("5000")
    tab.get_by_role("button", name="Write").click()
    expect(text).to_contain_text("The keeper")
    tab.get_by_role("button", name="Stop").click()
    expect(status).to_have_text("Stopped.")
    tab.get_by_role("textbox", name="Prompt").fill("")
    tab.get_by_role("spinbutton", name="Characters").fill("300")
    tab.keyboard.press("Tab")
    tab.get_by_role("button", name="Write").press("Enter")
    expect(status).to_have_text("Written.")
    assert text.inner_text() == first, "the same seed writes the same text"
    tab.get_by_role("button", name="中文").click()
    expect(tab.get_by_role("button", name="写")).to_be_visible()
    assert tab.evaluate("document.documentElement.lang") == "zh"
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert run.config["data"]["files"][0]["sha256"] in tab.locator("#facts").inner_text()
    assert requests == [written.path.as_uri()]
    context.close()
