"""Chinese characters regrouped into words for reading, with a word list learned from the training texts alone."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

LONGEST = 4
MIN_COUNT = 4
COHESION = 2.5  # minimum pointwise mutual information of a word's parts, in nats
FREEDOM = 0.7  # minimum entropy of a word's neighbours, in nats, on the side where it is lower


def learn_words(texts: Iterable[Sequence[str]]) -> list[str]:
    """Words of 2 to LONGEST characters in token lists of characters, the most frequent first.

    A word is a run of characters that stick together (pointwise mutual information of its parts) and stand among many
    different neighbours (branching entropy, Harris 1955); signs and Latin words end a run.
    """
    counts: Counter[str] = Counter()
    left: dict[str, Counter[str]] = {}
    right: dict[str, Counter[str]] = {}
    for tokens in texts:
        for run in _runs(tokens):
            for size in range(1, LONGEST + 1):
                for at in range(len(run) - size + 1):
                    counts[run[at : at + size]] += 1
    total = sum(count for gram, count in counts.items() if len(gram) == 1)
    likely = {gram for gram, count in counts.items() if len(gram) > 1 and count >= MIN_COUNT}
    likely = {gram for gram in likely if _cohesion(gram, counts, total) >= COHESION}
    for tokens in texts:
        for run in _runs(tokens):
            edged = f"\n{run}\n"
            for size in range(2, LONGEST + 1):
                for at in range(1, len(edged) - size):
                    gram = edged[at : at + size]
                    if gram in likely:
                        left.setdefault(gram, Counter())[edged[at - 1]] += 1
                        right.setdefault(gram, Counter())[edged[at + size]] += 1
    words = [gram for gram in likely if min(_entropy(left[gram]), _entropy(right[gram])) >= FREEDOM]
    return sorted(words, key=lambda word: (-counts[word], word))


def group_words(tokens: Sequence[str], spans: Sequence[tuple[int, int]], words: Iterable[str]) -> list[list[int]]:
    """The places of the tokens that belong together: the longest word that begins at each, from left to right.

    Only tokens that touch each other in the text, as `spans` tell, make a word.
    """
    known = set(words)
    groups, at = [], 0
    while at < len(tokens):
        size = 1
        for longer in range(min(LONGEST, len(tokens) - at), 1, -1):
            touching = all(spans[place][1] == spans[place + 1][0] for place in range(at, at + longer - 1))
            if touching and "".join(tokens[at : at + longer]) in known:
                size = longer
                break
        groups.append(list(range(at, at + size)))
        at += size
    return groups


def _runs(tokens: Sequence[str]) -> Iterable[str]:
    run = ""
    for token in tokens:
        if len(token) == 1 and "\u3400" <= token <= "\u9fff":
            run += token
        elif run:
            yield run
            run = ""
    if run:
        yield run


def _cohesion(gram: str, counts: Counter[str], total: int) -> float:
    """The smallest pointwise mutual information over all ways to cut the run in two."""
    whole = math.log(counts[gram] / total)
    parts = ((gram[:at], gram[at:]) for at in range(1, len(gram)))
    return min(whole - math.log(counts[a] / total) - math.log(counts[b] / total) for a, b in parts)


def _entropy(neighbours: Counter[str]) -> float:
    total = neighbours.total()
    # Count each end of a run as a distinct neighbour.
    ends = neighbours.get("\n", 0)
    parts = [count for char, count in neighbours.items() if char != "\n"] + [1] * ends
    return -sum(count / total * math.log(count / total) for count in parts)
