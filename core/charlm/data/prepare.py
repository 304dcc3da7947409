"""Prepare a text for training: decode, clean, encode and split it. Imports no TensorFlow."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from core.charlm.data.decoding import MAX_BYTES, decode, holds_no_text
from core.charlm.data.earlier import Earlier
from core.charlm.data.files import unpack
from core.charlm.data.vocabulary import MAX_SYMBOLS, Vocabulary, code_points, count_symbols, histogram
from core.errors import UserError
from core.i18n import _
from core.sources import EARLIER, Source, check_size

MIN_CHARACTERS = 16
MIN_VALIDATION = 4
FEW_VALIDATION = 500  # below this the validation loss is too noisy to compare two networks by it
MAX_UNKNOWN = 0.1  # folding rare characters must leave this much of the text readable
MAX_CHARACTERS = MAX_BYTES
MAX_MARKS = 100  # combining marks in a row: sorting them, as NFKC must, takes the square of their number
BLANK_LINE = "\n\n"

LINE_ENDS = ("\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029")
DROPPED = [
    *(c for c in range(0xA0) if unicodedata.category(chr(c)) == "Cc" and chr(c) not in "\t\n"),
    0xFEFF,
    *range(0xD800, 0xE000),
]


class TextOptions(Protocol):
    """The options that text preparation uses."""

    @property
    def encoding(self) -> str: ...
    @property
    def lowercase(self) -> bool: ...
    @property
    def nfkc(self) -> bool: ...
    @property
    def min_count(self) -> int: ...
    @property
    def validation(self) -> float: ...


@dataclass(frozen=True)
class Part:
    """One source as it was read: its name, encoding, length in code points, and whether it is for validation."""

    name: str
    encoding: str
    characters: int
    validation: bool = False


@dataclass(frozen=True)
class Text:
    """A prepared text.

    text: cleaned and joined; ids: (T,) int32 symbol numbers; counts: how often each symbol occurs before rare ones
    were folded into symbol 0, most frequent first; min_count: the threshold that was used; validation: how many of
    the last symbols are for validation. The vocabulary comes from the whole text, so that the validation part
    holds no character that the network has no place for; its order is never seen in training.
    """

    text: str
    ids: np.ndarray
    vocabulary: Vocabulary
    counts: dict[str, int]
    min_count: int
    validation: int
    parts: tuple[Part, ...]
    notes: tuple[str, ...]

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Training and validation ids, (T − v,) and (v,): the validation part is the last contiguous one."""
        edge = len(self.ids) - self.validation
        return self.ids[:edge], self.ids[edge:]


def sizes(sources: Sequence[Source], options: TextOptions) -> dict[str, int]:
    """The arguments of preset(). Raises UserError where the text cannot be trained on."""
    text = prepare(sources, options)
    return {"characters": len(text.ids), "vocabulary": len(text.vocabulary)}


def preview(sources: Sequence[Source], options: TextOptions) -> list[str]:
    """What a person should see before training: how each text was decoded where that was a guess."""
    sources = [source for source in sources if source.role != EARLIER]
    return [note for source in _readable(unpack(sources))[0] for note in decode(source, options.encoding).notes]


