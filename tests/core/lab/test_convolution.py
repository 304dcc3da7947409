import io

import numpy as np
import pytest
from PIL import Image

from core.errors import UserError
from core.lab import convolution, pooling
from core.lab.convolution import KERNELS, convolve, sample
from core.lab.digits import tex
from core.lab.handwriting import digits
from core.lab.pooling import pool

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(12, 12), (9, 11)])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (3, 1), (1, 2), (2, 3)])
def test_the_map_is_that_of_keras(shape, k, stride, padding):
    import keras

    image, kernel = RANDOM.normal(size=shape), RANDOM.normal(size=(k, k))
    layer = keras.layers.Conv2D(1, k, strides=stride, dtype="float64")
    padded = keras.layers.ZeroPadding2D(padding, dtype="float64")(image[None, :, :, None])
    layer.build(padded.shape)
    layer.set_weights([kernel[:, :, None, None], np.array([0.3])])
    ours = convolve(image, kernel, stride, padding, 0.3)
    assert np.allclose(ours, layer(padded)[0, :, :, 0])
    assert ours.shape == tuple(convolution.output_size(n, k, padding, stride) for n in shape)


def test_each_number_of_the_map_is_its_window_worked_out():
    image, kernel = sample("ring"), KERNELS["vertical edges"]
    made = convolve(image, kernel, 2, 1, 0.5)
    for i, j in np.ndindex(made.shape):
        here = convolution.window(image, kernel, i, j, 2, 1, 0.5)
        assert here.sum == pytest.approx(made[i, j])
        assert here.products.sum() + 0.5 == pytest.approx(here.sum)
    assert (here.top, here.left) == (9, 9)
    corner = convolution.window(image, kernel, 0, 0, 2, 1, 0.5)
    assert (corner.top, corner.left) == (-1, -1)
    assert (corner.patch[0] == 0).all()


def test_the_formula_holds_the_digits():
    here = convolution.window([[1, 2], [3, 0.5]], [[0.1, -1], [2, 4]], 0, 0)
    assert convolution.formula_with_digits(here) == (
        r"\begin{aligned} z_{0,0} = &0 + 0.1 \cdot 1 + (-1) \cdot 2 \\ "
        r"&+ 2 \cdot 3 + 4 \cdot 0.5 \\ &= 6.1 \end{aligned}"
    )
    assert convolution.size_with_digits(12, 3, 1, 2).endswith(r"\frac{12 + 2 \cdot 1 - 3}{2} \right\rfloor + 1 = 6")


@pytest.mark.parametrize("n", [3, 8, 12])
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_the_question_offers_the_right_size_once(n, k, padding, stride):
    asked = convolution.question(n, k, padding, stride)
    width = convolve(np.zeros((n, n)), np.zeros((k, k)), stride, padding).shape[1]
    assert asked.options[asked.answer_index] == str(width)
    assert len(set(asked.options)) == len(asked.options) == 4


@pytest.mark.parametrize(("size", "stride"), [(2, 2), (3, 2), (2, 1), (4, 4)])
def test_max_and_mean_are_those_of_keras(size, stride):
    import keras

    image = RANDOM.normal(size=(9, 10))
    for kind, layer in (("max", keras.layers.MaxPooling2D), ("mean", keras.layers.AveragePooling2D)):
        theirs = layer(size, stride, dtype="float64")(image[None, :, :, None])[0, :, :, 0]
        assert np.allclose(pool(image, size, stride, kind).values, theirs)


@pytest.mark.parametrize("kind", ["max", "stochastic"])
def test_the_chosen_pixels_are_the_pooled_values(kind):
    image = np.abs(RANDOM.normal(size=(7, 8)))
    done = pool(image, 3, 2, kind, 5)
    assert np.array_equal(image[done.chosen[..., 0], done.chosen[..., 1]].round(9), done.values.round(9))
    assert (done.chosen[1, 1] >= 2).all()
    assert (done.chosen[1, 1] < 5).all()


def test_stochastic_pooling_draws_each_pixel_as_often_as_it_is_bright():
    image = np.array([[1.0, 2.0], [0.0, 5.0]])
    done = pool(image, 2, 2, "stochastic")
    assert done.weights[0, 0].ravel().tolist() == [1 / 8, 2 / 8, 0, 5 / 8]
    assert done.expected[0, 0] == pytest.approx(1 / 8 + 4 / 8 + 25 / 8)
    drawn = [pool(image, 2, 2, "stochastic", seed).values[0, 0] for seed in range(1000)]
    for value, share in ((1, 1 / 8), (2, 2 / 8), (0, 0), (5, 5 / 8)):
        assert drawn.count(value) / 1000 == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 1000))
    assert pool(np.zeros((2, 2)), 2, 2, "stochastic").values[0, 0] == 0


