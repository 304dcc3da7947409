r"""The recursive network: one small layer, used at every node of a tree, makes one vector of a whole sentence.

    p = tanh([c_1 ; c_2] W + b)        the parent's vector from its two children's, (U,) from (2U,)
    P(good) = σ(p·v + c)               what the node means, read at each node

The same words under another tree give another root vector. The task is the little language of core.lab.brackets, in
which ((not good) (and bad)) is bad but (not (good (and bad))) is good. Trained through the structure: Goller and
Küchler 1996; with a meaning at each node: Socher et al. 2013. Vectors are rows, as in Keras.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.errors import UserError
from core.i18n import N_, _
from core.lab import adam, checks
from core.lab.brackets import WORDS, Tree, meaning, nesting, sentence, words, write
from core.lab.concept import Concept, Question
from core.lab.digits import equals, tex, tex_array
from core.lab.snippet import SHOW, Snippet, literal, printed

CONCEPT = Concept(
    key="recursive",
    title=N_("Recursive network"),
    summary=N_(
        "A recursive network follows a tree instead of a line: one layer joins two neighbours into a vector of the "
        "same size, again and again, until one vector stands for the sentence. The weights are shared by all nodes, as "
        "an RNN's are by all steps; an RNN is the tree that leans to one side. Bracket the same words otherwise, and "
        "the root says something else."
    ),
    formula=r"p = \tanh \left( [c_1 ; c_2]\, W + b \right) \qquad P(\text{good}) = \sigma(p \cdot v + c)",
    note=N_("RNN: the recursive (tree) network"),
    prerequisites=("rnn", "backpropagation"),
)


class Weights(NamedTuple):
    """E (words, U) a vector for each of WORDS, W (2U, U), b (U,), v (U,), c."""

    E: np.ndarray
    W: np.ndarray
    b: np.ndarray
    v: np.ndarray
    c: np.ndarray


@dataclass(frozen=True)
class Node:
    """One node on the way up. `children` are indices into the same tuple, empty for a word."""

    tree: Tree
    children: tuple[int, ...]
    vector: np.ndarray  # (U,)
    good: float  # P(good), 0 to 1
    meaning: int | None  # +1, −1, or None where the language gives this phrase none

    @property
    def text(self) -> str:
        return write(self.tree)


@dataclass(frozen=True)
class Trained:
    """A trained network. Accuracies are of whole sentences: none of `unseen` and `deeper` was trained on."""

    weights: Weights
    losses: tuple[float, ...]
    accuracy: float
    unseen: float
    deeper: float  # trees one level deeper than any that was trained on


class _TreeBatch:
    """Many trees as arrays, equal phrases once, so that each level of all trees is one matrix product."""

    def __init__(self, trees: Iterable[Tree]):
        self.place: dict[Tree, int] = {}
        self.rows: list[tuple[int, int, int, int]] = []  # level, left, right, word
        for tree in trees:
            self._add(tree)
        table = np.array(self.rows)
        self.levels = [np.flatnonzero(table[:, 0] == level) for level in range(table[:, 0].max() + 1)]
        self.left, self.right, self.word = table[:, 1], table[:, 2], table[:, 3]
        self.meanings = np.array([meaning(tree) or 0 for tree in self.place])

    def _add(self, tree: Tree) -> int:
        if tree not in self.place:
            if isinstance(tree, str):
                row = (0, -1, -1, WORDS.index(tree))
            else:
                left, right = self._add(tree[0]), self._add(tree[1])
                row = (1 + max(self.rows[left][0], self.rows[right][0]), left, right, -1)
            self.place[tree] = len(self.rows)
            self.rows.append(row)
        return self.place[tree]

    def up(self, w: Weights) -> tuple[np.ndarray, np.ndarray]:
        """Vectors (nodes, U) and logits (nodes,)."""
        h = np.zeros((len(self.rows), w.b.size))
        h[self.levels[0]] = w.E[self.word[self.levels[0]]]
        for nodes in self.levels[1:]:
            h[nodes] = np.tanh(np.concatenate([h[self.left[nodes]], h[self.right[nodes]]], axis=1) @ w.W + w.b)
        return h, h @ w.v + w.c

    def loss_and_gradients(self, w: Weights) -> tuple[float, Weights]:
        """Cross-entropy of each distinct phrase that has a meaning, and its gradient through the structure."""
        h, z = self.up(w)
        has, y = self.meanings != 0, self.meanings > 0
        loss = float(np.mean((np.logaddexp(0, z) - y * z)[has]))
        dz = np.where(has, 0.5 + 0.5 * np.tanh(z / 2) - y, 0) / has.sum()
        dh, dE, dW, db = np.outer(dz, w.v), np.zeros_like(w.E), np.zeros_like(w.W), np.zeros_like(w.b)
        U = w.b.size
        for nodes in reversed(self.levels[1:]):
            left, right = self.left[nodes], self.right[nodes]
            da = dh[nodes] * (1 - h[nodes] ** 2)
            dW += np.concatenate([h[left], h[right]], axis=1).T @ da
            db += da.sum(axis=0)
            down = da @ w.W.T
            np.add.at(dh, left, down[:, :U])
            np.add.at(dh, right, down[:, U:])
        np.add.at(dE, self.word[self.levels[0]], dh[self.levels[0]])
        return loss, Weights(dE, dW, db, h.T @ dz, dz.sum())

    def accuracy(self, w: Weights, trees: Sequence[Tree]) -> float:
        """Share of the whole sentences `trees` that the root gets right."""
        z, at = self.up(w)[1], [self.place[tree] for tree in trees]
        return float(np.mean((z[at] > 0) == (self.meanings[at] > 0)))


def initial(units: int, seed: int) -> Weights:
    rng = np.random.default_rng(checks.integer(seed, _("The seed"), 0, 2**31 - 1))
    n = checks.integer(units, _("The number of units"), 2, 32)
    return Weights(
        rng.normal(size=(len(WORDS), n)) / 2,
        rng.normal(size=(2 * n, n)) / np.sqrt(2 * n),
        np.zeros(n),
        rng.normal(size=n) / np.sqrt(n),
        np.zeros(()),
    )


def train(units: int = 4, seed: int = 0, steps: int = 500, progress: Callable[[float], None] | None = None) -> Trained:
    """Adam on all phrases of 300 random sentences at once, well under a second. `progress` gets the share done."""
    steps, seed = checks.integer(steps, _("The steps"), 1, 5000), checks.integer(seed, _("The seed"), 0, 2**31 - 1)
    w = initial(units, seed)
    rng = np.random.default_rng(seed + 1)
    trees = [sentence(3, rng) for _n in range(300)]
    forest, moments, losses = _TreeBatch(trees), adam.start(w), []
    for step in range(steps):
        loss, grads = forest.loss_and_gradients(w)
        moved, moments = adam.update(w, grads, moments, 0.02 * min(1.0, 2 * (1 - step / steps)))
        w = Weights(*moved)
        losses.append(loss)
        if progress and (step % 20 == 19 or step + 1 == steps):
            progress((step + 1) / steps)
    w = Weights(*(np.round(q, 4) for q in w))  # so that a copied snippet is short and still exact
    new = [tree for tree in (sentence(4, rng) for _n in range(1000)) if tree not in forest.place]
    unseen, deeper = ([tree for tree in new if (nesting(tree) > 3) is deep] for deep in (False, True))
    fresh = [_TreeBatch(some).accuracy(w, some) for some in (unseen, deeper)]
    return Trained(w, tuple(losses), forest.accuracy(w, trees), *fresh)


def compose(w: Weights, tree: Tree) -> tuple[Node, ...]:
    """The nodes in the order in which they are computed, children before parents; the root is the last."""
    nodes: list[Node] = []

    def up(tree: Tree) -> int:
        if isinstance(tree, str):
            children: tuple[int, ...] = ()
            vector = w.E[WORDS.index(tree)]
        else:
            children = (up(tree[0]), up(tree[1]))
            vector = np.tanh(np.concatenate([nodes[child].vector for child in children]) @ w.W + w.b)
        good = 0.5 + 0.5 * np.tanh((vector @ w.v + w.c) / 2)
        nodes.append(Node(tree, children, vector, float(good), meaning(tree)))
        return len(nodes) - 1

    up(tree)
    return tuple(nodes)


def formula_with_digits(w: Weights, nodes: tuple[Node, ...], which: int) -> str:
    """How node `which` comes about: its children's vectors through W, and what is read from it."""
    node = nodes[checks.integer(which, _("The node"), 0, len(nodes) - 1)]
    z = float(node.vector @ w.v + w.c)
    read = rf"P(\text{{good}}) = \sigma(p \cdot v + c) = \sigma({tex(z)}) {equals(node.good)}"
    if not node.children:
        return rf"p = E_{{\text{{{node.tree}}}}} = {tex_array(node.vector[None])}, \quad {read}"
    both = r" \, ; \, ".join(tex_array(nodes[child].vector[None]) for child in node.children)
    return (
        rf"\begin{{aligned}} p &= \tanh \left( \left[ {both} \right] {tex_array(w.W)} + {tex_array(w.b[None])} \right) "
        rf"= {tex_array(node.vector[None])} \\ & {read} \end{{aligned}}"
    )


