"""The offline page of a character model: it writes, and shows the state of a chosen cell."""

from pathlib import Path

from core.charlm.config import CharLMConfig
from core.charlm.inside.open_run import open_run
from core.offline.page import Page
from core.runs.run import Run

HERE = Path(__file__).parent
TEXTS = {
    "en": {
        "prompt": "It goes on from", "temperature": "Temperature", "seed": "Seed", "length": "Characters",
        "write": "Write", "stop": "Stop", "cell": "Cell", "layer": "Layer", "written": "Written text",
        "legend": "Orange, underlined: the cell is above zero. Blue, dotted: below zero.",
        "about": "About this network", "busy": "Writing …", "done": "Written.",
    },
    "zh": {
        "prompt": "续写的开头", "temperature": "温度", "seed": "随机种子", "length": "字符数",
        "write": "写作", "stop": "停止", "cell": "单元", "layer": "层", "written": "写出的文字",
        "legend": "橙色、下划线:单元大于零。蓝色、点线:小于零。",
        "about": "关于这个网络", "busy": "正在写 …", "done": "已写完。",
    },
}  # fmt: skip


def page(run: Run) -> Page:
    """Raises UserError where `run` has no whole model."""
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
        "cell": config.cell, "layers": config.layers, "units": config.units,
        "lowercase": config.lowercase, "nfkc": config.nfkc,
        "data": run.config["data"]["name"],
        "files": [{"name": item["name"], "sha256": item["sha256"]} for item in run.config["data"]["files"]],
        "texts": TEXTS,
    }  # fmt: skip
    return Page(run.name, about, arrays, (HERE / "page.js").read_text("utf-8"), (HERE / "page.html").read_text("utf-8"))
