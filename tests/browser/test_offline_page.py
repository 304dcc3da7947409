"""The arithmetic of the offline page in Chromium against the NumPy network, which equals Keras' layers."""

import numpy as np
import pytest

from core.charlm.exports import page as parts
from core.charlm.inside.numpy_network import NumpyNetwork, Weights
from core.offline.page import Page, html

pytestmark = pytest.mark.browser
U, SYMBOLS = 8, ["\ufffd", "\n", "a", "é", "</script><script>document.title='x'</script>", "你", "👩‍👩‍👧"]


@pytest.mark.parametrize("embedding", [0, 5])
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_probabilities_are_those_of_the_network(tmp_path, cell, embedding):
    random, V = np.random.default_rng(0), len(SYMBOLS)
    gates = {"lstm": 4, "gru": 3, "rnn": 1}[cell]

    def draw(*shape):
        return random.normal(0, 0.4, shape).astype(np.float32)

    bias = (2, gates * U) if cell == "gru" else (gates * U,)
    layers = tuple(Weights(draw(D, gates * U), draw(U, gates * U), draw(*bias)) for D in (embedding or V, U))
    table = draw(V, embedding) if embedding else np.eye(V, dtype=np.float32)
    network = NumpyNetwork(cell, table, layers, draw(U, V), draw(V))
    arrays = {"output": network.output, "output_bias": network.output_bias} | ({"table": table} if embedding else {})
    arrays |= {f"{name}{n}": value for n, item in enumerate(layers) for name, value in item._asdict().items()}
    about = {"symbols": SYMBOLS, "cell": cell, "layers": 2, "units": U, "lowercase": False, "nfkc": False}
    about |= {"data": "d", "files": [], "texts": parts.TEXTS}
    script, body = ((parts.HERE / f"page.{kind}").read_text("utf-8") for kind in ("js", "html"))
    file = tmp_path / "network.html"
    file.write_text(html(Page("<b>night</b>", about, arrays, script, body)), "utf-8")
    ids = random.integers(0, V, 20)
    want = np.exp(network.log_probs(network.read(ids[None]).top))[0]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page()
        tab.goto(file.as_uri())
        found = tab.evaluate(
            "(ids) => { let state = page.net.zero(); return ids.map((id) => { const next = page.net.step(id, state);"
            " state = next.state; return Array.from(softmax(next.logits)); }); }",
            ids.tolist(),
        )
        assert tab.title() == "<b>night</b>"
        browser.close()
    assert np.abs(np.array(found) - want).max() < 1e-3
