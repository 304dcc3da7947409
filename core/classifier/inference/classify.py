"""Classify with a trained run: one text, many texts in batches, or a table file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data.batches import by_length, padded
from core.classifier.data.columns import is_reference
from core.classifier.data.encode import encode
from core.classifier.data.reader import read_texts
from core.classifier.data.table import Table
from core.classifier.data.tokenizer import UNKNOWN, Vocabulary, kept
from core.classifier.training.metrics import fit_temperature, softmax
from core.classifier.training.model import build
from core.csv_safety import csv_text, escape_formula
from core.errors import UserError
from core.i18n import _
from core.runs import policy
from core.runs.checkpoint import load_arrays
from core.runs.run import Run
from core.sources import Source
from core.training.weights import build_with_weights

MAX_TEXT = 1_000_000  # characters of one text
CHUNK = 512  # texts encoded at once
TOKENS = 131_072  # tokens sorted by length together: more reduce padding, but make progress reports rarer

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Token:
    """A token and its span [start, end) in the text. known: it is in the vocabulary; read: it survives truncation."""

    text: str
    start: int
    end: int
    known: bool
    read: bool


@dataclass(frozen=True)
class Answer:
    """The prediction for one text. `sure` is False where the confidence is below the threshold."""

    text: str
    tokens: list[Token]
    probabilities: np.ndarray
    label: str
    confidence: float
    sure: bool

    @property
    def cut(self) -> int:
        """Number of truncated tokens."""
        return sum(not token.read for token in self.tokens)

    @property
    def unknown(self) -> int:
        return sum(token.read and not token.known for token in self.tokens)


class Classifier:
    """A trained run, loaded for classification.

    Raises UserError where the run has no model yet or its files do not fit together.
    """

    def __init__(self, run: Run) -> None:
        config = run.options
        if not isinstance(config, ClassifierConfig):
            raise UserError(_("The run “{run}” is no classifier.").format(run=run.id))
        self.run, self.config = run, config
        self.vocabulary = Vocabulary.from_json(run.read_json("vocabulary.json"))
        self.classes = read_classes(run)
        self.model = build_with_weights(lambda: build(config, len(self.vocabulary), len(self.classes)), run.model_path)
        self._forward = _compiled(self.model)
        self.temperature = self._temperature()

    def _temperature(self) -> float:
        """The calibration temperature fitted on the validation part; 1 before the run has its final predictions."""
        try:
            arrays, _meta = load_arrays(self.run.path / "predictions.npz")
            return fit_temperature(arrays["validation_logits"], arrays["validation_labels"])
        except (OSError, ValueError, KeyError, IndexError):
            return 1.0

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Encode texts as token numbers, (T,) int32 each. Raises UserError for a text beyond MAX_TEXT."""
        for number, text in enumerate(texts, 1):
            if len(text) > MAX_TEXT:
                raise UserError(
                    _("Text {number} has {count:,} characters, but at most {limit:,} can be read.").format(
                        number=number, count=len(text), limit=MAX_TEXT
                    )
                )
        tokenizer = self.vocabulary.tokenizer
        return encode([tokenizer(text) for text in texts], self.vocabulary, self.config)

    def logits(self, encoded: Sequence[np.ndarray]) -> np.ndarray:
        """Logits (B, C), not divided by the temperature."""
        out = np.zeros((len(encoded), len(self.classes)), np.float32)
        for places in by_length(encoded):
            out[places] = self._forward(padded([encoded[at] for at in places]))
        return out

    def probabilities(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """Calibrated probabilities (B, C). progress(done, of) is called after each batch."""
        found = []
        for done, shares in self.predict_in_batches(texts):
            found.append(shares)
            if progress:
                progress(done, len(texts))
        return np.concatenate(found) if found else np.zeros((0, len(self.classes)))

    def predict_in_batches(self, texts: Sequence[str]) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of texts done and the probabilities (b, C) of the newest b texts, of about TOKENS tokens."""
        encoded: list[np.ndarray] = []
        for at in range(0, len(texts), CHUNK):
            encoded += self.encode(texts[at : at + CHUNK])
            done = min(at + CHUNK, len(texts))
            if done == len(texts) or sum(map(len, encoded)) >= TOKENS:
                yield done, softmax(self.logits(encoded), self.temperature)
                encoded = []

    def tokens(self, text: str) -> list[Token]:
        """All tokens of a text, including truncated ones."""
        tokenizer = self.vocabulary.tokenizer
        names, spans = tokenizer(text), tokenizer.spans(text)
        read = np.zeros(len(names), bool)
        for start, stop in kept(len(names), self.config.max_tokens, self.config.truncation):
            read[start:stop] = True
        numbers = self.vocabulary.encode(names)
        return [
            Token(name, start, end, number != UNKNOWN, bool(inside))
            for name, (start, end), number, inside in zip(names, spans, numbers, read, strict=True)
        ]

    def answer(self, text: str, threshold: float = 0.0) -> Answer:
        """Classify one text; also return its tokens."""
        shares = self.probabilities([text])[0]
        top = int(shares.argmax())
        confidence = float(shares[top])
        return Answer(text, self.tokens(text), shares, self.classes[top], confidence, confidence >= threshold)


def _compiled(model: object) -> Callable[[np.ndarray], np.ndarray]:
    from core.backend import tf

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def forward(tokens):  # type: ignore[no-untyped-def]
        return model(tokens, training=False)  # type: ignore[operator]

    return lambda tokens: forward(tf.constant(tokens)).numpy()


def read_classes(run: Run) -> list[str]:
    """Read the class names from labels.json. Raises UserError where it is malformed."""
    content = run.read_json("labels.json")
    classes = content.get("classes") if isinstance(content, dict) else None
    sound = (
        isinstance(classes, list)
        and len(classes) >= 2
        and len(set(map(str, classes))) == len(classes)
        and all(isinstance(label, str) for label in classes)
    )
    if not sound:
        raise UserError(
            _("The run “{run}” has no sound labels.json: train anew, or bring the run again.").format(run=run.id)
        )
    return classes  # type: ignore[return-value]


# Files ----------------------------------------------------------------------------------------------------------------
def classify_table(
    classifier: Classifier,
    source: Source,
    *,
    column: str = "",
    threshold: float = 0.0,
    progress: Progress | None = None,
) -> Iterator[bytes]:
    """Classify a table and yield it as UTF-8 CSV with predicted label, confidence and all probabilities per row.

    column: the text column; by default the training table's, or the one with the longest cells. The label is empty
    below `threshold`. Cells are escaped against spreadsheet formulas. Yields the header, then blocks of rows. Raises
    UserError as read_table does.
    """
    table = policy.current().read(read_texts, source, known_names(classifier.run))
    texts = table.column(column or text_column(classifier.run, table))
    names = [_("predicted"), _("confidence"), *(f"p({label})" for label in classifier.classes)]
    yield _csv([[*table.columns, *names]], mark=True)
    at = 0
    for done, found in classifier.predict_in_batches(texts):
        out = []
        for row, shares in zip(table.rows[at:done], found, strict=True):
            top = int(shares.argmax())
            label = classifier.classes[top] if shares[top] >= threshold else ""
            out.append([*row, label, f"{shares[top]:.4f}", *(f"{share:.4f}" for share in shares)])
        yield _csv(out)
        at = done
        if progress:
            progress(done, len(texts))


def known_names(run: Run) -> list[str]:
    """The columns of the table that the run was trained on, as far as they have names."""
    return [str(run.facts[name]) for name in ("text_column", "label_column") if run.facts.get(name)]


def text_column(run: Run, table: Table) -> str:
    """The text column: the one named as in the training table, or the one with the longest cells."""
    known = run.facts.get("text_column")
    if known in table.columns:
        return str(known)
    columns = {name: [row[place] for row in table.rows[:1000]] for place, name in enumerate(table.columns)}
    prose = [name for name, cells in columns.items() if not is_reference(cells)]
    return max(prose or columns, key=lambda name: sum(map(len, columns[name])))


def _csv(rows: list[list[str]], mark: bool = False) -> bytes:
    text = csv_text([escape_formula(cell) for cell in row] for row in rows)
    # The byte order mark makes spreadsheets read the file as UTF-8.
    return text.encode("utf-8-sig" if mark else "utf-8", "replace")


def load_classifier(run: Run) -> Classifier:
    """Load the classifier of a run. Raises UserError where it has no model yet."""
    if not Path(run.model_path).exists():
        raise UserError(_("The run “{run}” has no trained model yet: let it train a little.").format(run=run.id))
    return Classifier(run)
