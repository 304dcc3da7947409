import time

import numpy as np
import pytest

from core.errors import UserError
from core.lab import backprop
from core.lab.backprop import graph, updated
from core.lab.mlp import Network, checked, network, outputs, train
from core.lab.perceptron import GATES

CASES = [((2, 3, 1), "sigmoid", 0), ((3, 2, 2, 2), "tanh", 1), ((2, 4, 2), "relu", 8), ((1, 1), "sigmoid", 4)]


def example(sizes, seed=7):
    draw = np.random.default_rng(seed)
    return draw.normal(size=sizes[0]), draw.uniform(size=sizes[-1])


def error(net, x, t):
    return 0.5 * np.sum((outputs(net, [x])[0] - t) ** 2)


@pytest.mark.parametrize(("sizes", "activation", "seed"), CASES)
def test_every_gradient_is_what_a_small_change_does(sizes, activation, seed):
    net, (x, t) = network(sizes, activation, seed), example(sizes)
    made = graph(net, x, t)
    h = 1e-6
    for node in made.nodes.values():
        if node.kind not in ("weight", "bias"):
            continue
        layer = int(node.key[1]) - 1
        place = tuple(int(c) - 1 for c in node.key.split("-")[1])
        changed = []
        for sign in (1, -1):
            weights, biases = [w.copy() for w in net.weights], [b.copy() for b in net.biases]
            (weights if node.kind == "weight" else biases)[layer][place] += sign * h
            changed.append(error(Network(tuple(weights), tuple(biases), activation), x, t))
        assert node.gradient == pytest.approx((changed[0] - changed[1]) / (2 * h), abs=1e-8)


@pytest.mark.parametrize(("sizes", "activation", "seed"), CASES)
def test_each_gradient_is_the_sum_of_local_times_upstream(sizes, activation, seed):
    made = graph(network(sizes, activation, seed), *example(sizes))
    for key, edges in made.out_edges.items():
        if key != "E":
            assert made.nodes[key].gradient == pytest.approx(
                sum(e.local * made.nodes[e.to].gradient for e in edges), abs=1e-15
            )
    assert made.nodes["E"].gradient == 1


def test_one_neuron_by_hand():
    net = checked([[[0.5, -0.25]]], [[0.5]], "sigmoid")
    made = graph(net, [2, 4], [1])  # z = 1 − 1 + 0.5 = 0.5
    a = 1 / (1 + np.exp(-0.5))
    delta = (a - 1) * a * (1 - a)
    assert made.nodes["z1-1"].value == 0.5
    assert made.nodes["E"].value == pytest.approx(0.5 * (a - 1) ** 2)
    assert made.nodes["w1-12"].gradient == pytest.approx(4 * delta)
    assert made.nodes["b1-1"].gradient == pytest.approx(delta)
    assert made.nodes["x2"].gradient == pytest.approx(-0.25 * delta)
    new = updated(made, 2)
    assert new.weights[0][0].tolist() == pytest.approx([0.5 - 4 * delta, -0.25 - 8 * delta])


def test_both_passes_visit_every_node_after_those_it_needs():
    made = graph(network((2, 3, 2), "tanh", 0), *example((2, 3, 2)))
    for order, needed in ((made.forward, lambda e: (e.source, e.to)), (made.backward, lambda e: (e.to, e.source))):
        place = {key: i for i, key in enumerate(order)}
        for edge in made.edges:
            first, then = needed(edge)
            if first in place and then in place:
                assert place[first] < place[then]
    assert made.backward[0] == "E" == made.forward[-1]


def test_training_is_the_shown_step_over_and_over():
    net = network((2, 3, 1), "tanh", 5)
    X, T = np.array(GATES["XOR"][0]), np.array(GATES["XOR"][1])[:, None]
    by_graph = net
    for x, t in [*zip(X, T, strict=True)] * 3:
        by_graph = updated(graph(by_graph, x, t), 0.3)
    trained = train(net, X, T, 0.3, 3)
    for ours, theirs in zip(trained.networks[-1].weights, by_graph.weights, strict=True):
        assert np.allclose(ours, theirs, atol=1e-14)
    assert trained.passes == (0, 1, 2, 3)


