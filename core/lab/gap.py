"""Fill the gap, reading one way or both: two small Keras networks on sentences made from the notes' own.

“Tomorrow's first lesson is English, so tomorrow morning we bring one ___ book.” What has been read before the gap
names a subject and a time of day; only the word after it says which of the two belongs there ("book" or "snack"). Every
beginning occurs with as many endings of either sort, so that a reader who stops at the gap is right half the time at
best. Held out for the figures are pairs of subject and time that never stand together in training.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, Literal

import numpy as np

from core.errors import UserError
from core.i18n import _
from core.lab import checks

Kind = Literal["one-way", "both-ways"]
KINDS: tuple[Kind, ...] = ("one-way", "both-ways")
GAP = "＿＿"
EPOCHS = 10
BATCH = 16
UNITS = 64  # a direction
HELD_OUT = 1 / 4


@dataclass(frozen=True)
class Frame:
    """A language's sentences: one word of each list put into `beginning`, then the gap, then an ending."""

    beginning: str
    days: tuple[str, ...]
    subjects: tuple[str, ...]
    times: tuple[str, ...]
    subject_endings: tuple[str, ...]  # after these a subject belongs in the gap
    time_endings: tuple[str, ...]  # after these a time of day
    joiner: str  # between words when the sentence is shown


FRAMES = {
    "zh": Frame(
        "{day} 的 第一节 课 是 {subject} ， {day} {time} 我们 带 一 本",
        ("明天", "周一"),
        ("英语", "数学", "语文", "音乐", "美术", "历史", "地理", "科学"),
        ("早上", "中午", "下午", "晚上"),
        ("书 去 学校", "课本 去 学校", "练习册 去 教室"),
        ("用 的 书", "看 的 书", "读 的 课本"),
        "",
    ),
    "en": Frame(
        "{day} 's first lesson is {subject} , so {day} {time} we bring one",
        ("tomorrow", "Monday"),
        ("English", "maths", "music", "history", "art", "physics", "geography", "biology"),
        ("morning", "noon", "afternoon", "evening"),
        ("book to school", "textbook to school", "workbook to class"),
        ("snack to school", "newspaper to school", "meal to class"),
        " ",
    ),
}


@dataclass(frozen=True)
class Sentence:
    """words with GAP in them, the answer, and the pair by which sentences are held out."""

    words: tuple[str, ...]
    answer: str
    pair: tuple[str, str]


@dataclass(frozen=True)
class Corpus:
    """All sentences of a language as numbers: x (N, T), y (N,), and which of them training sees."""

    sentences: tuple[Sentence, ...]
    words: dict[str, int]
    answers: tuple[str, ...]
    gap: int  # where it stands, the same in every sentence
    x: np.ndarray
    y: np.ndarray
    trained: np.ndarray  # (N,) bool


@dataclass(frozen=True)
class Epoch:
    """After `number` of `of` passes. Accuracies are shares of sentences whose gap is filled rightly."""

    number: int
    of: int
    seconds: float
    loss: float
    trained_accuracy: float
    held_out_accuracy: float


def sentence(language: str, day: str, subject: str, time_of_day: str, ending: str) -> Sentence:
    """One sentence of FRAMES[language]; each part must be in its list. Raises UserError."""
    frame = FRAMES[checks.one_of(language, _("The language"), tuple(FRAMES))]
    checks.one_of(day, _("The day"), frame.days)
    checks.one_of(subject, _("The subject"), frame.subjects)
    checks.one_of(time_of_day, _("The time of day"), frame.times)
    checks.one_of(ending, _("The ending"), (*frame.subject_endings, *frame.time_endings))
    start = frame.beginning.format(day=day, subject=subject, time=time_of_day)
    answer = subject if ending in frame.subject_endings else time_of_day
    return Sentence((*start.split(), GAP, *ending.split()), answer, (subject, time_of_day))


