"""Export a GAN as a standalone training program."""

import io

import numpy as np

from core.gan.config import GANConfig, parse_widths
from core.gan.data.prepare import prepare
from core.runs import policy
from core.runs.run import Run
from core.training import program_source

LEFT_OUT: dict[str, str] = {}

# What each network makes small, of the scores `real` and `fake`; S is what real pictures' target falls short of 1.
LOSSES = {
    "minimax": ("softplus(real) - (1 - S) * real", "softplus(fake)", "-softplus(fake)"),
    "non-saturating": ("softplus(real) - (1 - S) * real", "softplus(fake)", "softplus(fake) - fake"),
    "least-squares": ("0.5 * (real - (1 - S)) ** 2", "0.5 * fake**2", "0.5 * (fake - 1) ** 2"),
    "wasserstein": ("-real", "fake", "-fake"),
    "hinge": ("tf.nn.relu(1 - real)", "tf.nn.relu(1 + fake)", "-fake"),
}
PENALTIES = {
    "r1": "0.5 * tf.reduce_mean(slope_squared(real_pictures, shares))",
    "gradient": (
        "tf.reduce_mean((tf.sqrt(slope_squared(\n            real_pictures + tf.random.uniform((B, 1, 1)) * "
        "(fake_pictures - real_pictures), shares) + 1e-12) - 1) ** 2)"
    ),
}