def test_a_relu_that_overshoots_dies_and_stays_finite():
    done = train(network((2, 4, 4, 1), "relu", 8), [[90, 90], [1, 0]], [[90], [0]], 10, 50)
    assert np.isfinite(done.errors).all()
    assert done.errors[-1] == done.errors[-2]


def test_xor_is_learned_in_a_third_of_a_second():
    X, T = np.array(GATES["XOR"][0]), np.array(GATES["XOR"][1])[:, None]
    began = time.thread_time()
    done = train(network((2, 3, 1), "tanh", 0), X, T, 0.2, 1000)
    assert time.thread_time() - began < 10
    assert done.errors[-1] < 0.01 < 0.1 < done.errors[0]
    assert (np.round(outputs(done.networks[-1], X)) == T).all()


def test_the_formulas_hold_the_digits():
    made = graph(checked([[[0.5, -0.25]]], [[0.5]], "sigmoid"), [2, 4], [1])
    assert backprop.formula_with_digits(made, "z1-1", "value") == (
        r"z^{(1)}_1 = 0.5 \cdot 2 + (-0.25) \cdot 4 + 0.5 = 0.5"
    )
    assert backprop.formula_with_digits(made, "a1-1", "gradient").endswith(r"(0.622 - 1) \cdot 1 \approx -0.378")
    assert r"= 2 \cdot (-0.089) \approx -0.177" in backprop.formula_with_digits(made, "w1-11", "gradient")
    assert backprop.formula_with_digits(made, "w1-11", "update", 2).endswith(r"0.5 - 2 \cdot (-0.177) \approx 0.855")
    with pytest.raises(UserError, match="not updated"):
        backprop.formula_with_digits(made, "z1-1", "update")
    with pytest.raises(UserError, match="The node"):
        backprop.formula_with_digits(made, "nonsense", "value")


@pytest.mark.parametrize(("sizes", "activation", "seed"), CASES)
def test_every_node_has_its_formulas_and_the_question_its_answer(sizes, activation, seed):
    made = graph(network(sizes, activation, seed), *example(sizes))
    for key in made.nodes:
        assert backprop.formula_with_digits(made, key, "value")
        assert backprop.formula_with_digits(made, key, "gradient")
    asked = backprop.question(made)
    by_tex = {f"${n.tex}$": abs(n.gradient) for n in made.nodes.values() if n.kind == "weight"}
    answer = asked.options[asked.answer_index]
    assert by_tex[answer] == max(by_tex.values())


def test_where_nothing_moves_the_answer_is_none():
    dead = checked([[[-1.0, -1.0]]], [[-1.0]], "relu")
    asked = backprop.question(graph(dead, [1, 1], [1]))
    assert asked.answer_index == len(asked.options) - 1


@pytest.mark.parametrize(("sizes", "activation", "seed"), CASES)
def test_the_snippet_prints_the_shown_numbers(sizes, activation, seed, run_snippet):
    snippet = backprop.snippet(graph(network(sizes, activation, seed), *example(sizes)), 0.5)
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: network((2, 5, 1), "tanh", 0), "layer sizes, cell 2"),
        (lambda: network((2,), "tanh", 0), "choose 2 to 4"),
        (lambda: network((2, 1), "gelu", 0), "The activation"),
        (lambda: checked([[[1, float("nan")]]], [[0]], "tanh"), "weights of layer 1, cell 1, 2"),
        (lambda: checked([[[1, 2]], [[1, 2]]], [[0], [0]], "tanh"), "weights of layer 2 is 1 × 2"),
        (lambda: graph(network((2, 1), "tanh", 0), [1], [1]), "The input is 1"),
        (lambda: graph(network((2, 1), "tanh", 0), [1, float("inf")], [1]), "The input, cell 2"),
        (lambda: train(network((2, 1), "tanh", 0), [[1, 1]], [[1]], 0.1, 10**9), "passes"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
