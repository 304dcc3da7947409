"""The options of a Transformer classifier and its presets. Nothing here imports TensorFlow or pandas."""

from typing import ClassVar, Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from core.schema import Options, option

PRESETS = {
    "quick": "About a minute: one block, short texts.",
    "balanced": "Some minutes: taught by the linear model, averaged weights.",
    "best": "As long as it helps: longer texts and more passes.",
}
MAX_TOKENS = 2048
# The n-gram table is larger than any of these vocabularies' rows, so that few n-grams share a row.
BUCKETS = 1 << 14


class ClassifierConfig(Options):
    """Everything that a Transformer classifier can be told."""

    family: ClassVar[str] = "classifier"

    # The table
    text_column: str = option("", "The column of the texts; empty: guessed.", group="table", max_length=100)
    label_column: str = option("", "The column of the labels; empty: guessed.", group="table", max_length=100)
    header: Literal["auto", "yes", "no"] = option("auto", "Does the first row name the columns?", group="table")
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
    min_count: int = option(2, "Tokens that occur less often are unknown.", group="tokens", ge=1, le=10_000)
    max_tokens: int = option(
        64, "Longer texts are cut.", unit="tokens", group="tokens", level="basic", ge=4, le=MAX_TOKENS
    )
    cut: Literal["end", "start", "middle"] = option("end", "Which part of a longer text is left out.", group="tokens")
    pieces: bool = option(
        True, "Give each token also a part made of its letters and its neighbours (n-grams).", group="tokens"
    )

    # The network
    blocks: int = option(1, "Encoder blocks, one on the other.", group="network", level="basic", ge=1, le=6)
    width: int = option(64, "Numbers that stand for one token.", group="network", level="basic", ge=8, le=1024)
    heads: int = option(4, "Attention heads of each block; they share the width.", group="network", ge=1, le=16)
    feed_forward: int = option(128, "Width inside the feed-forward part.", group="network", ge=8, le=4096)
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
    label_smoothing: float = option(0.0, "How much of a label is spread over all.", group="training", ge=0, lt=0.9)
    class_weights: bool = option(False, "Let rare classes count as much as frequent ones.", group="training")
    word_dropout: float = option(
        0.2, "Share of the tokens that become unknown while training.", group="training", ge=0, le=0.9
    )
    averaging: float = option(
        0.995, "Memory of the averaged weights, which are the ones that are used; 0 is off.", group="training",
        ge=0, lt=1,
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
