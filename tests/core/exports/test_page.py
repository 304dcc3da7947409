"""Weights of a page in 16 and in 8 bits."""

import base64

import numpy as np
import pytest

from core.charlm.data.prepare import prepare
from core.charlm.inside.numpy_network import NumpyNetwork, Weights
from core.charlm.inside.open_run import open_run
from core.offline.page import packed
from core.runs.store import DEFAULT_DIR, find


def unpacked(array, precision):
    """As the page decodes it."""
    item = packed(array, precision)
    data = base64.b64decode(item["data"])
    if item["type"] == "float16":
        return np.frombuffer(data, "<f2").astype(np.float32).reshape(item["shape"])
    scale = np.frombuffer(base64.b64decode(item["scale"]), "<f4")
    return np.frombuffer(data, "i1").reshape(item["shape"]) * scale


@pytest.mark.parametrize(("precision", "limit"), [("float16", 0.0005), ("int8", 0.005)])
def test_fewer_bits_cost_less_than_promised(precision, limit):
    run = find("demo-lighthouse", DEFAULT_DIR)
    opened = open_run(run)
    network = opened.network
    text = prepare(run.sources(), run.options)
    ids = text.ids[-text.validation :][None, :1500]
    short = NumpyNetwork(
        network.cell,
        unpacked(network.table, precision) if opened.config.embedding else network.table,
        tuple(Weights(*(unpacked(array, precision) for array in weights)) for weights in network.layers),
        unpacked(network.output, precision),
        unpacked(network.output_bias, precision),
    )

    def loss(one):
        return -np.mean(one.log_probs(one.read(ids[:, :-1]).top)[0][np.arange(ids.shape[1] - 1), ids[0, 1:]])

    assert abs(loss(short) - loss(network)) < limit


def test_numbers_at_the_edges_are_kept():
    array = np.array([[0.0, 70_000.0], [-1.0, 1e-9]], np.float32)
    assert unpacked(array, "float16")[0, 1] == np.finfo(np.float16).max
    assert np.abs(unpacked(array, "int8") - array).max() < 70_000 / 127
    assert not unpacked(np.zeros((2, 3), np.float32), "int8").any()
