"""The options of a character model and its presets. Nothing here imports TensorFlow."""

from typing import ClassVar, Literal

from core.errors import UserError
from core.i18n import _
from core.schema import Cost, Options, option

PRESETS = ("quick", "balanced", "best")
GATES = {"lstm": 4, "gru": 3, "rnn": 1}

Encoding = Literal[
    "auto", "utf-8", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256",
    "cp1257", "iso8859_2", "iso8859_15", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp437", "cp850",
]  # fmt: skip


class CharLMConfig(Options):
    """The options of a character model."""

    family: ClassVar[str] = "charlm"

    # The text
    encoding: Encoding = option(
        "auto", "How the bytes of the text are read; auto guesses where the file does not say it.", group="text"
    )
    lowercase: bool = option(False, "Read capitals as small letters.", group="text")
    nfkc: bool = option(
        False,
        "Read full-width letters, ligatures and the like as their plain form.",
        title="Unicode form NFKC",
        group="text",
    )
    min_count: int = option(
        2,
        "Characters that occur less often than this become one “unknown”.",
        title="Minimum count",
        group="text",
        ge=1,
        le=10_000,
    )
    validation: float = option(
        0.1, "Share at the end of the text that is kept for validation.", group="text", ge=0.01, le=0.5
    )

    # The network
    cell: Literal["lstm", "gru", "rnn"] = option(
        "lstm", "LSTM remembers longest; GRU is smaller; a simple RNN forgets first.", group="network", level="basic"
    )
    layers: int = option(1, "Recurrent layers, one on the other.", group="network", level="basic", ge=1, le=4)
    units: int = option(256, "Size of the state of each layer.", group="network", level="basic", ge=1, le=4096)
    embedding: int = option(
        64,
        "Numbers that stand for one character; 0 gives each its own input (one-hot).",
        group="network",
        ge=0,
        le=2048,
    )
    dropout: float = option(
        0.0, "Share of the values that are dropped between layers while training.", group="network", level="basic",
        ge=0, le=0.9,
    )  # fmt: skip

    weight_dropout: float = option(
        0.0,
        "Share of the recurrent weights that are left out of each step, so that no memory rests on a few of them.",
        group="network",
        ge=0,
        le=0.9,
    )

    # Training
    batch_size: int = option(64, "Streams or windows in one step.", group="training", ge=1, le=4096)
    window: int = option(
        64, "Characters that one step goes back through.", unit="characters", group="training", level="basic",
        ge=2, le=2048,
    )  # fmt: skip
    batching: Literal["streams", "windows"] = option(
        "streams",
        "Streams read on where they stopped and carry their state; windows begin anywhere, with no memory.",
        group="training",
    )
    reset: float = option(
        0.0,
        "Share of the streams that forget their state at each step, so that writing from nothing is learned too.",
        group="training",
        ge=0,
        le=1,
    )
    optimizer: Literal["adam", "adamw"] = option(
        "adamw", "AdamW lets unused weights fade; Adam does not.", group="training"
    )
    weight_decay: float = option(0.01, "How fast unused weights fade (AdamW).", group="training", ge=0, le=1)
    clip_norm: float = option(
        1.0, "Gradients longer than this are scaled back to it; 0 leaves them.", group="training", ge=0, le=1000
    )
    learning_rate: float = option(3e-3, "The highest step size of the schedule.", group="training", gt=0, le=1)
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto", "bfloat16 multiplies faster where the processor can; auto finds out.", group="training"
    )

    # What it shows on the way
    sample_prompt: str = option("", "What the samples during training go on from.", group="samples", max_length=500)
    sample_length: int = option(
        300, "Length of the samples during training.", unit="characters", group="samples", ge=1, le=5000
    )


OPTIONS = CharLMConfig


def preset(name: str, characters: int, vocabulary: int) -> CharLMConfig:
    """Sizes for a text of `characters` with `vocabulary` symbols, so that 24 characters and 20 MB both train sensibly.

    A small text gets a small network, short windows and few streams; quick is bounded by time, balanced and best by
    what the text can feed. Raises UserError for an unknown name.
    """
    if name not in PRESETS:
        raise UserError(
            _("There is no preset “{name}”; there are: {known}.").format(name=name, known=", ".join(PRESETS))
        )
    embedding = 64 if vocabulary < 500 else 128
    if characters < 2_000:
        size = {"quick": 32, "balanced": 48, "best": 64}[name]
        return CharLMConfig(
            units=size, embedding=16, window=16, batch_size=1 if characters < 200 else 4, epochs=None,
            steps={"quick": 600, "balanced": 1500, "best": 4000}[name], learning_rate=5e-3, min_count=1,
        )  # fmt: skip
    small = characters < 200_000
    if name == "quick":
        if small:
            return CharLMConfig(
                units=128, embedding=embedding, window=64, batch_size=16, epochs=None, seconds=60, learning_rate=5e-3,
                dropout=0.3, weight_dropout=0.3,
            )  # fmt: skip
        return CharLMConfig(
            units=384, embedding=embedding, window=96, batch_size=32, epochs=None, seconds=100, learning_rate=8e-3,
            dropout=0.4, weight_decay=0.1,
        )  # fmt: skip
    if name == "balanced":
        if small:
            return CharLMConfig(
                units=192, embedding=embedding, window=96, batch_size=16, epochs=None, seconds=300, learning_rate=4e-3,
                dropout=0.4, weight_dropout=0.4,
            )  # fmt: skip
        return CharLMConfig(
            units=512, embedding=embedding, window=128, batch_size=32, epochs=None, seconds=600, learning_rate=5e-3,
            dropout=0.5, weight_dropout=0.1, weight_decay=0.1,
        )  # fmt: skip
    if small:
        return CharLMConfig(
            units=256, embedding=embedding, window=128, batch_size=16, epochs=None, seconds=900, learning_rate=3e-3,
            dropout=0.5, weight_dropout=0.5,
        )  # fmt: skip
    long = characters > 2_000_000  # too long for many epochs within an hour
    return CharLMConfig(
        units=768, embedding=embedding, window=128, batch_size=32, epochs=None if long else 14,
        seconds=3600 if long else None, learning_rate=3e-3, dropout=0.6, weight_dropout=0.15, weight_decay=0.1,
    )  # fmt: skip


def cost(options: CharLMConfig, characters: int, vocabulary: int) -> Cost:
    """Estimate the network's Cost for `characters` of text and `vocabulary` symbols."""
    gates, inputs = GATES[options.cell], options.embedding or vocabulary
    parameters = options.embedding * vocabulary
    work = 0.0
    for _layer in range(options.layers):
        biases = 2 if options.cell == "gru" else 1
        parameters += gates * options.units * (inputs + options.units + biases)
        work += gates * options.units * (inputs + options.units)
        inputs = options.units
    parameters += (inputs + 1) * vocabulary
    work += inputs * vocabulary
    per_step = options.batch_size * options.window
    activations = per_step * (options.layers * (gates + 2) * options.units + 2 * vocabulary)
    return Cost(parameters, work, activations, per_step, characters * (1 - options.validation))
