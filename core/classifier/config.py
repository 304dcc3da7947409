"""The options of a Transformer classifier and its presets. Nothing here imports TensorFlow or pandas."""

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from core.errors import UserError
from core.i18n import _
from core.schema import Cost, Options, option

PRESETS = {
    "quick": "About a minute: one block, short texts.",
    "balanced": "Some minutes: taught by the linear model, averaged weights.",
    "best": "As long as it helps: longer texts and more passes.",
}
MAX_TOKENS = 2048
SPECIAL_TOKENS = 3  # that every vocabulary begins with


class ClassifierConfig(Options):
    """The options of a Transformer classifier."""

    family: ClassVar[str] = "classifier"
    ALIASES: ClassVar[dict[str, str]] = {
        "teaching": "distillation",
        "averaging": "ema",
        "pairs": "bigram_buckets",
        "cut": "truncation",
    }

    # The table
    text_column: str = option("", "The column of the texts; empty: guessed.", group="table", max_length=100)
    label_column: str = option("", "The column of the labels; empty: guessed.", group="table", max_length=100)
    header: Literal["auto", "yes", "no"] = option("auto", "Does the first row name the columns?", group="table")
    sheet: str = option(
        "", "Which sheet of a workbook, or table of a zip, is read; empty: guessed.", group="table", max_length=200
    )
    drop_empty: bool = option(True, "Leave out rows without text.", group="table")
    drop_duplicates: bool = option(False, "Keep one row of those with the same text and label.", group="table")
    drop_near_duplicates: bool = option(False, "Keep one row of those with nearly the same text.", group="table")
    drop_conflicts: bool = option(False, "Leave out texts that stand under two labels.", group="table")
    drop_leaks: bool = option(
        False, "Leave out training rows whose text also stands in the validation or test part.", group="table"
    )
    drop_small: bool = option(False, "Leave out classes with fewer than three rows.", group="table")
    merge_labels: bool = option(False, "Take labels that differ only in case or spaces for one.", group="table")
    validation: float = option(0.1, "Share of the rows that chooses the best weights.", group="table", ge=0.01, le=0.5)
    test: float = option(0.1, "Share of the rows that is looked at once, at the end.", group="table", ge=0.01, le=0.5)

    # Tokens
    tokens: Literal["auto", "words", "characters"] = option(
        "auto", "What a text is cut into; auto takes characters for Chinese and words for the rest.", group="tokens"
    )
    lowercase: bool = option(True, "Read capitals as small letters.", group="tokens")
    vocabulary: int = option(
        20_000, "At most this many tokens are known, the most frequent.", group="tokens", ge=10, le=200_000
    )
    min_count: int = option(
        2, "Tokens that occur less often are unknown.", title="Minimum count", group="tokens", ge=1, le=10_000
    )
    max_tokens: int = option(
        64, "Longer texts are cut.", unit="tokens", group="tokens", level="basic", ge=4, le=MAX_TOKENS
    )
    truncation: Literal["end", "start", "middle"] = option(
        "end", "Which part of a longer text is left out.", group="tokens"
    )

    # The network
    blocks: int = option(1, "Encoder blocks, one on the other.", group="network", level="basic", ge=1, le=6)
    width: int = option(64, "Numbers that stand for one token.", group="network", level="basic", ge=8, le=1024)
    heads: int = option(4, "Attention heads of each block; they share the width.", group="network", ge=1, le=16)
    feed_forward: int = option(128, "Width inside the feed-forward part.", group="network", ge=8, le=4096)
    bigram_buckets: int = option(
        0, "Numbers kept for pairs of tokens that follow each other, shared by those that fall on the same; 0 is off.",
        unit="pairs", group="network", ge=0, le=1_000_000,
    )  # fmt: skip
    positions: Literal["learned", "sinusoidal"] = option(
        "learned", "How the place of a token is told.", group="network"
    )
    pooling: Literal["mean", "max", "first"] = option(
        "mean", "How the tokens become one: their mean, their maximum, or a first token that gathers.", group="network"
    )
    dropout: float = option(
        0.1, "Share of the values dropped while training.", group="network", level="basic", ge=0, le=0.9
    )

    # Training
    batch_size: int = option(32, "Texts in one step.", group="training", ge=2, le=4096)
    weight_decay: float = option(0.01, "How fast unused weights fade (AdamW).", group="training", ge=0, le=1)
    clip_norm: float = option(
        1.0, "Gradients longer than this are scaled back to it; 0 leaves them.", group="training", ge=0, le=1000
    )
    distillation: float = option(
        0.9, "How much of each label the linear model gives with its probabilities, instead of the table.",
        group="training", ge=0, le=1,
    )  # fmt: skip
    informed_start: bool = option(
        True, "Begin with what naive Bayes knows about each token, not only with chance.", group="training"
    )
    label_smoothing: float = option(0.0, "How much of a label is spread over all.", group="training", ge=0, lt=0.9)
    class_weights: bool = option(False, "Let rare classes count as much as frequent ones.", group="training")
    word_dropout: float = option(
        0.2, "Share of the tokens that become unknown while training.", group="training", ge=0, le=0.9
    )
    ema: float = option(
        0.995, "Memory of the averaged weights, which are the ones that are used; 0 is off.",
        title="Weight averaging (EMA)", group="training", ge=0, lt=1,
    )  # fmt: skip

    @field_validator("heads")
    @classmethod
    def _heads_share_the_width(cls, heads: int, info: ValidationInfo) -> int:
        if info.data.get("width", 0) % heads:
            raise PydanticCustomError(
                "heads", "The width of {width} has to be a multiple of it", {"width": info.data["width"]}
            )
        return heads