def question(w: Weights, tree: Tree, other: Tree) -> Question:
    """`tree` is on the page; what will the root of `other`, the same words bracketed otherwise, say?"""
    if words(tree) != words(other) or len(words(tree)) < 3:
        raise UserError(_("The two trees have to hold the same words, at least three, in the same order."))
    nodes = compose(w, other)
    now, then = compose(w, tree)[-1], nodes[-1]
    left, right = (nodes[child].text for child in then.children)
    return Question(
        _("The root of {tree} says {good:.1%} good. What does the root of {other} say?").format(
            tree=now.text, good=now.good, other=then.text
        ),
        (_("Good"), _("Bad")),
        int(then.good < 0.5),
        _("It says {good:.1%} good: the same words, but now {left} and {right} are the root's children.").format(
            good=then.good, left=left, right=right
        ),
    )


def snippet(w: Weights, tree: Tree) -> Snippet:
    """One Keras Dense layer used at each node; prints each phrase's vector and P(good)."""
    shown = compose(w, tree)
    code = f"""\
import keras
import numpy as np

{SHOW}
words = {{word: np.array(vector) for word, vector in {dict(zip(WORDS, w.E.tolist(), strict=True))!r}.items()}}
join = keras.layers.Dense({w.b.size}, "tanh", dtype="float64")
read = keras.layers.Dense(1, "sigmoid", dtype="float64")
join.build((None, {2 * w.b.size}))
read.build((None, {w.b.size}))
join.set_weights([np.array({literal(w.W)}), np.array({literal(w.b)})])
read.set_weights([np.array({literal(w.v[:, None])}), np.array([{float(w.c)}])])


def write(tree):
    return tree if isinstance(tree, str) else f"({{write(tree[0])}} {{write(tree[1])}})"


def up(tree):
    p = words[tree][None] if isinstance(tree, str) else join(np.concatenate([up(child) for child in tree], axis=1))
    print(write(tree), show(p[0]), show(read(p)[0, 0]))
    return p


up({tree!r})
"""
    return Snippet(code, printed(*((node.text, node.vector, node.good) for node in shown)))
