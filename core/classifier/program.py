"""Export a classifier as a standalone training program."""

import numpy as np

from core.classifier.config import ClassifierConfig
from core.classifier.data import tokenizer as tokenizers
from core.classifier.data.prepare import Prepared, prepare
from core.csv_safety import csv_text
from core.i18n import N_
from core.runs import policy
from core.runs.run import Run
from core.training import program_source

LEFT_OUT = {
    "samples": N_("It writes no examples on the way, and calibrates no probabilities."),
}

PARTS = ("train", "validation", "test")
CUTS = {
    "end": "numbers[:LIMIT]",
    "start": "numbers[-LIMIT:]",
    "middle": "[*numbers[: LIMIT // 2], *numbers[LIMIT // 2 - LIMIT :]] if len(numbers) > LIMIT else numbers",
}


def files(run: Run) -> dict[str, bytes]:
    """train.py, rows.csv: the cleaned rows with their parts and the training targets, and a branch's first weights."""
    from core.classifier.data import batches  # these bring TensorFlow and Keras, which use() does without
    from core.classifier.training import embedding_init, keras_trainer, model, optimizer, train
    from core.training import keras_schedule, schedule

    config = run.options
    assert isinstance(config, ClassifierConfig)
    data = policy.current().read(prepare, run.sources(), config, run_folder=run.path)
    steps = program_source.total_steps(run, -(-len(data.train) // min(config.batch_size, len(data.train))))
    start = program_source.start_files(run)
    informed = config.informed_start
    parts = [
        _HEAD.format(steps=steps, every=program_source.evaluation_interval(run, steps)),
        program_source.listing("CLASSES", data.classes),
        _cutting(config, data.tokenizer),
        program_source.code(tokenizers, "UNKNOWN", "SPECIALS"),
        _READING.format(cut=CUTS[config.truncation], first="[GATHER] + " if config.pooling == "first" else ""),
        program_source.code(schedule),
        program_source.code(keras_schedule),
        program_source.code(batches),
        program_source.code(model, "build"),
        program_source.code(embedding_init) if informed else "",
        program_source.code(optimizer, "BETA_1", "NO_DECAY"),
        program_source.code(keras_trainer),
        program_source.code(train, "logits_of"),
        _MAIN.format(informed=_INFORMED if informed else "", start=_START if start else ""),
    ]
    docstring = program_source.docstring(
        "a Transformer classifier", "rows.csv", start, "model.keras, the best weights", "keras, tensorflow and regex"
    )
    program = program_source.assemble(run, docstring, LEFT_OUT, parts)
    return {"train.py": program, "rows.csv": _rows(data, config)} | start


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
    """Training targets (B, C) and class weights (C,), as in the run."""
    from core.classifier.training.baselines import fit_baselines
    from core.classifier.training.targets import class_weights, soft_targets

    (texts, y), C = data.part("train"), len(data.classes)
    weights, probabilities = class_weights(config, y, C), []
    if config.distillation:
        tokens = [data.tokenizer(text) for text in texts]
        row_weights = weights[y] if config.class_weights else None
        found = fit_baselines(texts, tokens, y, C, data.tokenizer.unit == "characters", row_weights)
        probabilities = [item.predict(texts, tokens) for item in found if item.linear]
    return soft_targets(config, y, C, probabilities), weights


def _cutting(config: ClassifierConfig, tokenizer: tokenizers.Tokenizer) -> str:
    pattern = ascii(tokenizers._PATTERNS[tokenizer.unit].pattern)
    return _TOKENS.format(pattern=pattern, lower=".lower()" if tokenizer.lowercase else "")


_HEAD = """import sys
import unicodedata
from pathlib import Path

import regex

HERE = Path(__file__).parent
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}
EVERY = {every}  # steps between two evaluations
"""

_TOKENS = """
TOKEN = regex.compile({pattern}, regex.V1)


def tokens(text):
    found = [unicodedata.normalize("NFKC", token).replace("\\u2019", "'") for token in TOKEN.findall(text)]
    return [token{lower} for token in found]

"""

_READING = """
import csv
from collections import Counter

# The rows, and the tokens that are known, by number
csv.field_size_limit(10**9)
with (HERE / "rows.csv").open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
counts = Counter(token for row in rows if row["part"] == "train" for token in tokens(row["text"]))
known = [token for token in counts if counts[token] >= config.min_count and token not in SPECIALS]
known = sorted(known, key=lambda token: (-counts[token], token))[: config.vocabulary]
number = {{token: place for place, token in enumerate(known, len(SPECIALS))}}
LIMIT = config.max_tokens


def encode(text):
    numbers = [number.get(token, UNKNOWN) for token in tokens(text)] or [UNKNOWN]
    return {first}({cut})


parts = ("train", "validation", "test")
texts = {{part: [encode(row["text"]) for row in rows if row["part"] == part] for part in parts}}
labels = {{part: np.array([CLASSES.index(row["label"]) for row in rows if row["part"] == part]) for part in texts}}
taught = [row for row in rows if row["part"] == "train"]
targets = np.array([[float(row["target " + label]) for label in CLASSES] for row in taught], "float32")
weights = np.array([float(row["weight"]) for row in taught], "float32")
"""

_INFORMED = """
ratios = class_log_ratios(texts["train"], labels["train"], len(number) + len(SPECIALS), len(CLASSES))
initialize_embedding(network, ratios, config.seed)"""

_START = """
# The run began from these weights of another
with np.load(HERE / "start.npz", allow_pickle=False) as file:
    for weight in network.weights:
        weight.assign(file[f"model/{weight.path}"])"""

_MAIN = """
def right(part):
    \"\"\"Share of a part's rows whose class is found by the averaged weights.\"\"\"
    logits = logits_of(average.predict_on_batch, texts[part], len(CLASSES))
    return float(np.mean(logits.argmax(1) == labels[part]))


network = build(config, len(number) + len(SPECIALS), len(CLASSES)){informed}{start}
average = build(config, len(number) + len(SPECIALS), len(CLASSES)) if config.ema else network
average.set_weights(network.get_weights())
trainer = ClassifierTrainer(network, average, config)
rates = config.learning_rate * factors(0, STEPS, STEPS, config.warmup, config.schedule)
trainer.compile(make_optimizer(config, rates), jit_compile=False)
batches = Batches(texts["train"], config.batch_size, config.seed)
best, since_best = -1.0, 0
for step in range(0, STEPS, EVERY):
    end = min(step + EVERY, STEPS)
    seen = trainer.fit(dataset(batches, texts["train"], targets, weights, step, end), shuffle=False, verbose=0)
    share = right("validation")
    print(f"step {{end:,}}: loss {{seen.history['cross_entropy'][-1]:.4f}}, validation {{share:.1%}} right", flush=True)
    since_best += 1
    if share > best:
        best, since_best = share, 0
        average.save(HERE / "model.keras")
    if config.patience and since_best >= config.patience:
        break
average.load_weights(HERE / "model.keras")
print(f"best validation {{best:.4f}}, test {{right('test'):.4f}}")
"""

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
