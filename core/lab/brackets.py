"""A little language of good and bad whose meaning depends on its brackets: trees, how to write and re-bracket them.

"good" and "great" mean +1, "bad" and "awful" −1; (not X) is −X, (X (and Y)) the worse and (X (or Y)) the better of two.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.lab import checks

Tree: TypeAlias = str | tuple["Tree", "Tree"]
VALUES = {"good": 1, "great": 1, "bad": -1, "awful": -1}
WORDS = (*VALUES, "not", "and", "or")
LONGEST = 8  # words


def parse(text: str) -> Tree:
    """A tree written with brackets, such as "((not good) (and bad))". Raises UserError that says what is wrong."""
    signs = re.findall(r"[()]|[^\s()]+", str(text)[:500].lower())
    unknown = [sign for sign in signs if sign not in (*WORDS, "(", ")")]
    if unknown:
        raise UserError(_("The word {word!r} is unknown: use {words}.").format(word=unknown[0], words=", ".join(WORDS)))
    count = sum(sign in WORDS for sign in signs)
    if not 1 <= count <= LONGEST:
        raise UserError(_("The sentence has {n} words: write 1 to {most}.").format(n=count, most=LONGEST))
    open_: list[list[Tree]] = [[]]
    for sign in signs:
        if sign == "(":
            open_.append([])
        elif sign == ")":
            inside = open_.pop()
            if not open_ or len(inside) != 2:
                n = len(inside)
                raise UserError(_("A pair of brackets holds {n} parts: put exactly two into each.").format(n=n))
            open_[-1].append((inside[0], inside[1]))
        else:
            open_[-1].append(sign)
    if len(open_) != 1 or len(open_[0]) != 1:
        raise UserError(_("The brackets do not close around the whole sentence: each ( needs its )."))
    return open_[0][0]


def write(tree: Tree) -> str:
    """The tree with its brackets; `parse` reads it back."""
    return tree if isinstance(tree, str) else f"({write(tree[0])} {write(tree[1])})"


def words(tree: Tree) -> tuple[str, ...]:
    """The leaves from left to right."""
    return (tree,) if isinstance(tree, str) else words(tree[0]) + words(tree[1])


def bracketings(leaves: Sequence[str]) -> tuple[Tree, ...]:
    """Every binary tree over the words, 429 for 8 of them. Raises UserError on none, too many or unknown words."""
    if not 1 <= len(leaves) <= LONGEST:
        raise UserError(_("The sentence has {n} words: write 1 to {most}.").format(n=len(leaves), most=LONGEST))
    for word in leaves:
        checks.one_of(word, _("The word"), WORDS)
    return tuple(_all_trees(tuple(leaves)))


def _all_trees(leaves: tuple[str, ...]) -> Iterable[Tree]:
    if len(leaves) == 1:
        yield leaves[0]
    for cut in range(1, len(leaves)):
        for left in _all_trees(leaves[:cut]):
            for right in _all_trees(leaves[cut:]):
                yield (left, right)


def rotate(tree: Tree, path: str, to: str) -> Tree:
    """Re-bracket one node. `path`: "l" and "r" from the root; `to` "right": ((a b) c) → (a (b c)), "left": back.

    Raises UserError where there is no such node, or it has no child to take apart.
    """
    if path and not isinstance(tree, str):
        checks.one_of(path[0], _("A step of the path"), "lr")
        left, right = tree
        return (rotate(left, path[1:], to), right) if path[0] == "l" else (left, rotate(right, path[1:], to))
    checks.one_of(to, _("The direction"), ("left", "right"))
    if not isinstance(tree, str) and not path:
        left, right = tree
        if to == "right" and not isinstance(left, str):
            return (left[0], (left[1], right))
        if to == "left" and not isinstance(right, str):
            return ((left, right[0]), right[1])
    text = write(tree)
    raise UserError(_("{text} cannot be re-bracketed to the {to}: choose another node.").format(text=text, to=to))


def meaning(tree: Tree) -> int | None:
    """+1 or −1 by the language's rules; None for a phrase that has no meaning of its own, such as (and bad)."""
    if isinstance(tree, str):
        return VALUES.get(tree)
    left, right = tree
    if left == "not":
        value = meaning(right)
        return None if value is None else -value
    if isinstance(right, str) or right[0] not in ("and", "or"):
        return None
    a, b = meaning(left), meaning(right[1])
    if a is None or b is None:
        return None
    return min(a, b) if right[0] == "and" else max(a, b)


def nesting(tree: Tree) -> int:
    """How many operators stand inside each other in a meaningful tree."""
    if isinstance(tree, str):
        return 0
    left, right = tree
    return 1 + (nesting(right) if left == "not" else max(nesting(left), nesting(right[1])))


def sentence(depth: int, rng: np.random.Generator) -> Tree:
    """A random meaningful tree of at most `depth` nested operators."""
    if depth == 0 or rng.random() < 0.15:
        return list(VALUES)[rng.integers(len(VALUES))]
    if rng.random() < 0.35:
        return ("not", sentence(depth - 1, rng))
    return (sentence(depth - 1, rng), (("and", "or")[rng.integers(2)], sentence(depth - 1, rng)))