def files(run: Run) -> dict[str, bytes]:
    """train.py and images.npz: the preprocessed images, with classes for a conditional run."""
    options = run.options
    assert isinstance(options, GANConfig)
    images = policy.current().read(prepare, run.sources(), options, run_folder=run.path)
    K = len(images.classes) if options.conditional else 0
    steps = program_source.total_steps(run, len(images.x) / (options.batch_size * options.d_steps))
    black, span = output_range(options.output)
    on_real, on_fake, on_g = LOSSES[options.loss]
    writes = "model.keras, the generator that is used, and grid.png"
    lines = [
        program_source.head(run, "a GAN", "images.npz", writes),
        _START.format(
            steps=steps, B=options.batch_size, Z=options.latent, K=K, turns=options.d_steps, seed=options.seed,
            black=black, span=span, smooth=options.label_smoothing,
        ),
        _networks(options, K),
        _OPTIMIZERS.format(
            rate=options.learning_rate, d_rate=options.learning_rate * options.d_rate, beta_1=options.beta_1,
            beta_2=options.beta_2, average="average" if options.ema else "generator",
        ),
        program_source.rate(options) + "\n",
        _TURNS.format(
            on_real=on_real, on_fake=on_fake, on_g=on_g, scores=_scores(options), penalty=_penalty(options),
            noise=" + sigma * tf.random.normal(tf.shape(pictures))" if options.instance_noise else "",
        ),
        _LOOP.format(
            noise=options.instance_noise * span, every=options.penalty_every, ema=options.ema, d=options.d_rate,
            follow=_FOLLOW.format(ema=options.ema) if options.ema else "", shown=max(1, steps // 10),
            used="average" if options.ema else "generator",
        ),
    ]  # fmt: skip
    out = io.BytesIO()
    arrays = {"x": images.x} | ({"labels": images.labels} if K and images.labels is not None else {})
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return {"train.py": "\n".join(lines).encode(), "images.npz": out.getvalue()}


def use(run: Run) -> str:
    """The source of use.py, which generates images from noise, classes in turn."""
    options = run.options
    assert isinstance(options, GANConfig)
    classes = run.read_object("labels.json").get("classes")
    names = classes if isinstance(classes, list) else []
    shares = f"[noise, np.eye({len(names)}, dtype='float32')[np.arange(64) % {len(names)}]]" if names else "noise"
    bright = "(grid + 1) * 127.5" if options.output == "tanh" else "grid * 255"
    return _USE.format(Z=options.latent, inputs=shares, bright=bright)


def output_range(output: str) -> tuple[float, float]:
    """As core.gan.training.model.output_range, which imports Keras."""
    return (-1.0, 2.0) if output == "tanh" else (0.0, 1.0)


def _networks(options: GANConfig, K: int) -> str:
    def hidden(n: int, width: int, norm: str) -> list[str]:
        lines = [f'x = layers.Dense({width}, use_bias={norm == "off"}, name="hidden_{n}")(x)']
        if norm == "batch":
            lines.append(f'x = layers.BatchNormalization(momentum=0.9, name="norm_{n}")(x)')
        elif norm == "layer":
            lines.append(f'x = layers.LayerNormalization(name="norm_{n}")(x)')
        kind = "LeakyReLU(0.2" if options.activation == "leaky_relu" else f'Activation("{options.activation}"'
        return [*lines, f'x = layers.{kind}, name="{options.activation}_{n}")(x)']

    S = options.size
    class_input = 'shares = keras.Input((K,), name="classes")'
    lines = ["# The generator", 'x = noise = keras.Input((Z,), name="noise")']
    lines += [class_input, "x = layers.Concatenate()([noise, shares])"] if K else []
    for n, width in enumerate(parse_widths(options.generator), 1):
        lines += hidden(n, width, options.norm)
    lines += [
        f'x = layers.Dense({S * S}, "{options.output}", name="pixels")(x)',
        f'x = layers.Reshape(({S}, {S}), name="picture")(x)',
        f'generator = keras.Model({"[noise, shares]" if K else "noise"}, x, name="generator")',
        "",
        "# The discriminator: the higher its score, the more real",
        f'picture = keras.Input(({S}, {S}), name="picture")',
        'x = layers.Flatten(name="pixels")(picture)',
    ]
    lines += [class_input, "x = layers.Concatenate()([x, shares])"] if K else []
    for n, width in enumerate(parse_widths(options.discriminator), 1):
        lines += hidden(n, width, options.discriminator_norm)
        lines += [f'x = layers.Dropout({options.dropout!r}, name="dropout_{n}")(x)'] if options.dropout else []
    lines.append('score = layers.Dense(1, name="score")(x)')
    if K:
        lines.append('by_class = layers.Dense(K, use_bias=False, name="score_by_class")(x)')
        lines.append("score = layers.Add()([score, layers.Dot(axes=1)([by_class, shares])])")
    lines.append('score = layers.Reshape((), name="flat_score")(score)')
    lines.append(f'discriminator = keras.Model({"[picture, shares]" if K else "picture"}, score, name="discriminator")')
    return "\n".join(lines) + "\n"


def _scores(options: GANConfig) -> str:
    if options.discriminator_norm == "batch":  # real and generated pictures must not share statistics
        return "real, fake = scores(real_pictures, shares), scores(fake_pictures, shares)"
    return (
        "twice = None if shares is None else tf.concat([shares, shares], 0)\n"
        "        real, fake = tf.split(scores(tf.concat([real_pictures, fake_pictures], 0), twice), 2)"
    )


def _penalty(options: GANConfig) -> str:
    if options.penalty == "off":
        return ""
    weight = options.penalty_weight * options.penalty_every
    return f"\n        if penalised:\n            loss += {weight!r} * {PENALTIES[options.penalty]}"


_START = """import math
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

HERE = Path(__file__).parent
STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else {steps}
B, Z, K = {B}, {Z}, {K}  # pictures in a batch, numbers of noise, classes that the networks are told
TURNS, S = {turns}, {smooth!r}  # the discriminator's turns in a step, label smoothing
BLACK, SPAN = {black}, {span}  # what black is for the networks, and how far white is from it
keras.utils.set_random_seed({seed})
dice = np.random.default_rng({seed})

with np.load(HERE / "images.npz", allow_pickle=False) as file:
    images = file["x"].astype("float32") * (SPAN / 255) + BLACK
    labels = np.eye(K, dtype="float32")[file["labels"]] if K else None
"""

_OPTIMIZERS = """average = keras.models.clone_model(generator)  # follows the generator slowly
average.set_weights(generator.get_weights())
g_optimizer = keras.optimizers.Adam({rate!r}, beta_1={beta_1!r}, beta_2={beta_2!r})
d_optimizer = keras.optimizers.Adam({d_rate!r}, beta_1={beta_1!r}, beta_2={beta_2!r})
g_optimizer.build(generator.trainable_variables)
d_optimizer.build(discriminator.trainable_variables)
softplus = tf.nn.softplus

"""

_TURNS = """
def told(x, shares):
    return x if shares is None else [x, shares]


def scores(pictures, shares):
    return discriminator(told(pictures, shares), training=True)


def noisy(pictures, sigma):
    return pictures{noise}


def slope_squared(pictures, shares):
    with tf.GradientTape() as tape:
        tape.watch(pictures)
        total = tf.reduce_sum(scores(pictures, shares))
    return tf.reduce_sum(tape.gradient(total, pictures) ** 2, axis=[1, 2])


@tf.function
def discriminator_turn(real_pictures, shares, sigma, penalised):
    fake_pictures = noisy(generator(told(tf.random.normal((B, Z)), shares), training=True), sigma)
    real_pictures = noisy(real_pictures, sigma)
    with tf.GradientTape() as tape:
        {scores}
        loss = tf.reduce_mean({on_real}) + tf.reduce_mean({on_fake}){penalty}
    d_optimizer.apply(tape.gradient(loss, discriminator.trainable_variables))
    return loss


@tf.function
def generator_turn(shares, sigma):
    with tf.GradientTape() as tape:
        fake = scores(noisy(generator(told(tf.random.normal((B, Z)), shares), training=True), sigma), shares)
        loss = tf.reduce_mean({on_g})
    g_optimizer.apply(tape.gradient(loss, generator.trainable_variables))
    return loss

"""

_FOLLOW = """
    keep = min({ema}, (1 + step) / (10 + step))
    for slow, fast in zip(average.variables, generator.variables):
        slow.assign(slow + (1 - keep) * (fast - slow))"""

_LOOP = """
order = np.empty(0, int)
for step in range(STEPS):
    g_optimizer.learning_rate = rate(step)
    d_optimizer.learning_rate = {d!r} * rate(step)
    sigma = tf.constant({noise!r} * (1 - step / STEPS), tf.float32)
    for _ in range(TURNS):
        while len(order) < B:
            order = np.append(order, dice.permutation(len(images)))
        places, order = order[:B], order[B:]
        shares = tf.constant(labels[places]) if K else None
        d_loss = discriminator_turn(tf.constant(images[places]), shares, sigma, step % {every} == 0)
    g_loss = generator_turn(shares, sigma){follow}
    if (step + 1) % {shown} == 0 or step + 1 == STEPS:
        print(f"step {{step + 1:,}}: discriminator {{float(d_loss):.4f}}, generator {{float(g_loss):.4f}}", flush=True)

{used}.save(HERE / "model.keras")
shares = np.eye(K, dtype="float32")[np.arange(64) % K] if K else None
drawn = {used}.predict(told(dice.standard_normal((64, Z)).astype("float32"), shares), verbose=0)
side = drawn.shape[1]
grid = drawn.reshape(8, 8, side, side).transpose(0, 2, 1, 3).reshape(8 * side, 8 * side, 1)
grid = np.clip((grid - BLACK) * 255 / SPAN + 0.5, 0, 255).astype("uint8")
(HERE / "grid.png").write_bytes(tf.io.encode_png(grid).numpy())
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
