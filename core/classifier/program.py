"""Export a classifier as a standalone training program."""

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data import tokenizer as tokenizers
from core.classifier.data.prepare import Prepared, prepare
from core.csv_safety import csv_text
from core.runs import policy
from core.runs.run import Run
from core.training import program_source

LEFT_OUT: dict[str, str] = {}

PARTS = ("train", "validation", "test")
CUTS = {
    "end": "numbers[:LIMIT]",
    "start": "numbers[-LIMIT:]",
    "middle": "[*numbers[: LIMIT // 2], *numbers[LIMIT // 2 - LIMIT :]] if len(numbers) > LIMIT else numbers",
}


def files(run: Run) -> dict[str, bytes]:
    """train.py and rows.csv: the cleaned rows with their parts, and the training targets."""
    from core.classifier.training.embedding_init import STRENGTH  # brings Keras, which use() does without

    config = run.options
    assert isinstance(config, ClassifierConfig)
    data = policy.current().read(prepare, run.sources(), config, run_folder=run.path)
    size = min(config.batch_size, len(data.train))
    steps = program_source.total_steps(run, -(-len(data.train) // size))
    lines = [
        program_source.head(run, "a Transformer classifier", "rows.csv (also needs the package regex)"),
        _START.format(steps=steps, B=size, limit=config.max_tokens, seed=config.seed),
        program_source.listing("CLASSES", data.classes),
        _cutting(config, data.tokenizer),
        _READING.format(
            size=config.vocabulary,
            least=config.min_count,
            cut=CUTS[config.truncation],
            first="[2] + " if config.pooling == "first" else "",
        ),
        _network(config),
        _INFORMED.format(strength=STRENGTH, seed=config.seed) if config.informed_start else "",
        _optimizer(config),
        program_source.rate(config) + "\n",
        _LOOP.format(forget=_forget(config), memory=config.ema, every=max(1, steps // 10)),
    ]
    return {"train.py": "\n".join(lines).encode(), "rows.csv": _rows(data, config)}


def use(run: Run) -> str:
    """The source of use.py: tokenization of a text and conversion of logits to probabilities."""
    config = run.options
    assert isinstance(config, ClassifierConfig)
    tokenizer = tokenizers.Vocabulary.from_json(run.read_json("vocabulary.json")).tokenizer
    first = "[2] + " if config.pooling == "first" else ""
    return _USE.format(
        cutting=_cutting(config, tokenizer), limit=config.max_tokens, cut=CUTS[config.truncation], first=first
    )


def _rows(data: Prepared, config: ClassifierConfig) -> bytes:
    rows = [["part", "label", "weight", "text", *(f"target {label}" for label in data.classes)]]
    targets, weights = _targets(data, config)
    for part in PARTS:
        texts, labels = data.part(part)
        for place, (text, label) in enumerate(zip(texts, labels, strict=True)):
            taught = [f"{share:.5f}" for share in targets[place]] if part == "train" else []
            weight = f"{weights[label]:.5f}"
            rows.append([part, data.classes[label], weight, text, *taught])
    return csv_text(rows).encode()


def _targets(data: Prepared, config: ClassifierConfig) -> tuple[np.ndarray, np.ndarray]:
    """Training targets (B, C), with smoothing and distillation as in train.py, and class weights (C,)."""
    from core.classifier.training.baselines import fit_baselines
    from core.classifier.training.metrics import softmax

    (texts, y), C = data.part("train"), len(data.classes)
    weights = len(y) / (C * np.maximum(np.bincount(y, minlength=C), 1)) if config.class_weights else np.ones(C)
    hard = np.eye(C)[y] * (1 - config.label_smoothing) + config.label_smoothing / C
    if not config.distillation:
        return hard, weights
    tokens = [data.tokenizer(text) for text in texts]
    row_weights = weights[y] if config.class_weights else None
    found = fit_baselines(texts, tokens, y, C, data.tokenizer.unit == "characters", row_weights)
    thoughts = [np.log(np.maximum(item.predict(texts, tokens), 1e-6)) for item in found if item.linear]
    if not thoughts:
        return hard, weights
    return (1 - config.distillation) * hard + config.distillation * softmax(np.mean(thoughts, axis=0)), weights


def _cutting(config: ClassifierConfig, tokenizer: tokenizers.Tokenizer) -> str:
    pattern = ascii(tokenizers._PATTERNS[tokenizer.unit].pattern)
    return _TOKENS.format(pattern=pattern, lower=".lower()" if tokenizer.lowercase else "")


def _network(config: ClassifierConfig) -> str:
    from core.classifier.training.model import FAR, SIZE, SPREAD

    D, drop, buckets = config.width, config.dropout, config.bigram_buckets
    sinusoidal = config.positions == "sinusoidal"

    def dropped(value: str, name: str) -> str:
        return f'layers.Dropout({drop!r}, name="{name}")({value})' if drop else value

    normal = f"keras.initializers.RandomNormal(stddev={SIZE})"
    small = f"keras.initializers.RandomNormal(stddev={0.4 * SIZE:g})"
    places = '"zeros", trainable=False, name="place_embedding"' if sinusoidal else f'{small}, name="place_embedding"'
    lines = [
        "# The network",
        'tokens_in = keras.Input((None,), dtype="int32", name="tokens")',
        'there = ops.cast(ops.not_equal(tokens_in, 0), "float32")',
        f'x = layers.Embedding(len(known) + 3, {D}, {normal}, name="token_embedding")(tokens_in)',
        "places = ops.cumsum(ops.ones_like(tokens_in), axis=1) - 1",
        f"x = x + layers.Embedding(LIMIT + 1, {D}, {places})(places)",
        *(_PAIRS.format(pairs=buckets, D=D, small=small, spread=SPREAD).splitlines() if buckets else ()),
        f"x = {dropped('x', 'embedding_dropout')}" if drop else "",
        'looks = ops.expand_dims(ops.cast(there, "bool"), 1)',
    ]
    for block in range(1, config.blocks + 1):
        lines += [
            f"attention = layers.MultiHeadAttention(\n    {config.heads}, {D // config.heads}, dropout={drop!r}, "
            f'flash_attention=False, name="attention_{block}"\n)(x, x, attention_mask=looks)',
            f'x = layers.LayerNormalization(name="attention_norm_{block}")('
            f"x + {dropped('attention', f'attention_dropout_{block}')})",
            f'inner = layers.Dense({config.feed_forward}, "gelu", name="feed_forward_{block}")(x)',
            f'outer = layers.Dense({D}, name="feed_forward_out_{block}")(inner)',
            f'x = layers.LayerNormalization(name="feed_forward_norm_{block}")('
            f"x + {dropped('outer', f'feed_forward_dropout_{block}')})",
        ]
    if config.pooling == "first":
        lines.append("pooled = x[:, 0]")
    else:
        lines.append("real = ops.expand_dims(there, -1)")
        lines.append(
            f"pooled = ops.max(x * real + (1.0 - real) * {FAR}, axis=1)"
            if config.pooling == "max"
            else "pooled = ops.sum(x * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)"
        )
    lines += [
        f"pooled = {dropped('pooled', 'pooled_dropout')}" if drop else "",
        'logits = layers.Dense(len(CLASSES), name="logits")(pooled)',
        'model = keras.Model(tokens_in, logits, name="transformer_classifier")',
    ]
    if sinusoidal:
        lines.append(_SINUSOIDS.format(D=D, size=SIZE))
    return "\n".join(line for line in lines if line) + "\n"


def _optimizer(config: ClassifierConfig) -> str:
    from core.classifier.training.optimizer import BETA_1, BETA_2, NO_DECAY

    clip = f", global_clipnorm={config.clip_norm!r}" if config.clip_norm else ""
    return (
        f"optimizer = keras.optimizers.AdamW(\n    {config.learning_rate!r}, weight_decay={config.weight_decay!r}, "
        f"beta_1={BETA_1}, beta_2={BETA_2}{clip}\n)\n"
        f"optimizer.exclude_from_weight_decay(var_names={list(NO_DECAY)!r})\n"
        "model.compile(optimizer, keras.losses.CategoricalCrossentropy(from_logits=True))\n\n"
    )


def _forget(config: ClassifierConfig) -> str:
    if not config.word_dropout:
        return ""
    return (
        f"\n    x = np.where((dice.random(x.shape) < {config.word_dropout!r}) & (x >= 3), 1, x)  # some words unknown"
    )


_START = """import csv
import math
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import regex
from keras import layers, ops

HERE = Path(__file__).parent
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}
B, LIMIT = {B}, {limit}  # texts in a batch, tokens of a text that are read
keras.utils.set_random_seed({seed})
dice = np.random.default_rng({seed})
"""

_TOKENS = """
TOKEN = regex.compile({pattern}, regex.V1)


def tokens(text):
    found = [unicodedata.normalize("NFKC", token).replace("\\u2019", "'") for token in TOKEN.findall(text)]
    return [token{lower} for token in found]

"""

_READING = """
# The rows, and the tokens that are known: 0 is padding, 1 what is unknown, 2 the first token that gathers
csv.field_size_limit(10**9)
with (HERE / "rows.csv").open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
counts = Counter(token for row in rows if row["part"] == "train" for token in tokens(row["text"]))
known = [token for token in counts if counts[token] >= {least}]
known = sorted(known, key=lambda token: (-counts[token], token))[:{size}]
number = {{token: place for place, token in enumerate(known, 3)}}


def encode(text):
    numbers = [number.get(token, 1) for token in tokens(text)] or [1]
    return {first}({cut})


def padded(texts):
    longest = max(map(len, texts))
    return np.array([text + [0] * (longest - len(text)) for text in texts], "int32")


parts = ("train", "validation", "test")
texts = {{part: [encode(row["text"]) for row in rows if row["part"] == part] for part in parts}}
labels = {{part: np.array([CLASSES.index(row["label"]) for row in rows if row["part"] == part]) for part in texts}}
taught = [row for row in rows if row["part"] == "train"]
targets = np.array([[float(row["target " + label]) for label in CLASSES] for row in taught], "float32")
weights = np.array([float(row["weight"]) for row in taught], "float32")
"""

_PAIRS = """before = ops.concatenate([ops.zeros_like(tokens_in[:, :1]), tokens_in[:, :-1]], axis=1)
pairs = ops.mod(before * {spread} + tokens_in, {pairs})  # a token and the one before it
x = x + layers.Embedding({pairs}, {D}, {small}, name="pair_embedding")(pairs)"""

_SINUSOIDS = """angle = np.arange(LIMIT + 1)[:, None] / 10000 ** (2 * (np.arange({D})[None, :] // 2) / {D})
waves = {size} * np.where(np.arange({D}) % 2 == 0, np.sin(angle), np.cos(angle))
model.get_layer("place_embedding").embeddings.assign(waves.astype("float32"))"""

_INFORMED = """
# What naive Bayes thinks of each token stands in its first numbers at the beginning
there_in = np.zeros((len(CLASSES), len(known) + 3))
for text, label in zip(texts["train"], labels["train"]):
    there_in[label, np.unique(text)] += 1
inside, outside = there_in + 1.0, there_in.sum(0) - there_in + 1.0
opinion = np.log(inside / inside.sum(1, keepdims=True)) - np.log(outside / outside.sum(1, keepdims=True))
opinion[:, :3], opinion[:, there_in.sum(0) == 0] = 0.0, 0.0
opinion = opinion.T[:, 1:] if len(CLASSES) == 2 else opinion.T
table = model.get_layer("token_embedding").embeddings
values = np.asarray(table).copy()
wide = min(values.shape[1] // 2, max(values.shape[1] // 16, 1) * opinion.shape[1])
signs = np.random.default_rng([{seed}, 7]).choice([-1.0, 1.0], (opinion.shape[1], wide))
values[:, :wide] = {strength} * opinion @ signs / np.sqrt(opinion.shape[1])
table.assign(values)
"""

_LOOP = '''
def batches():
    """Every text once an epoch; texts of similar length together."""
    while True:
        order = np.resize(dice.permutation(len(texts["train"])), -(-len(texts["train"]) // B) * B)
        order = sorted(order, key=lambda place: len(texts["train"][place]))
        yield from dice.permutation(np.reshape(order, (-1, B)))


def right(part):
    """Share of a part's rows whose class is found, by the weights that are in the network now."""
    order = np.argsort([len(text) for text in texts[part]])
    found = np.zeros(len(order), int)
    for at in range(0, len(order), 64):
        places = order[at : at + 64]
        found[places] = model.predict_on_batch(padded([texts[part][place] for place in places])).argmax(1)
    return float(np.mean(found == labels[part]))


best, average = -1.0, model.get_weights()
for step, places in zip(range(STEPS), batches()):
    x = padded([texts["train"][place] for place in places]){forget}
    optimizer.learning_rate = rate(step)
    loss = model.train_on_batch(x, targets[places], sample_weight=weights[places])
    now = model.get_weights()
    memory = min({memory}, (step + 1) / (step + 11))
    average = [memory * old + (1 - memory) * new for old, new in zip(average, now)]
    if (step + 1) % {every} == 0 or step + 1 == STEPS:
        model.set_weights(average)  # the averaged weights are judged, kept and used
        share = right("validation")
        print(f"step {{step + 1:,}}: loss {{float(loss):.4f}}, validation {{share:.1%}} right", flush=True)
        if share > best:
            best = share
            model.save(HERE / "model.keras")
        model.set_weights(now)
model.load_weights(HERE / "model.keras")
print(f"best validation {{best:.4f}}, test {{right('test'):.4f}}")
'''

_USE = '''"""Judges a text with model.keras; vocabulary.json and labels.json lie beside it. python use.py TEXT"""

import json
import sys
import unicodedata

import keras
import numpy as np
import regex

LIMIT = {limit}
{cutting}
model = keras.models.load_model("model.keras")
classes = json.load(open("labels.json", encoding="utf-8"))["classes"]
known = json.load(open("vocabulary.json", encoding="utf-8"))["tokens"]
number = {{token: place for place, token in enumerate(known, 3)}}
numbers = [number.get(token, 1) for token in tokens(" ".join(sys.argv[1:]))] or [1]
logits = model.predict(np.array([{first}({cut})]), verbose=0)[0].astype(float)
shares = np.exp(logits - logits.max())
for share, label in sorted(zip(shares / shares.sum(), classes), reverse=True):
    print(f"{{share:.4f}} {{label}}")
'''
