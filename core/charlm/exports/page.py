"""The offline page of a character model: it writes, and shows the state of a chosen cell."""

from pathlib import Path

from core.charlm.config import CharLMConfig
from core.charlm.inside.open_run import open_run
from core.i18n import N_
from core.offline.page import Page
from core.runs.run import Run

HERE = Path(__file__).parent
TEXTS = {
    "prompt": N_("Prompt"),
    "temperature": N_("Temperature"),
    "seed": N_("Seed"),
    "length": N_("Characters"),
    "write": N_("Write"),
    "stop": N_("Stop"),
    "cell": N_("Cell"),
    "layer": N_("Layer"),
    "written": N_("Written text"),
    "legend": N_("Orange and underlined: the cell is above zero. Blue and dotted: below zero."),
    "busy": N_("Writing …"),
    "done": N_("Written."),
    "stopped": N_("Stopped."),
    "seeds": N_("A seed gives the same text on this page each time, but another one than in the studio."),
}


def page(run: Run) -> Page:
    """The parts of the page. Raises UserError where `run` has no whole model."""
    opened = open_run(run)
    config, network = run.options, opened.network
    assert isinstance(config, CharLMConfig)
    arrays = {"output": network.output, "output_bias": network.output_bias}
    if config.embedding:
        arrays["table"] = network.table
    for number, weights in enumerate(network.layers):
        for name, array in weights._asdict().items():
            arrays[f"{name}{number}"] = array
    about = {
        "symbols": list(opened.vocabulary.symbols),
        "cell": config.cell,
        "layers": config.layers,
        "units": config.units,
        "lowercase": config.lowercase,
        "nfkc": config.nfkc,
    }
    script, body = ((HERE / f"page.{kind}").read_text("utf-8") for kind in ("js", "html"))
    return Page(run.name, about, TEXTS, arrays, script, body)
