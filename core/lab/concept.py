"""Data types shared by all lab pages: concept, link and question; and the table of concepts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module

from core.i18n import translated_fields


@translated_fields("text")
@dataclass(frozen=True)
class Link:
    """Where the same thing stands in a run that the person trained."""

    family: str  # "charlm", "classifier" or "gan"
    layer: str  # the Keras class of the layer to look at, e.g. "LSTM"
    text: str  # the sentence of the link


@translated_fields("title", "summary", "note")
@dataclass(frozen=True)
class Concept:
    """One page of the lab. The module that computes it defines one as CONCEPT."""

    key: str  # the last part of the page's address
    title: str
    summary: str  # three sentences: what it is
    formula: str  # LaTeX without dollars, in the notes' symbols
    note: str  # which note and topic it comes from
    prerequisites: tuple[str, ...] = ()  # keys of concepts earlier in CONCEPTS
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Question:
    """A multiple-choice question about the page's numbers; `why` explains the answer with them."""

    prompt: str
    options: tuple[str, ...]
    answer_index: int
    why: str


# key → module in core.lab, in the order of the notes
MODULES = {
    "perceptron": "perceptron",
    "backpropagation": "backprop",
    "activations": "activations",
    "losses": "losses",
    "convolution": "convolution",
    "rnn": "rnn",
    "bidirectional": "bidirectional",
    "bptt": "bptt",
    "elman-jordan": "elman_jordan",
    "recursive": "recursive",
    "hopfield": "hopfield",
    "lstm-gru": "lstm_gru",
    "attention": "attention",
    "gan-game": "gan_game",
}


class _Registry(Mapping[str, Concept]):
    """Key → Concept in the notes' order; a concept's module is imported when it is first asked for."""

    def __getitem__(self, key: str) -> Concept:
        concept: Concept = import_module(f"core.lab.{MODULES[key]}").CONCEPT
        return concept

    def __iter__(self) -> Iterator[str]:
        return iter(MODULES)

    def __len__(self) -> int:
        return len(MODULES)

    def __contains__(self, key: object) -> bool:
        return key in MODULES


CONCEPTS: Mapping[str, Concept] = _Registry()