OPTIONS = ClassifierConfig


def preset(
    name: str,
    rows: int,
    median_tokens: int,
    classes: int,
    characters: bool = False,
    longest_tokens: int = 0,
    kinds: Sequence[int] = (),
) -> ClassifierConfig:
    """Sizes for `rows` training texts of `median_tokens` (`characters` or words) in `classes` classes.

    The others are for cost(): what a network of these options needs.

    Few texts get a small network that reads them often, many texts a larger one that reads them a few times. Texts are
    cut at about twice their median, in steps of 16, in the middle: how a review begins and ends tells most (Sun et al.
    2019, section 5.3.1; IMDB 87.4 % right cut at the end, 88.7 % in the middle).

    Pairs have vectors of their own where two characters are a word (takeaway reviews in Chinese 89.3 % without, 90.2 %
    with), and where there are texts enough to show each pair often; for 7,000 English sentences they are worth 0.2 %
    and four times the parameters.

    Raises UserError for an unknown name.
    """
    if name not in PRESETS:
        raise UserError(
            _("There is no preset “{name}”; there are: {known}.").format(name=name, known=", ".join(PRESETS))
        )
    limit = {"quick": 128, "balanced": 256, "best": 512}[name]
    tokens = min(limit, max(16, -(-2 * median_tokens // 16) * 16))
    few, many = rows < 2_000, rows > 20_000
    reading = {"quick": 2, "balanced": 4, "best": 6}[name] * (3 if few else 1 if many else 1.5)
    return ClassifierConfig(
        epochs=reading,
        blocks=1 if name == "quick" or few else 2,
        width=32 if few and name == "quick" else 64,
        max_tokens=tokens,
        truncation="middle",
        batch_size=16 if few else 32,
        min_count=1 if few else 2,
        vocabulary=20_000 if not many else 30_000,
        ema=0.98 if few else 0.995,
        bigram_buckets=65_536 if many else 32_768 if characters and not few else 0,
    )


def cost(
    options: ClassifierConfig,
    rows: int,
    median_tokens: int,
    classes: int,
    characters: bool = False,
    longest_tokens: int = 0,
    kinds: Sequence[int] = (),
) -> Cost:
    """Estimate the Cost of this network for `rows` training texts.

    longest_tokens: of one text; 0 where it is unknown. kinds: how many different tokens occur at least once, twice, …
    """
    D, F, T = options.width, options.feed_forward, min(options.max_tokens, max(1, median_tokens))
    # Heaps' law, with the exponent and factor that reviews in English have: a guess until the vocabulary is counted.
    guess = round(8 * (rows * max(1, median_tokens)) ** 0.57 / options.min_count)
    words = min(options.vocabulary, kinds[min(options.min_count, len(kinds)) - 1] if kinds else guess)
    block = 4 * D * (D + 1) + D * F + F + F * D + D + 4 * D
    parameters = (
        (words + SPECIAL_TOKENS + options.bigram_buckets + options.max_tokens + 1) * D
        + options.blocks * block
        + (D + 1) * classes
    )
    work = options.blocks * (T * (4 * D * D + 2 * D * F) + 2 * T * T * D)
    T = min(options.max_tokens, max(1, longest_tokens or median_tokens))  # a batch is as wide as its longest text
    kept = options.batch_size * T * (3 * D + options.blocks * (8 * D + 2 * F + 2 * options.heads * T))
    return Cost(parameters, float(work), float(kept), options.batch_size, float(rows))