@lru_cache(maxsize=8)
def corpus(language: str, seed: int) -> Corpus:
    """Every sentence of the language; the seed chooses the pairs that are held out. Raises UserError."""
    frame = FRAMES[checks.one_of(language, _("The language"), tuple(FRAMES))]
    endings = (*frame.subject_endings, *frame.time_endings)
    made = tuple(sentence(language, *parts) for parts in product(frame.days, frame.subjects, frame.times, endings))
    words = {word: i for i, word in enumerate(dict.fromkeys(word for s in made for word in s.words))}
    answers = (*frame.subjects, *frame.times)
    pairs = list(product(frame.subjects, frame.times))
    order = np.random.default_rng(seed).permutation(len(pairs))
    held = {pairs[i] for i in order[: round(len(pairs) * HELD_OUT)]}
    return Corpus(
        made,
        words,
        answers,
        made[0].words.index(GAP),
        np.array([[words[word] for word in s.words] for s in made], np.int32),
        np.array([answers.index(s.answer) for s in made], np.int32),
        np.array([s.pair not in held for s in made]),
    )


class GapModel:
    """A network that fills the gap from the states there: of one cell, or of one from each side."""

    def __init__(self, language: str, kind: str, seed: int) -> None:
        self.corpus = corpus(language, seed)
        self.kind = checks.one_of(kind, _("The reader"), KINDS)
        self.seed = seed
        self.model = _model(self.corpus, self.kind, seed)

    def train(self, epochs: int = EPOCHS) -> Iterator[Epoch]:
        """Train pass after pass, yielding the figures after each; epochs 1 to 40. Raises UserError."""
        from core.backend import keras, tf

        epochs = checks.integer(epochs, _("The number of passes"), 1, 40)
        data, model = self.corpus, self.model
        optimizer = keras.optimizers.Adam(3e-3, clipnorm=1.0)
        optimizer.build(model.trainable_variables)
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        @tf.function
        def one_pass(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
            total = tf.constant(0.0)
            for i in tf.range(tf.shape(x)[0]):  # one graph for all batches of a pass
                with tf.GradientTape() as tape:
                    loss = loss_of(y[i], model(x[i], training=True))
                gradients = tape.gradient(loss, model.trainable_variables)
                optimizer.apply(gradients, model.trainable_variables)
                total += loss
            return total / tf.cast(tf.shape(x)[0], tf.float32)

        draw = np.random.default_rng(self.seed)
        rows = np.flatnonzero(data.trained)
        began = time.perf_counter()
        for number in range(1, epochs + 1):
            batches = draw.permutation(rows)[: len(rows) // BATCH * BATCH].reshape(-1, BATCH)
            loss = float(one_pass(tf.constant(data.x[batches]), tf.constant(data.y[batches])))
            right = np.argmax(model(data.x), -1) == data.y
            yield Epoch(
                number,
                epochs,
                time.perf_counter() - began,
                loss,
                float(right[data.trained].mean()),
                float(right[~data.trained].mean()),
            )

    def fill(self, words: tuple[str, ...]) -> list[tuple[str, float]]:
        """Every answer with its probability, the likeliest first. Raises UserError for an unknown word or place."""
        data = self.corpus
        if len(words) != data.x.shape[1] or words[data.gap] != GAP:
            raise UserError(
                _("The sentence has to have {n} words with the gap as word {gap}.").format(
                    n=data.x.shape[1], gap=data.gap + 1
                )
            )
        for word in words:
            checks.one_of(word, _("A word"), tuple(data.words))
        logits = np.asarray(self.model(np.array([[data.words[word] for word in words]], np.int32))[0], float)
        powers = np.exp(logits - logits.max())
        shares = powers / powers.sum()
        return [(data.answers[i], float(shares[i])) for i in np.argsort(-shares, kind="stable")]


def _model(data: Corpus, kind: str, seed: int) -> Any:
    from core.backend import initializers, keras, layers

    def cell(units: int, salt: int, backwards: bool = False) -> Any:
        return layers.SimpleRNN(
            units,
            return_sequences=True,
            go_backwards=backwards,
            kernel_initializer=initializers.GlorotUniform(seed + salt),
            recurrent_initializer=initializers.Orthogonal(seed=seed + salt),
        )

    x = keras.Input((data.x.shape[1],), dtype="int32")
    vectors = layers.Embedding(len(data.words), 16, embeddings_initializer=initializers.RandomUniform(seed=seed))(x)
    if kind == "both-ways":
        states = layers.Bidirectional(cell(UNITS, 1), backward_layer=cell(UNITS, 2, backwards=True))(vectors)
    else:
        states = cell(UNITS, 1)(vectors)
    logits = layers.Dense(len(data.answers), kernel_initializer=initializers.GlorotUniform(seed))(states[:, data.gap])
    return keras.Model(x, logits)
