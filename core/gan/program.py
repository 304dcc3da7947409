"""Export a GAN as a standalone training program."""

import io

import numpy as np

from core.gan.config import GANConfig
from core.gan.data.prepare import prepare
from core.i18n import N_
from core.runs import policy
from core.runs.run import Run
from core.training import program_source

LEFT_OUT = {
    "patience": N_("It keeps the last weights; the run kept those whose pictures were nearest to the held-out ones."),
    "samples": N_("It draws pictures at the end only, and measures none."),
}


def files(run: Run) -> dict[str, bytes]:
    """train.py, images.npz: the prepared images, with classes for a conditional run, and a branch's first weights."""
    from core.gan import config  # the others bring TensorFlow and Keras, which use() does without
    from core.gan.training import keras_trainer, losses, model, step
    from core.training import keras_schedule, schedule

    options = run.options
    assert isinstance(options, GANConfig)
    images = policy.current().read(prepare, run.sources(), options, run_folder=run.path)
    K = len(images.classes) if options.conditional else 0
    steps = program_source.total_steps(run, len(images.x) / (options.batch_size * options.d_steps))
    start = program_source.start_files(run)
    parts = [
        _HEAD.format(steps=steps, every=max(1, steps // 10), K=K),
        program_source.code(config, "parse_widths"),
        program_source.code(schedule),
        program_source.code(keras_schedule),
        program_source.code(model),
        program_source.code(losses, "LOSSES", "PENALTIES"),
        program_source.code(step, "StatelessRNG"),
        program_source.code(keras_trainer),
        _MAIN.format(start=_START if start else ""),
    ]
    out = io.BytesIO()
    arrays = {"x": images.x} | ({"labels": images.labels} if K and images.labels is not None else {})
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    writes = "model.keras, the generator that is used, and grid.png"
    docstring = program_source.docstring("a GAN", "images.npz", start, writes)
    program = program_source.assemble(run, docstring, LEFT_OUT, parts, variable="options")
    return {"train.py": program, "images.npz": out.getvalue()} | start


def use(run: Run) -> str:
    """The source of use.py, which generates images from noise, classes in turn."""
    options = run.options
    assert isinstance(options, GANConfig)
    classes = run.read_object("labels.json").get("classes")
    names = classes if isinstance(classes, list) else []
    shares = f"[noise, np.eye({len(names)}, dtype='float32')[np.arange(64) % {len(names)}]]" if names else "noise"
    bright = "(grid + 1) * 127.5" if options.output == "tanh" else "grid * 255"
    return _USE.format(Z=options.latent, inputs=shares, bright=bright)


_HEAD = """import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}
EVERY = {every}  # steps between two lines
K = {K}  # classes that the networks are told
with np.load(HERE / "images.npz", allow_pickle=False) as file:
    images, labels = file["x"], file["labels"] if K else None
"""

_START = """
# The run began from these weights of another
with np.load(HERE / "start.npz", allow_pickle=False) as file:
    for model in (g, d):
        names = sorted(name for name in file.files if name.startswith(f"model/{model.name}/"))
        for weight, name in zip(model.weights, names, strict=True):
            weight.assign(file[name])"""

_MAIN = """
keras.utils.set_random_seed(options.seed)
g, d = generator(options, K), discriminator(options, K)
average = generator(options, K) if options.ema else g{start}
average.set_weights(g.get_weights())
rates = options.learning_rate * factors(0, STEPS, STEPS, options.warmup, options.schedule)
trainer = GANTrainer(g, d, average, options, rates)
trainer.compile(jit_compile=True)
for step in range(0, STEPS, EVERY):
    end = min(step + EVERY, STEPS)
    seen = trainer.fit(dataset(images, labels, K, options, step, end), shuffle=False, verbose=0).history
    said = ", ".join(f"{{name}} {{values[-1]:.4f}}" for name, values in seen.items())
    print(f"step {{end:,}}: {{said}}", flush=True)

average.save(HERE / "model.keras")
noise = np.random.default_rng(options.seed).standard_normal((64, options.latent)).astype("float32")
drawn = average.predict([noise, np.eye(K, dtype="float32")[np.arange(64) % K]] if K else noise, verbose=0)
side = options.size
grid = drawn.reshape(8, 8, side, side).transpose(0, 2, 1, 3).reshape(8 * side, 8 * side, 1)
(HERE / "grid.png").write_bytes(tf.io.encode_png(to_pixels(grid, options.output)).numpy())
"""

_USE = '''"""Draws 64 pictures with model.keras into grid.png. python use.py"""

import keras
import numpy as np

model = keras.models.load_model("model.keras")
noise = np.random.default_rng(0).standard_normal((64, {Z})).astype("float32")
pictures = model.predict({inputs}, verbose=0)
side = pictures.shape[1]
grid = pictures.reshape(8, 8, side, side).transpose(0, 2, 1, 3).reshape(8 * side, 8 * side, 1)
keras.utils.save_img("grid.png", {bright}, scale=False)
'''
