"""Export a character model as a standalone training program."""

import re

from core.charlm.config import CharLMConfig
from core.charlm.data.prepare import prepare
from core.runs import policy
from core.runs.run import Run
from core.training import program_source

LAYERS = {"lstm": "LSTM", "gru": "GRU", "rnn": "SimpleRNN"}


def files(run: Run) -> dict[str, bytes]:
    """train.py and text.txt, the cleaned text that it reads."""
    from core.charlm.data.batches import plan_batches  # brings TensorFlow, which use() does without

    config = run.options
    assert isinstance(config, CharLMConfig)
    text = policy.current().read(prepare, run.sources(), config, run_folder=run.path)
    symbols = list(text.vocabulary.symbols)
    edge = len(text.ids) - text.validation
    plan = plan_batches(config, edge)
    steps = program_source.total_steps(run, plan.steps_per_epoch)
    whole = sorted((symbol for symbol in symbols if len(symbol) > 1), key=len, reverse=True)
    pieces = "list(text)"
    if whole:
        pieces = f"re.findall({'|'.join(map(re.escape, whole)) + '|.'!a}, text, re.DOTALL)"
    lines = [
        program_source.head(run, "a character model", "text.txt"),
        "import math" + ("\nimport re" if whole else ""),
        _START.format(steps=steps, B=plan.B, T=plan.T, seed=config.seed),
        program_source.listing("SYMBOLS", symbols),
        _NUMBERS.format(pieces=pieces, edge=edge),
        _network(config, len(symbols)),
        _optimizer(config),
        program_source.rate(config) + "\n",
        _WINDOWS if config.batching == "windows" else _STREAMS,
        _LOOP.format(reset=_reset(config), every=max(1, steps // 10)),
    ]
    return {"train.py": "\n".join(lines).encode(), "text.txt": text.text.encode("utf-8")}


def use(run: Run) -> str:
    """The source of use.py, which generates text by predict() over the last 100 characters."""
    return _USE


def _network(config: CharLMConfig, V: int) -> str:
    """The layers, as a function of batch size and statefulness, so that training carries the state and use does not."""
    lines = [
        "# The network: stateful=True carries the state from batch to batch while it learns",
        "def network(batch, stateful):",
        '    characters = keras.Input(batch_shape=(batch, None), dtype="int32", name="characters")',
    ]
    if config.embedding:
        lines.append(f'    x = keras.layers.Embedding({V}, {config.embedding}, name="embedding")(characters)')
    else:
        lines.append(f'    one_hot = keras.layers.Embedding({V}, {V}, "identity", trainable=False, name="one_hot")')
        lines.append("    x = one_hot(characters)")
    for number in range(1, config.layers + 1):
        if config.dropout and number > 1:
            lines.append(f'    x = keras.layers.Dropout({config.dropout!r}, name="dropout_{number - 1}")(x)')
        lines.append(
            f"    x = keras.layers.{LAYERS[config.cell]}(\n        {config.units}, return_sequences=True, "
            f'stateful=stateful, name="{config.cell}_{number}"\n    )(x)'
        )
    if config.dropout:
        lines.append(f'    x = keras.layers.Dropout({config.dropout!r}, name="dropout_{config.layers}")(x)')
    lines += [
        f'    x = keras.layers.Dense({V}, name="logits")(x)',
        '    return keras.Model(characters, keras.layers.Softmax(name="probabilities")(x), name="character_model")',
        "",
        "",
        f"learner, model = network(B, {config.batching == 'streams'}), network(None, False)",
    ]
    return "\n".join(lines)


def _optimizer(config: CharLMConfig) -> str:
    clip = f", global_clipnorm={config.clip_norm!r}" if config.clip_norm else ""
    if config.optimizer == "adam":
        made = f"optimizer = keras.optimizers.Adam({config.learning_rate!r}, beta_2=0.99{clip})"
    else:
        made = (
            f"optimizer = keras.optimizers.AdamW(\n    {config.learning_rate!r}, "
            f"weight_decay={config.weight_decay!r}, beta_2=0.99{clip}\n)\n"
            'optimizer.exclude_from_weight_decay(var_names=["bias"])'
        )
    return made + '\nlearner.compile(optimizer, "sparse_categorical_crossentropy")\n\n'


def _reset(config: CharLMConfig) -> str:
    """Code that resets the state: of all streams at each epoch, and of random ones by the option `reset`."""
    if config.batching == "windows":
        return ""
    some = f"(dice.random((B, 1)) >= {config.reset!r})" if config.reset else "1.0"
    return f"""
    keep = 0.0 if anew else {some}
    for layer in learner.layers:
        for state in keras.tree.flatten(getattr(layer, "states", None) or []):
            state.assign(state * keep)"""


_START = """import sys
from pathlib import Path

import keras
import numpy as np

HERE = Path(__file__).parent
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}
B, T = {B}, {T}  # streams or windows in a batch, characters in each
keras.utils.set_random_seed({seed})
dice = np.random.default_rng({seed})
"""

_NUMBERS = """
# The text as numbers; 0 stands for every character that is not among the symbols
text = (HERE / "text.txt").read_bytes().decode()
number = {{symbol: place for place, symbol in enumerate(SYMBOLS)}}
ids = np.array([number.get(piece, 0) for piece in {pieces}], "int32")
train, validation = ids[:{edge}], ids[{edge}:]

"""

_STREAMS = '''
def batches():
    """B places of the text, read on from batch to batch; an epoch begins at another place of the ring."""
    length = len(train) // B
    while True:
        ring = np.roll(train, -dice.integers(len(train)))
        starts = np.arange(B)[:, None] * length
        for place in range(0, max(1, length // T) * T, T):
            window = ring.take(starts + place + np.arange(T + 1), mode="wrap")
            yield window[:, :-1], window[:, 1:], place == 0

'''

_WINDOWS = '''
def batches():
    """Windows from anywhere in the text."""
    while True:
        window = train[dice.integers(0, len(train) - T, (B, 1)) + np.arange(T + 1)]
        yield window[:, :-1], window[:, 1:], True

'''

_LOOP = '''
def validation_loss(length=64):
    """Nats per character over windows of the validation part, each from a zero state."""
    length = min(length, len(validation) - 1)
    windows = validation[: (len(validation) - 1) // length * length].reshape(-1, length)
    after = validation[1 : windows.size + 1].reshape(-1, length)
    chances = model.predict(windows, batch_size=64, verbose=0)
    return float(-np.log(np.take_along_axis(chances, after[..., None], -1) + 1e-9).mean())


best = math.inf
for step, (x, y, anew) in zip(range(STEPS), batches()):{reset}
    optimizer.learning_rate = rate(step)
    loss = learner.train_on_batch(x, y)
    if (step + 1) % {every} == 0 or step + 1 == STEPS:
        model.set_weights(learner.get_weights())
        now = validation_loss()
        print(f"step {{step + 1:,}}: training {{float(loss):.4f}}, validation {{now:.4f}} nats", flush=True)
        if now < best:
            best = now
            model.save(HERE / "model.keras")
print(f"best {{best:.4f}}")
'''

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