def test_pooling_shows_its_digits():
    image = np.array([[1.0, 2.0], [0.0, 5.0]])
    shown = {kind: pooling.pooling_with_digits(image, pool(image, 2, 2, kind), 0, 0) for kind in pooling.POOLS}
    assert shown["max"] == r"\max(1, 2, 0, 5) = 5"
    assert shown["mean"] == r"\tfrac{1}{4} (1 + 2 + 0 + 5) = 2"
    assert r"\frac{(1, 2, 0, 5)}{8} \approx (0.125, 0.25, 0, 0.625)" in shown["stochastic"]


def test_the_head_flattens_and_reads_as_keras_does():
    import keras

    maps = RANDOM.normal(size=(3, 4, 2))
    made = pooling.head(maps, 5, 1)
    dense = keras.layers.Dense(5, activation="softmax", dtype="float64")
    dense.build((None, 24))
    dense.set_weights([made.weights, made.bias])
    flat = keras.layers.Flatten(dtype="float64")(maps[None])
    assert np.array_equal(made.flat, flat[0])
    assert np.allclose(made.probabilities, dense(flat)[0])
    assert pooling.logit_with_digits(made, 2).endswith(tex(made.logits[2]))


def test_the_counts_are_the_notes_and_those_of_keras():
    import keras

    notes, dense, conv = pooling.parameter_counts()
    assert notes.number == 117_625 == 784 * 15 * 10 + 15 + 10
    layers = keras.layers
    theirs = keras.Sequential([keras.Input((784,)), layers.Dense(15), layers.Dense(10)])
    assert dense.number == theirs.count_params() == 11_935
    theirs = keras.Sequential(
        [keras.Input((28, 28, 1)), layers.Conv2D(8, 3), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(10)]
    )
    assert conv.number == theirs.count_params()
    for count in (notes, dense, conv):
        assert eval(count.digits.replace(r"\cdot", "*").replace("^", "**")) == count.number


@pytest.mark.parametrize(
    ("name", "kernel", "stride", "padding", "size", "pool_stride"),
    [
        ("ring", "vertical edges", 1, 0, 2, 2),
        ("house", "outline", 2, 2, 2, 1),
        ("digit 3", "blur", 1, 1, 3, 2),
        ("cross", "horizontal edges", 1, 1, 2, 2),
    ],
)
def test_the_snippet_prints_the_shown_numbers(name, kernel, stride, padding, size, pool_stride, run_snippet):
    snippet = pooling.snippet(sample(name), KERNELS[kernel], stride, padding, 0.1, size, pool_stride, 7)
    assert run_snippet(snippet.code) == snippet.prints


@pytest.mark.parametrize("name", convolution.SAMPLES)
def test_samples_are_pictures(name):
    image = sample(name)
    assert image.min() == 0
    assert 0.9 < image.max() <= 1
    assert np.array_equal(image, image.round(2))


def test_the_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    pictures, shown = digits()
    assert np.array_equal(pictures, load_digits().data[:300])
    assert np.array_equal(shown, load_digits().target[:300])


def test_an_own_picture_becomes_a_grey_square():
    picture = Image.new("RGBA", (300, 100), (255, 255, 255, 255))
    picture.paste((0, 0, 0, 255), (100, 0, 150, 100))  # the left half of the middle square
    file = io.BytesIO()
    picture.save(file, "PNG")
    image = convolution.own_image(file.getvalue(), 8)
    assert image.shape == (8, 8)
    assert (image[:, :4] == 0).all()
    assert (image[:, 4:] == 1).all()


def _huge() -> bytes:
    file = io.BytesIO()
    Image.new("1", (6000, 6000)).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: convolve([[1, float("nan")]], [[1]]), "picture, cell 1, 2"),
        (lambda: convolve(np.zeros((65, 3)), [[1]]), "at most 64"),
        (lambda: convolve(np.zeros((3, 3)), np.zeros((5, 5))), "kernel of 5 is larger"),
        (lambda: convolve(np.zeros((9, 9)), np.zeros((2, 3))), "make it square"),
        (lambda: convolve(np.zeros((9, 9)), [[1]], 0), "stride"),
        (lambda: convolve(np.zeros((9, 9)), [[1]], 1, 7), "padding"),
        (lambda: convolution.window(np.zeros((3, 3)), [[1]], 3, 0), "The row"),
        (lambda: pool(np.ones((2, 2)), 3, 1, "max"), "smaller than the pooling field"),
        (lambda: pool(-np.ones((2, 2)), 2, 1, "stochastic"), "ReLU"),
        (lambda: pool(np.ones((2, 2)), 2, 1, "median"), "choose one of max"),
        (lambda: sample("cat"), "The picture"),
        (lambda: convolution.own_image(b"GIF89a nonsense", 8), "not a picture"),
        (lambda: convolution.own_image(_huge(), 8), "25 million"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(UserError, match=message):
        call()