def prepare(sources: Sequence[Source], options: TextOptions) -> Text:
    """Decode, clean and join `sources` with a blank line between, number their symbols, and set a part aside.

    A source is a text, one in gzip, or a zip of texts, which are joined in natural order.

    The vocabulary of an EARLIER source is extended: its symbols keep their numbers, and new ones follow. Other
    sources whose role is not "train" are the validation part; without one it is the last `options.validation` of the
    text. Raises UserError for what cannot be read as text, and for a text from which nothing can be learned.
    """
    check_size(_("the texts together"), sum(len(source.data) for source in sources), MAX_BYTES)
    earlier = Earlier.of(sources)
    sources = [source for source in sources if source.role != EARLIER]
    notes: list[str] = []
    parts: list[Part] = []
    texts: dict[bool, list[str]] = {False: [], True: []}
    sources, left_out = _readable(unpack(sources))
    check_size(_("the texts together"), sum(len(source.data) for source in sources), MAX_BYTES)
    if left_out:
        message = _("Files without text left out: {count:,} ({names}).")
        notes.append(message.format(count=len(left_out), names=", ".join(f"“{name}”" for name in left_out[:5])))
    for source in sources:
        text, encoding, remarks = decode(source, options.encoding)
        notes.extend(remarks)
        text, dropped = clean(text, options.lowercase, options.nfkc)
        if dropped:
            message = _("Control characters dropped from “{name}”: {count}.")
            notes.append(message.format(count=f"{dropped:,}", name=source.name))
        held_out = source.role != "train"
        parts.append(Part(source.name, encoding, len(text), held_out))
        texts[held_out].append(text)
    training, held_out_text = (
        BLANK_LINE.join(part.strip("\n") for part in group) if len(group) > 1 else "".join(group)
        for group in (texts[False], texts[True])
    )
    if texts[True]:
        training += BLANK_LINE
    text = training + held_out_text
    _check_learnable(training)

    counts = count_symbols(text, options.min_count)
    vocabulary, threshold = _choose_vocabulary(counts, options.min_count, notes)
    if earlier:
        vocabulary = earlier.extended(vocabulary, notes)
    ids = vocabulary.encode(text)
    if texts[True]:
        validation = len(vocabulary.encode(held_out_text))
        if validation < MIN_VALIDATION:
            message = _("The validation text has only {count} characters: bring one of at least {least}.")
            raise UserError(message.format(count=validation, least=MIN_VALIDATION))
    else:
        validation = min(max(round(len(ids) * options.validation), MIN_VALIDATION), len(ids) // 2)
    if validation < FEW_VALIDATION:
        message = _("The validation part holds only {count} characters: its loss is a rough figure.")
        notes.append(message.format(count=validation))
    unseen = len(np.setdiff1d(ids[len(ids) - validation :], ids[: len(ids) - validation]))
    if unseen:
        message = _(
            "{count} of the {all} characters occur only in the validation part: the vocabulary is made from the whole "
            "text, so the network has a place for them, but never sees them in training."
        )
        notes.append(message.format(count=f"{unseen:,}", all=f"{len(vocabulary) - 1:,}"))
    return Text(text, ids, vocabulary, counts, threshold, validation, tuple(parts), tuple(notes))


def _readable(sources: Sequence[Source]) -> tuple[list[Source], list[str]]:
    """Sources without the empty and binary training files among others, whose names are returned."""
    bad = {index for index, source in enumerate(sources) if source.role == "train" and holds_no_text(source.data)}
    if all(index in bad for index, source in enumerate(sources) if source.role == "train"):
        return list(sources), []  # each is refused in its own sentence
    kept = [source for index, source in enumerate(sources) if index not in bad]
    return kept, [sources[index].name for index in sorted(bad)]


def clean(text: str, lowercase: bool = False, nfkc: bool = False) -> tuple[str, int]:
    """Line ends as "\\n", no control characters; on request lower-case and Unicode form NFKC. Also for prompts.

    Returns the text and how many control characters, marks of byte order and halves of surrogate pairs were dropped.
    Raises UserError where NFKC would grow the text over MAX_CHARACTERS or take very long.
    """
    for end in LINE_ENDS:
        text = text.replace(end, "\n")
    codes = code_points(text)
    counts = histogram(codes)
    dropped = int(counts[DROPPED].sum())
    if dropped:
        drop = np.zeros(len(counts), bool)
        drop[DROPPED] = True
        text = codes[~drop[codes]].astype("<u4").tobytes().decode("utf-32-le")
    if nfkc:
        _check_normalisable(code_points(text), counts)
        text = unicodedata.normalize("NFKC", text)
    if lowercase:
        text = text.lower()
        text = unicodedata.normalize("NFKC", text) if nfkc else text  # lower case can come apart: İ becomes i and a dot
    return text, dropped


def _check_normalisable(codes: np.ndarray, counts: np.ndarray) -> None:
    present = np.flatnonzero(counts)
    grown = sum(int(counts[code]) * len(unicodedata.normalize("NFKC", chr(code))) for code in present)
    if grown > MAX_CHARACTERS:
        message = _("In the form NFKC the text has {count} characters, more than {limit}: switch NFKC off.")
        raise UserError(message.format(count=f"{grown:,}", limit=f"{MAX_CHARACTERS:,}"))
    marks = np.zeros(len(counts), bool)
    marks[[code for code in present if unicodedata.combining(chr(code))]] = True
    others = np.flatnonzero(~marks[codes])
    longest = int(np.diff(others, prepend=-1, append=len(codes)).max()) - 1
    if longest > MAX_MARKS:
        message = _("The text has {count} combining marks in a row, which NFKC cannot sort in time: switch NFKC off.")
        raise UserError(message.format(count=f"{longest:,}"))


def _check_learnable(text: str) -> None:
    words = text.strip()
    if not words:
        raise UserError(_("There is no text to train on, only white space: bring a text of some sentences."))
    if len(text) < MIN_CHARACTERS:
        message = _("The text is only {count} characters long, but at least {least} are needed: bring a longer one.")
        raise UserError(message.format(count=len(text), least=MIN_CHARACTERS))
    if words.count(words[0]) == len(words):
        raise _monotonous(words[0])


def _monotonous(symbol: str) -> UserError:
    message = _("The text is “{symbol}” again and again, so that nothing can be learned: bring one with words.")
    return UserError(message.format(symbol=symbol))


def _choose_vocabulary(counts: dict[str, int], min_count: int, notes: list[str]) -> tuple[Vocabulary, int]:
    """The vocabulary and its threshold: `min_count`, or the highest that hides at most MAX_UNKNOWN of the text."""
    if max(counts.values()) == 1:
        raise UserError(_("Every character of the text is different, so that nothing repeats: bring a longer text."))
    ascending = np.array(sorted(counts.values()))
    total = int(ascending.sum())
    needed = int(ascending[np.argmax(np.cumsum(ascending) > MAX_UNKNOWN * total)])
    threshold = max(1, min(min_count, needed))
    vocabulary = Vocabulary.build(counts, threshold)
    unknown = total - sum(counts[symbol] for symbol in vocabulary.symbols[1:])
    if unknown * 2 > total:
        raise UserError(_("Most of the text's characters are too rare to be learned: bring a text made of words."))
    if len(vocabulary) == 2:
        raise _monotonous(vocabulary.symbols[1])
    if threshold < min_count:
        message = _(
            "Folding the characters seen less than {asked} times would hide more than {share:.0%} of this text: the "
            "threshold used is {used}."
        )
        notes.append(message.format(asked=min_count, share=MAX_UNKNOWN, used=threshold))
    if len(vocabulary) > MAX_SYMBOLS:
        message = _("The text has {count} distinct characters: only the {kept} most frequent are kept.")
        notes.append(message.format(count=f"{len(counts):,}", kept=f"{MAX_SYMBOLS:,}"))
    return vocabulary, threshold
