"""Small made-up tables for the tests: reviews whose words tell their class."""

import csv
import io

import numpy as np

from core.sources import Source

GOOD = "good great lovely warm friendly tasty fresh bright".split()  # noqa: SIM905
BAD = "bad awful cold rude stale dull slow broken".split()  # noqa: SIM905
REST = "the food room staff was and very place with a soup lamp chair near old new".split()  # noqa: SIM905


def sentences(rows: int = 200, seed: int = 0, labels: tuple[str, str] = ("neg", "pos")) -> list[tuple[str, str]]:
    """Rows (text, label): a few neutral words and one or two that tell."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(rows):
        telling = GOOD if number % 2 else BAD
        words = [*rng.choice(REST, rng.integers(3, 12)), *rng.choice(telling, rng.integers(1, 3)), f"w{number}"]
        found.append((" ".join(rng.permutation(words)), labels[number % 2]))
    return found


def chinese(rows: int = 120, seed: int = 0) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    good, bad = ["好吃", "很快", "满意", "新鲜"], ["难吃", "太慢", "失望", "凉了"]
    rest = list("的菜餐送店我们家米饭汤今天")
    found = []
    for number in range(rows):
        telling = rng.choice(good if number % 2 else bad)
        text = "".join([*rng.choice(rest, 5), telling, *rng.choice(rest, 3)]) + str(number)
        found.append((text, "差好"[number % 2]))
    return found


def table(rows: list[tuple[str, str]], name: str = "reviews.csv", role: str = "train") -> Source:
    out = io.StringIO()
    csv.writer(out).writerows([("text", "label"), *rows])
    return Source(name, out.getvalue().encode(), role)
