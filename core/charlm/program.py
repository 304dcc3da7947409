"""Export a character model as a standalone training program."""

import re

from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import prepare
from core.i18n import N_
from core.runs import policy
from core.runs.run import Run
from core.training import program_source

LEFT_OUT = {
    "precision": N_("It multiplies in float32, also where the run did in bfloat16."),
    "dropout masks": N_("Dropout and weight dropout leave out as many values as in the run, but others."),
    "sample_prompt": N_("It writes no samples on the way."),
    "sample_length": N_("It writes no samples on the way."),
}


def files(run: Run) -> dict[str, bytes]:
    """train.py, text.txt, the cleaned text that it reads, and the weights that a branch begins from."""
    from core.charlm.data import batches  # these bring TensorFlow, which use() does without
    from core.charlm.training import keras_trainer, model, optimizer, train
    from core.training import keras_schedule, schedule

    config = run.options
    assert isinstance(config, CharLMConfig)
    text = policy.current().read(prepare, run.sources(), config, run_folder=run.path)
    symbols = list(text.vocabulary.symbols)
    edge = len(text.ids) - text.validation
    steps = program_source.total_steps(run, batches.plan_batches(config, edge).steps_per_epoch)
    start = program_source.start_files(run)
    whole = sorted((symbol for symbol in symbols if len(symbol) > 1), key=len, reverse=True)
    pieces = "list(text)"
    if whole:
        pieces = f"re.findall({'|'.join(map(re.escape, whole)) + '|.'!a}, text, re.DOTALL)"
    parts = [
        _HEAD.format(steps=steps, every=program_source.evaluation_interval(run, steps)),
        program_source.listing("SYMBOLS", symbols) + _NUMBERS.format(pieces=pieces, edge=edge),
        program_source.code(schedule),
        program_source.code(keras_schedule),
        program_source.code(batches, "BatchPlan", "plan_batches", "Batches"),
        program_source.code(model, "LAYERS", "build", "recurrent"),
        program_source.code(optimizer, "BETA_1"),
        program_source.code(keras_trainer),
        program_source.code(train, "EVALUATED", "QUICK_CHARACTERS"),
        _MAIN.format(start=_START if start else ""),
    ]
    docstring = program_source.docstring("a character model", "text.txt", start, "model.keras, the best weights")
    program = program_source.assemble(run, docstring, LEFT_OUT, parts)
    return {"train.py": program, "text.txt": text.text.encode("utf-8")} | start


def use(run: Run) -> str:
    """The source of use.py, which generates text by predict() over the last 100 characters."""
    return _USE


_HEAD = """import sys
from pathlib import Path

HERE = Path(__file__).parent
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}
EVERY = {every}  # steps between two evaluations
"""

_NUMBERS = """
import re
import numpy as np

# The text as numbers; 0 stands for every character that is not among the symbols
text = (HERE / "text.txt").read_bytes().decode()
number = {{symbol: place for place, symbol in enumerate(SYMBOLS)}}
ids = np.array([number.get(piece, 0) for piece in {pieces}], "int32")
train, validation = ids[:{edge}], ids[{edge}:]
"""

_START = """
# The run began from these weights of another
with np.load(HERE / "start.npz", allow_pickle=False) as file:
    for weight in learner.trainable_variables:
        weight.assign(file[f"model/{weight.path}"])
"""

_MAIN = """
import math

batches = Batches(config, train)
learner = build(config, len(SYMBOLS), batch=batches.plan.B)
model = build(config, len(SYMBOLS))  # evaluated and saved, with the learner's weights
{start}
rates = config.learning_rate * factors(0, STEPS, STEPS, config.warmup, config.schedule)
trainer = CharLMTrainer(learner, config)
trainer.compile(make_optimizer(config, rates), jit_compile=False)
best, since_best = math.inf, 0
for step in range(0, STEPS, EVERY):
    end = min(step + EVERY, STEPS)
    seen = trainer.fit(tf.data.Dataset.range(step, end).map(batches), shuffle=False, verbose=0)
    for weight, learned in zip(model.trainable_variables, learner.trainable_variables, strict=True):
        weight.assign(learned)
    now = window_loss(model, validation, EVALUATED, QUICK_CHARACTERS)
    print(f"step {{end:,}}: training {{seen.history['nats'][-1]:.4f}}, validation {{now:.4f}} nats", flush=True)
    since_best += 1
    if now < best:
        best, since_best = now, 0
        model.save(HERE / "model.keras")
    if config.patience and since_best >= config.patience:
        break
print(f"best {{best:.4f}}")
"""

_USE = '''"""Writes with model.keras; vocabulary.json lies beside it. python use.py [what it begins with]"""

import json
import sys

import keras
import numpy as np

model = keras.models.load_model("model.keras")
symbols = json.load(open("vocabulary.json", encoding="utf-8"))["symbols"]
number = {symbol: place for place, symbol in enumerate(symbols)}
ids = [number.get(character, 0) for character in " ".join(sys.argv[1:]) or "\\n"]
dice = np.random.default_rng(0)
for _ in range(100):
    chances = model.predict(np.array([ids[-100:]]), verbose=0)[0, -1].astype(float)
    ids.append(int(dice.choice(len(symbols), p=chances / chances.sum())))
print("".join(symbols[place] for place in ids))
'''
